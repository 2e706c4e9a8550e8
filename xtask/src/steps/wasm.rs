//! The agents as wasm modules: built by a script, and kept in the repository so that users need no wasm toolchain.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::Context;

use crate::process::{Errors, captured};
use crate::report::Outcome;

const SCRIPT: &str = "agents/build-wasm.sh";

const MODULES: &str = "agents/wasm";

/// How the script starts the line that says what of the toolchain is missing.
const MISSING: &str = "build-wasm.sh: ";

/// The compiler of the modules in the repository. Another one gives other bytes, and says nothing about the source.
const COMPILER: &str = "rustc 1.63.0";

/// The script that builds the modules into the repository.
pub(crate) fn build(root: &Path) -> Command {
    let mut command = Command::new("bash");
    command.arg(SCRIPT).current_dir(root);
    command
}

/// Builds the modules beside the repository and compares them byte for byte with those in it.
pub(super) fn compare(root: &Path) -> anyhow::Result<Outcome> {
    if let Some(other) = other_compiler() {
        return Ok(Outcome::skipped(format!("the modules were built by {COMPILER} and here is {other}")));
    }
    let folder = tempfile::tempdir()?;
    let output = captured(build(root).arg(folder.path()), Errors::Captured)?;
    if !output.status.success() {
        return Ok(failure(&output));
    }
    let wrong = differences(&modules(&root.join(MODULES))?, &modules(folder.path())?);
    Ok(if wrong.is_empty() { Outcome::passed() } else { Outcome { failed: 1, wrong, ..Outcome::default() } })
}

/// The compiler that the script would take, if there is one and it is not the one that built the modules.
fn other_compiler() -> Option<String> {
    let compiler = std::env::var_os("WASM_RUSTC").unwrap_or_else(|| "/usr/bin/rustc".into());
    let version = Command::new(compiler).arg("--version").output().ok()?.stdout;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    (!version.starts_with(COMPILER)).then_some(version)
}

fn failure(output: &Output) -> Outcome {
    let text = String::from_utf8_lossy(&output.stderr);
    match text.lines().find_map(|line| line.strip_prefix(MISSING)) {
        Some(what) => Outcome::skipped(what),
        None => Outcome::failed(format!("{SCRIPT} failed:\n{}", text.trim_end())),
    }
}

/// The bytes of each module in a folder.
fn modules(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut modules = BTreeMap::new();
    for entry in folder.read_dir().with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            modules.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(modules)
}

fn differences(kept: &BTreeMap<String, Vec<u8>>, built: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let names = kept.keys().chain(built.keys().filter(|name| !kept.contains_key(*name)));
    let wrong = names.filter_map(|name| {
        let what = match (kept.get(name), built.get(name)) {
            (Some(kept), Some(built)) if kept == built => return None,
            (Some(_), Some(_)) => "is not what its source builds: run `cargo xtask wasm`",
            (Some(_), None) => "is built by nothing: delete it, or build it in agents/build-wasm.sh",
            _ => "is missing: run `cargo xtask wasm`",
        };
        Some(format!("{MODULES}/{name} {what}"))
    });
    let mut wrong: Vec<String> = wrong.collect();
    if kept.is_empty() && built.is_empty() {
        wrong.push(format!("{SCRIPT} built no module"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(modules: &[(&str, &[u8])]) -> BTreeMap<String, Vec<u8>> {
        modules.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
    }

    #[test]
    fn the_same_bytes_pass() {
        let kept = folder(&[("miner.wasm", b"m"), ("scientist.wasm", b"s")]);
        assert!(differences(&kept, &kept).is_empty());
    }

    #[test]
    fn whatever_differs_is_named_with_what_to_do() {
        let kept = folder(&[("gone.wasm", b"g"), ("miner.wasm", b"m")]);
        let built = folder(&[("miner.wasm", b"M"), ("new.wasm", b"n")]);
        let wrong = differences(&kept, &built);
        assert_eq!(wrong.len(), 3);
        assert!(wrong[0].starts_with("agents/wasm/gone.wasm is built by nothing"));
        assert!(wrong[1].starts_with("agents/wasm/miner.wasm is not what"));
        assert!(wrong[2].starts_with("agents/wasm/new.wasm is missing"));
        assert_eq!(differences(&folder(&[]), &folder(&[])).len(), 1);
    }

    #[test]
    fn a_missing_toolchain_is_no_failure_and_a_compiler_error_is_one() {
        let mut output = Command::new("false").output().unwrap();
        output.stderr = b"build-wasm.sh: there is no /usr/bin/rustc\nOn Debian 12: ...\n".to_vec();
        assert_eq!(failure(&output), Outcome::skipped("there is no /usr/bin/rustc"));
        output.stderr = b"error[E0425]: cannot find value".to_vec();
        assert_eq!(failure(&output).failed, 1);
    }
}
