//! How fast this machine is at the work that the bounty pays for.
//!
//! A bounty is worth so much per *full quantum* of work, and quanta are worth more work on a faster machine. So before the
//! market opens, the scientist's program runs alone for a moment, without money, and its ranges are counted.

use std::sync::mpsc::Receiver;

use anyhow::{Result, bail};
use maxwell_core::event::{Event, Request};
use maxwell_core::limits::QUANTUM;
use maxwell_core::tick::SlotId;
use maxwell_core::units::{Microjoules, Nanoseconds};
use maxwell_hypervisor::cell::{Cell, Permit, Reply};
use maxwell_hypervisor::clock::Clock;

/// Ranges that are enough to know the time of one within a few percent.
const RANGES: u64 = 60;
/// Quanta after which the measurement ends with fewer.
const QUANTA_MAX: u32 = 2_000;

/// CPU time that a range takes the program in `cell`, whose requests arrive in `requests`.
pub(crate) fn range_cost(
    cell: &mut dyn Cell,
    requests: &Receiver<Event>,
    clock: &mut dyn Clock,
) -> Result<Nanoseconds> {
    let (mut leased, mut claimed) = (0, 0);
    let (mut used, mut used_at_claim) = (Nanoseconds::ZERO, Nanoseconds::ZERO);
    for _ in 0..QUANTA_MAX {
        run_quantum(cell, clock);
        let Some(usage) = cell.usage() else { continue };
        used += usage.used;
        if usage.exit.is_some() {
            bail!("the scientist ended while it was measured: {}", cell.last_words());
        }
        while let Ok(Event::Request { request, .. }) = requests.try_recv() {
            match request {
                Request::Lease => {
                    cell.reply(Reply::Leased(leased));
                    leased += 1;
                }
                Request::Claim(_) => {
                    claimed += 1;
                    used_at_claim = used;
                }
                Request::Order { .. } | Request::Log(_) => {}
            }
        }
        if claimed >= RANGES {
            break;
        }
    }
    if claimed == 0 {
        bail!("the scientist claimed nothing in {QUANTA_MAX} quanta; its module does not do what it should");
    }
    Ok(Nanoseconds(used_at_claim.0 / claimed))
}

fn run_quantum(cell: &mut dyn Cell, clock: &mut dyn Clock) {
    let from = clock.now();
    let until = from + QUANTUM;
    let zero = Microjoules::ZERO;
    cell.grant(&Permit { slot: SlotId(0), from, until, spot: zero, clearing: zero, balance: zero });
    clock.wait_until(until);
    cell.revoke();
}
