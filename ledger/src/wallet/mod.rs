//! Wallets: who owns money, how an owner is named, and how an owner's word is known from a forgery.
//!
//! An owner is an Ed25519 public key and nothing else. [`address`](PublicKey) is how people see it, [`Keypair`] signs
//! with the secret half, [`keyfile`] keeps that on disk, and a [`Session`] is what the owner signs once so that orders
//! need not be signed one by one.

pub mod keyfile;

mod address;
mod checked_text;
mod keys;
mod session;

pub use address::{AddressError, PublicKey};
pub use checked_text::TextError;
pub use keys::{BadSignature, Domain, Keypair, NoRandomness, Signature};
pub use session::{Mac, Session, SessionError, SessionGrant, SessionKey};
