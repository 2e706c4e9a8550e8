//! How long a file and a function may be, so that each can be read as a whole.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::Violation;
use crate::tree::Tree;

const RULE: &str = "size";

const FILE_LINES_MAX: usize = 800;

const FUNCTION_LINES_MAX: usize = 70;

/// Files that people write as code. Documents and recorded figures may be as long as they need to be.
const CODE: &[&str] = &["rs", "c", "h", "js", "ts", "css", "html", "py", "sh"];

/// Where reports of recorded runs stand, which nobody has written.
const RECORDED: &str = "experiments/";

/// Checks the length of every code file and of every function in Rust.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.with_extension(CODE) {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX && !path.starts_with(RECORDED) {
            let what = format!("{lines} lines, at most {FILE_LINES_MAX} are allowed");
            found.push(Violation::new(
                RULE,
                path,
                FILE_LINES_MAX + 1,
                what,
                "split it where its subject changes",
            ));
        }
    }
    for (path, text) in tree.with_extension(&["rs"]) {
        match functions(text) {
            Ok(functions) => found.extend(functions.iter().filter_map(|function| too_long(path, function))),
            Err(error) => {
                let line = error.span().start().line;
                found.push(Violation::new(
                    RULE,
                    path,
                    line,
                    format!("no valid Rust: {error}"),
                    "make it compile",
                ));
            }
        }
    }
    found
}

/// One line about all files of Rust.
pub(super) fn summary(tree: &Tree) -> String {
    let mut lines: Vec<usize> = tree.with_extension(&["rs"]).map(|(_, text)| text.lines().count()).collect();
    lines.sort_unstable();
    let functions: usize =
        tree.with_extension(&["rs"]).map(|(_, text)| functions(text).map_or(0, |found| found.len())).sum();
    // The upper of two middle values, so that the median is the length of a file that exists.
    let median = lines.get(lines.len() / 2).copied().unwrap_or_default();
    format!("{} files of Rust, median {median} lines, {functions} functions", lines.len())
}

struct Function {
    name: String,
    first_line: usize,
    lines: usize,
}

fn too_long(path: &str, function: &Function) -> Option<Violation> {
    let Function { name, first_line, lines } = function;
    let what = format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX} are allowed");
    let remedy = "move the parts that have a name of their own into functions";
    (*lines > FUNCTION_LINES_MAX).then(|| Violation::new(RULE, path, *first_line, what, remedy))
}

/// Every function with a body, from the line of `fn` to its closing brace: free ones, methods, those in other functions
/// and those inside macros.
fn functions(text: &str) -> syn::Result<Vec<Function>> {
    let mut collector = Collector(Vec::new());
    collector.visit_file(&syn::parse_file(text)?);
    Ok(collector.0)
}

struct Collector(Vec<Function>);

impl Collector {
    fn push(&mut self, name: &Ident, start: Span, end: Span) {
        let (first_line, last_line) = (start.start().line, end.end().line);
        self.0.push(Function { name: name.to_string(), first_line, lines: last_line - first_line + 1 });
    }

    /// Macros such as `proptest!` hold functions in a syntax of their own, so their tokens are searched for a name
    /// behind `fn` and the next braces on the same level.
    fn search(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            if let TokenTree::Group(group) = token {
                self.search(group.stream());
            }
            let (TokenTree::Ident(keyword), Some(TokenTree::Ident(name))) = (token, tokens.get(index + 1))
            else {
                continue;
            };
            let body = tokens[index + 1..].iter().find_map(|token| match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    Some(Some(group.span_close()))
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => Some(None),
                _ => None,
            });
            if keyword == "fn"
                && let Some(Some(end)) = body
            {
                self.push(name, keyword.span(), end);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let signature = &function.sig;
        self.push(&signature.ident, signature.fn_token.span, function.block.brace_token.span.close());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        let signature = &function.sig;
        self.push(&signature.ident, signature.fn_token.span, function.block.brace_token.span.close());
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            let signature = &function.sig;
            self.push(&signature.ident, signature.fn_token.span, block.brace_token.span.close());
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.search(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function whose `fn` and closing brace are `lines` lines apart, both counted.
    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|found| (found.line, found.what)).collect()
    }

    #[test]
    fn a_function_may_have_seventy_lines_and_no_more() {
        assert_eq!(found("a.rs", &function(70)), []);
        let expected = (1, "`long` has 71 lines, at most 70 are allowed".to_owned());
        assert_eq!(found("a.rs", &function(71)), [expected]);
    }

    #[test]
    fn attributes_and_documentation_are_not_counted() {
        let documented = format!("/// Why.\n#[inline]\n{}", function(70));
        assert_eq!(found("a.rs", &documented), []);
    }

    #[test]
    fn functions_are_found_wherever_they_stand() {
        let long = function(71);
        for wrapped in [
            format!("impl A {{\n{long}}}"),
            format!("trait A {{\n{long}}}"),
            format!("mod a {{\n{long}}}"),
            format!("fn short() {{ let c = || {{\n{long}}}; }}"),
            format!("proptest! {{\n#[test]\n{long}}}"),
            format!("macro_rules! m {{ () => {{\n{long}}} }}"),
        ] {
            assert!(found("a.rs", &wrapped).iter().any(|(_, what)| what.starts_with("`long`")), "{wrapped}");
        }
    }

    #[test]
    fn a_declaration_without_a_body_has_no_length() {
        let text = format!("m! {{ fn declared();\n struct S {{ {} }} }}", "\n".repeat(100));
        assert_eq!(found("a.rs", &text), []);
    }

    #[test]
    fn a_file_may_have_eight_hundred_lines_and_no_more() {
        assert_eq!(found("a.py", &"\n".repeat(800)), []);
        assert_eq!(found("experiments/a/report.html", &"\n".repeat(801)), []);
        assert_eq!(
            found("a.py", &"\n".repeat(801)),
            [(801, "801 lines, at most 800 are allowed".to_owned())]
        );
        assert_eq!(found("a.csv", &"\n".repeat(801)), []);
    }

    #[test]
    fn a_file_that_is_no_rust_is_found() {
        assert_eq!(found("a.rs", "fn f() {}\n\nfn (").len(), 1);
    }

    #[test]
    fn the_summary_names_the_median() {
        let tree = Tree::of(&[("a.rs", "\n"), ("b.rs", "fn f() {}\n\n\n"), ("c.rs", "\n\n\n\n\n")]);
        assert_eq!(summary(&tree), "3 files of Rust, median 3 lines, 1 functions");
    }
}
