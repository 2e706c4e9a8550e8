//! Every number that SPECIFICATION.md promises has a command that shows it, or is marked as pending.

use super::{Violation, markdown};
use crate::tree::Tree;

const RULE: &str = "promises";

const DOCUMENT: &str = "SPECIFICATION.md";

/// How a code span starts that can be typed as it stands.
const COMMANDS: &[&str] = &["cargo ", "maxwell ", "./", ".ci/"];

/// Checks every row of every table in the document.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let Some(text) = tree.text(DOCUMENT) else {
        return vec![Violation::new(
            RULE,
            DOCUMENT,
            1,
            "the document is missing",
            "write down what is promised",
        )];
    };
    let unshown = rows(text).into_iter().filter(|(_, row)| !is_shown(row));
    let remedy = "name in backticks the command that shows it, or write `pending`";
    unshown
        .map(|(line, _)| Violation::new(RULE, DOCUMENT, line, "a promise without a command", remedy))
        .collect()
}

/// The rows of all tables, without their heads.
fn rows(text: &str) -> Vec<(usize, &str)> {
    let mut rows: Vec<(usize, &str)> = Vec::new();
    for (number, line) in markdown::prose(text).filter(|(_, line)| line.trim_start().starts_with('|')) {
        if is_rule(line) {
            // What stands above the rule is the head of the table.
            rows.pop();
        } else {
            rows.push((number, line));
        }
    }
    rows
}

fn is_rule(line: &str) -> bool {
    line.contains("--") && line.trim().chars().all(|character| "|-: ".contains(character))
}

fn is_shown(row: &str) -> bool {
    let (words, spans) = markdown::split_code(row);
    let pending = words.split(|character: char| !character.is_alphanumeric()).chain(spans.iter().copied());
    let has_command = spans.iter().any(|span| COMMANDS.iter().any(|command| span.starts_with(command)));
    has_command || pending.into_iter().any(|word| word.eq_ignore_ascii_case("pending"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &str) -> Vec<usize> {
        let text = format!("# Numbers\n\n| promise | bound | shown by |\n|---|:--|---|\n{rows}");
        check(&Tree::of(&[(DOCUMENT, &text)])).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn rows_with_a_command_or_pending_pass() {
        assert_eq!(lines("| gate | 5 µs | `cargo bench -p maxwell-bench --bench gate` |\n"), [0; 0]);
        assert_eq!(lines("| gate | 5 µs | Pending: no KVM |\n| tax | 1 | `pending` |\n"), [0; 0]);
        assert_eq!(lines("\nPlain text about a `Cell`.\n"), [0; 0]);
    }

    #[test]
    fn a_row_without_a_command_is_found() {
        assert_eq!(lines("| gate | 5 µs | measured once |\n"), [5]);
        assert_eq!(lines("| gate | 5 µs | `cargo test` |\n| `Cell` | 1 | depending on luck |\n"), [6]);
    }

    #[test]
    fn a_second_table_has_a_head_of_its_own() {
        assert_eq!(lines("\n| other | by |\n|--|--|\n| a | b |\n"), [8]);
    }

    #[test]
    fn the_document_must_be_there() {
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
