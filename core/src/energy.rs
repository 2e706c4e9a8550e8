//! Whose joules: what the package used, shared among cells, idle, Maxwell itself and everything else.

use crate::limits::WINDOW;
use crate::tick::{Reading, Sensed};
use crate::units::{Microjoules, Moment, Nanoseconds, Watts};

/// The machine as attribution sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyProfile {
    /// Power with nothing running.
    pub idle: Watts,
    /// Power that a busy slot adds.
    pub slot: Watts,
    /// Slots that there are.
    pub slots: u16,
    /// Whose energy the sensors show.
    pub readings: Readings,
}

/// Whose energy the sensors show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readings {
    /// That of the work that the meters count: the shares have to add up to it.
    #[default]
    OfThisRun,
    /// That of a recording, made by other work: nothing adds up, and the residual says nothing.
    Recorded,
}

/// CPU time used since the node's clock began, by who used it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// Cells, as metered.
    pub cells: Nanoseconds,
    /// Maxwell itself.
    pub own: Nanoseconds,
    /// Everything else on the machine.
    pub other: Nanoseconds,
}

/// The four shares of the package's energy since the first reading. Each is computed on its own from its own meter, none
/// as what the others leave, so that the residual says something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Cells: their CPU time at the power of a slot.
    pub cells: Microjoules,
    /// The machine with nothing running.
    pub idle: Microjoules,
    /// Maxwell's own CPU time.
    pub own: Microjoules,
    /// The CPU time of everything else.
    pub other: Microjoules,
    /// What the sensors say the package used.
    pub package: Microjoules,
    /// Half the width of the error bar of the sum.
    pub error: Microjoules,
    /// Whose energy that of the package is.
    pub readings: Readings,
}

impl Shares {
    /// What the sensors saw and no share explains; negative if the shares explain more than was seen.
    pub fn residual(&self) -> Microjoules {
        self.package - self.cells - self.idle - self.own - self.other
    }

    /// Whether the residual lies within the error bar, if it has to.
    pub fn balance(&self) -> bool {
        self.readings == Readings::Recorded || self.residual().abs_diff(Microjoules::ZERO) <= self.error
    }
}

/// Computes the shares from the meters and the readings.
#[derive(Debug)]
pub struct Attribution {
    profile: EnergyProfile,
    origin: Option<(Moment, Microjoules, CpuTime)>,
    observed: Option<Moment>,
    shares: Shares,
}

impl Attribution {
    /// Begins with the first reading.
    pub const fn new(profile: EnergyProfile) -> Self {
        let zero = Microjoules::ZERO;
        let readings = profile.readings;
        let shares =
            Shares { cells: zero, idle: zero, own: zero, other: zero, package: zero, error: zero, readings };
        Self { profile, origin: None, observed: None, shares }
    }

    /// The shares as of the last fresh reading.
    pub const fn shares(&self) -> &Shares {
        &self.shares
    }

    /// Joules of one cell, by its CPU time.
    pub fn of_cell(&self, used: Nanoseconds) -> Microjoules {
        self.profile.slot.over(used)
    }

    /// Takes a reading beside the meters of now. Without a new and fresh reading the shares stay as they are.
    pub fn observe(&mut self, now: Moment, sensed: &Sensed, cpu: CpuTime) {
        let Sensed::Fresh(reading) = sensed else { return };
        if self.observed.replace(reading.at) == Some(reading.at) {
            return;
        }
        let (began, energy, cpu_then) = *self.origin.get_or_insert((reading.at, reading.energy.value, cpu));
        let over = |now: Nanoseconds, then: Nanoseconds| self.profile.slot.over(now.saturating_sub(then));
        self.shares = Shares {
            cells: over(cpu.cells, cpu_then.cells),
            own: over(cpu.own, cpu_then.own),
            other: over(cpu.other, cpu_then.other),
            idle: self.profile.idle.over(reading.at.since(began)),
            package: reading.energy.value - energy,
            error: self.error(now, reading),
            readings: self.profile.readings,
        };
    }

    /// The sensor's own error, and the work of the time in which the meters and the reading are not of the same instant:
    /// two sampling periods, and the age of the reading.
    fn error(&self, now: Moment, reading: &Reading) -> Microjoules {
        let skew = WINDOW + WINDOW + now.since(reading.at);
        reading.energy.error + self.profile.slot.over(skew).times(u64::from(self.profile.slots))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tick::{Figure, Provenance};
    use crate::units::Celsius;

    fn reading(at_s: u64, joules: i64) -> Sensed {
        let provenance = Provenance::Modelled;
        Sensed::Fresh(Reading {
            at: Moment(at_s * 1_000_000_000),
            die: Figure { value: Celsius(50.0), error: Celsius(0.0), provenance },
            power: Figure { value: Watts(10.0), error: Watts(0.0), provenance },
            energy: Figure { value: Microjoules::from_joules(joules), error: Microjoules::ZERO, provenance },
            epoch: 0,
        })
    }

    fn seconds(s: u64) -> Nanoseconds {
        Nanoseconds::from_millis(1_000 * s)
    }

    #[test]
    fn a_meter_that_misses_work_shows_up_as_a_residual() {
        let readings = Readings::OfThisRun;
        let profile = EnergyProfile { idle: Watts(10.0), slot: Watts(15.0), slots: 2, readings };
        let mut attribution = Attribution::new(profile);
        let at = |s: u64| Moment(s * 1_000_000_000);
        attribution.observe(at(0), &reading(0, 0), CpuTime::default());
        let cpu = CpuTime { cells: seconds(8), own: seconds(1), other: seconds(1) };
        attribution.observe(at(10), &reading(10, 250), cpu);
        assert_eq!(attribution.shares().residual(), Microjoules::ZERO);
        attribution.observe(at(11), &reading(11, 275), CpuTime { other: Nanoseconds::ZERO, ..cpu });
        assert_eq!(attribution.shares().residual(), Microjoules::from_joules(30));
        assert!(!attribution.shares().balance());
        let recorded = Shares { readings: Readings::Recorded, ..*attribution.shares() };
        assert!(recorded.balance(), "a recording was made by other work");
    }
}
