//! Orders that somebody has tampered with, or that do not belong here.

use maxwell_core::units::Microjoules;
use maxwell_ledger::operation::Body;

use crate::lab::{Lab, transfer};

#[test]
fn an_order_that_was_changed_after_it_was_signed_is_refused() {
    let lab = Lab::funded();
    let order = lab.good("wallet transfer --from alice --to bob 1J --print");
    let bob = lab.wallet("bob").public().to_string();
    let alice = lab.wallet("alice").public().to_string();
    let changes = [
        ("\"amount_uj\":1000000", "\"amount_uj\":9000000".to_owned()),
        ("\"nonce\":0", "\"nonce\":1".to_owned()),
        (bob.as_str(), lab.host().to_string()),
        (alice.as_str(), bob.clone()),
    ];
    for (from, to) in changes {
        let forged = order.replacen(from, &to, 1);
        assert_ne!(forged, order, "{from}");
        lab.submit_text(&forged).complains(1, &["forged or changed on the way"]);
    }
    let (at, signature) = (order.rfind("\"signature\":\"").expect("a signature") + 13, order.as_bytes());
    let other = if signature[at] == b'0' { "1" } else { "0" };
    let forged = format!("{}{other}{}", &order[..at], &order[at + 1..]);
    lab.submit_text(&forged).complains(1, &["forged or changed on the way"]);
    assert_eq!(lab.balance("alice"), 100_000_000);
}

#[test]
fn an_order_that_was_cut_short_or_grew_is_refused_at_every_length() {
    let lab = Lab::funded();
    let order = lab.good("wallet transfer --from alice --to bob 1J --print");
    let order = order.trim_end();
    for cut in (0..order.len()).step_by(41) {
        lab.submit_text(&order[..cut]).complains(1, &["order.json is no signed order, or not all of one"]);
    }
    lab.submit_text(&format!("{order}{order}")).complains(1, &["no signed order"]);
    lab.submit_text(&" ".repeat(5_000)).complains(1, &["longer than any signed order"]);
    lab.args(&["ledger", "submit", &lab.beside("missing")]).complains(1, &["missing", "No such file"]);
    assert_eq!(lab.balance("alice"), 100_000_000);
}

#[test]
fn an_order_that_is_replayed_changes_nothing() {
    let lab = Lab::funded();
    let order = lab.signed(&lab.wallet("alice"), 0, transfer(lab.wallet("bob").public(), 1));
    assert!(lab.submit(&order).good().starts_with("done, as record 2"));
    assert!(lab.submit(&order).good().starts_with("already done, as record 2"));
    let used = lab.signed(&lab.wallet("alice"), 0, transfer(lab.wallet("bob").public(), 2));
    lab.submit(&used).complains(1, &["under the id"]);
    // The account forgets the id after eight more; the nonce still tells.
    for nonce in 1..=8 {
        lab.submit(&lab.signed(&lab.wallet("alice"), nonce, transfer(lab.wallet("bob").public(), 1))).good();
    }
    lab.submit(&order).complains(1, &["nonce 0", "was used before", "the next is 9"]);
    assert_eq!(lab.balance("bob"), 9_000_000);
}

#[test]
fn orders_out_of_order_wait_for_those_between() {
    let lab = Lab::funded();
    let order = |nonce| lab.signed(&lab.wallet("alice"), nonce, transfer(lab.wallet("bob").public(), 1));
    lab.submit(&order(2)).complains(1, &["nonce 2", "is 0", "send those between first"]);
    for nonce in 0..=2 {
        lab.submit(&order(nonce)).good();
    }
    assert_eq!(lab.balance("bob"), 3_000_000);
}

#[test]
fn an_order_for_another_host_is_worth_nothing_here() {
    let (lab, other) = (Lab::funded(), Lab::with(&[]));
    let order = other.signed(&lab.wallet("alice"), 0, transfer(lab.wallet("bob").public(), 1));
    let (signed_for, host) = (other.host().to_string(), lab.host().to_string());
    lab.submit(&order).complains(1, &["signed for the host", &signed_for, &host]);
}

#[test]
fn nobody_spends_anothers_money_and_nobody_but_the_mint_makes_any() {
    let lab = Lab::funded();
    let (alice, bob) = (lab.wallet("alice"), lab.wallet("bob"));
    let of_bob = lab.signed(&bob, 0, transfer(alice.public(), 1));
    let text = serde_json::to_string(&of_bob).expect("JSON");
    let as_alice = text.replace(&bob.public().to_string(), &alice.public().to_string());
    lab.submit_text(&as_alice).complains(1, &["forged"]);
    let body = Body::Fund { to: alice.public(), amount: Microjoules::from_joules(1) };
    for key in [alice, lab.key("host.key")] {
        lab.submit(&lab.signed(&key, 1, body)).complains(1, &["is not the mint of this ledger"]);
    }
    assert_eq!(lab.balance("alice"), 100_000_000);
}

#[test]
fn amounts_that_a_signer_made_up_are_refused_by_the_ledger_itself() {
    let lab = Lab::funded();
    let (alice, bob) = (lab.wallet("alice"), lab.wallet("bob").public());
    for amount in [0, -1, i64::MIN] {
        let body = Body::Transfer { to: bob, amount: Microjoules(amount) };
        lab.submit(&lab.signed(&alice, 0, body)).complains(1, &["an amount is more than zero"]);
    }
    let body = Body::Transfer { to: bob, amount: Microjoules(i64::MAX) };
    lab.submit(&lab.signed(&alice, 0, body)).complains(1, &["has 100 J"]);
    let body = Body::Fund { to: bob, amount: Microjoules(i64::MAX) };
    lab.submit(&lab.signed(&lab.key("mint.key"), 1, body)).complains(1, &["cannot be minted"]);
    lab.good("ledger verify");
}
