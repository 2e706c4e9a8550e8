//! The core decides and never acts: no unsafe code, no clock, no file, no thread, no async.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Violation;
use crate::tree::Tree;

const RULE: &str = "pure";

/// The roots of the crates that forbid unsafe code altogether.
const SAFE: &[&str] = &["core/src/lib.rs", "physics/src/lib.rs", "api/src/lib.rs"];

const FORBID: &str = "#![forbid(unsafe_code)]";

/// Words that have no business in the core, each with why.
const WORDS: &[(&str, &str)] = &[
    ("unsafe", "unsafe code stays at the rim"),
    ("async", "the core is called and returns"),
    ("await", "the core is called and returns"),
    ("Instant", "time comes in as a value"),
    ("SystemTime", "time comes in as a value"),
];

/// Parts of the standard library that reach outside the program.
const MODULES: &[&str] = &["env", "fs", "io", "net", "os", "process", "thread"];

/// Checks the crates that forbid unsafe code and every file of the core.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found: Vec<Violation> = SAFE.iter().filter_map(|path| check_forbids(tree, path)).collect();
    for (path, text) in tree.with_extension(&["rs"]).filter(|(path, _)| path.starts_with("core/src/")) {
        // A file that is no Rust at all is reported by the rule of sizes.
        if let Ok(tokens) = text.parse::<TokenStream>() {
            check_tokens(path, tokens, &mut found);
        }
    }
    found
}

fn check_forbids(tree: &Tree, path: &str) -> Option<Violation> {
    let file = tree.text(path).and_then(|text| syn::parse_file(text).ok());
    let forbids = file.is_some_and(|file| {
        file.attrs.iter().any(|attribute| {
            attribute.path().is_ident("forbid")
                && attribute
                    .meta
                    .require_list()
                    .is_ok_and(|list| list.tokens.to_string().contains("unsafe_code"))
        })
    });
    let remedy = "write `#![forbid(unsafe_code)]` below the documentation of the crate";
    (!forbids).then(|| Violation::new(RULE, path, 1, format!("{FORBID} is missing"), remedy))
}

fn check_tokens(path: &str, tokens: TokenStream, found: &mut Vec<Violation>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => check_tokens(path, group.stream(), found),
            TokenTree::Ident(word) => {
                let line = word.span().start().line;
                if let Some((word, remedy)) = WORDS.iter().find(|(forbidden, _)| word == forbidden) {
                    found.push(Violation::new(RULE, path, line, format!("`{word}` in the core"), remedy));
                }
                if word == "std" {
                    for module in modules_named(&tokens[index + 1..]) {
                        let what = format!("`std::{module}` in the core");
                        let remedy = "let the caller do it and pass the result in";
                        found.push(Violation::new(RULE, path, line, what, remedy));
                    }
                }
            }
            _ => {}
        }
    }
}

/// The forbidden modules that stand behind `std`: one after `::`, or several in braces.
fn modules_named(after: &[TokenTree]) -> Vec<&'static str> {
    let named: Vec<TokenTree> = match after {
        [TokenTree::Punct(a), TokenTree::Punct(b), named, ..] if a.as_char() == ':' && b.as_char() == ':' => {
            match named {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    group.stream().into_iter().collect()
                }
                single => vec![single.clone()],
            }
        }
        _ => return Vec::new(),
    };
    // Within braces a name behind `::` belongs to another module: `{fmt, collections::env}` does not name `std::env`.
    let mut modules = Vec::new();
    for (index, token) in named.iter().enumerate() {
        let behind_a_path =
            index > 0 && matches!(&named[index - 1], TokenTree::Punct(p) if p.as_char() == ':');
        if let TokenTree::Ident(word) = token
            && !behind_a_path
        {
            modules.extend(MODULES.iter().filter(|module| word == *module));
        }
    }
    modules
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: &str = "//! Rules; `unsafe` in a comment is no code.\n#![forbid(unsafe_code)]\n";

    fn found(core: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("core/src/lib.rs", CLEAN),
            ("physics/src/lib.rs", CLEAN),
            ("api/src/lib.rs", CLEAN),
            ("core/src/price/mod.rs", core),
            ("daemon/src/lib.rs", "fn f() { unsafe { std::fs::read(\"x\") } }"),
        ]);
        check(&tree).into_iter().map(|violation| format!("{}: {}", violation.line, violation.what)).collect()
    }

    #[test]
    fn what_reaches_outside_is_found() {
        assert_eq!(found("fn f() {\n    unsafe { g() }\n}"), ["2: `unsafe` in the core"]);
        assert_eq!(found("use std::fs::File;"), ["1: `std::fs` in the core"]);
        assert_eq!(found("use std::{fmt, net::IpAddr};"), ["1: `std::net` in the core"]);
        assert_eq!(
            found("fn f() {\n    let t = std::time::Instant::now();\n}"),
            ["2: `Instant` in the core"]
        );
        assert_eq!(found("async fn f() {}"), ["1: `async` in the core"]);
    }

    #[test]
    fn plain_values_pass() {
        assert_eq!(found("use std::{fmt, collections::BTreeMap};\nuse std::time::Duration;"), [""; 0]);
        assert_eq!(found("/// Never unsafe, never `std::fs`.\nfn io(env: u8) -> u8 { env }"), [""; 0]);
    }

    #[test]
    fn a_crate_that_does_not_forbid_unsafe_code_is_found() {
        let forbidden_in_a_comment = "// #![forbid(unsafe_code)]\n";
        let tree = Tree::of(&[
            ("core/src/lib.rs", CLEAN),
            ("physics/src/lib.rs", forbidden_in_a_comment),
            ("api/src/lib.rs", CLEAN),
        ]);
        let paths: Vec<_> = check(&tree).into_iter().map(|violation| violation.path).collect();
        assert_eq!(paths, ["physics/src/lib.rs"]);
    }
}
