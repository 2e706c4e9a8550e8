//! Every figure against its value by hand.

use maxwell_api::experiment::Outcome;
use maxwell_api::summary::{ArmSummary, Check, Statistic, Summary, Verdict};
use maxwell_report::{Records, summarize};

use crate::made_up::{Ends, add, agent_plan, published, run};

const LINUX: Ends =
    Ends { primes: 5000, package_j: 250.0, scientist_cpu_s: 5.0, miner_cpu_s: 5.0, miner_died_at_s: None };
const MAXWELL: Ends = Ends {
    primes: 9500,
    package_j: 250.0,
    scientist_cpu_s: 8.0,
    miner_cpu_s: 1.0,
    miner_died_at_s: Some(2.0),
};

/// 20 and 22 primes per joule without a market, 38 and 38 with one.
fn pair() -> Records {
    let mut records = published(&["linux", "maxwell"]);
    let second = Ends { primes: 10_450, package_j: 275.0, miner_died_at_s: Some(3.0), ..MAXWELL };
    add(
        &mut records,
        [
            run("linux", 1, LINUX),
            run("maxwell", 1, MAXWELL),
            run("maxwell", 2, second),
            run("linux", 2, Ends { primes: 5500, ..LINUX }),
        ],
    );
    records
}

fn arm<'a>(summary: &'a Summary, name: &str) -> &'a ArmSummary {
    summary.arms.iter().find(|arm| arm.arm == name).unwrap()
}

fn check<'a>(summary: &'a Summary, name: &str) -> &'a Check {
    summary.checks.iter().find(|check| check.name == name).unwrap()
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{found} is not {expected}");
}

fn mean(found: Option<Statistic>, expected: f64) {
    close(found.expect("there should be a figure").mean, expected);
}

#[test]
fn the_headline_is_the_paired_ratio_with_its_interval() {
    let summary = summarize(&pair());
    let found = summary.primes_per_joule_ratio_maxwell_to_linux.unwrap();
    // ln 1.9 and ln (38 / 22): mean 0.594199, deviation 0.067394, half width 12.7062 x 0.067394 / sqrt 2 = 0.605516.
    close(found.ratio, (1.9_f64 * 38.0 / 22.0).sqrt());
    close(found.low.unwrap(), (0.594_199_f64 - 0.605_516).exp());
    close(found.high.unwrap(), (0.594_199_f64 + 0.605_516).exp());
    assert_eq!((found.repetitions, found.target, found.reached), (2, 1.8, true));
    assert!(summary.headline.contains("It reaches the published claim of 1.8"), "{}", summary.headline);
    assert!(summary.headline.contains("joules modelled"), "{}", summary.headline);
    assert!(summary.published_configuration);
}

#[test]
fn every_figure_of_an_arm() {
    let summary = summarize(&pair());
    let (linux, maxwell) = (&arm(&summary, "linux").figures, &arm(&summary, "maxwell").figures);
    mean(linux.primes, 5250.0);
    mean(maxwell.package_j, 262.5);
    mean(linux.primes_per_joule, 21.0);
    mean(maxwell.primes_per_joule, 38.0);
    // Of 250 J 100 are idle.
    mean(linux.primes_per_joule_above_idle, f64::midpoint(5000.0 / 150.0, 5500.0 / 150.0));
    mean(maxwell.own_cpu_s, 0.2);
    mean(maxwell.own_j, 1.0);
    mean(linux.own_j, 0.0);
    mean(linux.peak_c, 40.0);
    mean(linux.mean_c, 35.5);
    mean(maxwell.parasite_survival_s, 2.5);
    assert_eq!(linux.parasite_survival_s, None);
    // The scientist's 5 s at 15 W of 250 J.
    mean(linux.useful_share, 0.3);
    mean(linux.fairness, 1.0);
    mean(maxwell.fairness, 81.0 / 130.0);
    // 20 ms of waiting over 100 times on a CPU.
    mean(linux.sched_latency_ms, 0.2);
    mean(linux.other_cpu_s, 0.3);
    mean(linux.stolen_s, 0.1);
    mean(maxwell.ticks_missed, 1.0);
    assert_eq!(linux.ticks_missed, None);
}

#[test]
fn intervals_are_students() {
    let summary = summarize(&pair());
    let found = arm(&summary, "linux").figures.primes_per_joule.unwrap();
    // 20 and 22: deviation sqrt 2, half width 12.7062 x sqrt 2 / sqrt 2.
    close(found.deviation.unwrap(), 2.0_f64.sqrt());
    close(found.low.unwrap(), 21.0 - 12.706_205);
    close(found.high.unwrap(), 21.0 + 12.706_205);
    assert_eq!(found.count, 2);
}

