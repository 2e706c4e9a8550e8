//! What an experiment records.

use std::fs;

use maxwell_api::experiment::{Experiment, Outcome, Run};
use rustix::process::geteuid;

use crate::lab::{Lab, User};

/// One short repetition of control and treatment.
const SHORT: [&str; 4] = ["--duration", "5", "--repetitions", "1"];

/// That both arms ran their time and tell the story.
fn told(lab: &Lab) {
    let runs = lab.runs();
    assert_eq!(runs.len(), 2);
    for run in &runs {
        assert_eq!(run.outcome, Outcome::Complete, "{run:?}");
        assert_eq!((run.agents.len(), run.cpus.len()), (2, 1));
        assert!(!run.gate.is_empty() && !run.meter.is_empty());
        let primes: u64 = run.agents.iter().map(|agent| agent.primes).sum();
        assert!(primes > 0, "{run:?}");
    }
    market(runs.iter().find(|run| run.arm == "maxwell").expect("it was made"));
    free(runs.iter().find(|run| run.arm == "linux").expect("it was made"));
    let folder = lab.path("out");
    let files = ["experiment.json", "summary.json", "node.csv", "agents.csv", "report.html", "report.md"];
    for file in files {
        assert!(fs::metadata(folder.join(file)).is_ok_and(|file| file.len() > 0), "{file} is missing");
    }
    assert!(fs::read_dir(folder.join("plots")).expect("there are plots").count() > 0);
    let summary = lab.summary();
    assert!(summary.primes_per_joule_ratio_maxwell_to_linux.is_some(), "{}", summary.headline);
}

fn market(run: &Run) {
    assert_eq!(run.funding_slot_seconds, Some(1.0));
    for agent in &run.agents {
        let [funded, income, balance] = [agent.funded_uj, agent.income_uj, agent.balance_uj]
            .map(|amount| amount.expect("there is a market"));
        assert!(funded == 15_000_000 && income >= 0 && balance <= funded + income, "{agent:?}");
    }
    let miner = run.agents.iter().find(|agent| agent.kind == "miner").expect("it takes part");
    assert_eq!((miner.fate.as_str(), miner.reason.as_deref()), ("dead", Some("insolvent")), "{miner:?}");
    assert!(miner.died_at_s.is_some_and(|at| at < 5.0) && miner.income_uj == Some(0));
    assert!(!run.warnings.iter().any(|warning| warning.contains("defect")), "{:?}", run.warnings);
}

fn free(run: &Run) {
    assert!(run.agents.iter().all(|agent| agent.fate == "alive" && agent.balance_uj.is_none()), "{run:?}");
    assert_eq!((run.funding_slot_seconds, run.real_time_priority), (None, false));
}

#[test]
fn control_and_treatment_are_recorded_with_the_best_gate() {
    let lab = Lab::new();
    let stdout = lab.run(&[&SHORT[..], &["--record-ticks"]].concat()).good();
    told(&lab);
    for said in ["run 1 of 2", "run 2 of 2", "complete", "linux", "maxwell", "report.html"] {
        assert!(stdout.contains(said), "{said:?} is missing in:\n{stdout}");
    }
    let ticks = fs::read_to_string(lab.path("out/ticks.csv")).expect("ticks were asked for");
    assert!(ticks.lines().count() > 100, "{} rows", ticks.lines().count());
    let text = fs::read(lab.path("out/experiment.json")).expect("it was written first");
    let experiment: Experiment = serde_json::from_slice(&text).expect("an experiment");
    assert!(experiment.command.starts_with("maxwell experiment --out "), "{}", experiment.command);
    assert!(!experiment.machine.capabilities.is_empty() && experiment.machine.cpus > 0);
}

#[test]
fn control_and_treatment_are_recorded_with_signals() {
    let lab = Lab::new();
    lab.run(&[&SHORT[..], &["--gate", "signals", "--json"]].concat()).good();
    told(&lab);
    assert!(lab.runs().iter().all(|run| run.gate == "signals"));
}

#[test]
fn nobody_needs_no_rights() {
    if !geteuid().is_root() {
        println!("skipped, because only root can run the command as somebody else");
        return;
    }
    let lab = Lab::of(User::Nobody);
    lab.run(&SHORT).good();
    told(&lab);
    let market = lab.runs().into_iter().find(|run| run.arm == "maxwell").expect("it was made");
    assert!(!market.real_time_priority && !market.warnings.is_empty(), "{market:?}");
}

