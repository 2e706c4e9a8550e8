//! Energy: cells, idle, Maxwell itself and everything else have what the machine really used for them.
//!
//! The simulator knows the machine: a slot draws so many watts and idling so many. The node is not told by which rule the
//! package's energy came about; it learns the rate from readings. Both must come to the same, share by share.

use std::collections::BTreeMap;

use maxwell_core::limits::QUANTUM;
use maxwell_core::tick::{CellId, Reading, Sensed};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds};
use maxwell_daemon::telemetry::{Obituary, TickReport};
use maxwell_physics::model::MachineModel;

use super::{Setup, Verdict, must};
use crate::kernel::KernelPlan;

/// What the product of energy and tariff may be off as a floating point number, in microjoules.
const ROUNDING_UJ: f64 = 1.0;

/// What a share may be off: its rounding, window by window, and the rounding of the rates that it is computed with.
const SHARE_OFF_UJ: f64 = 1_000.0;
const SHARE_OFF: f64 = 1e-5;

/// Where busy time lags or readings were late, a share may be off by so many times what the node says that it does not know.
const LAG_BARS: f64 = 6.0;

/// CPU time of somebody: in windows whose energy is known, and in the one that is not over.
#[derive(Clone, Copy, Debug, Default)]
struct Time {
    known_s: f64,
    pending_s: f64,
}

impl Time {
    fn close(&mut self, is_known: bool) {
        let pending = std::mem::take(&mut self.pending_s);
        self.known_s += if is_known { pending } else { 0.0 };
    }
}

#[derive(Debug)]
pub(super) struct Energy {
    machine: MachineModel,
    kernel: KernelPlan,
    tariff: f64,
    used: Nanoseconds,
    cells: Time,
    each: BTreeMap<CellId, Time>,
    own: Time,
    other: Time,
    /// When Maxwell's own and when other programs' time was last counted.
    own_to: Moment,
    counted_to: Moment,
    idle_s: f64,
    package: Microjoules,
    unknown: Nanoseconds,
    last: Option<Reading>,
    windows: f64,
    /// Epoch, energy then and energy counted since the first reading.
    bought: Option<(u32, Microjoules)>,
    due: Microjoules,
    /// What a share may be off because idle is learned from windows of which busy time is not known exactly.
    lag_j: f64,
    /// What it may be off because readings were late.
    late_j: f64,
}