#[test]
fn own_energy_is_charged_where_maxwell_runs_and_parasites_are_counted() {
    let summary = summarize(&pair());
    let (linux, maxwell) = (arm(&summary, "linux"), arm(&summary, "maxwell"));
    assert_eq!((linux.own_charged, maxwell.own_charged), (false, true));
    assert_eq!((linux.parasites, linux.parasites_survived), (2, 2));
    assert_eq!((maxwell.parasites, maxwell.parasites_survived), (2, 0));
    let miner = &maxwell.agents[1];
    assert_eq!((miner.survived, miner.died, miner.reasons.as_slice()), (0, 2, &["insolvent".to_owned()][..]));
    mean(miner.died_at_s, 2.5);
    mean(miner.balance_uj, -20_000.0);
    assert_eq!(linux.agents[0].bid_uj, None);
    assert_eq!(linux.ratio_to_linux, None);
}

#[test]
fn all_checks_hold_where_they_should() {
    let summary = summarize(&pair());
    for check in &summary.checks {
        assert_eq!(check.verdict, Verdict::Holds, "{}", check.finding);
    }
}

#[test]
fn a_parasite_that_bids_below_or_lives_on_proves_nothing() {
    let mut records = pair();
    for fate in &mut records.runs[1].run.agents {
        (fate.fate, fate.died_at_s, fate.reason) = ("alive".into(), None, None);
        fate.bid_uj = Some(500_000);
    }
    let summary = summarize(&records);
    for name in ["parasites-bid-above", "parasites-broke"] {
        let check = check(&summary, name);
        assert_eq!(check.verdict, Verdict::Fails);
        assert!(check.finding.contains("experiment"), "{}", check.finding);
    }
    assert_eq!(arm(&summary, "maxwell").parasites_survived, 1);
    assert_eq!(arm(&summary, "maxwell").figures.parasite_survival_s.unwrap().count, 1);
}

#[test]
fn a_busy_machine_and_missed_ticks_are_named() {
    let mut records = pair();
    let last = records.runs[1].nodes.last_mut().unwrap();
    last.machine_cpu_s += 5.0;
    last.ticks_missed = Some(500);
    let summary = summarize(&records);
    assert_eq!(check(&summary, "other-load").verdict, Verdict::Fails);
    assert!(check(&summary, "other-load").finding.contains("run 2, `maxwell`"));
    assert_eq!(check(&summary, "ticks-missed").verdict, Verdict::Fails);
    assert_eq!(check(&summary, "stolen-time").verdict, Verdict::Holds);
}

#[test]
fn a_missed_claim_is_said_plainly() {
    let mut records = published(&["linux", "maxwell"]);
    add(&mut records, [run("linux", 1, LINUX), run("maxwell", 1, Ends { primes: 8000, ..MAXWELL })]);
    let summary = summarize(&records);
    let found = summary.primes_per_joule_ratio_maxwell_to_linux.unwrap();
    assert_eq!((found.low, found.high, found.repetitions, found.reached), (None, None, 1, false));
    close(found.ratio, 1.6);
    assert!(summary.headline.contains("there is no interval"), "{}", summary.headline);
    assert!(summary.headline.contains("It misses the published claim of 1.8"), "{}", summary.headline);
}

#[test]
fn of_another_configuration_the_claim_says_nothing() {
    let mut records = pair();
    records.experiment.plan.agents.push(agent_plan("sleeper", true, 20.0));
    let summary = summarize(&records);
    assert!(!summary.published_configuration);
    assert!(summary.headline.contains("another configuration"), "{}", summary.headline);
    assert!(summary.expected.only_orientation_because.unwrap().contains("sleeper"));
    close(summary.expected.upper_bound.unwrap(), 3.0);
}

#[test]
fn expected_beside_found() {
    let summary = summarize(&pair());
    close(summary.expected.upper_bound.unwrap(), 2.0);
    close(summary.expected.found_share.unwrap(), (1.9_f64 * 38.0 / 22.0).sqrt() / 2.0);
    assert_eq!(summary.expected.only_orientation_because, None);
}

#[test]
fn a_missing_arm_leaves_no_headline_and_says_so() {
    let mut records = published(&["linux", "maxwell"]);
    add(&mut records, [run("linux", 1, LINUX)]);
    let summary = summarize(&records);
    assert_eq!(summary.primes_per_joule_ratio_maxwell_to_linux, None);
    assert_eq!(summary.headline, "There is no headline ratio: the arm `maxwell` has no complete run.");
    assert!(
        summary.notes.iter().any(|note| note.contains("no complete run of `maxwell`")),
        "{:?}",
        summary.notes
    );
    assert_eq!(check(&summary, "parasites-broke").verdict, Verdict::Unknown);
    let text = serde_json::to_value(&summary).unwrap();
    assert!(text["primes_per_joule_ratio_maxwell_to_linux"].is_null());
}

