//! What an owner orders the ledger to do, signed.

use maxwell_core::bounty::terms::Terms;
use maxwell_core::units::Microjoules;
use serde::{Deserialize, Serialize};

use crate::account::{AccountName, Recent};
use crate::codec::{self, CodecError};

use crate::digest::{self, Digest};
use crate::limits::OPERATION_BYTES_MAX;
use crate::wallet::{Domain, Keypair, PublicKey, Signature};
use crate::wire;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Issues new money into a wallet. Only the mint's key may.
    Fund {
        /// Who receives it.
        to: PublicKey,
        /// How much.
        #[serde(with = "wire::microjoules", rename = "amount_uj")]
        amount: Microjoules,
    },
    /// Sends money to another wallet.
    Transfer {
        /// Who receives it.
        to: PublicKey,
        /// How much.
        #[serde(with = "wire::microjoules", rename = "amount_uj")]
        amount: Microjoules,
    },
    /// Puts money into an escrow or a stake, from which only the host's rules pay.
    Deposit {
        /// The escrow or the stake.
        into: AccountName,
        /// How much.
        #[serde(with = "wire::microjoules", rename = "amount_uj")]
        amount: Microjoules,
    },
    /// Sets or lifts the bound on what the wallet's cells may bid for a quantum.
    SetMaxBid {
        /// The most for one quantum; no bound if there is none.
        #[serde(with = "wire::optional_microjoules", rename = "max_bid_uj")]
        max_bid: Option<Microjoules>,
    },
    /// Sends all that is left to another wallet, and closes this one for ever.
    Close {
        /// Who receives the rest.
        to: PublicKey,
    },
    /// Promises so much for each key of some work, and puts what it is paid from into the escrow of this number.
    PostBounty {
        /// Names bounty and escrow; no account has had it.
        number: u64,
        /// What is promised. It never changes.
        #[serde(with = "wire::TermsForm")]
        terms: Terms,
        /// What there is to pay from.
        #[serde(with = "wire::microjoules", rename = "budget_uj")]
        budget: Microjoules,
    },
    /// Ends a bounty of the signer's own: it pays nothing more, and what is left comes back.
    CloseBounty {
        /// Which.
        number: u64,
    },
}

/// A sender's own name for an operation; chosen at random, it is never met twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(#[serde(with = "wire::hex")] pub [u8; 16]);

impl std::fmt::Display for OperationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An order to the ledger. Its canonical bytes are what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The host whose ledger it is for: it is worth nothing anywhere else.
    pub host: PublicKey,
    /// Whose money it moves, and who signs it.
    pub by: PublicKey,
    /// How many operations the signer has made before: each number serves once, in order.
    pub nonce: u64,
    /// The sender's own name for it. Sent again under the same name, it changes nothing.
    pub id: OperationId,
    /// What it does.
    pub body: Body,
}

impl Operation {
    /// Signs it.
    ///
    /// # Panics
    /// If `key` is not that of [`Operation::by`].
    pub fn sign(self, key: &Keypair) -> SignedOperation {
        assert_eq!(key.public(), self.by, "an operation is signed by whom it names");
        SignedOperation { signature: key.sign(Domain::Operation, &codec::to_bytes(&self)), operation: self }
    }

    /// The account that it acts on: the mint's for new money, else the signer's wallet.
    pub fn actor(&self) -> AccountName {
        match self.body {
            Body::Fund { .. } => AccountName::Mint,
            _ => AccountName::Wallet(self.by),
        }
    }

    /// How the ledger recognises it when it comes again.
    pub(crate) fn remembered(&self, sequence: u64) -> Recent {
        Recent { id: self.id, body: self.body_digest(), sequence }
    }

    pub(crate) fn body_digest(&self) -> Digest {
        digest::of(digest::Domain::Body, &[&codec::to_bytes(&self.body)])
    }
}

/// An operation with its signature, whose truth [`SignedOperation::verify`] decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOperation {
    /// What is ordered.
    pub operation: Operation,
    /// By whom, proved.
    pub signature: Signature,
}

/// Why an operation is not what it says. Fatal for it; nothing has changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Longer than any operation is.
    #[error("an operation has at most {OPERATION_BYTES_MAX} bytes, this has {0}")]
    TooLong(usize),
    /// Not the bytes of an operation.
    #[error("this is no signed operation: {0}; send it again whole")]
    Unreadable(#[from] CodecError),
    /// Made for another ledger.
    #[error("the operation was signed for the host {signed_for}, and this is {host}: sign it for this host")]
    WrongHost {
        /// Whose ledger it names.
        signed_for: PublicKey,
        /// Whose ledger this is.
        host: PublicKey,
    },
    /// Not signed by whom it names, or changed since.
    #[error("the signature is not that of {by} over this operation: it was forged or changed on the way")]
    Forged {
        /// Who is said to have signed.
        by: PublicKey,
    },
}

impl SignedOperation {
    /// Reads canonical bytes.
    ///
    /// # Errors
    /// Anything that is not exactly one operation. The signature is not looked at.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OperationError> {
        if bytes.len() > OPERATION_BYTES_MAX {
            return Err(OperationError::TooLong(bytes.len()));
        }
        Ok(codec::from_bytes(bytes)?)
    }

    /// Its canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::to_bytes(self)
    }

    /// Checks that it was signed by whom it names, for the ledger of `host`. About 35 µs.
    ///
    /// # Errors
    /// When it was not.
    pub fn verify(&self, host: &PublicKey) -> Result<(), OperationError> {
        let operation = &self.operation;
        if operation.host != *host {
            return Err(OperationError::WrongHost { signed_for: operation.host, host: *host });
        }
        let signed = codec::to_bytes(operation);
        let forged = OperationError::Forged { by: operation.by };
        operation.by.verify(Domain::Operation, &signed, &self.signature).map_err(|_| forged)
    }
}
