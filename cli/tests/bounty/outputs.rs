//! What the screens look like.

use crate::common::maxwell;
use crate::lab::Lab;
use crate::{post, posted};

#[test]
fn plain_screens_say_what_there_is_in_eighty_columns() {
    let lab = Lab::funded();
    let alice = lab.wallet("alice").public().to_string();
    let shown = |words: &str| {
        let text = lab.good(words);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let ids = text.lines().filter(|line| !line.starts_with("id "));
        ids.collect::<Vec<_>>().join("\n").replace(&alice, "ALICE")
    };
    assert_eq!(
        shown(&post("20mJ")),
        "done, as record 2\nbounty     1\nbudget     20 mJ\nby         ALICE\nto         escrow-1\n\
         balance    99.98 J"
    );
    lab.good("bounty post --wallet alice --budget 1J --reward 1mJ preimages --zero-bits 20 --keys 1000");
    assert_eq!(
        shown("bounty list"),
        "bounty     1, open\nwork       primes in ranges of 1000 numbers\n\
         \u{20}          range 0 begins at 1, the first that pays is 0\nreward     3 mJ for each of 5 keys\n\
         paid       0 keys\nleft       20 mJ\nsponsor    alice\n\n\
         bounty     2, open\nwork       preimages of digests that begin with 20 zero bits\n\
         reward     1 mJ for each of 1000 keys\npaid       0 keys\nleft       1 J\nsponsor    alice"
    );
    assert_eq!(
        shown("bounty close 1"),
        "done, as record 4\nbounty     1\nback       20 mJ\nby         ALICE\nbalance    99 J"
    );
    let list = shown("bounty list");
    assert!(list.starts_with("bounty     1, closed by its sponsor\n"), "{list}");
}

#[test]
fn history_says_it_in_words() {
    let lab = posted();
    lab.good("bounty close 1");
    let times = |text: &str| {
        let word = |word: &str| {
            let is_time = word.len() == 24 && word.ends_with('Z');
            if is_time { "TIME".to_owned() } else { word.to_owned() }
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    };
    let text = times(&lab.good("ledger history --limit 2"));
    let (_, records) = text.split_once("       2  TIME").expect("the second record");
    assert_eq!(
        records,
        "  post-bounty\n          20 mJ\n     from alice\n       to escrow-1\n       of alice\n          bounty 1: 3 mJ for each of 5 keys\n\
         \u{20}      3  TIME  close-bounty\n          20 mJ\n     from escrow-1\n       to alice\n       of alice\n          bounty 1 is closed for ever\n"
    );
}

#[test]
fn every_command_has_a_help_with_an_example() {
    for command in ["bounty post", "bounty list", "bounty close"] {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = maxwell(&words).good();
        assert!(help.contains(&format!("Example: maxwell {command}")), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
    for work in ["primes", "preimages", "module"] {
        let words = ["bounty", "post", "--wallet", "a", "--budget", "1J", "--reward", "1J", work, "--help"];
        let help = maxwell(&words).good();
        assert!(help.contains("Example: maxwell bounty post") && help.contains(work), "{help}");
        assert!(help.lines().all(|line| line.starts_with("Usage") || line.chars().count() <= 100), "{help}");
    }
}
