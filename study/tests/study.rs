//! The whole study, in small.

use std::fs;
use std::path::Path;

use maxwell_api::market::{GainRow, GameRow, StudyReport};
use maxwell_study::write::{Line, lines, make_room};
use maxwell_study::{Plan, Study, StudyError, run};
use serde::de::DeserializeOwned;

fn tiny(seed: u64) -> Study {
    let plan =
        Plan { games: 2, climbs: 1, climb_steps: 50, runs: 1, run_seconds: 1, tries: 8, ..Plan::quick(seed) };
    run(&plan, &|_, _, _| {})
}

fn rows<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    csv::Reader::from_path(path).unwrap().deserialize().collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_same_seed_makes_the_same_study_and_another_one_another() {
    let study = tiny(1);
    assert_eq!(study, tiny(1));
    assert_ne!(study.games, tiny(2).games);
}

#[test]
fn what_is_written_can_be_read_again_and_says_the_same() {
    let study = tiny(3);
    let dir = tempfile::tempdir().unwrap();
    study.write(dir.path(), "maxwell market study --seed 3").unwrap();
    let games: Vec<GameRow> = rows(&dir.path().join("games.csv"));
    assert_eq!(games, study.games);
    let figures: Vec<Line> = rows(&dir.path().join("figures.csv"));
    assert_eq!(figures, lines(&study.report));
    let page = fs::read_to_string(dir.path().join("README.md")).unwrap();
    assert!(page.contains("maxwell market study --seed 3") && page.contains("## In motion"), "{page}");
    for plot in ["rest-by-slots", "rest-by-values", "motion", "gains"] {
        assert!(page.contains(&format!("({plot}.svg)")), "{plot}");
        let drawn = fs::read_to_string(dir.path().join(format!("{plot}.svg"))).unwrap();
        assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n"), "{plot}: {drawn}");
    }
}

#[test]
fn the_report_survives_json() {
    let report = tiny(4).report;
    let text = serde_json::to_string(&report).unwrap();
    let read: StudyReport = serde_json::from_str(&text).unwrap();
    assert_eq!(lines(&read).len(), lines(&report).len());
    assert_eq!((read.version, read.seed, read.games), (report.version, report.seed, report.games));
    for (read, written) in lines(&read).iter().zip(lines(&report)) {
        // Reading a number may be off by its last bit.
        let (one, other) = (read.value.unwrap_or(0.0), written.value.unwrap_or(0.0));
        assert!((one - other).abs() <= 1e-12 * other.abs(), "{read:?} was {written:?}");
    }
}

#[test]
fn a_folder_that_holds_something_is_refused_and_a_new_one_made() {
    let dir = tempfile::tempdir().unwrap();
    make_room(&dir.path().join("new/deep")).unwrap();
    fs::write(dir.path().join("kept"), "mine").unwrap();
    assert!(matches!(make_room(dir.path()), Err(StudyError::NotEmpty { .. })));
}

/// The row of a trick and a rule, on identical slots.
fn row<'a>(study: &'a Study, trick: &str, rule: &str) -> &'a GainRow {
    let is_it = |row: &&GainRow| {
        (row.trick.as_str(), row.mechanism.as_str(), row.slots.as_str()) == (trick, rule, "identical")
    };
    study.report.gains.iter().find(is_it).unwrap()
}

#[test]
fn where_truth_is_proved_nothing_is_gained_and_elsewhere_tricks_pay() {
    let plan =
        Plan { tries: 100, games: 1, climbs: 1, climb_steps: 1, runs: 1, run_seconds: 1, ..Plan::quick(5) };
    let study = run(&plan, &|_, _, _| {});
    for (trick, rule) in [
        ("shading", "vickrey"),
        ("shading", "vcg"),
        ("fewer", "vcg"),
        ("sniping", "vickrey"),
        ("sniping", "vcg"),
    ] {
        assert!(row(&study, trick, rule).share <= 0.0, "{trick} under {rule}");
    }
    for (trick, rule) in [
        ("shading", "gsp"),
        ("shading", "first-price"),
        ("fewer", "vickrey"),
        ("budget", "vcg"),
        ("draining", "vickrey"),
        ("rotation", "vcg"),
    ] {
        let row = row(&study, trick, rule);
        assert!(row.share > 0.0 && row.mean_where_it_pays_percent > 0.0, "{row:?}");
    }
    assert!(study.report.gains.iter().filter(|row| row.trick == "wallets").all(|row| row.share <= 0.0));
}

#[test]
fn in_motion_nothing_is_better_than_the_best() {
    let study = tiny(6);
    for row in &study.report.motion {
        assert!(
            row.tick.median.unwrap() >= 1.0 && row.run_with_lost_trade.median >= row.run.median,
            "{row:?}"
        );
        assert!(row.multiplier_mean <= row.multiplier_max + 1e-9, "{row:?}");
        assert!(row.tau_s.is_some() || row.multiplier_max <= 1.0, "{row:?}");
    }
    assert!(study.report.motion.iter().any(|row| row.multiplier_max > 1.1), "the reserve never moved");
}
