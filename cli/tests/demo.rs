//! The demonstration on its virtual clock: the same for the same seed, the story it tells, and its report.

mod common;

use std::time::{Duration, Instant};

use common::{agent, is_row, maxwell};

/// More than any run takes on a machine that has other things to do; the promise of 5 s is for one that has not.
const SLACK: Duration = Duration::from_secs(30);

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let run = |args: &[&str]| {
        let args: Vec<_> = ["demo", "--fast", "--duration", "20"].iter().chain(args).copied().collect();
        maxwell(&args).good()
    };
    let plain = run(&["--seed", "1"]);
    assert_eq!(
        run(&["--seed", "1", "--plain"]),
        plain,
        "plain is the default and the same seed the same run"
    );
    assert_ne!(run(&["--seed", "2"]), plain);
    let json = run(&["--seed", "1", "--json"]);
    assert_eq!(run(&["--seed", "1", "--json"]), json);
    assert_ne!(run(&["--seed", "2", "--json"]), json);
}

#[test]
fn the_story_holds_and_is_quickly_told() {
    for seed in ["1", "42", "18446744073709551615"] {
        let begun = Instant::now();
        let done = maxwell(&["demo", "--fast", "--seed", seed, "--json"]);
        let took = begun.elapsed();
        println!("seed {seed}: {took:.2?}");
        assert!(took < SLACK, "{took:.2?}");
        assert_eq!(done.code, Some(0));
        let report = done.report();
        assert_eq!((report.mode.as_str(), report.seed), ("fast", Some(seed.parse().expect("a number"))));
        assert_eq!((report.ended.as_str(), report.ticks, report.ticks_missed), ("elapsed", 5_000, 0));
        assert!((report.duration_s - 50.0).abs() < 0.02, "{}", report.duration_s);
        assert!(report.story.holds, "{:?}", report.story);
        let (scientist, miner) = (agent(&report, "scientist"), agent(&report, "miner"));
        assert_eq!((scientist.fate.as_str(), &scientist.reason), ("alive", &None));
        assert_eq!((miner.fate.as_str(), miner.reason.as_deref()), ("dead", Some("insolvent")));
        assert_eq!(scientist.funded_uj, miner.funded_uj, "equal money");
        assert!(scientist.primes > 0 && miner.primes == 0);
        assert_eq!(report.energy.provenance, "modelled");
        assert!(
            report.notes.iter().any(|note| note.contains("modelled, not measured")),
            "{:?}",
            report.notes
        );
    }
}

#[test]
fn the_plain_table_is_aligned_and_fits() {
    let text = maxwell(&["demo", "--fast", "--seed", "7"]).good();
    for line in text.lines() {
        let limit = if line.contains(" | ") { 120 } else { 100 };
        assert!(line.chars().count() <= limit, "{} columns: {line}", line.chars().count());
        assert_eq!(line, line.trim_end(), "spaces at the end");
    }
    let columns = |line: &str| -> Vec<usize> {
        line.chars().enumerate().filter(|(_, symbol)| *symbol == '|').map(|(column, _)| column).collect()
    };
    let head = text.lines().find(|line| line.contains("clearing |")).expect("a head");
    let rows: Vec<_> = text.lines().filter(|line| is_row(line)).collect();
    assert_eq!(rows.len(), 50);
    assert!(rows.iter().all(|row| columns(row) == columns(head)), "{text}");
    // The end of the run is nobody's death.
    assert_eq!(text.matches(" is dead: ").count(), 1, "{text}");
    assert!(
        text.contains("the miner is dead: insolvent, its wallet did not cover its bid any more"),
        "{text}"
    );
    assert!(!text.contains("operator"), "{text}");
    for said in [
        "the run is over after 50.0 s",
        "story        holds",
        "money        conserved",
        "energy       conserved",
    ] {
        assert!(text.contains(said), "{said} is missing in:\n{text}");
    }
}

#[test]
fn a_real_time_run_ends_on_time_and_accounts_for_every_tick() {
    let done = maxwell(&["demo", "--duration", "2", "--json"]);
    assert_eq!(done.code, Some(0));
    let report = done.report();
    assert_eq!((report.mode.as_str(), report.seed, report.ended.as_str()), ("real-time", None, "elapsed"));
    assert!(report.duration_s >= 2.0 && report.ticks > 0);
    // Every quantum was a tick or is counted as missed, but for what the last tick was late.
    assert!(report.ticks + report.ticks_missed <= 10 + (report.duration_s * 100.0) as u64);
}

#[test]
fn another_rule_other_weights_and_policies_are_played_and_told() {
    let trade = ["--mechanism", "vcg", "--weights", "1,0.6", "--bid", "track:margin=20%,cap=1J"];
    let more = ["--bid", "miner=budget:horizon=20s,cap=300mJ"];
    let run = |last: &str| {
        let args = [&["demo", "--fast", "--duration", "5"][..], &trade, &more, &[last]].concat();
        maxwell(&args)
    };
    let report = run("--json").report();
    assert_eq!((report.mechanism.as_str(), &report.weights[..]), ("vcg", &[1.0, 0.6][..]));
    let (scientist, miner) = (agent(&report, "scientist"), agent(&report, "miner"));
    assert_eq!(scientist.policy.as_deref(), Some("track:margin=20%,cap=1J"));
    assert_eq!(miner.policy.as_deref(), Some("budget:horizon=20s,cap=300mJ"));
    // The base price is 150 mJ: a fifth more, and a grid below.
    assert!((179_800..=180_000).contains(&scientist.bid_uj), "{}", scientist.bid_uj);
    let dearest = miner.quanta_uj / i64::try_from(miner.quanta_granted).expect("few");
    assert!(miner.quanta_granted > 0 && dearest <= 300_000, "no more than its cap: {miner:?}");
    assert!(report.conservation.money_holds && report.conservation.energy_holds);
    let text = run("--plain").good();
    assert!(text.contains("market       vcg, slots of weights 1, 0.6"), "{text}");
    assert!(text.contains("is bid for by track:margin=20%,cap=1J"), "{text}");
}

#[test]
fn weights_that_do_not_fit_are_refused_before_anything_runs() {
    let refused = |args: &[&str], said: &[&str]| {
        maxwell(&[&["demo", "--fast"][..], args].concat()).complains(1, said);
    };
    refused(&["--weights", "1", "--mechanism", "gsp"], &["1 weights for 2 slots"]);
    refused(&["--weights", "1,0.5"], &["vickrey sells slots that are all alike", "take vcg or gsp"]);
}
