//! Session keys: an owner signs once, and orders are then authenticated at a hundredth of a signature's cost.
//!
//! ```text
//! owner                                                  host
//!   SessionKey::generate
//!   SessionGrant { host, wallet, commitment, .. }
//!   sign --------- grant, signature, key (private) ----> Session::open
//!   mac(epoch, sequence, message) --- message, mac ----> Session::accept, once for each sequence
//! ```
//!
//! The grant binds the key to one host, one wallet and a last epoch; the key itself is not in it but its hash, so a
//! grant can be kept as evidence. The key must travel where nobody listens: who has it can order for the wallet until
//! the grant expires.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{BadSignature, Domain, Keypair, NoRandomness, PublicKey, Signature};
use crate::codec;

/// What stands before every authenticated message; the keyed counterpart of a [`Domain`].
const MESSAGE_DOMAIN: &[u8] = b"maxwell/message/1\0";

/// A wallet's leave for the holder of a session key to order in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionGrant {
    /// The host that may accept it, and no other.
    pub host: PublicKey,
    /// The wallet that pays, whose key signs.
    pub wallet: PublicKey,
    /// BLAKE3 of the session key.
    pub commitment: [u8; 32],
    /// The last epoch in which it serves.
    pub expires_epoch: u64,
}

impl SessionGrant {
    /// The owner's signature, over the grant's canonical bytes.
    pub fn sign(&self, owner: &Keypair) -> Signature {
        owner.sign(Domain::Session, &codec::to_bytes(self))
    }
}

/// The key of one session: 32 secret bytes, made for one grant and never used for a second. Wiped when dropped.
pub struct SessionKey(Zeroizing<[u8; 32]>);

impl SessionKey {
    /// A new key, from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`], as for a [`Keypair`].
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key)?;
        Ok(Self(key))
    }

    /// The key that came over the private channel.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret bytes, to be sent over the private channel and nowhere else.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a grant says about this key without giving it away.
    pub fn commitment(&self) -> [u8; 32] {
        *blake3::hash(&*self.0).as_bytes()
    }

    /// Authenticates one message. `sequence` begins at 1 and rises with every message of the session.
    pub fn mac(&self, epoch: u64, sequence: u64, message: &[u8]) -> Mac {
        Mac(*self.hash(epoch, sequence, message).as_bytes())
    }

    /// Numbers have a fixed width and stand before the message, so that no two triples give the same bytes.
    fn hash(&self, epoch: u64, sequence: u64, message: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(MESSAGE_DOMAIN);
        hasher.update(&epoch.to_le_bytes());
        hasher.update(&sequence.to_le_bytes());
        hasher.update(message);
        hasher.finalize()
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(not shown)")
    }
}

/// A message's authentication: 32 bytes. It cannot be compared with `==`, which would tell an attacker by its time how
/// many bytes were right; [`Session::accept`] compares.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Mac(pub [u8; 32]);

/// Why a session is not opened, or a message not accepted. Nothing has changed in any of these cases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The grant names another host.
    #[error(
        "the grant is for the host {named}, and this is {here}: have the owner sign a grant for this host"
    )]
    OtherHost {
        /// The host in the grant.
        named: PublicKey,
        /// This one.
        here: PublicKey,
    },
    /// The wallet's owner did not sign this grant.
    #[error("the grant is not valid: {0}")]
    Signature(#[from] BadSignature),
    /// The key that came with the grant is not the one that it names.
    #[error(
        "the session key is not the one that the grant commits to: send the key that was made for this grant"
    )]
    OtherKey,
    /// The grant's time is over.
    #[error("the grant served until epoch {last}, and this is epoch {now}: have the owner sign a new one")]
    Expired {
        /// The last epoch in which it served.
        last: u64,
        /// The host's epoch.
        now: u64,
    },
    /// The message was authenticated for an epoch that is not now.
    #[error("the message is for epoch {given}, and this is epoch {now}: authenticate it again for this one")]
    WrongEpoch {
        /// The message's epoch.
        given: u64,
        /// The host's epoch.
        now: u64,
    },
    /// The message, its epoch or its sequence is not what the session key authenticated.
    #[error("the message is not authenticated by the session key: it is forged, or was altered on its way")]
    Forged,
    /// The message, or one sent after it, was accepted before.
    #[error(
        "sequence {given} was passed: the message is replayed or out of order; the next is {at_least} at least"
    )]
    Replayed {
        /// The message's sequence.
        given: u64,
        /// The lowest sequence that would be accepted.
        at_least: u64,
    },
}

/// The host's end of a session.
///
/// The epoch bounds how late a message can be delivered, the sequence forbids that it is delivered twice. The caller
/// keeps one session for a commitment and, having closed it, opens none for the same commitment in the same epoch,
/// because a new session knows no sequences.
#[derive(Debug)]
pub struct Session {
    key: SessionKey,
    wallet: PublicKey,
    expires_epoch: u64,
    epoch: u64,
    /// The sequence of the last message that was accepted; zero before the first.
    last: u64,
}

impl Session {
    /// Opens the session that `grant` allows, at `host` in epoch `now_epoch`.
    ///
    /// # Errors
    ///
    /// Those of [`SessionError`] that speak of the grant; each is final for this grant.
    pub fn open(
        host: PublicKey,
        grant: &SessionGrant,
        signature: &Signature,
        key: SessionKey,
        now_epoch: u64,
    ) -> Result<Self, SessionError> {
        if grant.host != host {
            return Err(SessionError::OtherHost { named: grant.host, here: host });
        }
        grant.wallet.verify(Domain::Session, &codec::to_bytes(grant), signature)?;
        if blake3::hash(&*key.0) != grant.commitment {
            return Err(SessionError::OtherKey);
        }
        let session =
            Self { key, wallet: grant.wallet, expires_epoch: grant.expires_epoch, epoch: now_epoch, last: 0 };
        session.check_time()?;
        Ok(session)
    }

    /// The wallet that pays for what is accepted.
    pub const fn wallet(&self) -> PublicKey {
        self.wallet
    }

    /// Tells the session that the host's epoch is now `epoch`. Time does not go back: an earlier one changes nothing.
    pub fn enter_epoch(&mut self, epoch: u64) {
        self.epoch = self.epoch.max(epoch);
    }

    /// Accepts a message once, if the session key authenticated it for the host's present epoch and its sequence lies
    /// above all that were accepted. Allocates nothing.
    ///
    /// # Errors
    ///
    /// [`SessionError::Expired`], [`SessionError::WrongEpoch`], [`SessionError::Forged`], [`SessionError::Replayed`].
    pub fn accept(
        &mut self,
        epoch: u64,
        sequence: u64,
        message: &[u8],
        mac: &Mac,
    ) -> Result<(), SessionError> {
        self.check_time()?;
        if epoch != self.epoch {
            return Err(SessionError::WrongEpoch { given: epoch, now: self.epoch });
        }
        // BLAKE3's own comparison takes the same time whichever bytes differ.
        if self.key.hash(epoch, sequence, message) != mac.0 {
            return Err(SessionError::Forged);
        }
        if sequence <= self.last {
            return Err(SessionError::Replayed { given: sequence, at_least: self.last.saturating_add(1) });
        }
        self.last = sequence;
        Ok(())
    }

    fn check_time(&self) -> Result<(), SessionError> {
        if self.epoch > self.expires_epoch {
            return Err(SessionError::Expired { last: self.expires_epoch, now: self.epoch });
        }
        Ok(())
    }
}
