//! Thirty-two bytes as text that notices a typo, and mostly says where it is: bech32m ([BIP 350]).
//!
//! Six of the characters are a checksum that any error in up to four characters breaks. One wrong character and a
//! swap of two neighbours can be found by trying. Both are told and neither is mended in silence, because beyond four
//! errors the nearest valid text may be somebody else's.
//!
//! [BIP 350]: https://github.com/bitcoin/bips/blob/master/bip-0350.mediawiki

use bech32::primitives::decode::{ChecksumError, UncheckedHrpstring};
use bech32::{Bech32m, Fe32, Hrp};
use zeroize::Zeroizing;

/// Characters behind the prefix: 32 bytes in groups of five bits, and six of checksum.
const DATA_CHARACTERS: usize = 52 + 6;

/// The characters that there are behind a prefix.
const SYMBOLS: [u8; 32] = *b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Why a text is not 32 bytes under the expected prefix. Positions count characters from 1. Each message goes on from
/// a noun such as "the address".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Something else altogether.
    #[error("does not begin with `{0}`")]
    Prefix(&'static str),
    /// Characters are missing or too many.
    #[error("has {found} characters instead of {expected}: copy it again whole, without spaces")]
    Length {
        /// Characters of the text.
        found: usize,
        /// Characters that it should have.
        expected: usize,
    },
    /// Lower and upper case are mixed. The position is that of the first letter in the rarer one.
    #[error("mixes lower and upper case, at position {0}: write all of it in lower case")]
    Case(usize),
    /// One character is wrong, and its place is known.
    #[error("is wrong at position {position}, where `{}` stands{}", found.escape_debug(), suggestion(*expected))]
    Character {
        /// Where, from 1.
        position: usize,
        /// What stands there.
        found: char,
        /// What would make the text valid, if that is the only error.
        expected: Option<char>,
    },
    /// Two neighbours changed places.
    #[error("is mistyped: the characters at positions {} and {} are probably swapped", .0, .0 + 1)]
    Swapped(usize),
    /// More is wrong than can be located.
    #[error("is mistyped in more than one place: compare it with its source, or copy it again")]
    Checksum,
    /// Valid under the older checksum.
    #[error("has the older checksum bech32: write it in bech32m, as Maxwell does")]
    Bech32,
    /// The bits that fill up the last character are not zero, so that there would be several texts for the same bytes.
    #[error("is not in canonical form: its padding is not zero; have it made again by Maxwell")]
    Padding,
}

/// The end of a message about a wrong character.
fn suggestion(expected: Option<char>) -> String {
    expected.map_or_else(
        || ", which is never used: compare it with its source".to_owned(),
        |expected| format!(": it should probably be `{expected}`; compare it with its source"),
    )
}

/// What the 32 bytes are, by the prefix of their text.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// The human-readable part and the separator, in lower case.
    prefix: &'static str,
}

impl Kind {
    /// An owner's public key.
    pub(super) const ADDRESS: Self = Self { prefix: "joule1" };

    /// An owner's secret key.
    pub(super) const SECRET: Self = Self { prefix: "joule-secret-1" };

    /// Whether `text` looks like one of these, right or wrong.
    pub(super) fn begins(self, text: &str) -> bool {
        text.get(..self.prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(self.prefix))
    }

    /// The text for `bytes`, in lower case.
    pub(super) fn encode(self, bytes: &[u8; 32]) -> Zeroizing<String> {
        // Written into a string that never grows, because growing would leave a copy of a secret behind.
        let mut text = Zeroizing::new(String::with_capacity(self.characters()));
        bech32::encode_to_fmt::<Bech32m, String>(&mut text, self.human_part(), bytes)
            .expect("32 bytes fit the code, and a string takes what is written");
        text
    }

    /// The bytes of `text`: in one case, of exactly the right length, with the right checksum and no loose bits.
    pub(super) fn decode(self, text: &str) -> Result<[u8; 32], TextError> {
        let lower = Zeroizing::new(text.to_ascii_lowercase());
        self.check_characters(text, &lower)?;
        let unchecked = UncheckedHrpstring::new(&lower).expect("prefix and characters have been checked");
        if let Err(error) = unchecked.validate_checksum::<Bech32m>() {
            return Err(match error {
                ChecksumError::InvalidResidue(residue) if residue.matches_bech32_checksum() => {
                    TextError::Bech32
                }
                _ => self.locate(&lower),
            });
        }
        let mut bytes = [0; 32];
        let decoded = unchecked.remove_checksum::<Bech32m>();
        for (byte, value) in bytes.iter_mut().zip(decoded.byte_iter()) {
            *byte = value;
        }
        if *self.encode(&bytes) != *lower {
            return Err(TextError::Padding);
        }
        Ok(bytes)
    }

