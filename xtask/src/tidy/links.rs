//! Links in documents must lead somewhere. Only links within the repository are followed; no network is asked.

use super::{Violation, markdown};
use crate::tree::Tree;

const RULE: &str = "links";

/// Follows every link of every document.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.with_extension(&["md"]) {
        for (line, target) in markdown::targets(text) {
            if let Err((what, remedy)) = follow(tree, path, &target) {
                found.push(Violation::new(RULE, path, line, what, remedy));
            }
        }
    }
    found
}

fn follow(tree: &Tree, from: &str, target: &str) -> Result<(), (String, &'static str)> {
    if has_scheme(target) {
        return Ok(());
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let path = path.replace("%20", " ");
    let to = if path.is_empty() { Some(from.to_owned()) } else { resolve(from, &path) };
    let Some(to) = to else {
        return Err((
            format!("`{target}` leaves the repository"),
            "link to a file in it, or name the address in full",
        ));
    };
    if !tree.holds(&to) {
        return Err((
            format!("`{target}` leads to no file"),
            "name the file that is meant, or drop the link",
        ));
    }
    match (anchor, tree.text(&to)) {
        (Some(anchor), Some(text)) if !has_anchor(&to, text, anchor) => {
            Err((format!("`{to}` has no anchor `{anchor}`"), "use the anchor of a heading that is there"))
        }
        _ => Ok(()),
    }
}

/// Whether the target names a protocol, such as `https:` or `mailto:`, or another host.
fn has_scheme(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    target.starts_with("//")
        || scheme.is_some_and(|scheme| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
        })
}

/// The path from the root that `target` names in the document `from`, unless it lies outside.
fn resolve(from: &str, target: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    // As on GitHub, a path that starts with a slash starts at the root of the repository.
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in target.split('/') {
        match part {
            ".." => {
                parts.retain(|part| !part.is_empty());
                parts.pop()?;
            }
            "." => {}
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    Some(parts.join("/"))
}

/// Documents have headings; in any other file an anchor such as `L12` names a line.
fn has_anchor(path: &str, text: &str, anchor: &str) -> bool {
    if path.to_ascii_lowercase().ends_with(".md") {
        return markdown::anchors(text).contains(anchor);
    }
    let lines = text.lines().count();
    anchor.split('-').all(|mark| {
        let number = mark.strip_prefix('L').and_then(|number| number.parse::<usize>().ok());
        number.is_some_and(|number| (1..=lines).contains(&number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(target: &str) -> Vec<String> {
        let document = format!("# Title\n\nsee [it]({target})\n\n## Second part\n");
        let tree = Tree::of(&[
            ("docs/guide.md", &document),
            ("docs/deep/x.md", "## Here\n"),
            ("README.md", "# Maxwell\n"),
            ("core/src/lib.rs", "one\ntwo\n"),
        ]);
        check(&tree).into_iter().map(|violation| format!("{}: {}", violation.line, violation.what)).collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        for target in [
            "../README.md",
            "../README.md#maxwell",
            "deep/x.md#here",
            "./deep/",
            "..",
            "#second-part",
            "/core/src/lib.rs#L1-L2",
            "https://example.org/gone.md",
            "mailto:someone",
        ] {
            assert_eq!(found(target), [""; 0], "{target}");
        }
    }

    #[test]
    fn dead_links_are_found() {
        assert_eq!(found("gone.md"), ["3: `gone.md` leads to no file"]);
        assert_eq!(found("readme.md"), ["3: `readme.md` leads to no file"]);
        assert_eq!(found("../../other/x.md"), ["3: `../../other/x.md` leaves the repository"]);
    }

    #[test]
    fn dead_anchors_are_found() {
        assert_eq!(found("#third-part"), ["3: `docs/guide.md` has no anchor `third-part`"]);
        assert_eq!(found("deep/x.md#there"), ["3: `docs/deep/x.md` has no anchor `there`"]);
        assert_eq!(found("../core/src/lib.rs#L3"), ["3: `core/src/lib.rs` has no anchor `L3`"]);
    }
}
