//! Heat: nothing is sold to a hot machine, nor to one whose temperature nobody knows.

use maxwell_core::limits::WINDOW;
use maxwell_core::tick::Sensed;
use maxwell_core::units::{Celsius, Nanoseconds, Ppm};
use maxwell_daemon::telemetry::TickReport;

use super::{Setup, Verdict, must};

/// Without a new reading for so long, nothing is sold.
const SOLD_UNTIL: Nanoseconds = Nanoseconds::from_millis(5_000);
/// Without a new reading for so long, the price is at its largest.
const DEAREST_FROM: Nanoseconds = Nanoseconds::from_millis(1_000);
/// A reading that is not older is believed: five sampling periods.
const BELIEVED_UNTIL: Nanoseconds = Nanoseconds(5 * WINDOW.0);

#[derive(Debug)]
pub(super) struct Heat {
    critical: Celsius,
    multiplier_max: Ppm,
    tariff: Ppm,
    slot_uj: f64,
}

impl Heat {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            critical: setup.critical,
            multiplier_max: Ppm::from_ratio(setup.multiplier_max),
            tariff: setup.tariff,
            // Microjoules of one quantum of 10 ms.
            slot_uj: setup.machine.slot.0 * 10_000.0,
        }
    }

    pub(super) fn tick(&mut self, report: &TickReport<'_>) -> Verdict {
        let (quote, sold) = (report.quote, report.clearing.awards.len());
        must!(quote.die < self.critical || sold == 0, "{sold} slots sold at {} degrees", quote.die.0);
        let dearest = self.multiplier_max.of_rounded_up(quote.base);
        must!(quote.base <= quote.reserve && quote.reserve <= dearest, "impossible price: {quote:?}");
        let base = self.slot_uj * self.tariff.as_ratio();
        must!((quote.base.0 as f64 - base).abs() <= 1.0, "base price {} instead of {base} uJ", quote.base);
        let Some(reading) = report.sensed.last() else {
            must!(sold == 0 && quote.reserve == dearest, "{sold} slots sold without any reading");
            return Ok(());
        };
        let age = quote.at.since(reading.at);
        let fresh = matches!(report.sensed, Sensed::Fresh(_));
        must!(
            fresh == (age <= BELIEVED_UNTIL),
            "a reading of {:.3} s ago is fresh: {fresh}",
            age.as_seconds()
        );
        must!(fresh == quote.fresh, "the quote calls a reading fresh: {}, it is: {fresh}", quote.fresh);
        if fresh {
            must!(quote.die == reading.die.value, "acted on {:?}, read {:?}", quote.die, reading.die.value);
        } else {
            must!(quote.die >= reading.die.value, "assumed {:?}, read {:?}", quote.die, reading.die.value);
        }
        must!(
            age < DEAREST_FROM || quote.reserve == dearest,
            "cheap after {:.3} s in the dark",
            age.as_seconds()
        );
        must!(age < SOLD_UNTIL || sold == 0, "{sold} slots sold after {:.3} s in the dark", age.as_seconds());
        Ok(())
    }
}
