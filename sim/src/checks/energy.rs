//! Energy: cells, idle and everything else are what the package used.

use maxwell_core::limits::WINDOW;
use maxwell_core::tick::{Reading, Sensed};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds};
use maxwell_daemon::telemetry::TickReport;
use maxwell_physics::model::MachineModel;

use super::{Setup, Verdict, must};

/// What the product of energy and tariff may be off as a floating point number, in microjoules.
const ROUNDING_UJ: f64 = 1.0;

#[derive(Debug)]
pub(super) struct Energy {
    machine: MachineModel,
    other_slots: f64,
    tariff: f64,
    used: Nanoseconds,
    origin: Option<(Reading, Nanoseconds)>,
    last: Option<Moment>,
    windows: f64,
    bought_from: Option<Microjoules>,
}

impl Energy {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            machine: setup.machine,
            other_slots: setup.other_slots,
            tariff: setup.tariff.as_ratio(),
            used: Nanoseconds::ZERO,
            origin: None,
            last: None,
            windows: 0.0,
            bought_from: None,
        }
    }

    pub(super) fn tick(&mut self, report: &TickReport<'_>) -> Verdict {
        if let Sensed::Fresh(reading) = report.sensed
            && self.last.replace(reading.at) != Some(reading.at)
        {
            self.compare(reading, report.quote.at)?;
        }
        self.used += report.usages.iter().map(|usage| usage.used).sum();
        let cells = report.cpu.cells;
        must!(cells == self.used, "cells used {:?}, the node says {cells:?}", self.used);
        if let Some(reading) = report.sensed.last() {
            self.bought_from.get_or_insert(reading.energy.value);
        }
        self.bought(report)
    }

    /// A new reading, before the use of this tick is added.
    fn compare(&mut self, reading: &Reading, now: Moment) -> Verdict {
        let (first, used) = *self.origin.get_or_insert((*reading, self.used));
        let seconds = reading.at.since(first.at).as_seconds();
        let cells = self.used.saturating_sub(used).as_seconds();
        let busy = cells + self.other_slots * seconds;
        let expected = self.machine.idle.0 * seconds + self.machine.slot.0 * busy;
        let found = (reading.energy.value - first.energy.value).as_joules();
        let skew = 2.0 * WINDOW.as_seconds() + now.since(reading.at).as_seconds();
        let bar = self.machine.slot.0 * f64::from(self.machine.slots) * skew;
        must!(
            (found - expected).abs() <= bar,
            "{found:.3} J were used, {expected:.3} J (+-{bar:.3}) by somebody"
        );
        Ok(())
    }

    /// The treasury has bought what the package used since the first reading, at the tariff, at the end of every window.
    fn bought(&mut self, report: &TickReport<'_>) -> Verdict {
        if !(report.quote.tick + 1).is_multiple_of(10) {
            return Ok(());
        }
        self.windows += 1.0;
        let Some(reading) = report.sensed.last() else { return Ok(()) };
        let grid = report.ledger.accounts().with_role(maxwell_core::ledger::Role::Grid);
        let grid: f64 = grid.map(|(_, balance)| balance.0 as f64).sum();
        let first = self.bought_from.unwrap_or_default();
        let due = (reading.energy.value - first).0 as f64 * self.tariff;
        let off = grid - due;
        must!((-ROUNDING_UJ..=self.windows).contains(&off), "the grid got {grid} uJ, {due} uJ were used");
        Ok(())
    }
}
