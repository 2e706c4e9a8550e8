//! The one encoding of everything that is signed, hashed or stored: postcard, and of it only the canonical form.
//!
//! A signature covers bytes. If two byte strings meant the same operation, a signed operation could be altered without
//! its meaning, and its hash would change under the ledger. Postcard itself reads numbers that are padded with needless
//! bytes, and leaves what follows a value unread; both are refused here.

use serde::{Deserialize, Serialize};

/// Why bytes are not the canonical encoding of what was expected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes end too early or hold a value that the type does not have.
    #[error("the bytes are damaged, cut short or of another kind ({0}): fetch them again from their source")]
    Malformed(#[from] postcard::Error),
    /// A whole value, and then more.
    #[error("{0} bytes follow the end of the value: nothing may be appended to it")]
    Trailing(usize),
    /// The value could have been written differently, and its writer should have.
    #[error("the bytes are not in canonical form, so no signature or hash of them can be trusted")]
    NotCanonical,
}

/// The canonical bytes of `value`.
pub fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value)
        .expect("a type of the ledger knows its own length, and memory takes what is written")
}

/// The same bytes in room that the caller has: for what is hashed a million times a second.
///
/// # Panics
/// If there is too little room.
pub(crate) fn to_room<'r, T: Serialize>(value: &T, room: &'r mut [u8]) -> &'r [u8] {
    postcard::to_slice(value, room).expect("a type of bounded length is given that much room")
}

/// Reads back what [`to_bytes`] wrote, and nothing else.
///
/// # Errors
///
/// All of [`CodecError`]; each is final for these bytes.
pub fn from_bytes<'b, T: Serialize + Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, CodecError> {
    let (value, rest) = postcard::take_from_bytes(bytes)?;
    if !rest.is_empty() {
        return Err(CodecError::Trailing(rest.len()));
    }
    if to_bytes(&value) != bytes {
        return Err(CodecError::NotCanonical);
    }
    Ok(value)
}

/// Reads what [`to_bytes`] wrote from where nobody else writes: from a store, which has its checksum. Whether the form is
/// canonical is not looked at, which halves the time of a restart.
pub(crate) fn from_own_bytes<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, CodecError> {
    match postcard::take_from_bytes(bytes)? {
        (value, []) => Ok(value),
        (_, rest) => Err(CodecError::Trailing(rest.len())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Sample = (u64, i64, [u8; 4], String, Option<bool>);

    #[test]
    fn a_number_padded_with_needless_bytes_is_refused() {
        assert_eq!(postcard::from_bytes::<u64>(&[0x85, 0x00]), Ok(5), "postcard itself reads it");
        assert_eq!(from_bytes::<u64>(&[0x85, 0x00]), Err(CodecError::NotCanonical));
        assert_eq!(from_bytes::<u64>(&[0x05]), Ok(5));
    }

    #[test]
    fn what_follows_a_value_is_refused() {
        assert_eq!(from_bytes::<u64>(&[0x05, 0x00, 0x00]), Err(CodecError::Trailing(2)));
    }

    #[test]
    fn values_that_a_type_does_not_have_are_refused() {
        assert!(matches!(from_bytes::<bool>(&[2]), Err(CodecError::Malformed(_))));
        assert!(matches!(from_bytes::<String>(&[1, 0xff]), Err(CodecError::Malformed(_))));
    }

    proptest! {
        #[test]
        fn every_value_reads_back_and_no_shorter_bytes_do(sample: Sample) {
            let bytes = to_bytes(&sample);
            prop_assert_eq!(from_bytes::<Sample>(&bytes), Ok(sample));
            for cut in 0..bytes.len() {
                prop_assert!(from_bytes::<Sample>(&bytes[..cut]).is_err());
            }
        }

        #[test]
        fn bytes_that_are_accepted_are_the_only_ones_for_their_value(bytes: Vec<u8>) {
            if let Ok(sample) = from_bytes::<(u64, Option<i64>)>(&bytes) {
                prop_assert_eq!(to_bytes(&sample), bytes);
            }
        }
    }
}
