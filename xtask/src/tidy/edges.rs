//! Which crate may depend on which. Dependencies point inward: rules know nothing of what surrounds them.

use serde_json::Value;

use super::Violation;
use crate::tree::Tree;

const RULE: &str = "edges";

/// Every package with the packages of this workspace that it may name, for building, for tests and in build scripts.
const ALLOWED: &[(&str, &[&str])] = &[
    ("maxwell-core", &[]),
    ("maxwell-physics", &["maxwell-core"]),
    ("maxwell-api", &[]),
    ("maxwell-ledger", &["maxwell-core"]),
    ("maxwell-hypervisor", &["maxwell-core", "maxwell-api"]),
    (
        "maxwell-daemon",
        &["maxwell-core", "maxwell-physics", "maxwell-hypervisor", "maxwell-api", "maxwell-ledger"],
    ),
    ("maxwell-report", &["maxwell-api"]),
    ("maxwell-study", &["maxwell-core", "maxwell-physics", "maxwell-api", "maxwell-report"]),
    (
        "maxwell-experiment",
        &[
            "maxwell-core",
            "maxwell-physics",
            "maxwell-hypervisor",
            "maxwell-api",
            "maxwell-daemon",
            "maxwell-agents",
            "maxwell-report",
        ],
    ),
    (
        "maxwell-cli",
        &[
            "maxwell-core",
            "maxwell-physics",
            "maxwell-ledger",
            "maxwell-hypervisor",
            "maxwell-api",
            "maxwell-daemon",
            "maxwell-agents",
            "maxwell-experiment",
            "maxwell-study",
        ],
    ),
    ("maxwell-agents", &[]),
    (
        "maxwell-sim",
        &[
            "maxwell-core",
            "maxwell-physics",
            "maxwell-hypervisor",
            "maxwell-api",
            "maxwell-daemon",
            "maxwell-ledger",
        ],
    ),
    (
        "maxwell-bench",
        &[
            "maxwell-core",
            "maxwell-physics",
            "maxwell-hypervisor",
            "maxwell-api",
            "maxwell-daemon",
            "maxwell-ledger",
            "maxwell-agents",
            "maxwell-sim",
        ],
    ),
    ("maxwell-xtask", &[]),
];

/// What the core may use from outside: deriving errors, and no clock, file, runtime or format.
const CORE_EXTERNAL: &[&str] = &["thiserror"];

/// Compares the dependencies that `cargo metadata --no-deps` lists with the table.
pub(super) fn check(tree: &Tree, metadata: &Value) -> Vec<Violation> {
    let packages = list(metadata, "packages");
    let workspace: Vec<&str> = packages.iter().map(|package| text(package, "name")).collect();
    packages.iter().flat_map(|package| check_package(tree, package, &workspace)).collect()
}

fn check_package(tree: &Tree, package: &Value, workspace: &[&str]) -> Vec<Violation> {
    let name = text(package, "name");
    let folder = name.strip_prefix("maxwell-").unwrap_or(name);
    let manifest = format!("{folder}/Cargo.toml");
    let Some((_, allowed)) = ALLOWED.iter().find(|(package, _)| *package == name) else {
        let remedy = "say in ALLOWED in xtask/src/tidy/edges.rs what it may depend on";
        return vec![Violation::new(
            RULE,
            &manifest,
            1,
            format!("{name} has no row in the table of edges"),
            remedy,
        )];
    };
    let mut found = Vec::new();
    for dependency in list(package, "dependencies") {
        let to = text(dependency, "name");
        let line = || tree.text(&manifest).map_or(1, |manifest| line_naming(manifest, to));
        if workspace.contains(&to) {
            if !allowed.contains(&to) {
                let remedy = "move what both need inward, or pass it in as a value or a trait";
                found.push(Violation::new(
                    RULE,
                    &manifest,
                    line(),
                    format!("{name} must not depend on {to}"),
                    remedy,
                ));
            }
        } else if name == "maxwell-core" && dependency["kind"].is_null() && !CORE_EXTERNAL.contains(&to) {
            let remedy = "do it in a crate further out; the core takes plain values";
            found.push(Violation::new(
                RULE,
                &manifest,
                line(),
                format!("the core must not depend on {to}"),
                remedy,
            ));
        }
    }
    found
}

fn line_naming(manifest: &str, dependency: &str) -> usize {
    let index = manifest.lines().position(|line| {
        let rest = line.trim_start().strip_prefix(dependency);
        rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    });
    index.map_or(1, |index| index + 1)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(name: &str, dependency: &Value) -> Vec<Violation> {
        let metadata = json!({ "packages": [
            { "name": name, "dependencies": [dependency] },
            { "name": "maxwell-api", "dependencies": [] },
            { "name": "maxwell-core", "dependencies": [] },
        ] });
        let manifest = "[package]\n\n[dependencies]\nserde.workspace = true\nmaxwell-api.workspace = true\n";
        check(&Tree::of(&[("physics/Cargo.toml", manifest), ("core/Cargo.toml", manifest)]), &metadata)
    }

    #[test]
    fn an_edge_that_points_outward_is_found_where_it_stands() {
        let found = found("maxwell-physics", &json!({ "name": "maxwell-api", "kind": null }));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("physics/Cargo.toml", 5));
        assert_eq!(found[0].what, "maxwell-physics must not depend on maxwell-api");
    }

    #[test]
    fn an_edge_for_tests_alone_counts_as_well() {
        assert_eq!(found("maxwell-core", &json!({ "name": "maxwell-api", "kind": "dev" })).len(), 1);
    }

    #[test]
    fn edges_that_point_inward_pass() {
        assert_eq!(found("maxwell-physics", &json!({ "name": "maxwell-core", "kind": null })), []);
        assert_eq!(found("maxwell-physics", &json!({ "name": "serde", "kind": null })), []);
    }

    #[test]
    fn the_core_stays_without_formats_and_may_test_with_what_it_likes() {
        assert_eq!(found("maxwell-core", &json!({ "name": "serde", "kind": null }))[0].line, 4);
        assert_eq!(found("maxwell-core", &json!({ "name": "serde", "kind": "dev" })), []);
        assert_eq!(found("maxwell-core", &json!({ "name": "thiserror", "kind": null })), []);
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert_eq!(found("maxwell-new", &json!({ "name": "serde", "kind": null })).len(), 1);
    }

    #[test]
    fn the_table_has_no_cycle() {
        let mut settled: Vec<&str> = Vec::new();
        while settled.len() < ALLOWED.len() {
            let next = ALLOWED.iter().find(|(name, needs)| {
                !settled.contains(name) && needs.iter().all(|need| settled.contains(need))
            });
            settled.push(next.expect("every remaining row waits for another").0);
        }
    }
}
