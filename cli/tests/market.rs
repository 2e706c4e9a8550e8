//! `maxwell market`: a book of orders and what comes of it; the study with its figures, files and refusals.

mod common;

use common::maxwell;
use maxwell_api::book::BookReport;
use maxwell_api::market::{StudyReport, VERSION};

#[test]
fn a_quick_study_writes_its_tables_and_says_what_it_found() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let out = dir.path().join("study");
    let path = out.to_str().expect("a plain name");
    let text = maxwell(&["market", "study", "--quick", "--games", "3", "--out", path, "--json"]).good();
    let report: StudyReport = serde_json::from_str(&text).expect("a report");
    assert_eq!((report.version, report.seed, report.games), (VERSION, 1, 3));
    assert!(report.worst.iter().all(|game| game.ratio < 1.282), "{:?}", report.worst);
    let page = std::fs::read_to_string(out.join("README.md")).expect("the page");
    assert!(page.contains("maxwell market study --seed 1 --games 3 --quick --out DIR"), "{page}");
    let games = std::fs::read_to_string(out.join("games.csv")).expect("the games");
    assert!(games.starts_with("values,slots,reserve,") && games.lines().count() > 3, "{games}");
    // What is there stays there.
    maxwell(&["market", "study", "--quick", "--out", path]).complains(1, &["is not empty", "--out"]);
}

#[test]
fn wrong_usage_is_refused_and_help_is_there() {
    maxwell(&["market", "study", "--games", "0"]).complains(2, &["'0'", "--games"]);
    maxwell(&["market"]).complains(2, &["study"]);
    let help = maxwell(&["market", "study", "--help"]).good();
    for said in ["--seed", "--games", "--out", "--quick", "--json", "[default: 1]"] {
        assert!(help.contains(said), "{said} is missing in:\n{help}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
}

/// A file with this book of orders.
fn book(orders: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("orders.csv");
    std::fs::write(&file, format!("wallet,limit,slots,balance\n{orders}")).expect("room");
    let name = file.to_str().expect("a plain name").to_owned();
    (dir, name)
}

#[test]
fn a_book_is_cleared_by_every_rule_and_equals_take_turns() {
    let (_dir, file) = book("alice,1 J,1,\nbob,1 J,1,\ncarol,512 µJ,1,\ndave,2 J,1,1 J\nerin,100 µJ,1,\n");
    let command =
        ["market", "book", &file, "--reserve", "256uJ", "--mechanism", "all", "--ticks", "4", "--json"];
    let report: BookReport = serde_json::from_str(&maxwell(&command).good()).expect("a report");
    let wallets: Vec<&str> = report.orders.iter().map(|order| order.wallet.as_str()).collect();
    assert_eq!(wallets, ["dave", "alice", "bob", "carol", "erin"], "best first, equals as in the file");
    let standing: Vec<&str> = report.orders.iter().map(|order| order.standing.as_str()).collect();
    let market = "in the market";
    assert_eq!(standing, ["not covered", market, market, market, "below the reserve"]);
    let names: Vec<&str> = report.outcomes.iter().map(|outcome| outcome.mechanism.as_str()).collect();
    assert_eq!(names, ["vickrey", "gsp", "vcg", "first-price", "proportional-share", "karma"]);
    let vickrey = &report.outcomes[0];
    let quanta: Vec<u64> = vickrey.sold.iter().map(|row| row.quanta).collect();
    assert_eq!(quanta, [0, 2, 2, 0, 0]);
    let limit = report.orders[1].limit_uj;
    assert_eq!(
        (vickrey.clearing_uj, vickrey.sold[1].paid_uj),
        (limit, 2 * limit),
        "each is the other's rival"
    );
    let karma = &report.outcomes[5];
    assert!(karma.sold[3].quanta > 0 && karma.clearing_uj == 256, "{karma:?}");
    let text = maxwell(&command[..command.len() - 1]).good();
    assert!(text.contains("dave (not covered)") && text.contains("karma clears at 256 µJ"), "{text}");
}

#[test]
fn the_orders_of_a_wallet_share_its_balance() {
    let (_dir, file) = book("alice,2 J,1,2 J\nalice,1 J,1,\nalice,3 J,1,\nbob,1 J,1,\n");
    let sell = ["market", "book", &file, "--slots", "3", "--json"];
    let report: BookReport = serde_json::from_str(&maxwell(&sell).good()).expect("a report");
    let standing: Vec<&str> = report.orders.iter().map(|order| order.standing.as_str()).collect();
    let shared = "covered unless better ones win";
    assert_eq!(standing, ["not covered", "in the market", shared, "in the market"]);
    let quanta: Vec<u64> = report.outcomes[0].sold.iter().map(|row| row.quanta).collect();
    assert_eq!(quanta, [0, 1, 0, 1], "the better one has won, and the same money pays once");
    let text = maxwell(&sell[..sell.len() - 1]).good();
    assert!(text.contains("1 not covered beside better ones of their wallets"), "{text}");
    assert!(text.contains("alice (covered unless better ones win)"), "{text}");
}

#[test]
fn unequal_slots_are_sold_by_rules_that_know_them() {
    let (_dir, file) = book("alice,1024 µJ,1,\nbob,512 µJ,1,\ncarol,256 µJ,1,\n");
    let sell = |rule: &str| {
        maxwell(&["market", "book", &file, "--weights", "1,0.5", "--mechanism", rule, "--json"]).good()
    };
    let gsp: BookReport = serde_json::from_str(&sell("gsp")).expect("a report");
    let paid: Vec<i64> = gsp.outcomes[0].sold.iter().map(|row| row.paid_uj).collect();
    assert_eq!(paid, [512, 128, 0], "the next lower bid, for the weight of the slot");
    let vickrey: BookReport = serde_json::from_str(&sell("vickrey")).expect("a report");
    assert!(vickrey.outcomes[0].refused.as_ref().is_some_and(|why| why.contains("alike")), "{vickrey:?}");
}

#[test]
fn a_book_that_cannot_be_is_refused_with_its_line() {
    let refused = |orders: &str, said: &[&str]| {
        let (_dir, file) = book(orders);
        maxwell(&["market", "book", &file]).complains(1, said);
    };
    refused("", &["orders.csv has no orders"]);
    refused("alice,5,1,\n", &["line 2", "no unit"]);
    refused("alice,1 J,1,5 J\nalice,2 J,1,6 J\n", &["line 3", "alice has 6 J, and 5 J on an earlier line"]);
    refused("alice,1 J,1,4611686018427.387904 J\nbob,1 J,1,\n", &["more than", "smaller balances"]);
    maxwell(&["market", "book", "/nowhere/orders.csv"]).complains(1, &["/nowhere/orders.csv cannot be read"]);
    for wrong in [
        &["--slots", "0"],
        &["--slots", "1025"],
        &["--weights", "0"],
        &["--reserve", "0J"],
        &["--mechanism", "best"],
    ] {
        let args = [&["market", "book", "orders.csv"][..], wrong].concat();
        maxwell(&args).complains(2, &[wrong[0]]);
    }
}
