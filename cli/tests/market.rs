//! `maxwell market study`: figures, files, refusals.

mod common;

use common::maxwell;
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
