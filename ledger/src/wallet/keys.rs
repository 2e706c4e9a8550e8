//! Keys and signatures.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::PublicKey;
use crate::wire;

/// What a signature is for. Its text is signed before the message, so that a signature given for one purpose is worth
/// nothing for another. A change to what is signed gets a new number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// What an owner asks of the ledger: fund, transfer, set a limit, close; and what the mint issues.
    Operation,
    /// The head of the chain at the end of an epoch, signed by the host.
    Head,
    /// The beginning of a ledger: who its host and its mint are.
    Genesis,
    /// An owner's leave for a session key to order for a wallet.
    Session,
}

impl Domain {
    /// The bytes before the message. None is the beginning of another, because each ends with its only zero byte.
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Operation => b"maxwell/operation/1\0",
            Self::Head => b"maxwell/head/1\0",
            Self::Genesis => b"maxwell/genesis/1\0",
            Self::Session => b"maxwell/session/1\0",
        }
    }

    /// What is really signed: the prefix and the message in one piece, as Ed25519 wants them.
    fn frame(self, message: &[u8]) -> Vec<u8> {
        [self.prefix(), message].concat()
    }
}

/// The secret half of an owner. It is wiped from memory when dropped, and never shown.
pub struct Keypair(SigningKey);

/// The operating system gave no random bytes, so that no key can be made.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes, and no key is made without: {0}")]
pub struct NoRandomness(#[from] getrandom::Error);

impl Keypair {
    /// A new owner, from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`], which on Linux means a sandbox that forbids `getrandom`.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed)?;
        Ok(Self::from_seed(&seed))
    }

    /// The owner whose secret key these 32 bytes are (RFC 8032 calls it the private key).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::of(&self.0.verifying_key())
    }

    /// Signs `message` for one purpose. The same key, purpose and message always give the same signature.
    pub fn sign(&self, domain: Domain, message: &[u8]) -> Signature {
        Signature(self.0.sign(&domain.frame(message)).to_bytes())
    }

    /// The secret, for its file.
    pub(super) fn seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keypair({}, secret not shown)", self.public())
    }
}

/// An Ed25519 signature: 64 bytes, on the wire too.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(#[serde(with = "wire::hex")] [u8; 64]);

impl Signature {
    /// Sixty-four bytes that claim to be a signature; only [`PublicKey::verify`] tells whether they are one.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

/// Serde has no arrays of 64; two halves without a length between them are the same bytes.
impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// The signature was not made by this key, for this purpose, over exactly this message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the signature is not one of {signer} over this {domain:?}: it is forged, or something was altered after it was \
     signed; refuse it, or have its owner sign again"
)]
pub struct BadSignature {
    /// Whose signature it should be.
    pub signer: PublicKey,
    /// For what.
    pub domain: Domain,
}

impl PublicKey {
    /// Checks that the holder of this key signed `message` for `domain`. Strict: weak keys and the second forms of a
    /// valid signature are refused, so that a signature can stand for what it signs
    /// ([Chalkias et al. 2020](https://eprint.iacr.org/2020/1244)).
    ///
    /// # Errors
    ///
    /// [`BadSignature`], for whatever reason; none is worth another try.
    pub fn verify(&self, domain: Domain, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let signed = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.point()
            .and_then(|point| point.verify_strict(&domain.frame(message), &signed).ok())
            .ok_or(BadSignature { signer: *self, domain })
    }
}
