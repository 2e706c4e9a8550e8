//! What a person can type wrongly.

use crate::lab::Lab;

#[test]
fn an_amount_is_never_guessed() {
    let lab = Lab::funded();
    let check = |amount: &str, said: &[&str]| {
        lab.refuses(2, &["wallet", "fund", "alice", amount], said);
        lab.refuses(2, &["wallet", "transfer", "--from", "alice", "--to", "bob", amount], said);
        lab.refuses(2, &["wallet", "deposit", "alice", "--escrow", "1", amount], said);
        lab.refuses(2, &["wallet", "max-bid", "alice", amount], said);
    };
    check("0 J", &["the amount is 0 J", "more than zero"]);
    check("-1 J", &["the amount is -1 J", "more than zero"]);
    check("5", &["no unit"]);
    check("5 MJ", &["`MJ` is not a unit"]);
    check("5 j", &["`j` is not a unit"]);
    check("0.5 uJ", &["finer than 1 µJ"]);
    check("9223372036854775808 uJ", &["out of range"]);
    check("1,5 J", &["decimal sign is a point"]);
    assert_eq!(lab.balance("alice"), 100_000_000);
}

#[test]
fn an_amount_over_the_balance_or_over_what_may_be_minted_is_told_what_there_is() {
    let lab = Lab::funded();
    let transfer = ["wallet", "transfer", "--from", "alice", "--to", "bob", "100.000001 J"];
    lab.refuses(1, &transfer, &["has 100 J", "100.000001 J is wanted"]);
    lab.refuses(
        1,
        &["wallet", "fund", "alice", "9223372036854775807 uJ"],
        &["cannot be minted", "is left of"],
    );
    let unknown = ["wallet", "transfer", "--from", "bob", "--to", "alice", "1J"];
    lab.refuses(1, &unknown, &["there is no account", "fund it first"]);
    lab.refuses(
        1,
        &["wallet", "transfer", "--from", "alice", "--to", "alice", "1J"],
        &["cannot send to itself"],
    );
}

#[test]
fn a_mistyped_address_is_told_where() {
    let lab = Lab::funded();
    let address = lab.wallet("bob").public().to_string();
    for at in [6, 30, 63] {
        let wrong = if address.as_bytes()[at] == b'q' { "p" } else { "q" };
        let mistyped = format!("{}{wrong}{}", &address[..at], &address[at + 1..]);
        let said = format!("position {}", at + 1);
        let right = format!("should probably be `{}`", &address[at..=at]);
        for words in [
            &["wallet", "fund", &mistyped, "1J"][..],
            &["wallet", "transfer", "--from", "alice", "--to", &mistyped, "1J"],
            &["wallet", "show", &mistyped],
            &["receipt", &mistyped],
        ] {
            lab.refuses(2, words, &[&said, &right]);
        }
    }
    lab.refuses(2, &["wallet", "show", &address[..40]], &["has 40 characters instead of 64"]);
    let strange = address.replacen("joule1", "jaule1", 1);
    lab.refuses(2, &["wallet", "show", &strange], &["position 2"]);
}

#[test]
fn a_secret_that_is_given_for_an_address_is_not_repeated() {
    let lab = Lab::funded();
    let text = lab.good("wallet export alice --show-secret");
    let secret = text.lines().nth(1).expect("the second line");
    let done = lab.args(&["wallet", "show", secret]);
    assert!(!done.stderr.contains(&secret[20..]), "{}", done.stderr);
    done.complains(1, &["this is a secret key, not an address"]);
}

#[test]
fn names_and_ids_are_checked_before_anything_happens() {
    let lab = Lab::funded();
    for name in ["a b", "../alice", "a/b", "alice.key", ""] {
        lab.refuses(2, &["wallet", "new", name], &["letters, digits, `-` and `_`"]);
    }
    lab.refuses(2, &["wallet", "new", &"x".repeat(65)], &["at most 64"]);
    lab.refuses(1, &["wallet", "new", "alice"], &["exists already", "alice.key"]);
    lab.refuses(1, &["wallet", "show", "carol"], &["there is no wallet carol", "maxwell wallet new carol"]);
    for id in ["12", "0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F", &"0".repeat(33)] {
        let words = ["wallet", "max-bid", "alice", "1J", "--id", id];
        lab.refuses(2, &words, &["32 hexadecimal digits"]);
    }
    lab.refuses(2, &["wallet", "fund", "alice", "1J", "--nonce", "3"], &["--print"]);
    lab.refuses(2, &["receipt", "alice", "--last", "10"], &["s, m, h and d"]);
    lab.refuses(2, &["receipt", "alice", "--from", "noon"], &["2026-01-31T12:00:00Z"]);
    lab.refuses(2, &["ledger", "history", "--limit", "0"], &["1..=1000000"]);
}

#[test]
fn a_closed_wallet_moves_no_money_any_more() {
    let lab = Lab::funded();
    lab.good("wallet close alice --to bob");
    lab.refuses(1, &["wallet", "fund", "alice", "1J"], &["was closed by its owner"]);
    lab.refuses(
        1,
        &["wallet", "transfer", "--from", "bob", "--to", "alice", "1J"],
        &["was closed by its owner"],
    );
    lab.refuses(1, &["wallet", "max-bid", "alice", "1J"], &["was closed by its owner"]);
}
