//! The command line itself: what is refused, and what helps.

mod common;

use common::maxwell;

#[test]
fn wrong_usage_ends_with_code_two_and_names_the_mistake() {
    let check = |args: &[&str], said: &[&str]| maxwell(args).complains(2, said);
    check(&["--wrong"], &["'--wrong'", "--help"]);
    check(&["frobnicate"], &["'frobnicate'", "--help"]);
    check(&["demo", "--wrong"], &["'--wrong'", "maxwell demo"]);
    check(&["demo", "extra"], &["'extra'"]);
    check(&["demo", "--json", "--plain"], &["'--json' cannot be used with '--plain'"]);
    check(&["demo", "--seed", "3"], &["--fast"]);
    check(&["demo", "--fast", "--seed", "three"], &["'three'", "--seed"]);
    check(&["demo", "--fast", "--seed", "-1"], &["'-1'", "--seed"]);
    check(&["demo", "--fast", "--seed"], &["--seed"]);
    check(&["demo", "--duration", "0"], &["'0'", "--duration", "1..=3600"]);
    check(&["demo", "--duration", "3601"], &["'3601'", "--duration", "1..=3600"]);
    check(&["demo", "--duration", "-5"], &["'-5'", "--duration"]);
    check(&["demo", "--mechanism", "best"], &["`best`", "take vickrey, gsp, vcg, first-price"]);
    check(&["demo", "--weights", "1,1.5"], &["'1.5'", "above 0 and at most 1"]);
    check(&["demo", "--bid", "whale=fixed:1J"], &["no agent `whale`", "scientist=POLICY"]);
    check(&["demo", "--bid", "miner=track:margin=0.2"], &["`0.2` is no margin", "as in `20%`"]);
    check(&["demo", "--miner"], &["--miner", "FILE.wasm"]);
    check(&["physics", "--wrong"], &["'--wrong'", "maxwell physics"]);
    // A command without a command shows what there is.
    check(&[], &["Commands:", "demo", "physics"]);
}

#[test]
fn help_and_version_say_what_there_is() {
    let help = maxwell(&["--help"]).good();
    for said in ["demo", "experiment", "agent", "physics", "wallet", "ledger", "receipt", "help", "--version"]
    {
        assert!(help.contains(said), "{said} is missing in:\n{help}");
    }
    let help = maxwell(&["demo", "--help"]).good();
    for said in ["--plain", "--json", "--fast", "--seed", "--duration", "--scientist", "--miner"]
        .into_iter()
        .chain(["--mechanism", "--weights", "--bid", "proportional-share", "track:margin=20%,cap=1J"])
    {
        assert!(help.contains(said), "{said} is missing in:\n{help}");
    }
    assert!(help.contains("[default: 7]") && help.contains("[default: 50]"), "{help}");
    for args in [&["--help"][..], &["demo", "--help"], &["experiment", "--help"], &["physics", "--help"]] {
        let help = maxwell(args).good();
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
    let version = maxwell(&["--version"]).good();
    assert_eq!(version, format!("maxwell {}\n", env!("CARGO_PKG_VERSION")));
}
