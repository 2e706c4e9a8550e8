//! As much of Markdown as the rules need: what is prose and what is code, where links point, which anchors exist.

use std::collections::{BTreeMap, BTreeSet};

/// The lines outside fenced code, each with its number counted from one.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let mark = fence_mark(line);
        match (fence, mark) {
            // A fence ends with at least as many marks as it began with, and with nothing behind them.
            (Some(open), Some(close)) if close.starts_with(open) && line.trim() == close => fence = None,
            (Some(_), _) => {}
            (None, Some(open)) => fence = Some(open),
            (None, None) => return Some((index + 1, line)),
        }
        None
    })
}

/// A line split into its code spans and the rest, in which each span has become blanks.
pub(super) fn split_code(line: &str) -> (String, Vec<&str>) {
    let (mut rest, mut spans) = (String::new(), Vec::new());
    let mut remaining = line;
    while let Some(start) = remaining.find('`') {
        let ticks = run_of(&remaining[start..], '`');
        let inside = &remaining[start + ticks.len()..];
        rest.push_str(&remaining[..start]);
        if let Some(end) = closing(inside, ticks) {
            spans.push(inside[..end].trim());
            rest.push_str(&" ".repeat(ticks.len() * 2 + end));
            remaining = &inside[end + ticks.len()..];
        } else {
            rest.push_str(ticks);
            remaining = inside;
        }
    }
    rest.push_str(remaining);
    (rest, spans)
}

/// Where every link and image points, with the number of its line.
pub(super) fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let (line, _) = split_code(line);
        let inline = line.match_indices("](").map(|(start, mark)| target(&line[start + mark.len()..]));
        found.extend(inline.chain(definition(&line)).map(|target| (number, target.to_owned())));
    }
    found
}

/// The anchors that GitHub makes from headings, and those written as HTML.
pub(super) fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, line) in prose(text) {
        if let Some(heading) = heading(line) {
            let slug = slug(heading);
            let before = seen.entry(slug.clone()).or_default();
            // A heading that appears again gets a number.
            anchors.insert(if *before == 0 { slug } else { format!("{slug}-{before}") });
            *before += 1;
        }
        for attribute in ["id=\"", "name=\""] {
            for (start, mark) in line.match_indices(attribute) {
                anchors.extend(line[start + mark.len()..].split('"').next().map(str::to_owned));
            }
        }
    }
    anchors
}

fn fence_mark(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let mark =
        ['`', '~'].into_iter().map(|character| run_of(line, character)).find(|mark| mark.len() >= 3)?;
    // Three ticks with more ticks further on are a code span within a line.
    (!line[mark.len()..].contains('`')).then_some(mark)
}

fn run_of(text: &str, character: char) -> &str {
    &text[..text.len() - text.trim_start_matches(character).len()]
}

/// Where in `inside` a run of exactly as many ticks as `ticks` begins.
fn closing(inside: &str, ticks: &str) -> Option<usize> {
    inside
        .match_indices(ticks)
        .map(|(at, _)| at)
        .find(|&at| run_of(&inside[at..], '`').len() == ticks.len() && !inside[..at].ends_with('`'))
}

/// The target at the start of `text`, up to its title or closing parenthesis.
fn target(text: &str) -> &str {
    if let Some((target, _)) = text.strip_prefix('<').and_then(|text| text.split_once('>')) {
        return target;
    }
    let mut depth = 0;
    let end = text.find(|character: char| {
        depth += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth < 0 || character.is_whitespace()
    });
    &text[..end.unwrap_or(text.len())]
}

/// The target of a line such as `[label]: target`, which is no footnote.
fn definition(line: &str) -> Option<&str> {
    let label_and_target = line.trim_start().strip_prefix('[')?;
    let (label, rest) = label_and_target.split_once("]:")?;
    let is_label = !label.starts_with('^') && !label.contains(']');
    is_label.then(|| target(rest.trim_start()))
}

fn heading(line: &str) -> Option<&str> {
    let marks = run_of(line, '#');
    let rest = &line[marks.len()..];
    let is_heading = (1..=6).contains(&marks.len()) && rest.starts_with(' ');
    is_heading.then(|| rest.trim().trim_end_matches('#').trim_end())
}

fn slug(heading: &str) -> String {
    let mut shown = heading.to_owned();
    // Of a link in a heading only its text is shown.
    while let Some(middle) = shown.find("](") {
        let length = target(&shown[middle + 2..]).len();
        shown.replace_range(middle..(middle + 3 + length).min(shown.len()), "");
    }
    let kept =
        shown.chars().filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase)
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        targets(text)
    }

    #[test]
    fn links_images_and_definitions_are_found() {
        let text = "[a](b.md \"title\") ![c](<d e.png>)\n\n[label]: f.md\n[^1]: a note";
        let expected = [(1, "b.md"), (1, "d e.png"), (3, "f.md")];
        assert_eq!(found(text), expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn parentheses_may_stand_in_a_target() {
        assert_eq!(found("([a](b_(c).md))"), [(1, "b_(c).md".to_owned())]);
    }

    #[test]
    fn code_holds_no_links() {
        assert_eq!(found("`[a](b)` and ``[c](`d)``"), []);
        assert_eq!(found("```text\n[a](b)\n```\n~~~~\n[c](d)\n~~~\n[e](f)\n~~~~\n"), []);
        assert_eq!(found("```a``` [b](c)"), [(1, "c".to_owned())]);
    }

    #[test]
    fn a_tick_without_a_partner_is_plain_text() {
        assert_eq!(found("a ` tick and [a](b)"), [(1, "b".to_owned())]);
        assert_eq!(split_code("run `a  b` or `c`").1, ["a  b", "c"]);
    }

    #[test]
    fn anchors_follow_the_headings() {
        let text = "# One way: through `the` house!\n## Again\n## Again\n# [A](b.md) c\n<a id=\"own\"></a>\n#no heading";
        let expected = ["a-c", "again", "again-1", "one-way-through-the-house", "own"];
        assert_eq!(anchors(text).into_iter().collect::<Vec<_>>(), expected);
    }
}
