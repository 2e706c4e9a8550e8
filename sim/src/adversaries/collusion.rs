//! Two bidders who agree not to bid against each other.

use anyhow::ensure;

use super::{Finding, Floor, Player, Verdict};

const WINDOWS: u64 = 200;

/// One slot that is worth 4 to each of the two, and 2 to a third. In the ring only one of the two bids at a time.
pub(super) fn play() -> anyhow::Result<Finding> {
    let earned = |rotates: bool| {
        let mut floor = Floor::open(1)?;
        let value = floor.price(40);
        let pair = [floor.seat(Player::bidding(value))?, floor.seat(Player::bidding(value))?];
        let third = floor.seat(Player::bidding(floor.price(20)))?;
        for window in 0..WINDOWS {
            if rotates {
                let bids = window as usize % 2;
                floor.order(pair[bids], value, 1)?;
                floor.order(pair[1 - bids], value, 0)?;
            }
            floor.walk(10)?;
        }
        let utility = floor.in_base(floor.utility(pair[0], value) + floor.utility(pair[1], value));
        let bills = pair.map(|cell| floor.bill(cell));
        let quanta = bills[0].quanta_granted + bills[1].quanta_granted;
        let price = floor.in_base(bills[0].quanta + bills[1].quanta) / quanta as f64;
        ensure!(floor.bill(third).quanta_granted <= 2, "the third outbid somebody");
        anyhow::Ok((utility, price))
    };
    let ((honest, honest_price), (ring, ring_price)) = (earned(false)?, earned(true)?);
    ensure!(ring > honest, "the documentation says that a ring gains: {ring}, {honest}");
    ensure!(ring_price > 1.9, "a ring still pays what a third bids: {ring_price}");
    Ok(Finding {
        adversary: "two collude: they rotate their bids and never bid at the same time",
        verdict: Verdict::NotPrevented,
        measured: format!(
            "each would pay 4: against each other they pay {honest_price:.2} a quantum, in the ring {ring_price:.2}, what a third bids; with no third it would be the reserve"
        ),
    })
}
