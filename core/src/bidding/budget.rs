//! The policy `budget`: money that lasts.
//!
//! The schedule is a straight line: by the time t, of all the money that there was (what was spent on quanta and what is free now,
//! less the rent that is still to come), no more than t / horizon may be spent. What the line allows and was not spent is saved. In a
//! window it offers an equal part of what is left, so that a saving is spread over the time to come; where that is little, it offers up
//! to twice the going price as soon as it has saved it, so that a poor agent buys whole windows now and then rather than bid
//! below the reserve all the time. Income and a charge that was lower than the limit make the line steeper by themselves.

use super::{Bid, Rest, View, saturated};
use crate::limits::{WINDOW, WINDOW_TICKS};
use crate::units::Nanoseconds;

/// How many times the going price a saving is used for. A bid of twice what winners paid last is likely to win, and the second price
/// is what it pays.
const PRICES_OFFERED: i128 = 2;

pub(super) fn wanted(horizon: Nanoseconds, now: &View) -> Result<Bid, Rest> {
    let left = horizon.saturating_sub(now.elapsed);
    if left == Nanoseconds::ZERO {
        return Err(Rest::Over);
    }
    let ticks = i128::from(WINDOW_TICKS);
    let windows_left = i128::from(left.0.div_ceil(WINDOW.0));
    let spent = i128::from(now.spent.0);
    let free = now.free_after_upkeep(left).max(0);
    // What may be spent by the end of the window that begins.
    let due = now.elapsed.0.saturating_add(WINDOW.0).min(horizon.0);
    let saved = (free + spent) * i128::from(due) / i128::from(horizon.0) - spent;

    let price = i128::from(now.reserve.max(now.clearing).0.max(1));
    let slots = i128::from(now.slots.get());
    let evenly = free / windows_left;
    let offer = saved.min(evenly.max(PRICES_OFFERED * price * slots * ticks)).max(0) / ticks;
    let offer = now.max_bid.map_or(offer, |most| offer.min(i128::from(most.0)));
    let slots = (offer / price).clamp(1, slots);
    Ok(Bid { limit: saturated(offer / slots), slots: slots as u16 })
}
