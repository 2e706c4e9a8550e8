//! The examples of the documentation are what the policies really decide.

use super::*;

const DOCUMENT: &str = include_str!("../../../../docs/market/bidding.md");

/// What is asked, as the document shows it.
fn row(text: &str, view: &View) -> String {
    let View { elapsed, reserve, free, spent, used, .. } = view;
    let order = match policy(text).decide(view) {
        Decision::Order(Bid { limit, .. }) => limit.to_string(),
        Decision::Rest(why) => format!("none: {}", why.words()),
    };
    let (elapsed, used) = (elapsed.as_seconds(), used.as_seconds());
    format!("| {elapsed} s | {reserve} | {free} | {spent} | {used} s | {order} |")
}

fn shows(text: &str, views: &[View]) {
    let section = DOCUMENT.split("\n## ").find(|section| section.contains(&format!("`{text}`")));
    let section = section.unwrap_or_else(|| panic!("no section of docs/market/bidding.md shows `{text}`"));
    for view in views {
        let row = row(text, view);
        assert!(section.contains(&row), "docs/market/bidding.md must say of `{text}`:\n{row}");
    }
}

fn at(seconds: f64) -> View {
    View { elapsed: Nanoseconds((seconds * 1e9) as u64), ..view() }
}

#[test]
fn the_documented_example_of_a_fixed_bid_is_true() {
    let dear = View { reserve: Microjoules(250_000), ..at(60.0) };
    let poor = View { free: Microjoules(170_000), ..at(120.0) };
    let broke = View { free: Microjoules(20_000), ..at(121.0) };
    shows("fixed:200mJ", &[at(0.0), dear, poor, broke]);
}

#[test]
fn the_documented_example_of_a_tracking_bid_is_true() {
    let with = |reserve| View { reserve: Microjoules(reserve), ..at(0.0) };
    shows("track:margin=20%,cap=400mJ", &[with(150_000), with(300_000), with(390_000), with(410_000)]);
}

#[test]
fn the_documented_examples_of_a_budget_are_true() {
    let spent = |seconds, spent: i64| {
        let spent = Microjoules::from_joules(spent);
        View { free: view().free - spent, spent, ..at(seconds) }
    };
    shows("budget:horizon=1s", &[spent(0.0, 0), spent(0.5, 10), spent(0.9, 20), spent(1.0, 25)]);
    shows("budget:horizon=10s", &[spent(0.0, 0), spent(0.4, 0), spent(5.0, 15), spent(5.0, 0)]);
}

#[test]
fn the_documented_example_of_a_deadline_is_true() {
    let after = |seconds, used: u64, spent: i64| {
        let spent = Microjoules(spent);
        View { used: Nanoseconds::from_millis(used), free: view().free - spent, spent, ..at(seconds) }
    };
    let text = "deadline:in=10100ms,work=1s";
    shows(text, &[after(0.0, 0, 0), after(8.0, 0, 0), after(9.0, 0, 0), after(9.0, 500, 10_000_000)]);
    shows(text, &[after(9.5, 300, 9_000_000), after(5.0, 1_000, 16_000_000)]);
}