    /// Everything that can be said before the checksum. `lower` is `text` in lower case.
    fn check_characters(self, text: &str, lower: &str) -> Result<(), TextError> {
        let found = lower.chars().count();
        let mut differing =
            lower.chars().zip(self.prefix.chars()).enumerate().filter(|(_, (is, be))| is != be);
        if let Some((index, (found_here, expected))) = differing.next() {
            // A single slip in the prefix of an otherwise whole text is one; anything else is another kind of text.
            return Err(if differing.next().is_none() && found == self.characters() {
                TextError::Character { position: index + 1, found: found_here, expected: Some(expected) }
            } else {
                TextError::Prefix(self.prefix)
            });
        }
        if found < self.prefix.len() {
            return Err(TextError::Prefix(self.prefix));
        }
        if found != self.characters() {
            return Err(TextError::Length { found, expected: self.characters() });
        }
        let unusable = |c: char| Fe32::from_char(c).is_err();
        if let Some((index, found)) =
            lower.chars().enumerate().skip(self.prefix.len()).find(|(_, c)| unusable(*c))
        {
            return Err(TextError::Character { position: index + 1, found, expected: restore(lower, index) });
        }
        let is_upper = |c: &char| c.is_ascii_uppercase();
        let letters = text.chars().filter(char::is_ascii_alphabetic).count();
        let upper_is_rarer = 2 * text.chars().filter(is_upper).count() <= letters;
        let rarer = |c: char| c.is_ascii_alphabetic() && is_upper(&c) == upper_is_rarer;
        text.chars().position(rarer).map_or(Ok(()), |index| Err(TextError::Case(index + 1)))
    }

    /// The place of the error in a text of the right shape whose checksum is wrong.
    ///
    /// Everything is tried: some 1,800 checksums in half a millisecond, for a person who mistyped. The library can compute the
    /// place, but panics on some texts with more errors than it can correct.
    fn locate(self, lower: &str) -> TextError {
        let mut trial = Zeroizing::new(lower.as_bytes().to_vec());
        // The checksum tells any four errors from none, so at most one character can mend it, and at most one swap, which is
        // two errors.
        for index in self.prefix.len()..lower.len() {
            if let Some(expected) = mend(&mut trial, index) {
                let found = char::from(lower.as_bytes()[index]);
                return TextError::Character { position: index + 1, found, expected: Some(expected) };
            }
        }
        for index in self.prefix.len()..lower.len() - 1 {
            trial.swap(index, index + 1);
            if is_right(&trial) {
                return TextError::Swapped(index + 1);
            }
            trial.swap(index, index + 1);
        }
        TextError::Checksum
    }

    fn characters(self) -> usize {
        self.prefix.len() + DATA_CHARACTERS
    }

    fn human_part(self) -> Hrp {
        Hrp::parse(self.prefix.trim_end_matches('1')).expect("the prefixes are written here")
    }
}

/// What should stand at `index`, where a character stands that is never used, if all else is right.
fn restore(lower: &str, index: usize) -> Option<char> {
    let any = |(at, is): (usize, char)| if at == index { SYMBOLS[0].into() } else { is };
    let trial: Zeroizing<String> = Zeroizing::new(lower.chars().enumerate().map(any).collect());
    if !trial.is_ascii() {
        return None;
    }
    mend(&mut Zeroizing::new(trial.as_bytes().to_vec()), index)
}

/// What makes a text right when it stands at `index`. The text is left as it was.
fn mend(text: &mut [u8], index: usize) -> Option<char> {
    let found = text[index];
    let mended = SYMBOLS.into_iter().find(|symbol| {
        text[index] = *symbol;
        is_right(text)
    });
    text[index] = found;
    mended.map(char::from)
}

/// Whether the checksum of an ASCII text is right.
fn is_right(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).expect("the characters are ASCII");
    UncheckedHrpstring::new(text).is_ok_and(|text| text.validate_checksum::<Bech32m>().is_ok())
}
