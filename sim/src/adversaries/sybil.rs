//! One bidder with a thousand wallets.

use anyhow::ensure;
use maxwell_core::limits::SET_ASIDE_QUANTA;
use maxwell_core::tick::CellId;

use super::{Finding, Floor, Player, Verdict};

const WALLETS: usize = 1_000;

/// Equal bids share in turn, and a turn is an order's, whoever owns it.
pub(super) fn play() -> anyhow::Result<Finding> {
    let mut floor = Floor::open(1)?;
    let limit = floor.price(20);
    let honest = floor.seat(Player::bidding(limit))?;
    let sybils = (0..WALLETS).map(|_| floor.seat(Player::bidding(limit)));
    let sybils: Vec<CellId> = sybils.collect::<anyhow::Result<_>>()?;
    let turns = WALLETS as u64 + 1;
    floor.walk(2 * turns + 10)?;
    let quanta = |cell: &CellId| floor.bill(*cell).quanta_granted;
    let (alone, together) = (quanta(&honest), sybils.iter().map(quanta).sum::<u64>());
    ensure!((2..=3).contains(&alone), "every order has its turn: the honest one {alone} quanta");
    let most = sybils.iter().map(quanta).max().unwrap_or_default();
    ensure!(most <= alone + 1, "no order has more turns than another: {most} against {alone}");
    let outbid = outbid(WALLETS)?;
    Ok(Finding {
        adversary: "one bidder with 1,000 wallets at the same bid (Sybil)",
        verdict: Verdict::NotPrevented,
        measured: format!(
            "{together} of {} quanta instead of every second one, for {SET_ASIDE_QUANTA} base prices locked in each wallet; who bids more than they do is served first and has {:.1} %",
            together + alone,
            100.0 * outbid
        ),
    })
}

/// The share of the slot that one bid above the crowd has.
fn outbid(wallets: usize) -> anyhow::Result<f64> {
    let mut floor = Floor::open(1)?;
    let better = floor.seat(Player::bidding(floor.price(21)))?;
    for _ in 0..wallets {
        floor.seat(Player::bidding(floor.price(20)))?;
    }
    floor.walk(500)?;
    let share = floor.bill(better).quanta_granted as f64 / 500.0;
    ensure!(share > 0.99, "a better bid has {share} of the slot beside {wallets} worse ones");
    Ok(share)
}
