//! The whole system at work: simulated with many seeds, and as the demonstration that a newcomer sees first.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::{Deserializer, Value};

use crate::process::{Errors, captured, cargo, shown};
use crate::report::Outcome;

/// The demonstration as `cargo run --release --` takes it.
const DEMO: [&str; 5] = ["demo", "--fast", "--seed", "7", "--json"];

/// Share of the seeds for which the story of the demonstration must hold.
const STORY_PERCENT: u64 = 95;

/// Plays the simulation. It prints the seed that failed and the command that replays it.
pub(super) fn simulation(root: &Path, seeds: u32) -> anyhow::Result<Outcome> {
    let mut simulation = program(root, "maxwell-sim")?;
    let passed = shown(simulation.args(["--seeds", &seeds.to_string()]))?;
    Ok(Outcome::of(passed, "the simulation failed, see above for how to replay it"))
}

/// Runs the demonstration twice with one seed and compares every byte.
pub(super) fn demo(root: &Path) -> anyhow::Result<Outcome> {
    let mut demo = program(root, "maxwell")?;
    demo.args(DEMO);
    let first = output(&mut demo)?;
    let values = json_values(&first)?;
    let report: Value = serde_json::from_slice(&first)?;
    ensure!(report["story"]["holds"] == true, "the story does not hold: {}", report["story"]);
    let second = output(&mut demo)?;
    if first == second {
        println!("    two runs gave the same {} bytes, {values} JSON values", first.len());
        return Ok(Outcome::passed());
    }
    Ok(Outcome::failed(difference(&first, &second)))
}

/// Runs the fast demonstration with the seeds from zero on and counts those in which the story holds.
pub(crate) fn story(root: &Path, seeds: u32) -> anyhow::Result<Outcome> {
    let mut held = 0;
    let maxwell = program(root, "maxwell")?;
    for seed in 0..seeds {
        let mut demo = Command::new(maxwell.get_program());
        demo.args(["demo", "--fast", "--json", "--seed", &seed.to_string()]);
        let report: Value = serde_json::from_slice(&output(&mut demo)?)?;
        let holds =
            report["story"]["holds"].as_bool().context("the report does not say whether the story holds")?;
        println!("    seed {seed}: {}", report["story"]);
        held += u32::from(holds);
    }
    println!("    the story holds for {held} of {seeds} seeds");
    let enough = u64::from(held) * 100 >= u64::from(seeds) * STORY_PERCENT;
    Ok(Outcome::of(enough, "the story holds for too few seeds"))
}

/// Builds the programs of the workspace and prepares one of them to run. `cargo run` would do, but it chooses the
/// features of dependencies for one package, other than the tests do, and so compiles wasmtime a second time. Asking
/// for the examples as well makes cargo choose them as it does for tests.
fn program(root: &Path, name: &str) -> anyhow::Result<Command> {
    let built = shown(&mut cargo(root, &["build", "--workspace", "--release", "--bins", "--examples"]))?;
    ensure!(built, "the programs do not build");
    // This program was itself built in the release profile, so it lies beside the others.
    let path = std::env::current_exe()?.with_file_name(name);
    ensure!(path.exists(), "no package builds a program of the name `{name}`");
    let mut command = Command::new(path);
    command.current_dir(root);
    Ok(command)
}

fn output(demo: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = captured(demo, Errors::Shown)?;
    ensure!(output.status.success(), "the demonstration ended with {}", output.status);
    Ok(output.stdout)
}

/// How many JSON values the output holds. None would make any two runs the same.
fn json_values(output: &[u8]) -> anyhow::Result<usize> {
    let mut count = 0;
    for value in Deserializer::from_slice(output).into_iter::<Value>() {
        value.map_err(|error| {
            anyhow::anyhow!("the demonstration prints something that is no JSON: {error}")
        })?;
        count += 1;
    }
    ensure!(count > 0, "the demonstration printed nothing");
    Ok(count)
}

fn difference(first: &[u8], second: &[u8]) -> String {
    let same = first.iter().zip(second).take_while(|(a, b)| a == b).count();
    let line = first[..same].split(|&byte| byte == b'\n').count();
    format!("the same seed gave two different outputs: they part at byte {same}, in line {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_must_be_json_and_not_empty() {
        assert_eq!(json_values(b"{\"a\":1}\n{\"a\":2}\n").unwrap(), 2);
        assert!(json_values(b"").is_err());
        assert!(json_values(b"{\"a\":").is_err());
        assert!(json_values(b"hello").is_err());
    }

    #[test]
    fn a_difference_is_shown_where_it_begins() {
        assert!(difference(b"a\nbc", b"a\nbd").ends_with("at byte 3, in line 2"));
        assert!(difference(b"a", b"ab").ends_with("at byte 1, in line 1"));
    }
}
