//! How the core's types are written down. The core knows no format; what is hashed, signed and kept is defined in this
//! crate, once, for the compact bytes and for JSON.

// `with` of serde hands every value over by reference, whatever its size.
#![allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)]

use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::terms::{Terms, Work};
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Ppm};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Money as a whole number of microjoules.
pub(crate) mod microjoules {
    use super::{Deserialize, Deserializer, Microjoules, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(amount: &Microjoules, to: S) -> Result<S::Ok, S::Error> {
        amount.0.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Microjoules, D::Error> {
        i64::deserialize(from).map(Microjoules)
    }
}

/// Money that may be absent.
pub(crate) mod optional_microjoules {
    use super::{Deserialize, Deserializer, Microjoules, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(amount: &Option<Microjoules>, to: S) -> Result<S::Ok, S::Error> {
        amount.map(|amount| amount.0).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Microjoules>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(Microjoules))
    }
}

/// A ratio in parts per million.
pub(crate) mod ppm {
    use super::{Deserialize, Deserializer, Ppm, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(ratio: &Ppm, to: S) -> Result<S::Ok, S::Error> {
        ratio.0.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Ppm, D::Error> {
        u64::deserialize(from).map(Ppm)
    }
}

/// Where a figure comes from, as a word.
pub(crate) mod provenance {
    use super::{Deserialize, Deserializer, Provenance, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "Provenance", rename_all = "kebab-case")]
    enum Words {
        Measured,
        Modelled,
        Unknown,
    }

    pub(crate) fn serialize<S: Serializer>(provenance: &Provenance, to: S) -> Result<S::Ok, S::Error> {
        Words::serialize(provenance, to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Provenance, D::Error> {
        Words::deserialize(from)
    }
}

/// What a bounty pays for, and how much.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Terms", deny_unknown_fields)]
pub(crate) struct TermsForm {
    #[serde(with = "WorkForm")]
    work: Work,
    #[serde(with = "microjoules", rename = "reward_uj")]
    reward: Microjoules,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Work", rename_all = "kebab-case", deny_unknown_fields)]
enum WorkForm {
    Primes(#[serde(with = "RangesForm")] Ranges),
    Preimages {
        zero_bits: u8,
        end: u64,
    },
    Module {
        #[serde(with = "hex")]
        digest: [u8; 32],
        fuel: u64,
        end: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Ranges", deny_unknown_fields)]
struct RangesForm {
    origin: u64,
    width: u64,
    first: u64,
    end: u64,
}

/// Bytes of a fixed number: as they are in compact formats, in hexadecimal for people.
pub(crate) mod hex {
    use std::fmt::Write;

    use serde::de::{Error, SeqAccess, Visitor};
    use serde::ser::SerializeTuple;

    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<const N: usize, S: Serializer>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            let mut text = String::with_capacity(2 * N);
            for byte in bytes {
                write!(text, "{byte:02x}").expect("a string takes it");
            }
            return text.serialize(to);
        }
        let mut tuple = to.serialize_tuple(N)?;
        bytes.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }

    pub(crate) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        if from.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
            return parse(&text).ok_or_else(|| D::Error::custom(format!("not {N} bytes in hexadecimal")));
        }
        from.deserialize_tuple(N, Bytes)
    }

    /// Lower case only, so that there is one way to write a value.
    fn parse<const N: usize>(text: &str) -> Option<[u8; N]> {
        let digit = |symbol: u8| match symbol {
            b'0'..=b'9' => Some(symbol - b'0'),
            b'a'..=b'f' => Some(symbol - b'a' + 10),
            _ => None,
        };
        let digits = text.as_bytes();
        if digits.len() != 2 * N {
            return None;
        }
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(bytes)
    }

    struct Bytes<const N: usize>;

    impl<'de, const N: usize> Visitor<'de> for Bytes<N> {
        type Value = [u8; N];

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{N} bytes")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<[u8; N], A::Error> {
            let mut bytes = [0; N];
            for (index, byte) in bytes.iter_mut().enumerate() {
                *byte = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(index, &self))?;
            }
            Ok(bytes)
        }
    }
}
