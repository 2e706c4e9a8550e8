//! What a person can get wrong.

use crate::lab::Lab;
use crate::{post, posted};

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

#[test]
fn terms_that_cannot_be_kept_are_refused_before_anything_happens() {
    let lab = Lab::funded();
    let check = |code: i32, work: &str, said: &[&str]| {
        let text = format!("bounty post --wallet alice --budget 1J --reward 1mJ {work}");
        lab.refuses(code, &words(&text), said);
    };
    check(1, "primes --from 1 --width 1000 --ranges 0", &["no keys from 0 to 0"]);
    check(1, "primes --from 1 --width 0 --ranges 5", &["1 to 1048576 numbers, not 0"]);
    check(1, "primes --from 1 --width 1048577 --ranges 5", &["not 1048577"]);
    check(1, "primes --from 4398046511103 --width 2 --ranges 1", &["beyond 4398046511103", "begin lower"]);
    check(1, "primes --from 1 --width 1000 --ranges 9223372036854775807", &["begin lower"]);
    check(1, "primes --from 1 --width 1 --ranges 18446744073709551615", &["offer fewer"]);
    check(1, "preimages --zero-bits 8 --keys 9223372036854775808", &["offer fewer"]);
    check(1, "preimages --zero-bits 0 --keys 5", &["1 to 64 zero bits, not 0"]);
    check(1, "preimages --zero-bits 65 --keys 5", &["not 65"]);
    check(1, "preimages --zero-bits 8 --keys 0", &["no keys"]);
    check(2, "preimages --zero-bits 256 --keys 5", &["256"]);
    check(2, "primes --from -1 --width 10 --ranges 5", &["-1"]);
    check(2, "primes --from 1e6 --width 10 --ranges 5", &["1e6"]);
    check(2, "primes --from 1 --width 10", &["--ranges"]);
    check(2, "preimages --keys 5", &["--zero-bits"]);
    check(2, "riddles --keys 5", &["riddles"]);
    check(2, "", &[]);
    assert_eq!(lab.balance("alice"), 100_000_000);
}

#[test]
fn budgets_and_rewards_are_amounts_and_never_guessed() {
    let lab = Lab::funded();
    let check = |code: i32, budget: &str, reward: &str, said: &[&str]| {
        let all = ["bounty", "post", "--wallet", "alice", "--budget", budget, "--reward", reward];
        let work = ["primes", "--from", "1", "--width", "10", "--ranges", "5"];
        lab.refuses(code, &[&all[..], &work].concat(), said);
    };
    check(2, "0 J", "1 mJ", &["the amount is 0 J", "more than zero"]);
    check(2, "-1 J", "1 mJ", &["more than zero"]);
    check(2, "1 J", "0 J", &["more than zero"]);
    check(2, "1 J", "-3 mJ", &["more than zero"]);
    check(2, "50", "1 mJ", &["no unit"]);
    check(2, "1 J", "0.1 uJ", &["finer than 1 µJ"]);
    check(1, "100.000001 J", "1 mJ", &["has 100 J", "100.000001 J is wanted"]);
    check(1, "1 mJ", "2 mJ", &["a budget of 1 mJ does not pay for one key at 2 mJ"]);
    check(1, "1 J", "1000000.000001 J", &["at most 1000000 J"]);
}

#[test]
fn a_number_serves_once() {
    let lab = posted();
    let again = post("20mJ").replace("--reward", "--number 1 --reward");
    lab.refuses(1, &words(&again), &["bounty 1: the number 1 was used before"]);
    lab.good("bounty close 1");
    lab.refuses(1, &words(&again), &["was used before"]);
    let named = post("20mJ").replace("--reward", &format!("--id {} --reward", "0f".repeat(16)));
    lab.refuses(1, &words(&named), &["name the bounty's --number too"]);
}

#[test]
fn only_the_sponsor_closes_a_bounty_and_only_once() {
    let lab = posted();
    lab.good("wallet fund bob 1J");
    let by_bob = ["bounty", "close", "1", "--wallet", "bob"];
    lab.refuses(1, &by_bob, &["cannot close bounty 1", "only its sponsor joule1"]);
    lab.refuses(1, &["bounty", "close", "2"], &["there is no bounty 2"]);
    lab.refuses(1, &["bounty", "close", "2", "--wallet", "alice"], &["there is no bounty 2"]);
    lab.refuses(2, &["bounty", "close", "one"], &["one"]);
    lab.refuses(2, &["bounty", "close"], &["BOUNTY"]);
    lab.good("bounty close 1");
    lab.refuses(1, &["bounty", "close", "1"], &["bounty 1 was closed by its sponsor"]);
    assert_eq!(lab.balance("alice"), 100_000_000);
}

#[test]
fn an_escrow_without_terms_is_no_bounty() {
    let lab = Lab::funded();
    lab.good("wallet deposit alice --escrow 7 3mJ");
    lab.refuses(1, &["bounty", "close", "7", "--wallet", "alice"], &["there is no bounty 7"]);
    assert_eq!(lab.good("bounty list"), "no bounties; post one with `maxwell bounty post`\n");
    lab.good("ledger refund 7 --to alice");
}

#[test]
fn the_money_of_a_bounty_goes_back_in_one_way_only() {
    let lab = posted();
    lab.refuses(1, &["ledger", "refund", "1", "--to", "alice"], &["when its sponsor closes it"]);
    lab.refuses(
        1,
        &["wallet", "close", "alice", "--to", "bob"],
        &["is the sponsor of bounty 1, which is open: close that first"],
    );
    lab.good("bounty close 1");
    lab.good("wallet close alice --to bob");
    assert_eq!(lab.balance("bob"), 100_000_000);
}

#[test]
fn without_a_ledger_a_wallet_or_money_it_says_what_is_missing() {
    let lab = Lab::empty();
    lab.refuses(1, &["bounty", "list"], &["there is no ledger at", "maxwell ledger init"]);
    lab.refuses(1, &["bounty", "close", "1"], &["there is no ledger at"]);
    let lab = Lab::with(&["alice"]);
    lab.refuses(1, &words(&post("20mJ")), &["there is no account", "fund it first"]);
    lab.refuses(1, &words(&post("20mJ").replace("alice", "carol")), &["carol"]);
}

#[test]
fn a_forged_or_changed_bounty_is_refused() {
    let lab = posted();
    let order = lab.good(&post("20mJ").replace("--reward", "--number 2 --print --reward"));
    let richer = order.replace("\"budget_uj\":20000", "\"budget_uj\":90000");
    assert_ne!(richer, order);
    lab.submit_text(&richer).complains(1, &["forged or changed"]);
    let other = order.replace("\"reward_uj\":3000", "\"reward_uj\":1");
    assert_ne!(other, order);
    lab.submit_text(&other).complains(1, &["forged or changed"]);
    let unknown = order.replace("\"primes\"", "\"riddles\"");
    lab.submit_text(&unknown).complains(1, &["no signed order"]);
    lab.submit_text(&order).good();
    assert!(lab.submit_text(&order).good().starts_with("already done"), "the same order again");
}
