//! The policy `deadline`: work that is done in time, as cheaply as the time allows.
//!
//! *Urgency* is the work that is left over the CPU time that is left on all slots. The bid goes from the reserve, at urgency zero, to
//! the *ceiling*, at urgency one: the price at which the money that is left just buys the work that is left, in whole rounds of the
//! slots, and which may be paid on all of them in a tick. Time that passes without a slot raises the urgency, so more is bid as the
//! deadline nears; a quantum that cost less than the ceiling raises the ceiling.
//!
//! Slots are those of the cell, or as many of them as its wallet may pay the reserve for in a tick. Work that fits on the cell's slots
//! but not on those waits for a lower reserve, which allows more of them.
//!
//! The last window is kept free of plans, because an order stands for a whole one. So, when no quantum costs more than the
//! ceiling, the work is done in time: either its urgency stays below one until there is no work left, or it reaches one and
//! every quantum from there on is won.

use std::num::NonZeroU16;

use super::{Bid, Rest, View, saturated};
use crate::limits::{QUANTUM, WINDOW};
use crate::units::Nanoseconds;

pub(super) fn wanted(within: Nanoseconds, work: Nanoseconds, now: &View) -> Result<Bid, Rest> {
    let work_left = work.saturating_sub(now.used);
    if work_left == Nanoseconds::ZERO {
        return Err(Rest::Done);
    }
    let time_left = within.saturating_sub(now.elapsed);
    let on_slots = |slots: NonZeroU16, time: Nanoseconds| i128::from(time.0) * i128::from(slots.get());
    let needed = i128::from(work_left.0);
    let fits_on = |slots| needed <= on_slots(slots, time_left);
    if !fits_on(now.slots) {
        return Err(Rest::Missed);
    }
    let usable = now.slots_within_bound().filter(|slots| fits_on(*slots)).ok_or(Rest::TooDear)?;
    let quanta = work_left.0.div_ceil(QUANTUM.0);
    let slots = u64::from(usable.get()).min(quanta);
    // An order is covered for all its slots or not at all, so the last round must be affordable whole.
    let rounds = quanta.div_ceil(slots);
    let reserve = i128::from(now.reserve.0);
    let ceiling = now.free_after_upkeep(time_left) / i128::from(rounds * slots);
    // Nor above what the bound on a tick allows on all of them: urgent work wants every slot.
    let ceiling = now.max_bid.map_or(ceiling, |most| ceiling.min(i128::from(most.0) / i128::from(slots)));
    if ceiling < reserve {
        return Err(Rest::TooDear);
    }
    let planned = on_slots(usable, time_left.saturating_sub(WINDOW));
    let limit = if needed >= planned { ceiling } else { reserve + (ceiling - reserve) * needed / planned };
    Ok(Bid { limit: saturated(limit), slots: slots as u16 })
}