#[test]
fn a_recording_of_other_work_is_replayed_in_both_arms() {
    let lab = Lab::new();
    let trace = lab.path("trace.csv");
    let row = |row: i32| format!("{},{},90", f64::from(row) / 4.0, 45 + row % 3);
    let rows: Vec<String> = (0..40).map(row).collect();
    fs::write(&trace, format!("t_s,die_c,power_w\n{}\n", rows.join("\n"))).expect("the test's own folder");
    let trace = trace.display().to_string();
    lab.run(&[&SHORT[..], &["--physics", "replay", "--trace", &trace]].concat()).good();
    told(&lab);
    let summary = lab.summary();
    assert_eq!(summary.provenance, "replayed");
    let joules = summary.runs.iter().filter_map(|run| run.figures.package_j);
    assert!(joules.clone().count() == 2 && joules.into_iter().all(|joules| joules > 250.0), "90 W for 5 s");
}

#[test]
fn every_baseline_and_ablation_runs() {
    let lab = Lab::new();
    let arms = "nice,cpu.weight,cpu.max,no-bounty,flat-price";
    lab.run(&["--duration", "5", "--repetitions", "1", "--arms", arms]).good();
    let (runs, skipped) = (lab.runs(), lab.summary().skipped);
    assert_eq!(runs.len() + skipped.len(), arms.split(',').count());
    for skipped in skipped {
        println!("skipped, because {}: {}", skipped.because, skipped.arm);
    }
    assert!(runs.iter().all(|run| run.outcome == Outcome::Complete), "{runs:?}");
    for run in &runs {
        match run.arm.as_str() {
            "nice" | "cpu.weight" | "cpu.max" => the_scientist_goes_first(&lab, run),
            "no-bounty" => both_live_on_their_money_alone(run),
            _ => the_miner_starves(run),
        }
    }
}

/// Of the time in which it wants the CPU, the scientist has much more than whoever is held down. CPU time itself says less: the
/// scientist sleeps while the node looks at its claims, longer on a busy machine, and the kernel rightly gives that time to the
/// miner; and beside other work both wait. Without a policy both parts are alike.
fn the_scientist_goes_first(lab: &Lab, run: &Run) {
    let part = |kind: &str| {
        let cpu_s = run.agents.iter().find(|agent| agent.kind == kind).expect("it takes part").cpu_s;
        lab.sched_wait_s(run.run, kind).map(|wait_s| cpu_s / (cpu_s + wait_s))
    };
    let (Some(scientist), Some(miner)) = (part("scientist"), part("miner")) else {
        println!("skipped, because the kernel does not count how long a thread waits: {}", run.arm);
        return;
    };
    assert!(scientist > 2.0 * miner, "in {} the scientist had {scientist:.2}, the miner {miner:.2}", run.arm);
}

/// A claim is paid one microjoule, which buys nothing: nobody outlives what it was given.
fn both_live_on_their_money_alone(run: &Run) {
    for agent in &run.agents {
        assert_eq!(agent.reason.as_deref(), Some("insolvent"), "{run:?}");
        assert!(agent.income_uj.expect("there is a market") < 1_000, "{run:?}");
    }
}

fn the_miner_starves(run: &Run) {
    let cpu_s = |kind| run.agents.iter().find(|agent| agent.kind == kind).expect("it takes part").cpu_s;
    assert!(cpu_s("miner") < 0.7 * cpu_s("scientist"), "{run:?}");
}

#[test]
fn any_mix_of_agents_runs_on_two_slots() {
    if std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() < 2) {
        println!("skipped, because there is one CPU only");
        return;
    }
    let lab = Lab::new();
    let agents = "scientist:2,miner,sleeper,bursty,cheat,hoarder,whale";
    lab.run(&["--duration", "6", "--repetitions", "1", "--slots", "2", "--agents", agents]).good();
    let runs = lab.runs();
    assert!(runs.iter().all(|run| run.outcome == Outcome::Complete && run.agents.len() == 8), "{runs:?}");
    assert!(runs.iter().all(|run| run.cpus.len() == 2));
    for run in &runs {
        let cheat = run.agents.iter().find(|agent| agent.kind == "cheat").expect("it takes part");
        assert_eq!((cheat.primes, cheat.income_uj.unwrap_or(0)), (0, 0), "the truth alone is paid");
    }
}

#[test]
fn arms_that_cannot_be_done_are_skipped_and_the_others_are_not() {
    let lab = Lab::new();
    let arms =
        ["--duration", "5", "--repetitions", "1", "--arms", "oracle,no-tax", "--agents", "scientist,miner:2"];
    lab.run(&arms).good();
    let runs = lab.runs();
    assert_eq!(runs.len(), 1);
    let killed = runs[0].agents.iter().filter(|agent| agent.reason.as_deref() == Some("killed"));
    assert_eq!(killed.map(|agent| agent.agent.as_str()).collect::<Vec<_>>(), ["miner-1", "miner-2"]);
    let skipped = lab.summary().skipped;
    assert_eq!(skipped.iter().map(|arm| arm.arm.as_str()).collect::<Vec<_>>(), ["no-tax"]);
}