impl Energy {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            machine: setup.machine,
            kernel: setup.kernel,
            tariff: setup.tariff.as_ratio(),
            used: Nanoseconds::ZERO,
            cells: Time::default(),
            each: BTreeMap::new(),
            own: Time::default(),
            other: Time::default(),
            own_to: Moment(0),
            counted_to: Moment(0),
            idle_s: 0.0,
            package: Microjoules::ZERO,
            unknown: Nanoseconds::ZERO,
            last: None,
            windows: 0.0,
            bought: None,
            due: Microjoules::ZERO,
            lag_j: 0.0,
            late_j: 0.0,
        }
    }

    pub(super) fn tick(&mut self, report: &TickReport<'_>) -> Verdict {
        if let Sensed::Fresh(reading) = report.sensed {
            self.take(reading, report.quote.at);
        }
        self.compare(report)?;
        for usage in report.usages {
            self.used += usage.used;
            self.cells.pending_s += usage.used.as_seconds();
            self.each.entry(usage.cell).or_default().pending_s += usage.used.as_seconds();
        }
        let KernelPlan { own_slots, other_slots, .. } = self.kernel;
        self.own.pending_s += own_slots * self.counted_to.since(self.own_to).as_seconds();
        self.own_to = self.counted_to;
        self.other.pending_s += other_slots * report.at.since(self.counted_to).as_seconds();
        self.counted_to = report.at;
        let cells = report.cpu.cells;
        must!(cells == self.used, "cells used {:?}, the node says {cells:?}", self.used);
        if let Some(reading) = report.sensed.last() {
            let now = reading.energy.value;
            if let Some((_, before)) = self.bought.filter(|(epoch, _)| *epoch == reading.epoch) {
                self.due += now - before;
            }
            self.bought = Some((reading.epoch, now));
        }
        self.bought(report)
    }

    /// A reading, before the use of this tick is added: it ends a window if its time is new and its energy moved.
    fn take(&mut self, reading: &Reading, now: Moment) {
        let Some(last) = self.last else {
            self.last = Some(*reading);
            self.close(false);
            return;
        };
        let is_known = reading.epoch == last.epoch;
        if reading.at == last.at || (is_known && reading.energy.value == last.energy.value) {
            return;
        }
        // A sensor that repeats a reading which the guard had refused is believed late, and the meters have gone on.
        let late = now.since(reading.at);
        if late > QUANTUM {
            let full = self.machine.slot.over(late).times(u64::from(self.machine.slots));
            self.late_j += full.as_joules();
        }
        self.last = Some(*reading);
        let span = reading.at.since(last.at);
        if is_known {
            self.idle_s += span.as_seconds();
            self.package += reading.energy.value - last.energy.value;
        } else {
            self.unknown += span;
        }
        self.close(is_known);
    }

    fn close(&mut self, is_known: bool) {
        let times = self.each.values_mut().chain([&mut self.cells, &mut self.own, &mut self.other]);
        times.for_each(|time| time.close(is_known));
    }

    /// Each share by itself, and the package and what is unknown of it to the last microjoule and nanosecond.
    fn compare(&mut self, report: &TickReport<'_>) -> Verdict {
        let shares = report.shares;
        let slot = self.machine.slot.0;
        // A reading that comes late makes a window at rest look like one at work, and idle is learned from it, as where busy time lags.
        if self.kernel.lag_seed.is_some() || self.late_j > 0.0 {
            self.lag_j = LAG_BARS * (shares.error.as_joules() + shares.idle_error.as_joules());
        }
        self.is_near("cells", shares.cells, slot * self.cells.known_s)?;
        self.is_near("everything else", shares.other, slot * self.other.known_s)?;
        self.is_near("idle", shares.idle, self.machine.idle.0 * self.idle_s)?;
        self.is_near("Maxwell itself", shares.own, slot * self.own.known_s)?;
        let (package, unknown) = (shares.package, shares.unknown);
        must!(package == self.package, "the package used {}, the node says {package}", self.package);
        must!(unknown == self.unknown, "unknown for {:?}, the node says {unknown:?}", self.unknown);
        Ok(())
    }

    /// A cell's own joules are those of its CPU time.
    pub(super) fn ended(&mut self, obituary: &Obituary) -> Verdict {
        let time = self.each.remove(&obituary.cell).unwrap_or_default();
        self.is_near("a cell", obituary.energy, self.machine.slot.0 * (time.known_s + time.pending_s))
    }

    /// The treasury has bought what the package used since the first reading as far as it is known, at the tariff, at the end of every window.
    fn bought(&mut self, report: &TickReport<'_>) -> Verdict {
        if !(report.quote.tick + 1).is_multiple_of(10) {
            return Ok(());
        }
        self.windows += 1.0;
        let grid = report.ledger.accounts().with_role(maxwell_core::ledger::Role::Grid);
        let grid: f64 = grid.map(|(_, balance)| balance.0 as f64).sum();
        let due = self.due.0 as f64 * self.tariff;
        let off = grid - due;
        must!((-ROUNDING_UJ..=self.windows).contains(&off), "the grid got {grid} uJ, {due} uJ were used");
        Ok(())
    }

    /// Whether an amount is what it should be, in joules.
    fn is_near(&self, what: &str, found: Microjoules, joules: f64) -> Verdict {
        let bar = (SHARE_OFF_UJ + SHARE_OFF * joules * 1e6) / 1e6 + self.lag_j + self.late_j;
        let off = (found.as_joules() - joules).abs();
        must!(off <= bar, "{what} used {joules:.6} J (+-{bar:.6}), the node says {found}");
        Ok(())
    }
}
