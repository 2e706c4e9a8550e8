use maxwell_ledger::codec;
use maxwell_ledger::wallet::{BadSignature, Domain, Keypair, PublicKey, Signature};
use proptest::prelude::*;

use super::owner;

const DOMAINS: [Domain; 4] = [Domain::Operation, Domain::Head, Domain::Genesis, Domain::Session];

/// The order of the group: adding it to a signature's scalar gives its second form.
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn a_key_is_that_of_the_published_test_vector() {
    // RFC 8032, 7.1, test 1.
    let seed = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
        0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    let public = Keypair::from_seed(&seed).public();
    assert_eq!(public.as_bytes()[..4], [0xd7, 0x5a, 0x98, 0x01]);
    assert_eq!(public.as_bytes()[28..], [0xf7, 0x07, 0x51, 0x1a]);
}

#[test]
fn new_owners_differ_and_can_sign() {
    let (one, other) = (Keypair::generate().expect("randomness"), Keypair::generate().expect("randomness"));
    assert_ne!(one.public(), other.public());
    assert_eq!(one.public().verify(Domain::Head, b"x", &one.sign(Domain::Head, b"x")), Ok(()));
}

#[test]
fn a_signature_serves_one_purpose_only() {
    let signer = owner(1);
    for signed in DOMAINS {
        let signature = signer.sign(signed, b"pay 5 J");
        for asked in DOMAINS {
            let verdict = signer.public().verify(asked, b"pay 5 J", &signature);
            assert_eq!(verdict.is_ok(), signed == asked, "signed for {signed:?}, asked for {asked:?}");
        }
    }
}

#[test]
fn a_prefix_smuggled_into_the_message_changes_no_purpose() {
    let signer = owner(1);
    let signature = signer.sign(Domain::Head, b"maxwell/operation/1\0pay");
    assert!(signer.public().verify(Domain::Operation, b"pay", &signature).is_err());
}

#[test]
fn another_wallets_signature_is_refused_by_name() {
    let signature = owner(1).sign(Domain::Operation, b"pay");
    let signer = owner(2).public();
    assert_eq!(
        signer.verify(Domain::Operation, b"pay", &signature),
        Err(BadSignature { signer, domain: Domain::Operation })
    );
}

#[test]
fn every_flipped_bit_of_a_signature_is_noticed() {
    let signer = owner(1);
    let signature = signer.sign(Domain::Operation, b"pay");
    for bit in 0..512 {
        let mut bytes = *signature.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verdict = signer.public().verify(Domain::Operation, b"pay", &Signature::from_bytes(bytes));
        assert!(verdict.is_err(), "bit {bit}");
    }
}

#[test]
fn the_second_form_of_a_valid_signature_is_refused() {
    let signer = owner(1);
    let mut bytes = *signer.sign(Domain::Operation, b"pay").as_bytes();
    let mut carry = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(GROUP_ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert!(signer.public().verify(Domain::Operation, b"pay", &Signature::from_bytes(bytes)).is_err());
}

#[test]
fn a_weak_key_has_no_valid_signature() {
    // For the neutral point R = neutral, s = 0 satisfies the equation of Ed25519 whatever the message.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let weak: PublicKey = codec::from_bytes(&neutral).expect("any 32 bytes are read");
    let mut forged = [0; 64];
    forged[0] = 1;
    assert!(weak.verify(Domain::Operation, b"anything", &Signature::from_bytes(forged)).is_err());
}

#[test]
fn a_signature_on_the_wire_is_exactly_64_bytes() {
    let signature = owner(1).sign(Domain::Head, b"x");
    let bytes = codec::to_bytes(&signature);
    assert_eq!(bytes, signature.as_bytes());
    assert_eq!(codec::from_bytes(&bytes), Ok(signature));
    assert!(codec::from_bytes::<Signature>(&bytes[..63]).is_err());
    assert!(codec::from_bytes::<Signature>(&[bytes.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn no_secret_shows() {
    let keypair = owner(0xa7);
    let shown = format!("{keypair:?}");
    assert_eq!(shown, format!("Keypair({}, secret not shown)", keypair.public()));
    assert!(!shown.contains("167") && !shown.contains("a7a7"), "{shown}");
}

proptest! {
    // Signatures are slow where nothing is optimised, and one altered bit is like another.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_message_that_was_cut_extended_or_altered_is_refused(
        seed: [u8; 32], message in prop::collection::vec(any::<u8>(), 1..100), at: prop::sample::Index, bit in 0_u32..8,
    ) {
        let signer = Keypair::from_seed(&seed);
        let signature = signer.sign(Domain::Operation, &message);
        let valid = |message: &[u8]| signer.public().verify(Domain::Operation, message, &signature).is_ok();
        prop_assert!(valid(&message));
        let at = at.index(message.len());
        prop_assert!(!valid(&message[..at]));
        prop_assert!(!valid(&[message.as_slice(), &[0]].concat()));
        let mut altered = message.clone();
        altered[at] ^= 1_u8 << bit;
        prop_assert!(!valid(&altered));
    }
}
