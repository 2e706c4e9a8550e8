//! What the host signs: what a ledger is, and what its accounts were at the end of every epoch.

use serde::{Deserialize, Serialize};

use crate::account::Salt;
use crate::codec;
use crate::digest::{self, Digest};
use crate::sum_tree::Root;
use crate::wallet::{Domain, Keypair, PublicKey, Signature};

/// What a ledger is: its first row, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// Who keeps it and signs its epochs.
    pub host: PublicKey,
    /// Who alone may issue money in it.
    pub mint: PublicKey,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// What hides accounts in proofs from everybody else.
    pub salt: Salt,
}

/// The state of a ledger at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose ledger.
    pub host: PublicKey,
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// Hash of the head before, or of the genesis.
    pub previous: Digest,
    /// When the epoch ended, in milliseconds since 1970, by the host's clock.
    pub ended_ms: u64,
    /// The last record of the journal that counts for it.
    pub sequence: u64,
    /// Hash over the journal up to there.
    pub journal: Digest,
    /// How many accounts there are.
    pub accounts: u64,
    /// Root of the tree over all of them, with the sums of what they have and what they owe.
    pub root: Root,
}

/// Something with the host's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<T> {
    /// What is signed.
    pub content: T,
    /// By the host.
    pub signature: Signature,
}

/// The signature is not the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} is not signed by the host {host}: it was forged or changed, or belongs to another host")]
pub struct NotSigned {
    /// What is not signed.
    pub what: &'static str,
    /// Who ought to have.
    pub host: PublicKey,
}

impl Signed<Head> {
    /// Signs a head.
    pub fn head(content: Head, key: &Keypair) -> Self {
        Self { signature: key.sign(Domain::Head, &codec::to_bytes(&content)), content }
    }

    /// Checks the signature of a head.
    ///
    /// # Errors
    /// When it is not that of `host`.
    pub fn verify(&self, host: &PublicKey) -> Result<(), NotSigned> {
        let refused = NotSigned { what: "head of an epoch", host: *host };
        if self.content.host != *host {
            return Err(refused);
        }
        let signed = codec::to_bytes(&self.content);
        host.verify(Domain::Head, &signed, &self.signature).map_err(|_| refused)
    }

    /// What the next head names as the one before.
    pub fn digest(&self) -> Digest {
        digest::of(digest::Domain::Head, &[&codec::to_bytes(self)])
    }
}

impl Signed<Genesis> {
    /// Signs a genesis.
    pub fn genesis(content: Genesis, key: &Keypair) -> Self {
        Self { signature: key.sign(Domain::Genesis, &codec::to_bytes(&content)), content }
    }

    /// Checks the signature of a genesis.
    ///
    /// # Errors
    /// When it is not that of the host that it names.
    pub fn verify(&self) -> Result<(), NotSigned> {
        let host = self.content.host;
        let signed = codec::to_bytes(&self.content);
        host.verify(Domain::Genesis, &signed, &self.signature).map_err(|_| NotSigned { what: "ledger", host })
    }

    /// What the first head names as the one before.
    pub fn digest(&self) -> Digest {
        digest::of(digest::Domain::Head, &[&codec::to_bytes(self)])
    }
}
