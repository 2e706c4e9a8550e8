//! The checksum before every stored value.
//!
//! The engine trusts its pages once it has them, and a value that is read from the wrong place is whole in itself. So the
//! checksum covers the table and the key as well as the value.

/// Bytes of a checksum. Against chance, not against forgers (that is what the chain's signatures are for): sixteen
/// bytes leave one flip in 10^38 unseen.
const TAG: usize = 16;

/// The checksum of a value in its place.
pub(super) type Tag = [u8; TAG];

/// Puts into `stored` what is kept for `parts`, one after the other, under `key` of `table`: checksum and value. The names
/// of tables and records are chosen here and have at most sixteen bytes.
pub(super) fn seal(stored: &mut Vec<u8>, table: &str, key: &[u8], parts: &[&[u8]]) -> Tag {
    stored.clear();
    stored.extend_from_slice(&[0; TAG]);
    for part in parts {
        stored.extend_from_slice(part);
    }
    let tag = tag(table, key, &stored[TAG..]);
    stored[..TAG].copy_from_slice(&tag);
    tag
}

/// The checksum and the value of what is kept under `key` of `table`, or nothing when they do not belong together.
pub(super) fn unseal<'a>(stored: &'a [u8], table: &str, key: &[u8]) -> Option<(Tag, &'a [u8])> {
    let (kept, value) = stored.split_first_chunk::<TAG>()?;
    (*kept == tag(table, key, value)).then_some((*kept, value))
}

fn tag(table: &str, key: &[u8], value: &[u8]) -> Tag {
    // The place is the key of the hash. Within a table all keys are names or all are numbers of one width, so the zeros
    // that fill it up make no two places the same.
    let mut place = [0; blake3::KEY_LEN];
    let (of_table, of_key) = place.split_at_mut(blake3::KEY_LEN / 2);
    of_table[..table.len()].copy_from_slice(table.as_bytes());
    of_key[..key.len()].copy_from_slice(key);
    let hash = blake3::keyed_hash(&place, value);
    *hash.as_bytes().first_chunk().expect("a hash is longer than a checksum")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_given_back_only_in_its_own_place() {
        let mut stored = Vec::new();
        seal(&mut stored, "accounts", b"key", &[b"one", b"two"]);
        assert_eq!(unseal(&stored, "accounts", b"key").expect("untouched").1, b"onetwo");
        assert!(unseal(&stored, "accounts", b"kez").is_none());
        assert!(unseal(&stored, "account", b"key").is_none());
        assert!(unseal(&stored[..TAG - 1], "accounts", b"key").is_none());
        for bit in 0..stored.len() * 8 {
            stored[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal(&stored, "accounts", b"key").is_none(), "bit {bit}");
            stored[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
