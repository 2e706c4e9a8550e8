//! From a promise to its end.

use maxwell_api::bounty::{BountyList, WorkReport};
use maxwell_api::ledger::{AccountHistory, HistoryReport, VerifyReport};
use maxwell_api::receipt::ReceiptWritten;
use maxwell_api::wallet::OrderReport;

use crate::lab::Lab;
use crate::{post, posted};

#[test]
fn a_bounty_is_posted_listed_and_closed_by_its_sponsor() {
    let lab = Lab::funded();
    let done: OrderReport = lab.json(&post("20mJ"));
    assert_eq!((done.kind.as_str(), done.bounty, done.amount_uj), ("post-bounty", Some(1), Some(20_000)));
    assert_eq!((done.to.as_deref(), done.balance_uj, done.record), (Some("escrow-1"), 99_980_000, 2));

    let list: BountyList = lab.json("bounty list");
    let [bounty] = &list.bounties[..] else { panic!("{list:?}") };
    assert_eq!((bounty.bounty, bounty.open, bounty.reward_uj, bounty.left_uj), (1, true, 3_000, 20_000));
    assert_eq!((bounty.keys, bounty.paid_keys), (5, 0));
    assert_eq!(bounty.work, WorkReport::Primes { from: 1, width: 1_000, first_range: 0 });
    let alice = lab.wallet("alice").public().to_string();
    assert_eq!((&bounty.sponsor, bounty.sponsor_name.as_deref()), (&alice, Some("alice")));

    let done: OrderReport = lab.json("bounty close 1");
    assert_eq!((done.kind.as_str(), done.bounty, done.balance_uj), ("close-bounty", Some(1), 100_000_000));
    assert_eq!(done.amount_uj, Some(20_000), "what goes back");
    let list: BountyList = lab.json("bounty list");
    assert_eq!((list.bounties[0].open, list.bounties[0].left_uj), (false, 0));
    let audit: VerifyReport = lab.json("ledger verify");
    assert_eq!((audit.records, audit.operations), (3, 3));
}

#[test]
fn every_kind_of_work_can_be_promised() {
    let lab = Lab::funded();
    let module = lab.beside("check.wasm");
    std::fs::write(&module, crate::modules::module(1)).expect("room");
    let offer = "bounty post --wallet alice --budget 1J --reward 1mJ";
    lab.good(&format!("{offer} primes --from 1000000 --width 10000 --ranges 500"));
    lab.good(&format!("{offer} preimages --zero-bits 20 --keys 1000"));
    lab.good(&format!("{offer} module {module} --fuel 1000000 --keys 100"));
    let list: BountyList = lab.json("bounty list");
    let keys: Vec<_> = list.bounties.iter().map(|bounty| (bounty.bounty, bounty.keys)).collect();
    assert_eq!(keys, [(1, 500), (2, 1_000), (3, 100)]);
    assert_eq!(list.bounties[1].work, WorkReport::Preimages { zero_bits: 20 });
    let WorkReport::Module { fuel: 1_000_000, here: true, .. } = list.bounties[2].work else {
        panic!("{list:?}")
    };
}

#[test]
fn a_bounty_gets_the_lowest_number_that_no_escrow_ever_had() {
    let lab = Lab::funded();
    lab.good("wallet deposit alice --escrow 2 1J");
    let number = |words: &str| lab.json::<OrderReport>(words).bounty;
    assert_eq!(number(&post("20mJ")), Some(1));
    assert_eq!(number(&post("20mJ")), Some(3), "2 is an escrow");
    lab.good("bounty close 1");
    assert_eq!(number(&post("20mJ")), Some(4), "1 was used");
    let named = post("20mJ").replace("--reward", "--number 77 --reward");
    assert_eq!(number(&named), Some(77));
    assert_eq!(number(&post("20mJ")), Some(5));
}

#[test]
fn a_bounty_is_signed_in_one_place_and_posted_in_another() {
    let lab = Lab::funded();
    let order = lab.good(&post("20mJ").replace("--reward", "--print --reward"));
    assert_eq!(lab.balance("alice"), 100_000_000, "nothing was carried out");
    let done = lab.submit_text(&order).good();
    assert!(done.starts_with("done, as record 2\nbounty     1\n"), "{done}");
    assert_eq!(lab.balance("alice"), 99_980_000);
    // The sponsor's key may lie where there is no ledger: then host, nonce, number and wallet are said.
    let host = lab.host().to_string();
    let away = Lab::empty();
    std::fs::create_dir_all(away.path("wallets")).expect("room");
    for (folder, mode) in [("", 0o700), ("wallets", 0o700)] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(away.path(folder), std::fs::Permissions::from_mode(mode)).expect("ours");
    }
    std::fs::rename(lab.path("wallets/alice.key"), away.path("wallets/alice.key")).expect("one disk");
    let order = away.good(&format!("bounty close 1 --wallet alice --sign-only --host {host} --nonce 1"));
    let another = format!("--number 2 --print --host {host} --nonce 2 --reward");
    let another = away.good(&post("20mJ").replace("--reward", &another));
    lab.submit_text(&order).good();
    lab.submit_text(&another).good();
    lab.run("bounty close 2").complains(1, &["bounty 2 was posted by joule1", "--print"]);
}

#[test]
fn what_is_ordered_again_under_its_id_is_done_once() {
    let lab = Lab::funded();
    let id = "0f".repeat(16);
    let words = post("20mJ").replace("--reward", &format!("--id {id} --number 9 --reward"));
    let first: OrderReport = lab.json(&words);
    let again: OrderReport = lab.json(&words);
    assert_eq!((first.outcome.as_str(), again.outcome.as_str()), ("done", "already done"));
    assert_eq!((first.record, lab.balance("alice")), (again.record, 99_980_000));
    let other = words.replace("--width 1000", "--width 2000");
    lab.run(&other).complains(1, &["another operation under the id"]);
}

#[test]
fn history_and_receipts_show_it() {
    let lab = posted();
    lab.good("bounty close 1");
    let all: HistoryReport = lab.json("ledger history");
    let kinds: Vec<_> = all.records.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["fund", "post-bounty", "close-bounty"]);
    assert_eq!(all.records[1].remark.as_deref(), Some("bounty 1: 3 mJ for each of 5 keys"));
    let back = &all.records[2].movements[0];
    assert_eq!((back.from.as_str(), back.amount_uj), ("escrow-1", 20_000));
    let alice: AccountHistory = lab.json("ledger history --wallet alice");
    let alice: Vec<_> = alice
        .entries
        .iter()
        .map(|entry| (entry.kind.as_str(), entry.with.as_deref(), entry.change_uj))
        .collect();
    assert_eq!(alice[1..], [("sent", Some("escrow-1"), -20_000), ("received", Some("escrow-1"), 20_000)]);
    let out = lab.beside("bill.json");
    let written: ReceiptWritten = lab.json(&format!("receipt alice --out {out}"));
    assert_eq!((written.bill.entries, written.bill.after_uj), (3, 100_000_000));
}
