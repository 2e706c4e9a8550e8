//! The rules of this repository that no other tool knows. Each is a function from the files to what violates it.

mod edges;

mod pure;

mod sizes;

mod words;

mod links;

mod promises;

mod markdown;

use std::fmt;
use std::path::Path;

use anyhow::Context;

use crate::process;
use crate::report::Outcome;
use crate::tree::Tree;

/// One place that breaks a rule, and what to do there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    path: String,
    /// Counted from one.
    line: usize,
    rule: &'static str,
    what: String,
    remedy: &'static str,
}

impl Violation {
    fn new(
        rule: &'static str,
        path: &str,
        line: usize,
        what: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { path: path.to_owned(), line, rule, what: what.into(), remedy }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, what, remedy } = self;
        write!(f, "{path}:{line}: [{rule}] {what}: {remedy}")
    }
}

/// Reads the repository, applies every rule, prints each violation and sums up.
pub(crate) fn run(root: &Path) -> anyhow::Result<Outcome> {
    let tree = Tree::read(root)?;
    let violations = violations(&tree, &metadata(root)?);
    for violation in &violations {
        println!("{violation}");
    }
    println!("    {}", sizes::summary(&tree));
    Ok(Outcome::of(violations.is_empty(), &format!("violations: {}, see above", violations.len())))
}

fn violations(tree: &Tree, metadata: &serde_json::Value) -> Vec<Violation> {
    let mut found = edges::check(tree, metadata);
    for rule in [pure::check, sizes::check, words::check, links::check, promises::check] {
        found.extend(rule(tree));
    }
    found
}

pub(crate) fn metadata(root: &Path) -> anyhow::Result<serde_json::Value> {
    let output = process::cargo(root, &["metadata", "--no-deps", "--format-version", "1"]).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("reading what cargo metadata prints")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_reads_as_place_rule_reason_and_remedy() {
        let violation = Violation::new("size", "core/src/lib.rs", 7, "too long", "split it");
        assert_eq!(violation.to_string(), "core/src/lib.rs:7: [size] too long: split it");
    }

    #[test]
    fn every_rule_is_applied() {
        let tree = Tree::of(&[
            ("core/src/lib.rs", "fn f() { unsafe {} }\n"),
            ("sim/src/lib.rs", &"\n".repeat(801)),
            ("README.md", "[dead](gone.md)\n"),
            ("CONTRIBUTING.md", concat!("FIX", "ME\n")),
        ]);
        let metadata = serde_json::json!({ "packages": [{ "name": "maxwell-new", "dependencies": [] }] });
        let found = violations(&tree, &metadata);
        for rule in ["edges", "pure", "size", "words", "links", "promises"] {
            assert!(found.iter().any(|violation| violation.rule == rule), "{rule} found nothing");
        }
    }
}
