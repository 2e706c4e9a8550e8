//! What one commit adds to the journal.

use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};
use crate::digest::{self, Digest};
use crate::record::Record;

/// The records of one commit: all of them are on disk, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// When it was written, in milliseconds since 1970, by the host's clock.
    pub at_ms: u64,
    /// What happened, in order.
    pub records: Vec<Record>,
}

impl Frame {
    /// Reads canonical bytes.
    ///
    /// # Errors
    /// Anything that is not exactly one frame.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::from_bytes(bytes)
    }

    /// Its canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::to_bytes(self)
    }
}

/// The hash over the journal, after a frame was added to a journal whose hash was `before`.
pub(crate) fn link(before: Digest, frame: &[u8]) -> Digest {
    digest::of(digest::Domain::Frame, &[&before.0, frame])
}
