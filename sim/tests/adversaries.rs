//! The market stands against its adversaries as the documentation says.

const DOCUMENT: &str = include_str!("../../docs/market/adversaries.md");

#[test]
fn the_documented_figures_are_those_of_seed_zero() {
    for finding in maxwell_sim::adversaries::play(0).expect("every promise of the market holds") {
        assert!(DOCUMENT.contains(&finding.to_string()), "docs/market/adversaries.md must say:\n{finding}");
    }
}

#[test]
fn every_promise_holds_for_other_seeds_too() {
    for seed in 1..4 {
        maxwell_sim::adversaries::play(seed).unwrap_or_else(|broken| panic!("seed {seed}: {broken:#}"));
    }
}
