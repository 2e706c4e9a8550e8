//! Words that must not stand in the repository. Each is written in two halves here, so that this file passes too.

use super::Violation;
use crate::tree::Tree;

const RULE: &str = "words";

struct Forbidden {
    text: &'static str,
    /// Only files that end like this are searched; the empty ending is every file's.
    ending: &'static str,
    what: &'static str,
    remedy: &'static str,
}

const PATH: &str = "a path of one developer's machine";
const PATH_REMEDY: &str = "name it relative to the repository, or let the user give it";
const HOST: &str = "the address of a registry";
const HOST_REMEDY: &str = "name the package; cargo, pip and npm know where it is, and users have mirrors";
const LATER: &str = "a note for later";
const LATER_REMEDY: &str = "do it now, or write an issue and say here what holds today";
const IGNORED: &str = "a test that is ignored without a reason";
const IGNORED_REMEDY: &str =
    "say why in the attribute, or let the test print `skipped, because ...` and return";

const FORBIDDEN: &[Forbidden] = &[
    anywhere(concat!("/wo", "rk/"), PATH, PATH_REMEDY),
    anywhere(concat!("/ro", "ot/"), PATH, PATH_REMEDY),
    anywhere(concat!("/fa", "rm/"), PATH, PATH_REMEDY),
    anywhere(concat!("://crates", ".io"), HOST, HOST_REMEDY),
    anywhere(concat!("://index.crates", ".io"), HOST, HOST_REMEDY),
    anywhere(concat!("://static.crates", ".io"), HOST, HOST_REMEDY),
    anywhere(concat!("://pypi", ".org"), HOST, HOST_REMEDY),
    anywhere(concat!("://files.python", "hosted.org"), HOST, HOST_REMEDY),
    anywhere(concat!("://registry.npm", "js.org"), HOST, HOST_REMEDY),
    anywhere(concat!("://www.npm", "js.com"), HOST, HOST_REMEDY),
    anywhere(concat!("TO", "DO"), LATER, LATER_REMEDY),
    anywhere(concat!("FIX", "ME"), LATER, LATER_REMEDY),
    anywhere(concat!("XX", "X"), LATER, LATER_REMEDY),
    anywhere(concat!("to", "do!"), LATER, LATER_REMEDY),
    anywhere(concat!("unimple", "mented!"), LATER, LATER_REMEDY),
    in_rust(concat!("#[ig", "nore]"), IGNORED, IGNORED_REMEDY),
    in_rust(concat!("#[ig", "nore = \"\"]"), IGNORED, IGNORED_REMEDY),
];

/// Written by package managers, which put addresses into them.
const LOCK_FILES: &[&str] = &["Cargo.lock", "package-lock.json"];

/// Searches every text file line by line.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !is_lock_file(path)) {
        for (index, line) in text.lines().enumerate() {
            for word in
                FORBIDDEN.iter().filter(|word| path.ends_with(word.ending) && stands_in(line, word.text))
            {
                let what = format!("`{}` is {}", word.text, word.what);
                found.push(Violation::new(RULE, path, index + 1, what, word.remedy));
            }
        }
    }
    found
}

const fn anywhere(text: &'static str, what: &'static str, remedy: &'static str) -> Forbidden {
    Forbidden { text, ending: "", what, remedy }
}

const fn in_rust(text: &'static str, what: &'static str, remedy: &'static str) -> Forbidden {
    Forbidden { text, ending: ".rs", what, remedy }
}

fn is_lock_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| LOCK_FILES.contains(&name))
}

/// Whether `word` stands in `line` and is not a part of a longer word or path there.
fn stands_in(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        let joined_before = match word.chars().next() {
            Some('/') => before.ends_with(is_path_part),
            Some(first) => is_word_part(first) && before.ends_with(is_word_part),
            None => false,
        };
        let joined_after = word.ends_with(is_word_part) && after.starts_with(is_word_part);
        !joined_before && !joined_after
    })
}

fn is_word_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether a slash behind this character goes on with a path rather than beginning one.
fn is_path_part(character: char) -> bool {
    is_word_part(character) || "-.~})".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_forbidden_word_is_found_where_it_stands() {
        for word in FORBIDDEN {
            let text = format!("a line\nsee https{} here\n", word.text);
            let spaced = format!("a line\nsee {} here\n", word.text);
            let text = if word.text.starts_with(':') { text } else { spaced };
            let found = check(&Tree::of(&[("core/src/lib.rs", &text)]));
            assert_eq!(found.len(), 1, "{}", word.text);
            assert_eq!(found[0].line, 2);
        }
    }

    #[test]
    fn parts_of_longer_words_pass() {
        let template = format!("mktemp /tmp/{}", "X".repeat(6));
        let deeper = concat!("target/wo", "rk/x $HOME/wo", "rk/ ../ro", "ot/ ${x}/fa", "rm/");
        for clean in ["TODOS_OF_A_USER", template.as_str(), deeper, "docs.rs/syn", "crates.io"] {
            assert_eq!(check(&Tree::of(&[("a.md", clean)])), [], "{clean}");
        }
    }

    #[test]
    fn an_ignored_test_may_give_its_reason() {
        let reasoned = "#[ignore = \"takes an hour\"]";
        assert_eq!(check(&Tree::of(&[("a.rs", reasoned)])), []);
    }

    #[test]
    fn lock_files_are_left_alone() {
        let line = concat!("https://registry.npm", "js.org/left-pad");
        assert_eq!(check(&Tree::of(&[("web/package-lock.json", line)])), []);
        assert_eq!(check(&Tree::of(&[("web/package.json", line)])).len(), 1);
    }
}
