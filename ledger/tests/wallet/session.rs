use maxwell_ledger::codec;
use maxwell_ledger::wallet::{Keypair, Mac, PublicKey, Session, SessionError, SessionGrant, SessionKey};
use proptest::prelude::*;

use super::owner;

const NOW: u64 = 100;

fn host() -> PublicKey {
    owner(9).public()
}

fn key(number: u8) -> SessionKey {
    SessionKey::from_bytes([number; 32])
}

fn grant(wallet: &Keypair, key: &SessionKey) -> SessionGrant {
    let commitment = key.commitment();
    SessionGrant { host: host(), wallet: wallet.public(), commitment, expires_epoch: NOW + 10 }
}

fn open(wallet: u8, number: u8) -> Session {
    let (owner, key) = (owner(wallet), key(number));
    let grant = grant(&owner, &key);
    Session::open(host(), &grant, &grant.sign(&owner), key, NOW).expect("a valid grant")
}

#[test]
fn a_granted_key_orders_for_its_wallet() {
    let mut session = open(1, 5);
    assert_eq!(session.wallet(), owner(1).public());
    for sequence in [1, 2, 7] {
        assert_eq!(session.accept(NOW, sequence, b"bid", &key(5).mac(NOW, sequence, b"bid")), Ok(()));
    }
}

#[test]
fn a_grant_for_another_host_opens_nothing() {
    let (owner, here) = (owner(1), super::owner(8).public());
    let grant = grant(&owner, &key(5));
    let refused = Session::open(here, &grant, &grant.sign(&owner), key(5), NOW);
    assert_eq!(refused.err(), Some(SessionError::OtherHost { named: host(), here }));
}

#[test]
fn a_grant_signed_by_another_wallet_opens_nothing() {
    let grant = grant(&owner(1), &key(5));
    let refused = Session::open(host(), &grant, &grant.sign(&owner(2)), key(5), NOW);
    assert!(matches!(refused, Err(SessionError::Signature(_))));
}

#[test]
fn every_altered_byte_of_a_grant_is_noticed() {
    let owner = owner(1);
    let grant = grant(&owner, &key(5));
    let signature = grant.sign(&owner);
    let bytes = codec::to_bytes(&grant);
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1 << (at % 8);
        let Ok(altered) = codec::from_bytes::<SessionGrant>(&altered) else { continue };
        assert!(Session::open(host(), &altered, &signature, key(5), NOW).is_err(), "byte {at}");
    }
}

#[test]
fn another_key_than_the_granted_one_opens_nothing() {
    let owner = owner(1);
    let grant = grant(&owner, &key(5));
    let refused = Session::open(host(), &grant, &grant.sign(&owner), key(6), NOW);
    assert_eq!(refused.err(), Some(SessionError::OtherKey));
}

#[test]
fn a_grant_serves_to_its_last_epoch_and_no_further() {
    let (owner, last) = (owner(1), NOW + 10);
    let grant = grant(&owner, &key(5));
    let late = Session::open(host(), &grant, &grant.sign(&owner), key(5), last + 1);
    assert_eq!(late.err(), Some(SessionError::Expired { last, now: last + 1 }));

    let mut session = open(1, 5);
    session.enter_epoch(last);
    assert_eq!(session.accept(last, 1, b"bid", &key(5).mac(last, 1, b"bid")), Ok(()));
    session.enter_epoch(last + 1);
    let refused = session.accept(last + 1, 2, b"bid", &key(5).mac(last + 1, 2, b"bid"));
    assert_eq!(refused, Err(SessionError::Expired { last, now: last + 1 }));
}

#[test]
fn a_message_of_another_epoch_is_refused_and_time_does_not_go_back() {
    let mut session = open(1, 5);
    let early = key(5).mac(NOW + 1, 1, b"bid");
    let refused = session.accept(NOW + 1, 1, b"bid", &early);
    assert_eq!(refused, Err(SessionError::WrongEpoch { given: NOW + 1, now: NOW }));
    session.enter_epoch(NOW + 1);
    session.enter_epoch(NOW);
    let old = key(5).mac(NOW, 1, b"bid");
    assert_eq!(
        session.accept(NOW, 1, b"bid", &old),
        Err(SessionError::WrongEpoch { given: NOW, now: NOW + 1 })
    );
    assert_eq!(
        session.accept(NOW + 1, 1, b"bid", &old),
        Err(SessionError::Forged),
        "an epoch is not to be claimed"
    );
    assert_eq!(session.accept(NOW + 1, 1, b"bid", &early), Ok(()));
}

#[test]
fn replayed_and_reordered_messages_are_told_which_sequence_is_next() {
    let mut session = open(1, 5);
    let mut send = |sequence| session.accept(NOW, sequence, b"bid", &key(5).mac(NOW, sequence, b"bid"));
    assert_eq!(send(0), Err(SessionError::Replayed { given: 0, at_least: 1 }));
    assert_eq!(send(4), Ok(()));
    assert_eq!(send(4), Err(SessionError::Replayed { given: 4, at_least: 5 }));
    assert_eq!(send(3), Err(SessionError::Replayed { given: 3, at_least: 5 }));
    assert_eq!(send(u64::MAX), Ok(()));
    assert_eq!(send(u64::MAX), Err(SessionError::Replayed { given: u64::MAX, at_least: u64::MAX }));
}

#[test]
fn a_forgery_uses_no_sequence_up() {
    let mut session = open(1, 5);
    assert_eq!(session.accept(NOW, 9, b"bid", &Mac([0; 32])), Err(SessionError::Forged));
    assert_eq!(session.accept(NOW, 1, b"bid", &key(5).mac(NOW, 1, b"bid")), Ok(()));
}

#[test]
fn another_wallets_session_key_forges_nothing() {
    let mut session = open(1, 5);
    assert_eq!(session.accept(NOW, 1, b"bid", &key(6).mac(NOW, 1, b"bid")), Err(SessionError::Forged));
}

#[test]
fn no_session_key_shows() {
    assert_eq!(format!("{:?}", key(0xa7)), "SessionKey(not shown)");
    assert!(!format!("{:?}", open(1, 0xa7)).contains("167"));
}

proptest! {
    // Every case opens a session, which takes two signatures' time.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_altered_bit_of_message_or_mac_is_a_forgery(
        message in prop::collection::vec(any::<u8>(), 1..200), sequence in 1_u64.., bit: prop::sample::Index,
    ) {
        let mut session = open(1, 5);
        let mac = key(5).mac(NOW, sequence, &message);
        let flip = |bytes: &mut [u8]| {
            let bit = bit.index(8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
        };
        let mut altered = message.clone();
        flip(&mut altered);
        prop_assert_eq!(session.accept(NOW, sequence, &altered, &mac), Err(SessionError::Forged));
        let mut wrong = mac;
        flip(&mut wrong.0);
        prop_assert_eq!(session.accept(NOW, sequence, &message, &wrong), Err(SessionError::Forged));
        prop_assert_eq!(session.accept(NOW, sequence - 1, &message, &mac), Err(SessionError::Forged));
        prop_assert_eq!(session.accept(NOW, sequence, &message[1..], &mac), Err(SessionError::Forged));
        prop_assert_eq!(session.accept(NOW, sequence, &message, &mac), Ok(()));
    }
}
