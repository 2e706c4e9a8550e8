//! The whole story, from an empty folder to a bill that somebody else has checked.

use maxwell_api::ledger::{AccountHistory, HistoryReport, InitReport, RefundReport, VerifyReport};
use maxwell_api::receipt::{BillReport, ReceiptWritten};
use maxwell_api::wallet::{KeyReport, OrderReport, WalletList, WalletReport};

use std::path::Path;

use maxwell_ledger::wallet::Keypair;
use maxwell_ledger::wallet::keyfile::{self, Passphrase};

use crate::common::maxwell;
use crate::lab::{Lab, form};

#[test]
fn money_goes_from_the_mint_to_a_bill_that_a_stranger_checks() {
    let lab = Lab::empty();
    let init: InitReport = lab.json("ledger init");
    let alice: KeyReport = lab.json("wallet new alice");
    lab.good("wallet new bob");
    assert!(!alice.encrypted && alice.address.starts_with("joule1"));
    let funded: OrderReport = lab.json("wallet fund alice 100J");
    assert_eq!((funded.kind.as_str(), funded.record, funded.balance_uj), ("fund", 1, -100_000_000));
    assert_eq!((funded.by, funded.to), (init.mint.clone(), Some(alice.address.clone())));
    let sent: OrderReport = lab.json("wallet transfer --from alice --to bob 12.5J");
    assert_eq!((sent.outcome.as_str(), sent.record, sent.balance_uj), ("done", 2, 87_500_000));
    lab.good("wallet deposit alice --escrow 7 3mJ");
    lab.good("wallet max-bid alice 250uJ");
    let shown: WalletReport = lab.json("wallet show alice");
    assert_eq!((shown.balance_uj, shown.max_bid_uj, shown.nonce), (87_497_000, Some(250), 3));
    assert_eq!((shown.totals.received_uj, shown.totals.sent_uj), (100_000_000, 12_503_000));
    assert_eq!((shown.name.as_deref(), shown.known, shown.entries), (Some("alice"), true, 4));

    let audit: VerifyReport = lab.json("ledger verify");
    assert_eq!((audit.records, audit.operations, audit.epochs, audit.unsigned), (4, 4, 4, 0));
    assert_eq!((audit.minted_uj, &audit.host), (100_000_000, &init.host));

    let out = lab.beside("bill.json");
    let written: ReceiptWritten = lab.json(&format!("receipt alice --out {out}"));
    // The stranger has the file and the host's address, and no home.
    let checked = maxwell(&["receipt", "verify", &out, "--host", &init.host, "--json", "--home", "nowhere"]);
    let bill: BillReport = form(&checked.good());
    assert_eq!(bill, written.bill);
    assert_eq!((bill.before_uj, bill.after_uj, bill.entries), (0, 87_497_000, 4));
    assert_eq!(bill.account, alice.address);

    let refund: RefundReport = lab.json("ledger refund 7 --to alice");
    assert_eq!((refund.amount_uj, lab.balance("alice")), (3_000, 87_500_000));
    lab.refuses(1, &["ledger", "refund", "7", "--to", "alice"], &["more than zero"]);
    lab.refuses(1, &["ledger", "refund", "8", "--to", "alice"], &["no account escrow-8"]);
    lab.good("wallet close alice --to bob");
    assert_eq!((lab.balance("alice"), lab.balance("bob")), (0, 100_000_000));
    let list: WalletList = lab.json("wallet list");
    let list: Vec<_> = list.wallets.iter().map(|wallet| (wallet.name.as_str(), wallet.balance_uj)).collect();
    assert_eq!(list, [("alice", Some(0)), ("bob", Some(100_000_000))]);
}

#[test]
fn history_tells_everything_in_order_and_as_much_as_is_asked_for() {
    let lab = Lab::funded();
    lab.good("wallet transfer --from alice --to bob 1J");
    lab.good("wallet max-bid alice none");
    lab.good("wallet close alice --to bob");
    let all: HistoryReport = lab.json("ledger history");
    let kinds: Vec<_> = all.records.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["fund", "transfer", "set-max-bid", "close"]);
    assert_eq!(all.records[3].movements[0].amount_uj, 99_000_000, "the rest");
    let last: HistoryReport = lab.json("ledger history --limit 1");
    assert_eq!((last.before, last.records[0].record), (3, 4));
    let bob: AccountHistory = lab.json("ledger history --wallet bob");
    let bob: Vec<_> = bob.entries.iter().map(|entry| (entry.change_uj, entry.balance_uj)).collect();
    assert_eq!(bob, [(1_000_000, 1_000_000), (99_000_000, 100_000_000)]);
    let alice: AccountHistory = lab.json("ledger history --wallet alice --limit 2");
    assert_eq!((alice.before, alice.entries[1].kind.as_str()), (3, "closed"));
}

#[test]
fn an_order_is_signed_in_one_place_and_carried_out_in_another() {
    let lab = Lab::with(&["alice"]);
    let order = lab.good("wallet fund alice 5J --print");
    assert_eq!(lab.balance("alice"), 0, "nothing was carried out");
    let done = lab.submit_text(&order).good();
    assert!(done.starts_with("done, as record 1\n"), "{done}");
    assert_eq!(lab.balance("alice"), 5_000_000);
}

