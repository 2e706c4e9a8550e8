//! What stands on the pages.

use std::fs;

use maxwell_api::experiment::SkippedArm;
use maxwell_report::{Records, write};

use crate::made_up::{Ends, add, published, run};

const LINUX: Ends =
    Ends { primes: 5000, package_j: 250.0, scientist_cpu_s: 5.0, miner_cpu_s: 5.0, miner_died_at_s: None };
const MAXWELL: Ends = Ends {
    primes: 9500,
    package_j: 250.0,
    scientist_cpu_s: 8.0,
    miner_cpu_s: 1.0,
    miner_died_at_s: Some(2.0),
};

fn records() -> Records {
    let mut records = published(&["linux", "maxwell", "nice", "funding-1", "funding-40"]);
    for repetition in 1..=3 {
        let primes = 5000 + u64::from(repetition) * 10;
        add(
            &mut records,
            [
                run("linux", repetition, LINUX),
                run("maxwell", repetition, Ends { primes: 2 * primes, ..MAXWELL }),
                run("nice", repetition, Ends { primes: 3 * primes / 2, ..LINUX }),
                run("funding-1", repetition, MAXWELL),
                run("funding-40", repetition, MAXWELL),
            ],
        );
    }
    for run in &mut records.runs {
        match run.run.arm.as_str() {
            "funding-1" => run.run.funding_slot_seconds = Some(1.0),
            "funding-40" => run.run.funding_slot_seconds = Some(40.0),
            _ => {}
        }
    }
    records
}

/// The HTML and the Markdown page.
fn pages(records: &Records) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), records).unwrap();
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    (read("report.html"), read("report.md"))
}

#[test]
fn hostile_last_words_are_shown_and_not_run() {
    let mut records = records();
    let hostile = "<script>alert(1)</script>\n| # x | <img src=x onerror=y>";
    records.runs[0].run.agents[1].last_words = Some(hostile.into());
    records.runs[0].run.warnings = vec![hostile.into()];
    records.experiment.command = hostile.into();
    records.experiment.plan.arms[0].what = hostile.into();
    let (html, markdown) = pages(&records);
    for page in [&html, &markdown] {
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    }
    assert!(!html.contains("<script") && !html.contains("<img"));
    let in_tables = markdown.lines().filter(|line| !line.starts_with("    "));
    for line in in_tables {
        assert!(!line.contains("<script") && !line.contains("<img"), "{line}");
    }
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let (html, _) = pages(&records());
    for outside in ["src=", "href=", "@import", "url(", "<script", "<link"] {
        assert!(!html.contains(outside), "{outside}");
    }
    let addresses = html.matches("http").count();
    assert_eq!(addresses, html.matches("http://www.w3.org/2000/svg").count());
}

#[test]
fn every_number_in_markdown_has_its_unit() {
    let (_, markdown) = pages(&records());
    let mut head: Vec<&str> = Vec::new();
    let mut rows = 0;
    for line in markdown.lines() {
        if !line.starts_with('|') {
            head.clear();
            continue;
        }
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if head.is_empty() {
            head = cells;
        } else if !line.starts_with("| ---") {
            rows += 1;
            assert_eq!(cells.len(), head.len(), "{line}");
            check_units(&head, &cells);
        }
    }
    assert!(rows > 60, "only {rows} rows");
}

/// A cell that is a number stands under a title with its unit in brackets, or has a cell with the unit in its row.
fn check_units(head: &[&str], cells: &[&str]) {
    let unit = head.iter().position(|title| *title == "Unit");
    for (title, cell) in head.iter().zip(cells) {
        let is_number =
            cell.split(' ').next().is_some_and(|word| word.replace(',', "").parse::<f64>().is_ok());
        if is_number && (unit.is_some() || *title != "Value") {
            let has_unit = unit.is_some_and(|unit| !cells[unit].is_empty()) || title.ends_with(')');
            assert!(has_unit, "{title}: {cell}");
        }
    }
}

