//! Receipts from the outside.

use std::fs;

use maxwell_api::receipt::BillReport;
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Ppm};
use maxwell_ledger::account::{AccountName, Index};
use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::record::{At, Line, Record, Used, Window};
use maxwell_ledger::store::RedbStore;

use crate::lab::{Lab, form};

/// The end of the day on which the node of these tests ran: 2100-01-01, after everything that a clock says here.
const DAY_MS: u64 = 4_102_444_800_000;

/// A home whose node has billed alice for a window a second: three with measured joules, then two with modelled ones.
fn billed() -> Lab {
    let lab = Lab::funded();
    let store = RedbStore::open(lab.path("ledger.redb")).expect("a ledger");
    let mut ledger = Ledger::open(Box::new(store), lab.key("host.key")).expect("a ledger");
    let wallet = AccountName::Wallet(lab.wallet("alice").public());
    let wallet: Index = ledger.books().find(&wallet).expect("it was funded");
    for tick in 1..=5 {
        let price = Microjoules(100_000 + 1_000 * tick as i64);
        let used = Used {
            energy: Microjoules(80_000),
            granted_ns: 10_000_000,
            used_ns: 9_000_000,
            cycles: 1_000,
            freed_bytes: 4_096,
            awards: 1,
            cheapest: price,
            dearest: price,
        };
        let line = Line { wallet, cell: 1, quanta: price, rent: Microjoules(10), tax: Microjoules(2), used };
        let provenance = if tick <= 3 { Provenance::Measured } else { Provenance::Modelled };
        let at = At { run: 1, tick: 10 * tick };
        let window =
            Window { at, tariff: Ppm::ONE, provenance, grid: Microjoules(90_000), lines: vec![line] };
        ledger.enter(Record::Window(window)).expect("a good window");
        ledger.commit(DAY_MS + 1_000 * tick, Close::AndSave).expect("room");
    }
    lab
}

fn checked(lab: &Lab, file: &str) -> crate::common::Done {
    lab.args(&["receipt", "verify", file, "--host", &lab.host().to_string()])
}

#[test]
fn a_bill_says_what_was_bought_at_which_prices_and_whose_joules_they_are() {
    let lab = billed();
    let file = lab.beside("bill.json");
    lab.good(&format!("receipt alice --out {file}"));
    let json = lab.args(&["receipt", "verify", &file, "--host", &lab.host().to_string(), "--json"]).good();
    let bill: BillReport = form(&json);
    assert_eq!((bill.measured.windows, bill.measured.energy_uj), (3, 240_000));
    assert_eq!((bill.modelled.windows, bill.modelled.energy_uj, bill.unknown.windows), (2, 160_000, 0));
    assert_eq!((bill.cheapest_uj, bill.dearest_uj), (Some(101_000), Some(105_000)));
    assert_eq!((bill.totals.quanta_uj, bill.totals.rent_uj, bill.totals.tax_uj), (515_000, 50, 10));
    assert_eq!((bill.totals.used_ns, bill.totals.cycles, bill.totals.awards), (45_000_000, 5_000, 5));
    assert_eq!(bill.after_uj, 100_000_000 - 515_060);
    let plain = checked(&lab, &file).good();
    for said in ["240 mJ measured, in 3 windows", "160 mJ modelled, in 2 windows", "from 101 mJ to 105 mJ"] {
        assert!(plain.contains(said), "{said:?} is missing in:\n{plain}");
    }
}

#[test]
fn a_bill_is_about_the_period_that_was_asked_for() {
    let lab = billed();
    let file = lab.beside("bill.json");
    let words = "receipt alice --from 2100-01-01T00:00:01Z --to 2100-01-01T01:00:03+01:00 --out";
    lab.good(&format!("{words} {file}"));
    let plain = checked(&lab, &file).good();
    assert!(
        plain.contains("2100-01-01T00:00:01.000Z") && plain.contains("2100-01-01T00:00:03.000Z"),
        "{plain}"
    );
    assert!(plain.contains("quanta     205 mJ for 2 of them"), "{plain}");
    let none = ["receipt", "alice", "--from", "2101-01-01T00:00:00Z"];
    lab.refuses(1, &none, &["no epoch ended in that period", "2100-01-01T00:00:05.000Z"]);
    lab.refuses(1, &["receipt", "bob"], &["there is no account", "fund it first"]);
    lab.refuses(1, &["receipt", "alice", "--out", &file], &["bill.json", "must not exist"]);
}

#[test]
fn a_receipt_that_was_changed_or_is_anothers_is_not_believed() {
    let lab = billed();
    let good = lab.good("receipt alice");
    let file = lab.beside("bill.json");
    let changes = [
        ("\"quanta_uj\":103000", "\"quanta_uj\":3000"),
        ("\"provenance\":\"modelled\"", "\"provenance\":\"measured\""),
        ("\"energy_uj\":80000", "\"energy_uj\":70000"),
        ("\"cheapest_uj\":101000", "\"cheapest_uj\":100999"),
    ];
    for (from, to) in changes {
        let altered = good.replacen(from, to, 1);
        assert_ne!(altered, good, "{from}");
        fs::write(&file, altered).expect("room");
        checked(&lab, &file).complains(1, &["bill.json is not to be believed", "left out, added or changed"]);
    }
    for cut in [0, 1, good.len() / 2, good.len() - 3] {
        fs::write(&file, &good[..cut]).expect("room");
        checked(&lab, &file).complains(1, &["bill.json is no receipt, or not all of one"]);
    }
    fs::write(&file, good.replacen("\"version\":2", "\"version\":3", 1)).expect("room");
    checked(&lab, &file).complains(1, &["format 3", "with the Maxwell that wrote it"]);
    fs::write(&file, &good).expect("room");
    let other = Lab::with(&[]);
    let of_another = ["receipt", "verify", &file, "--host", &other.host().to_string()];
    lab.args(&of_another).complains(1, &["not signed by the host"]);
    checked(&lab, &file).good();
}

#[test]
fn a_receipt_that_is_too_long_is_not_read() {
    let lab = Lab::with(&[]);
    let file = lab.beside("endless");
    fs::File::create(&file).and_then(|file| file.set_len((256 << 20) + 1)).expect("a hole takes no room");
    checked(&lab, &file).complains(1, &["longer than 268435456 bytes", "shorter periods"]);
}
