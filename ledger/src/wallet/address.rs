//! Addresses: public keys as people see them, `joule1...`.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::checked_text::{Kind, TextError};
use crate::wire;

/// The owner of a wallet: an Ed25519 public key, 32 bytes. It shows as an address in bech32m and reads one back.
///
/// One that comes out of [`PublicKey::from_bytes`] or an address is a point of the curve that can own money. One that
/// was deserialised is any 32 bytes, because a ledger of a million wallets is read without a million square roots:
/// whoever lets a key in from outside calls [`PublicKey::check`]. A key that is no point has no valid signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// Why a text or 32 bytes name no owner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The text is not an address, or a mistyped one.
    #[error("the address {0}")]
    Text(#[from] TextError),
    /// Somebody is about to give their secret away.
    #[error(
        "this is a secret key, not an address: show it to nobody; its address is in the first line of its file"
    )]
    Secret,
    /// The bytes are no point of the curve, so that nobody could ever sign for them.
    #[error(
        "the address is no Ed25519 public key: money sent there would be lost; ask its owner for it again"
    )]
    NotAPoint,
    /// The point is of small order, so that anybody could sign for it.
    #[error("the address is a weak key for which anybody could sign: use a key made by `maxwell wallet new`")]
    Weak,
}

impl PublicKey {
    /// The owner with these 32 bytes, checked as in [`PublicKey::check`].
    ///
    /// # Errors
    ///
    /// [`AddressError::NotAPoint`] and [`AddressError::Weak`].
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, AddressError> {
        let key = Self(bytes);
        key.check()?;
        Ok(key)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks that the bytes are the one encoding of a point of the curve that is not of small order.
    ///
    /// # Errors
    ///
    /// [`AddressError::NotAPoint`] and [`AddressError::Weak`].
    pub fn check(&self) -> Result<(), AddressError> {
        let point = self.point().ok_or(AddressError::NotAPoint)?;
        // A few points have a second encoding, and would be two owners with one key (RFC 8032, 5.1.3, refuses it).
        if point.to_edwards().compress().to_bytes() != self.0 {
            return Err(AddressError::NotAPoint);
        }
        if point.is_weak() { Err(AddressError::Weak) } else { Ok(()) }
    }

    /// The point that signatures are checked with.
    pub(super) fn point(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(&self.0).ok()
    }

    /// The owner of the secret half, which is always a point.
    pub(super) fn of(key: &VerifyingKey) -> Self {
        Self(key.to_bytes())
    }
}

impl FromStr for PublicKey {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if Kind::SECRET.begins(text) {
            return Err(AddressError::Secret);
        }
        Self::from_bytes(Kind::ADDRESS.decode(text)?)
    }
}

/// An address for people, 32 bytes in what is hashed and signed.
impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(self) } else { wire::hex::serialize(&self.0, to) }
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return wire::hex::deserialize(from).map(Self);
        }
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&Kind::ADDRESS.encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