#[test]
fn the_page_says_what_matters() {
    let mut records = records();
    records.experiment.skipped =
        vec![SkippedArm { arm: "cpu.max".into(), because: "no quota can be set here".into() }];
    records.runs[2].run.outcome = maxwell_api::experiment::Outcome::Interrupted;
    let (html, markdown) = pages(&records);
    for said in [
        "EEVDF",
        "cgroup v2 freezer",
        "cpuacct",
        "maxwell experiment --seed 7",
        "no quota can be set here",
        "was interrupted and does not count",
        "no sensor was read",
        "15 January 2027, 08:00 UTC",
        "Sweep of funding",
        "dead: insolvent",
        "modelled",
        "pay no erasure tax in this version, so the churn of memory costs the miner nothing",
        "is in nobody's joules",
    ] {
        assert!(html.contains(said), "{said} is not in the HTML");
        assert!(markdown.contains(said), "{said} is not in the Markdown");
    }
    for plot in ["temperature", "price", "balances", "primes", "primes-per-joule", "funding"] {
        assert!(markdown.contains(&format!("(plots/{plot}.svg)")), "{plot}");
    }
    assert_eq!(html.matches("<svg").count(), markdown.matches(".svg)").count());
}

#[test]
fn plots_stand_alone_and_take_the_page_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &records()).unwrap();
    for entry in fs::read_dir(dir.path().join("plots")).unwrap() {
        let path = entry.unwrap().path();
        let svg = fs::read_to_string(&path).unwrap();
        assert!(svg.starts_with("<svg xmlns") && svg.trim_end().ends_with("</svg>"), "{}", path.display());
        assert!(svg.contains("viewBox=\"0 0 1200 ") && svg.contains("prefers-color-scheme"));
        assert!(svg.contains("currentColor") && !svg.contains("#000000"));
    }
}

#[test]
fn without_runs_there_is_a_page_that_says_so() {
    let (html, markdown) = pages(&published(&["linux", "maxwell"]));
    for page in [html, markdown] {
        assert!(page.contains("There is no headline ratio: neither"));
    }
}

/// The cells of the Markdown table's row that begins with `what`.
fn row<'a>(markdown: &'a str, what: &str) -> Vec<&'a str> {
    let line = markdown.lines().find(|line| line.starts_with(&format!("| {what} |")));
    let line = line.unwrap_or_else(|| panic!("no row {what}"));
    line.trim_matches('|').split(" | ").map(str::trim).collect()
}

#[test]
fn under_a_recording_only_the_package_is_replayed() {
    let mut records = records();
    records.experiment.plan.physics = "replay".into();
    for row in records.runs.iter_mut().flat_map(|run| &mut run.nodes) {
        row.provenance = "replayed".into();
    }
    let (html, markdown) = pages(&records);
    for what in ["Energy of the package", "Peak die temperature"] {
        assert_eq!(row(&markdown, what)[2], "replayed", "{what}");
    }
    for what in ["Maxwell's own energy", "Energy spent on useful work"] {
        assert_eq!(row(&markdown, what)[2], "modelled", "{what}");
    }
    for what in ["Energy of the idle machine, cells and agents", "Energy of Maxwell itself"] {
        assert_eq!(row(&markdown, what)[1], "modelled", "{what}");
    }
    assert_eq!(row(&markdown, "Verified primes per joule above idle")[3..], ["–", "–"]);
    for page in [html, markdown] {
        assert!(!page.contains("part of the package's") && !page.contains("own included"));
    }
}

#[test]
fn backticks_of_others_are_kept() {
    let mut records = records();
    records.experiment.command = "maxwell experiment --agent 'mine=`which mine` <x>'".into();
    records.experiment.plan.agents[1].program = Some("/opt/a`b`c".into());
    records.runs[1].run.agents[1].last_words = Some("no `money` left".into());
    let (html, markdown) = pages(&records);
    assert!(html.contains("<pre>maxwell experiment --agent &#39;mine=`which mine` &lt;x&gt;&#39;</pre>"));
    assert!(html.contains("/opt/a`b`c") && html.contains("“no `money` left”"));
    assert!(markdown.contains("    maxwell experiment --agent 'mine=`which mine` <x>'\n"));
    assert!(markdown.contains("/opt/a\\`b\\`c") && markdown.contains("“no \\`money\\` left”"));
}