#[test]
fn a_mint_without_a_ledger_signs_what_the_ledgers_host_carries_out() {
    let mint = Lab::with(&[]);
    let address = mint.key("mint.key").public();
    let lab = Lab::empty();
    lab.good(&format!("ledger init --mint {address}"));
    lab.good("wallet new alice");
    assert!(!lab.path("mint.key").exists());
    lab.refuses(1, &["wallet", "fund", "alice", "1J"], &["mint.key is not here", "--print"]);
    std::fs::remove_file(mint.path("ledger.redb")).expect("a file");
    let (alice, host) = (lab.wallet("alice").public(), lab.host());
    let order = mint.good(&format!("wallet fund {alice} 1J --print --host {host} --nonce 0"));
    lab.submit_text(&order).good();
    assert_eq!(lab.balance("alice"), 1_000_000);
}

#[test]
fn a_command_that_is_repeated_under_its_id_is_carried_out_once() {
    let lab = Lab::funded();
    let id = "000102030405060708090a0b0c0d0e0f";
    let order = format!("wallet transfer --from alice --to bob 1J --id {id}");
    assert!(lab.good(&order).starts_with("done, as record 2\n"));
    assert!(lab.good(&order).starts_with("already done, as record 2\n"));
    // More orders than the account itself remembers.
    for _ in 0..9 {
        lab.good("wallet transfer --from alice --to bob 1mJ");
    }
    assert!(lab.good(&order).starts_with("already done, as record 2\n"));
    assert_eq!(lab.balance("bob"), 1_009_000);
    let other = ["wallet", "transfer", "--from", "alice", "--to", "bob", "2J", "--id", id];
    lab.refuses(1, &other, &["another operation under the id", id]);
    assert_eq!(lab.balance("bob"), 1_009_000);
}

#[test]
fn a_key_goes_out_and_comes_back_and_owns_the_same_money() {
    let lab = Lab::funded();
    let out = lab.beside("alice.key");
    lab.good(&format!("wallet export alice --out {out}"));
    lab.refuses(1, &["wallet", "export", "alice", "--out", &out], &["exists already", &out]);
    lab.good(&format!("wallet import {out} --name again"));
    lab.good("wallet transfer --from again --to bob 1J");
    assert_eq!(lab.balance("alice"), 99_000_000);
    let text = std::fs::read_to_string(&out).expect("a file");
    assert_eq!(lab.good("wallet export alice --show-secret"), text);
    lab.refuses(2, &["wallet", "export", "alice"], &["--out"]);
}

#[test]
fn an_encrypted_wallet_is_used_with_its_passphrase_and_read_without() {
    let lab = Lab::with(&[]);
    let file = lab.beside("passphrase");
    lab.args(&["wallet", "new", "alice", "--passphrase-file", &file])
        .complains(1, &["passphrase", "No such file"]);
    crate::files::write_with_mode(&file, "correct horse\n", 0o644);
    lab.refuses(1, &["wallet", "new", "alice", "--passphrase-file", &file], &["mode 0644", "chmod 600"]);
    crate::files::write_with_mode(&file, "correct horse\n", 0o600);
    // Made with less work than `wallet new` takes, which is minutes where nothing is optimised.
    let (key, brought) = (Keypair::generate().expect("randomness"), lab.beside("alice.key"));
    let passphrase = Passphrase::new("correct horse".to_owned()).expect("not empty").with_work_factor(2);
    keyfile::create(Path::new(&brought), &key, Some(passphrase)).expect("room");
    let taken: KeyReport =
        lab.json(&format!("wallet import {brought} --name alice --passphrase-file {file}"));
    assert!(taken.encrypted && taken.address == key.public().to_string());
    lab.good("wallet fund alice 1J");
    assert_eq!(lab.balance("alice"), 1_000_000, "its address is known without the passphrase");
    lab.good(&format!("wallet max-bid alice 1mJ --passphrase-file {file}"));
    crate::files::write_with_mode(&file, "wrong horse\n", 0o600);
    let wrong = ["wallet", "max-bid", "alice", "2mJ", "--passphrase-file", &file];
    lab.refuses(1, &wrong, &["alice.key: the passphrase is wrong"]);
}

/// A real-time run: what the agents were told and what the ledger of the home says is the same.
#[test]
fn a_demonstration_on_a_ledger_leaves_bills_that_hold() {
    let lab = Lab::with(&[]);
    let home = lab.path("").to_str().expect("plain names").to_owned();
    let said = maxwell(&["demo", "--duration", "3", "--ledger", &home]).good();
    assert!(said.contains("maxwell receipt scientist"), "{said}");
    let audit: VerifyReport = lab.json("ledger verify");
    assert!(audit.records > 25 && audit.unsigned == 0, "{audit:?}");
    let out = lab.beside("bill.json");
    let written: ReceiptWritten = lab.json(&format!("receipt scientist --out {out}"));
    let checked = maxwell(&["receipt", "verify", &out, "--host", &audit.host, "--json"]);
    let bill: BillReport = form(&checked.good());
    assert_eq!(bill, written.bill);
    assert!(
        bill.totals.quanta_uj > 0 && bill.totals.income_uj > 0 && bill.modelled.energy_uj > 0,
        "{bill:?}"
    );
    let spent = bill.totals.quanta_uj + bill.totals.rent_uj + bill.totals.tax_uj + bill.totals.fees_uj;
    assert_eq!(bill.after_uj, bill.totals.received_uj + bill.totals.income_uj - spent);
    // The bounty that was not earned is the sponsor's again, and a second run finds names of its own.
    assert!(lab.balance("sponsor") > 0);
    maxwell(&["demo", "--duration", "1", "--ledger", &home]).good();
    assert!(lab.balance("scientist-2") > 0);
}
