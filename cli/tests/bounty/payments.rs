//! What the host's rules pay from a bounty, between two commands.

use maxwell_api::bounty::BountyList;
use maxwell_api::ledger::AccountHistory;
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::AccountName;
use maxwell_ledger::books::{BountyRefusal, Refusal};
use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::record::{At, Payment, Reason, Record};
use maxwell_ledger::store::RedbStore;

use crate::lab::Lab;
use crate::posted;

/// Enters a payment for a key to bob, as a node would, and closes the ledger.
fn pay(lab: &Lab, key: u64) -> Result<(), Refusal> {
    let store = RedbStore::open(lab.path("ledger.redb")).expect("nobody else has it");
    let mut ledger = Ledger::open(Box::new(store), lab.key("host.key")).expect("a whole ledger");
    let find = |name: AccountName| ledger.books().find(&name).expect("it is there");
    let (from, to) = (find(AccountName::Escrow(1)), find(AccountName::Wallet(lab.wallet("bob").public())));
    let (at, amount) = (At { run: 1, tick: 1 }, Microjoules(3_000));
    let payment = Payment { at, reason: Reason::Income, reference: key, from, to, amount };
    ledger.enter(Record::Payment(payment))?;
    ledger.commit(1_800_000_000_000, Close::AndSave).expect("the disk works");
    Ok(())
}

fn with_bob() -> Lab {
    let lab = posted();
    lab.good("wallet fund bob 1uJ");
    lab
}

#[test]
fn what_was_paid_is_listed_and_never_paid_again_whatever_was_started_in_between() {
    let lab = with_bob();
    for key in [0, 3] {
        pay(&lab, key).expect("it was promised");
    }
    let list: BountyList = lab.json("bounty list");
    assert_eq!((list.bounties[0].paid_keys, list.bounties[0].left_uj), (2, 14_000));
    assert_eq!(lab.balance("bob"), 6_001);
    let again = Refusal::Bounty(BountyRefusal::PaidBefore { number: 1, key: 3 });
    assert_eq!(pay(&lab, 3), Err(again));
    assert_eq!(
        pay(&lab, 5),
        Err(Refusal::Bounty(BountyRefusal::NoSuchKey { number: 1, key: 5, first: 0, end: 5 }))
    );
    lab.good("ledger verify");
    let bob: AccountHistory = lab.json("ledger history --wallet bob");
    let entry = bob.entries.last().expect("it was paid");
    assert_eq!((entry.kind.as_str(), entry.remark.as_deref()), ("income", Some("reference 3")));
}

#[test]
fn a_closed_bounty_gives_back_what_was_not_paid_and_pays_nothing_more() {
    let lab = with_bob();
    pay(&lab, 4).expect("it was promised");
    lab.good("bounty close 1");
    assert_eq!((lab.balance("alice"), lab.balance("bob")), (99_997_000, 3_001));
    assert_eq!(pay(&lab, 2), Err(Refusal::Bounty(BountyRefusal::Closed(1))));
}

#[test]
fn a_bounty_that_has_paid_all_of_its_budget_gives_back_nothing() {
    let lab = Lab::funded();
    lab.good("wallet fund bob 1uJ");
    lab.good(&crate::post("3mJ"));
    pay(&lab, 0).expect("there is enough for one");
    assert!(matches!(pay(&lab, 1), Err(Refusal::Insufficient { .. })));
    lab.good("bounty close 1");
    assert_eq!(lab.balance("alice"), 99_997_000);
    let text = lab.good("ledger history --wallet alice");
    assert!(text.ends_with("received  0 J = 99.997 J\n     from escrow-1\n"), "{text}");
}

#[test]
fn more_can_be_put_into_an_open_bounty_and_nothing_into_a_closed_one() {
    let lab = posted();
    lab.good("wallet deposit alice --escrow 1 5mJ");
    let list: BountyList = lab.json("bounty list");
    assert_eq!(list.bounties[0].left_uj, 25_000);
    lab.good("bounty close 1");
    let deposit = ["wallet", "deposit", "alice", "--escrow", "1", "5mJ"];
    lab.refuses(1, &deposit, &["escrow-1 was closed"]);
}