#[test]
fn nothing_at_all_is_still_a_report() {
    let summary = summarize(&published(&[]));
    assert_eq!(summary.provenance, "unknown");
    assert!(summary.headline.contains("neither"), "{}", summary.headline);
}

#[test]
fn failed_and_interrupted_runs_do_not_count() {
    let mut records = pair();
    let mut failed = run("linux", 3, Ends { primes: 1_000_000, ..LINUX });
    failed.run.outcome = Outcome::Failed("the node stopped".into());
    let mut interrupted = run("linux", 4, Ends { primes: 1_000_000, ..LINUX });
    interrupted.run.outcome = Outcome::Interrupted;
    add(&mut records, [failed, interrupted]);
    let summary = summarize(&records);
    let linux = arm(&summary, "linux");
    assert_eq!((linux.runs_complete, linux.runs_left_out), (2, 2));
    mean(linux.figures.primes, 5250.0);
    assert_eq!(summary.runs[4].figures.primes, Some(1_000_000.0));
    assert!(
        summary.notes.contains(
            &"Run 5 (`linux`, repetition 3) failed and does not count: the node stopped.".to_owned()
        )
    );
    assert!(summary.notes.iter().any(|note| note.starts_with("Run 6") && note.contains("interrupted")));
}

#[test]
fn without_joules_there_are_no_primes_per_joule() {
    let mut records = published(&["linux", "maxwell"]);
    add(&mut records, [run("linux", 1, Ends { package_j: 0.0, ..LINUX }), run("maxwell", 1, MAXWELL)]);
    let summary = summarize(&records);
    let linux = &arm(&summary, "linux").figures;
    assert_eq!((linux.primes_per_joule, linux.useful_share), (None, None));
    mean(linux.primes, 5000.0);
    assert_eq!(summary.primes_per_joule_ratio_maxwell_to_linux, None);
    assert!(summary.headline.contains("primes and joules to compare"), "{}", summary.headline);
}

#[test]
fn the_sweep_is_ordered_by_money() {
    let mut records = published(&["linux", "maxwell", "funding-40", "funding-1"]);
    let funded = |arm: &str, money| {
        let mut run = run(arm, 1, MAXWELL);
        run.run.funding_slot_seconds = Some(money);
        run
    };
    add(
        &mut records,
        [
            run("linux", 1, LINUX),
            run("maxwell", 1, MAXWELL),
            funded("funding-40", 40.0),
            funded("funding-1", 1.0),
        ],
    );
    let summary = summarize(&records);
    let order: Vec<&str> = summary.funding_sweep.iter().map(|point| point.arm.as_str()).collect();
    assert_eq!(order, ["funding-1", "maxwell", "funding-40"]);
    close(summary.funding_sweep[0].ratio_to_linux.unwrap().ratio, 1.9);
}

#[test]
fn the_summary_survives_its_json() {
    let summary = summarize(&pair());
    let text = serde_json::to_string(&summary).unwrap();
    // The last digit of a number may differ: JSON is read fast and not to the last bit.
    assert_eq!(format!("{:.9?}", serde_json::from_str::<Summary>(&text).unwrap()), format!("{summary:.9?}"));
}

#[test]
fn provenances_are_never_mixed_silently() {
    let mut records = pair();
    records.runs[0].nodes[3].provenance = "measured".into();
    assert_eq!(summarize(&records).provenance, "measured and modelled");
}

#[test]
fn joules_of_a_recording_have_no_idle_part_and_meet_no_claim() {
    let mut records = pair();
    records.experiment.plan.physics = "replay".into();
    for row in records.runs.iter_mut().flat_map(|run| &mut run.nodes) {
        row.provenance = "replayed".into();
    }
    let summary = summarize(&records);
    for arm in &summary.arms {
        assert_eq!(arm.figures.primes_per_joule_above_idle, None);
    }
    assert!(summary.runs.iter().all(|run| run.figures.primes_per_joule_above_idle.is_none()));
    assert!(summary.notes.iter().any(|note| note.contains("above idle")), "{:?}", summary.notes);
    mean(arm(&summary, "maxwell").figures.primes_per_joule, 38.0);
    assert!(!summary.published_configuration);
    let why = summary.expected.only_orientation_because.unwrap();
    assert!(why.contains("those of a recording and do not answer to what runs"), "{why}");
    assert!(summary.headline.contains("joules replayed"), "{}", summary.headline);
    assert!(summary.headline.contains("not about joules of a recording"), "{}", summary.headline);
}

#[test]
fn a_scheduler_that_is_not_known_is_not_named() {
    let mut records = pair();
    assert!(summarize(&records).headline.contains("the kernel's fair scheduler, EEVDF (95 %"));
    records.experiment.machine.scheduler = "not known".into();
    let headline = summarize(&records).headline;
    assert!(headline.contains("the kernel's fair scheduler (95 %"), "{headline}");
}
