//! Preimages: bytes whose digest begins with zeros.

use maxwell_api::abi::PREIMAGE_TAG;
use maxwell_core::bounty::claim::Claim;

/// Whether the answer hashes, with the tag, the bounty's name and the key before it, to a digest that begins with so many zero
/// bits. The three are of fixed length, so nothing that hashes for one key does for another.
pub(super) fn holds(claim: &Claim, zero_bits: u8) -> bool {
    let mut hasher = blake3::Hasher::new();
    hasher.update(PREIMAGE_TAG).update(&claim.bounty.0.to_le_bytes()).update(&claim.key.to_le_bytes());
    let digest = hasher.update(claim.answer.as_bytes()).finalize();
    leading_zeros(digest.as_bytes()) >= u32::from(zero_bits)
}

fn leading_zeros(bytes: &[u8]) -> u32 {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let last = bytes.get(zeros).map_or(0, |byte| byte.leading_zeros());
    8 * zeros as u32 + last
}

#[cfg(test)]
mod tests {
    use super::*;
    use maxwell_core::bounty::claim::Answer;
    use maxwell_core::bounty::terms::BountyId;

    #[test]
    fn zeros_are_counted_from_the_first_bit() {
        let cases: [(&[u8], u32); 5] =
            [(&[0x80], 0), (&[0x01, 0], 7), (&[0, 0xff], 8), (&[0, 0, 0x10], 19), (&[0, 0], 16)];
        for (bytes, zeros) in cases {
            assert_eq!(leading_zeros(bytes), zeros, "{bytes:02x?}");
        }
    }

    #[test]
    fn a_found_preimage_holds_for_its_key_alone() {
        let claim = |key, number: u64| Claim {
            bounty: BountyId(3),
            key,
            answer: Answer::new(&number.to_le_bytes()).unwrap(),
        };
        let found = (0..1 << 20).find(|number| holds(&claim(9, *number), 12)).unwrap();
        let others = (10..40).filter(|key| holds(&claim(*key, found), 12)).count();
        assert_eq!(others, 0, "one in 136 that even one of them holds by chance, and none does");
        let elsewhere = Claim { bounty: BountyId(4), ..claim(9, found) };
        assert!(!holds(&elsewhere, 12));
    }
}
