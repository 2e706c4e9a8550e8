//! Bytes that nobody meant, for the parsers that strangers can reach. The fuzzer runs briefly here, from valid samples, so that
//! its targets stay whole; what it finds in hours is found by hand.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::process::{cargo, has_cargo_command, shown};
use crate::report::Outcome;
use crate::tidy;

/// Seconds for each target.
const SECONDS: u32 = 3;

/// What links the fuzzer, which is written in C++; one of these is enough.
const COMPILERS: [&str; 3] = ["c++", "g++", "clang++"];

/// Builds every target with cargo-fuzz and lets each run for a moment.
///
/// The fuzzer's flags concern every crate, so what is built with them lies in a folder of its own.
pub(super) fn run(root: &Path) -> anyhow::Result<Outcome> {
    if !has_cargo_command(root, "fuzz") {
        return Ok(Outcome::skipped("cargo-fuzz is not installed: cargo install --locked cargo-fuzz"));
    }
    if !COMPILERS.iter().any(|name| in_path(name)) {
        return Ok(Outcome::skipped("there is no C++ compiler, which the fuzzer is built with: install g++"));
    }
    let target = tidy::metadata(root)?["target_directory"].as_str().map(PathBuf::from);
    let target = target.context("cargo metadata names no target directory")?.join("fuzz");
    let corpus = target.join("corpus");
    let samples =
        ["test", "--package", "maxwell-ledger", "--release", "--test", "parsers", "samples_are_written"];
    if !shown(cargo(root, &samples).env("MAXWELL_FUZZ_CORPUS", &corpus))? {
        return Ok(Outcome::failed("the samples for the fuzzer could not be written, see above"));
    }
    // The stable toolchain has no sanitizers, and without `unsafe` there is little for them to find.
    let fuzz = |arguments: &[&str]| {
        let mut command = cargo(root, &["fuzz"]);
        command.args(arguments).env("CARGO_TARGET_DIR", &target);
        command
    };
    if !shown(&mut fuzz(&["build", "--sanitizer", "none"]))? {
        return Ok(Outcome::failed("the fuzz targets do not build, see above"));
    }
    let time = format!("-max_total_time={SECONDS}");
    for name in targets(root)? {
        let mut command = fuzz(&["run", "--sanitizer", "none", &name]);
        command.arg(corpus.join(&name)).args(["--", &time, "-verbosity=0", "-print_final_stats=1"]);
        if !shown(&mut command)? {
            return Ok(Outcome::failed(format!("the fuzzer broke `{name}`; the bytes are named above")));
        }
    }
    Ok(Outcome::passed())
}

/// The targets by name: one file each.
fn targets(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("fuzz/fuzz_targets")).context("reading fuzz/fuzz_targets")? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort_unstable();
    Ok(names)
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
