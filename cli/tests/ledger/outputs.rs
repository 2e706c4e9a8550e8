//! What the screens look like.

use crate::common::maxwell;
use crate::lab::Lab;

/// A text with what differs from run to run replaced.
fn masked(text: &str, lab: &Lab) -> String {
    let mut text = text.replace(lab.path("").to_str().expect("plain names"), "HOME/");
    for (key, word) in [("host.key", "HOST"), ("mint.key", "MINT")] {
        text = text.replace(&lab.key(key).public().to_string(), word);
    }
    for (name, word) in [("alice", "ALICE"), ("bob", "BOB")] {
        text = text.replace(&lab.wallet(name).public().to_string(), word);
    }
    let masked = text.split_inclusive([' ', '\n']).map(|word| {
        let (word, end) = word.split_at(word.len() - 1);
        let time = word.len() == 24 && word.starts_with("20") && word.ends_with('Z');
        let id = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let word = if time {
            "TIME"
        } else if id {
            "ID"
        } else {
            word
        };
        format!("{word}{end}")
    });
    masked.collect()
}

#[test]
fn plain_screens_say_what_there_is_in_eighty_columns() {
    let lab = Lab::funded();
    let check = |words: &str, expected: &str| {
        let text = lab.good(words);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80 || line.contains("ledger.redb")),
            "{text}"
        );
        assert_eq!(masked(&text, &lab), expected, "maxwell {words}");
    };
    check(
        "wallet transfer --from alice --to bob 12.5J",
        "done, as record 2\ntransfer   12.5 J\nby         ALICE\nto         BOB\nid         ID\nbalance    87.5 J\n",
    );
    check(
        "wallet max-bid alice 250uJ",
        "done, as record 3\nmax bid    250 µJ\nby         ALICE\nid         ID\nbalance    87.5 J\n",
    );
    check(
        "ledger verify",
        "the ledger is in order\nhost       HOST\nmint       MINT\nmade       TIME\n\
         records    3 played again: 2 transfers, 3 signed orders\nepochs     3 signatures and roots checked\n\
         \u{20}          the last is epoch 3, ended TIME\nunsigned   0 records since then\n\
         accounts   6, which sum to zero\nissued     100 J\n",
    );
    check(
        "ledger history",
        "host       HOST\n\
         \u{20}      1  TIME  fund\n          100 J\n     from mint\n       to alice\n\
         \u{20}      2  TIME  transfer\n          12.5 J\n     from alice\n       to bob\n\
         \u{20}      3  TIME  set-max-bid\n       of alice\n          bids at most 250 µJ\n",
    );
    check(
        "ledger history --wallet alice",
        "wallet     ALICE\n\
         \u{20}      1  TIME  received  +100 J = 100 J\n     from mint\n\
         \u{20}      2  TIME  sent  -12.5 J = 87.5 J\n       to bob\n\
         \u{20}      3  TIME  set-max-bid  0 J = 87.5 J\n          bids at most 250 µJ\n",
    );
}

#[test]
fn every_command_has_a_help_with_an_example_in_a_hundred_columns() {
    let commands = [
        "wallet new",
        "wallet list",
        "wallet show",
        "wallet fund",
        "wallet transfer",
        "wallet deposit",
        "wallet max-bid",
        "wallet close",
        "wallet export",
        "wallet import",
        "ledger init",
        "ledger verify",
        "ledger history",
        "ledger submit",
        "receipt",
        "receipt verify",
    ];
    for command in commands {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = maxwell(&words).good();
        assert!(help.contains(&format!("Example: maxwell {command}")), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
}
