//! What the dependencies bring along: licences, sources, versions, known weaknesses.

use std::path::Path;
use std::process::Output;

use crate::process::{Errors, captured, cargo, has_cargo_command, shown};
use crate::report::Outcome;

const NOT_INSTALLED: &str = "cargo-deny is not installed: cargo install --locked cargo-deny";

/// What cargo-deny writes when it could not get its database. It ends with the same status as for a real advisory.
const NOT_FETCHED: &str = "failed to fetch advisory database";

/// A transfer slower than this many bytes a second, for this many seconds, counts as no connection.
const SLOWEST_TRANSFER: [(&str, &str); 2] =
    [("GIT_HTTP_LOW_SPEED_LIMIT", "1000"), ("GIT_HTTP_LOW_SPEED_TIME", "20")];

/// Compares licences, sources and versions with deny.toml.
pub(super) fn deny(root: &Path) -> anyhow::Result<Outcome> {
    if !has_cargo_command(root, "deny") {
        return Ok(Outcome::skipped(NOT_INSTALLED));
    }
    let arguments = ["deny", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    let passed = shown(&mut cargo(root, &arguments))?;
    Ok(Outcome::of(passed, "a dependency breaks deny.toml, see above"))
}

/// Looks the dependencies up in the advisory database, if that can be had.
pub(super) fn advisories(root: &Path) -> anyhow::Result<Outcome> {
    if !has_cargo_command(root, "deny") {
        return Ok(Outcome::skipped(NOT_INSTALLED));
    }
    let mut command = cargo(root, &["deny", "check", "advisories"]);
    command.envs(SLOWEST_TRANSFER).env("GIT_TERMINAL_PROMPT", "0");
    Ok(judge(&captured(&mut command, Errors::Captured)?))
}

fn judge(output: &Output) -> Outcome {
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Outcome::passed();
    }
    if text.contains(NOT_FETCHED) {
        return Outcome::skipped(
            "the advisory database could not be fetched; `cargo deny fetch db` says why",
        );
    }
    println!("{text}");
    Outcome::failed("a dependency has an advisory: update it, or say in deny.toml why it does not apply")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn ended(program: &str, errors: &str) -> Output {
        let output = Command::new(program).output().unwrap();
        Output { stderr: errors.as_bytes().to_vec(), ..output }
    }

    #[test]
    fn only_a_missing_database_is_skipped() {
        assert_eq!(judge(&ended("true", "")), Outcome::passed());
        let unreachable = ended("false", "[ERROR] failed to fetch advisory database https://example.org");
        assert_eq!(judge(&unreachable).skipped, 1);
        assert_eq!(judge(&ended("false", "error[vulnerability]: a real one")).failed, 1);
    }
}
