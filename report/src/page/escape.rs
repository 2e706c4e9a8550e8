//! Escaping of what is put into pages. Text between two backticks is shown as code, unless it is not ours.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// For HTML, in text and in quoted attributes.
#[derive(Clone, Copy)]
pub(crate) struct Html;

/// For Markdown, in text and in cells of tables.
#[derive(Clone, Copy)]
pub(crate) struct Markdown;

/// For HTML, for texts that are not ours: backticks are shown as they are.
#[derive(Clone, Copy)]
pub(crate) struct HtmlVerbatim;

/// For Markdown, for texts that are not ours: backticks are shown as they are.
#[derive(Clone, Copy)]
pub(crate) struct MarkdownVerbatim;

impl Escaper for Html {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> fmt::Result {
        for (index, piece) in pieces(text).into_iter().enumerate() {
            let code = index % 2 == 1;
            to.write_str(if code { "<code>" } else { "" })?;
            piece.chars().try_for_each(|letter| html(&mut to, letter))?;
            to.write_str(if code { "</code>" } else { "" })?;
        }
        Ok(())
    }
}

impl Escaper for Markdown {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> fmt::Result {
        for (index, piece) in pieces(text).into_iter().enumerate() {
            let code = index % 2 == 1;
            to.write_str(if code { "`" } else { "" })?;
            piece.chars().try_for_each(|letter| markdown(&mut to, letter, code))?;
            to.write_str(if code { "`" } else { "" })?;
        }
        Ok(())
    }
}

impl Escaper for HtmlVerbatim {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> fmt::Result {
        text.chars().try_for_each(|letter| html(&mut to, letter))
    }
}

impl Escaper for MarkdownVerbatim {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> fmt::Result {
        text.chars().try_for_each(|letter| markdown(&mut to, letter, false))
    }
}

fn markdown(to: &mut impl Write, letter: char, code: bool) -> fmt::Result {
    match letter {
        // A line's end would end the row of a table or begin a heading.
        '\n' | '\r' => to.write_char(' '),
        '|' => to.write_str("\\|"),
        '$' | '*' | '_' | '[' | ']' | '`' | '\\' | '#' | '!' | '~' if !code => {
            to.write_char('\\')?;
            to.write_char(letter)
        }
        '<' | '>' | '&' => html(to, letter),
        letter => to.write_char(letter),
    }
}

fn html(to: &mut impl Write, letter: char) -> fmt::Result {
    match letter {
        '<' => to.write_str("&lt;"),
        '>' => to.write_str("&gt;"),
        '&' => to.write_str("&amp;"),
        '"' => to.write_str("&quot;"),
        '\'' => to.write_str("&#39;"),
        letter => to.write_char(letter),
    }
}

/// Text and code by turns. With an odd number of backticks they are taken for what they are, and nothing is code.
fn pieces(text: &str) -> Vec<&str> {
    let backticks = text.bytes().filter(|byte| *byte == b'`').count();
    if backticks % 2 == 1 { vec![text] } else { text.split('`').collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(with: impl Escaper, text: &str) -> String {
        let mut found = String::new();
        with.write_escaped_str(&mut found, text).unwrap();
        found
    }

    #[test]
    fn html_is_shown_and_not_run() {
        let hostile = "<script>alert('`\"&')</script>";
        assert_eq!(escaped(Html, hostile), "&lt;script&gt;alert(&#39;`&quot;&amp;&#39;)&lt;/script&gt;");
        assert_eq!(escaped(Html, "see `<b>`"), "see <code>&lt;b&gt;</code>");
    }

    #[test]
    fn markdown_stays_in_its_cell() {
        assert_eq!(escaped(Markdown, "a|b\n# c *d* <script>"), "a\\|b \\# c \\*d\\* &lt;script&gt;");
        assert_eq!(escaped(Markdown, "`cpu_weight` and [x](y)"), "`cpu_weight` and \\[x\\](y)");
        assert_eq!(escaped(Markdown, "one ` alone"), "one \\` alone");
    }

    #[test]
    fn backticks_that_are_not_ours_stay() {
        assert_eq!(escaped(HtmlVerbatim, "run `x` <b>"), "run `x` &lt;b&gt;");
        assert_eq!(escaped(MarkdownVerbatim, "run `x`|<b>"), "run \\`x\\`\\|&lt;b&gt;");
    }
}
