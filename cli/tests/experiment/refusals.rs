//! What is refused, before anything runs.

use std::fs;

use crate::lab::Lab;

#[test]
fn wrong_usage_names_the_mistake_and_what_to_do() {
    let lab = Lab::new();
    let check = |args: &[&str], said: &[&str]| lab.run(args).complains(2, said);
    check(&["--trace", "a.csv"], &["--trace", "--physics replay", "leave the trace out"]);
    check(&["--physics", "replay"], &["--physics replay", "--trace FILE.csv", "--physics model"]);
    check(&["--agents", "miner"], &["--agents", "without a scientist"]);
    check(&["--agents", "scientist,minr"], &["--agents", "\"minr\"", "scientist, miner"]);
    check(&["--agents", "scientist:60,miner:60"], &["--agents", "120 agents", "at most 64"]);
    check(&["--agents", "scientist,miner:0"], &["--agents", "\"0\""]);
    check(&["--arms", "linux,maxwel"], &["--arms", "\"maxwel\"", "linux, maxwell"]);
    check(&["--arms", "no-tax"], &["--arms", "no-tax", "not taxed"]);
    check(&["--program", "miner"], &["--program", "KIND=PATH"]);
    check(&["--program", "whale=/bin/true"], &["--program", "whale", "--agents"]);
    check(&["--duration", "4"], &["'4'", "--duration", "5..=3600"]);
    check(&["--duration", "3601"], &["'3601'", "--duration"]);
    check(&["--repetitions", "0"], &["'0'", "--repetitions", "1..=100"]);
    check(&["--slots", "0"], &["'0'", "--slots"]);
    check(&["--funding", "0.5"], &["'0.5'", "--funding", "from 1 to 100000"]);
    check(&["--funding", "nan"], &["'nan'", "--funding"]);
    check(&["--seed", "-1"], &["'-1'", "--seed"]);
    check(&["--gate", "v3"], &["'v3'", "signals"]);
    check(&["--arms", "linux", "--record-ticks"], &["--record-ticks", "--arms"]);
    check(&["--physics", "oracle"], &["'oracle'", "replay"]);
    assert!(!lab.path("out").exists());
}

#[test]
fn a_place_that_is_taken_is_left_alone() {
    let lab = Lab::new();
    let check = |name: &str, said: &[&str]| {
        lab.start_in(&lab.path(name), &[]).end().complains(1, said);
    };
    fs::create_dir(lab.path("full")).expect("the test's own folder");
    fs::write(lab.path("full/old"), "records").expect("the test's own folder");
    check("full", &["full is not empty", "--out"]);
    assert_eq!(fs::read_dir(lab.path("full")).expect("it stands").count(), 1);
    check("full/old", &["old is not a folder", "--out"]);
    check("full/old/below", &["is not a folder", "--out"]);
    lab.start_in("/proc/none".as_ref(), &[]).end().complains(1, &["/proc/none", "cannot be made"]);
}

#[test]
fn what_cannot_be_run_is_found_out_before_anything_is_made() {
    let lab = Lab::new();
    let check = |args: &[&str], said: &[&str]| {
        lab.run(args).complains(1, said);
        assert!(!lab.path("out").exists());
    };
    check(&["--slots", "1024"], &["1024 slots"]);
    check(&["--program", "miner=/no/such/program"], &["/no/such/program"]);
    check(&["--program", "scientist=/no/such/program"], &["/no/such/program"]);
    check(&["--program", "miner=/etc/passwd"], &["/etc/passwd"]);
    check(&["--physics", "replay", "--trace", "/no/such/trace.csv"], &["/no/such/trace.csv"]);
    let trace = lab.path("short.csv");
    fs::write(&trace, "t_s,die_c,power_w\n0,40,20\n1,41,20\n").expect("the test's own folder");
    let trace = trace.display().to_string();
    check(&["--physics", "replay", "--trace", &trace], &[&trace, "ends after 1 s", "60 s", "--duration"]);
    let rows: Vec<String> = (0..=60).map(|second| format!("{second},40,20")).collect();
    let rows = rows.join("\n");
    fs::write(lab.path("short.csv"), format!("t_s,die_c,power_w\n{rows}\n")).expect("the test's own folder");
    check(&["--physics", "replay", "--trace", &trace], &[&trace, "from 0 s on for 1 s", "0.5 s"]);
}
