//! Whose joules: what the package used, shared among cells, idle, Maxwell itself and everything else.
//!
//! Energy is shared in *windows*, from one fresh reading to the next. What a window's package energy has above idle is
//! divided by the CPU time for which the machine was not idle, [`CpuTime::busy`]: that is the window's *rate*. Cells,
//! Maxwell itself and everything else are each given the rate times what their own meter says.
//!
//! ```text
//!   rate     = (package - idle) / busy                             of each window
//!   cells    = sum of rate x CPU time of cells                     likewise own and other
//!   residual = package - idle - cells - own - other = sum of rate x (busy - cells - own - other)
//! ```
//!
//! So the residual says whether the meters of CPU time add up, at whatever frequency the machine ran; it cannot say
//! whether the sensor of the package is right.
//!
//! # The error bar of the residual
//!
//! No meter runs ahead, but one may lag by up to two windows: a file of the kernel is read once a window, and what a
//! cell used is known when its quantum is over. Let `B(i)` be the busy time at the end of window `i`, `S(i)` the sum of
//! the other three, and `D = B - S`. If `S` is the greater, then `B(i)`, which shows at least what was true two windows
//! ago, is at least `S(i-2)`, because `S` does not run ahead either: so `-D` is at most what `S` rose by in two windows;
//! and the same with `B` and `S` exchanged. Hence `|D(i)| <= L(i)`, the larger of the two rises and what a meter shows in
//! whole ticks only. By summation by parts, with a rate of nothing before the first reading and where energy is unknown,
//!
//! ```text
//!   sum r(i) (D(i) - D(i-1)) = r(n) D(n) - sum D(i) (r(i+1) - r(i))
//!   |residual| <= r(n) L(n) + sum |D(i)| |r(i+1) - r(i)|           the sum over those i at which |D(i)| <= L(i)
//! ```
//!
//! If meters lag and miss nothing, that is all of them and the bound holds. A meter that goes on missing work drives `D`
//! beyond `L`, where the sum stops growing and the residual does not: it is found out, however the rates vary. Meters
//! that agree add nothing to the bar, however long the run.
//!
//! When the count of CPU time was interrupted ([`CpuTime::epoch`]), the rate of that window is nothing, and so the sum
//! falls into two of the same form. `D` begins again at zero in the second, where the meters may be `L(i)` apart
//! already: so much is added to each later `L`.

mod cells;
mod idle;

pub use idle::IdleBaseline;

use crate::tick::{CellId, Sensed, Usage};
use crate::units::{Microjoules, Moment, Nanoseconds, Watts};
use cells::CellBooks;

/// A window with less than one part in so many of the machine's CPU time busy is one at rest: the baseline learns from
/// it. At two parts in a hundred the work explains so little that its rate need not be known well.
const AT_REST: u64 = 50;

/// What a meter may leave out for as long as the machine rests: the five columns of `/proc/stat` in which CPUs work are
/// each cut to 10 ms.
const GRAIN: Nanoseconds = Nanoseconds::from_millis(50);

/// What busy time can rise by in a window in which hardly anything ran: a tick of the kernel's is full. A rate cannot be
/// had from it.
const STEP: Nanoseconds = Nanoseconds::from_millis(10);

/// What rounding to whole microjoules can add to the residual in one window: a half for each of three shares and for
/// the energy of work.
const ROUNDING: Microjoules = Microjoules(2);

/// The machine as attribution sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyProfile {
    /// Power with nothing running: where the idle baseline begins.
    pub idle: Watts,
    /// Half the width of its error bar.
    pub idle_error: Watts,
    /// Power that a busy slot adds: the rate until a window at work has shown it.
    pub slot: Watts,
    /// CPUs whose busy time the meters count, sold or not: what "at rest" is measured against.
    pub cpus: u16,
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

/// CPU time used since the node's clock began, by who used it. No time ever falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// Cells, as metered.
    pub cells: Nanoseconds,
    /// Maxwell itself.
    pub own: Nanoseconds,
    /// Everything else on the machine.
    pub other: Nanoseconds,
    /// Time for which the machine's CPUs were not idle. On a real machine and in the simulation a meter of its own
    /// counts it, and the residual checks the three above. A modelled machine has no such meter: what made it busy is the
    /// sum of the three, so that the residual is rounding and shows nothing.
    pub busy: Nanoseconds,
    /// How often the count was interrupted: what was used between two moments of different epochs is not known.
    pub epoch: u32,
}

impl CpuTime {
    /// What was used since `before`.
    fn since(self, before: Self) -> Self {
        Self {
            cells: self.cells.saturating_sub(before.cells),
            own: self.own.saturating_sub(before.own),
            other: self.other.saturating_sub(before.other),
            busy: self.busy.saturating_sub(before.busy),
            epoch: self.epoch,
        }
    }

    fn accounted(self) -> Nanoseconds {
        self.cells + self.own + self.other
    }
}

/// Energy of work for each unit of CPU time: a ratio of whole numbers, so that shares are exact to a microjoule.
#[derive(Clone, Copy, Debug)]
struct Rate {
    energy: Microjoules,
    time: Nanoseconds,
}

impl Rate {
    const NOTHING: Self = Self { energy: Microjoules::ZERO, time: Nanoseconds(1) };

    fn of_power(watts: Watts) -> Self {
        let second = Nanoseconds::from_millis(1_000);
        Self { energy: watts.over(second), time: second }
    }

    fn of(self, time: Nanoseconds) -> Microjoules {
        self.energy.share(time.0, self.time.0)
    }
}

/// The four shares of the package's energy since the first reading. Each is computed on its own from its own meter, none
/// as what the others leave, so that the residual says something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Cells: their CPU time at the rate of each window.
    pub cells: Microjoules,
    /// The machine with nothing running: at rest as measured, at work by the baseline.
    pub idle: Microjoules,
    /// Half the width of the error bar of idle. What idle has too much, the others have too little.
    pub idle_error: Microjoules,
    /// Maxwell's own CPU time.
    pub own: Microjoules,
    /// The CPU time of everything else.
    pub other: Microjoules,
    /// What the sensors say the package used, in all windows whose energy is known.
    pub package: Microjoules,
    /// Half the width of the error bar of the residual; see the module's text.
    pub error: Microjoules,
    /// Length of the windows whose energy or CPU time is not known, because a sum was interrupted: in no share.
    pub unknown: Nanoseconds,
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

/// The last reading that closed a window, and the meters beside it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Moment,
    energy: Microjoules,
    epoch: u32,
    cpu: CpuTime,
}

/// Bounds how far the meters can be apart, and what that is in joules.
#[derive(Clone, Copy, Debug)]
struct Bar {
    /// Rate of the last window.
    rate: Rate,
    /// What the meters rose by in the last window.
    rose: CpuTime,
    /// By how much they are apart, unless it is more than they may be.
    apart: Nanoseconds,
    /// `sum |D(i)| |r(i+1) - r(i)|`, and rounding.
    settled: Microjoules,
    /// The meters when their epoch began, and by how much they may have been apart then.
    origin: CpuTime,
    apart_at_origin: Nanoseconds,
}

/// All meters at zero.
const NO_TIME: CpuTime = CpuTime {
    cells: Nanoseconds::ZERO,
    own: Nanoseconds::ZERO,
    other: Nanoseconds::ZERO,
    busy: Nanoseconds::ZERO,
    epoch: 0,
};

impl Bar {
    const NONE: Self = Self {
        rate: Rate::NOTHING,
        rose: NO_TIME,
        apart: Nanoseconds::ZERO,
        settled: Microjoules::ZERO,
        origin: NO_TIME,
        apart_at_origin: Nanoseconds::ZERO,
    };

    /// Takes in a window at whose end the meters stand at `cpu`; half the width of the bar after it.
    fn widen(&mut self, rate: Rate, rose: CpuTime, cpu: CpuTime) -> Microjoules {
        self.settled += rate.of(self.apart).abs_diff(self.rate.of(self.apart)) + ROUNDING;
        let (busy, accounted) = (rose.busy + self.rose.busy, rose.accounted() + self.rose.accounted());
        let mut lag = busy.max(accounted) + GRAIN;
        if cpu.epoch != self.origin.epoch {
            (self.origin, self.apart_at_origin) = (cpu, lag);
        }
        lag += self.apart_at_origin;
        let since = cpu.since(self.origin);
        let apart = Nanoseconds(since.busy.0.abs_diff(since.accounted().0));
        self.apart = if apart <= lag { apart } else { Nanoseconds::ZERO };
        (self.rate, self.rose) = (rate, rose);
        self.settled + rate.of(lag)
    }
}

/// Computes the shares from the meters and the readings.
#[derive(Debug)]
pub struct Attribution {
    cpus: u16,
    last: Option<Mark>,
    idle: IdleBaseline,
    /// Of the last window at work.
    rate: Rate,
    bar: Bar,
    shares: Shares,
    cells: CellBooks,
}

impl Attribution {
    /// Begins with the first reading.
    pub fn new(profile: EnergyProfile) -> Self {
        Self {
            cpus: profile.cpus,
            last: None,
            idle: IdleBaseline::new(profile.idle, profile.idle_error),
            rate: Rate::of_power(profile.slot),
            bar: Bar::NONE,
            shares: Shares { readings: profile.readings, ..Shares::default() },
            cells: CellBooks::new(),
        }
    }

    /// The shares as of the last window that is over.
    pub const fn shares(&self) -> &Shares {
        &self.shares
    }

    /// Idle power as it is known now.
    pub const fn idle(&self) -> &IdleBaseline {
        &self.idle
    }

    /// Joules of a live cell in the windows that are over. All cells together have their share but for half a microjoule
    /// for each cell and window.
    pub fn of_cell(&self, cell: CellId) -> Microjoules {
        self.cells.energy(cell)
    }

    /// Joules of a cell that is over; it is forgotten. The window in which it ended has no rate yet, so its time there is
    /// valued at that of the last one.
    pub fn bury(&mut self, cell: CellId) -> Microjoules {
        self.cells.leave(cell, self.rate)
    }

    /// Notes what cells used in a tick. [`CpuTime::cells`] has to contain it by the next [`Attribution::observe`].
    pub fn note(&mut self, usages: &[Usage]) {
        for usage in usages {
            self.cells.note(usage.cell, usage.used);
        }
    }

    /// Takes a reading beside the meters of now. Without a new and fresh reading the window goes on, and so it does while
    /// the energy stands still, which is what a counter that hangs shows: of a long window the mean rate is known.
    pub fn observe(&mut self, sensed: &Sensed, cpu: CpuTime) {
        let Sensed::Fresh(reading) = sensed else { return };
        let mark = Mark { at: reading.at, energy: reading.energy.value, epoch: reading.epoch, cpu };
        let Some(last) = self.last else {
            self.last = Some(mark);
            self.cells.close(Rate::NOTHING);
            self.bar.widen(Rate::NOTHING, cpu, cpu);
            return;
        };
        let is_counted = cpu.epoch == last.cpu.epoch;
        let is_known = is_counted && reading.epoch == last.epoch && mark.energy >= last.energy;
        if mark.at <= last.at || (is_known && mark.energy == last.energy) {
            return;
        }
        self.last = Some(mark);
        let (span, rose) = (mark.at.since(last.at), cpu.since(last.cpu));
        let rate = if is_known { self.share(mark.energy - last.energy, span, rose) } else { Rate::NOTHING };
        if !is_known {
            self.shares.unknown += span;
        }
        self.cells.close(rate);
        self.shares.error = self.bar.widen(rate, rose, cpu);
    }

    /// Shares the energy of a window; its rate.
    fn share(&mut self, package: Microjoules, span: Nanoseconds, rose: CpuTime) -> Rate {
        // Either meter may lag: the machine rests if both say so, but for a step of the kernel's.
        let work = rose.busy.max(rose.accounted());
        let sure = Nanoseconds(rose.busy.0.saturating_sub(STEP.0)).max(rose.accounted());
        let rests = sure.0.saturating_mul(AT_REST) < u64::from(self.cpus).saturating_mul(span.0);
        let busy_lags = rose.busy.0.saturating_mul(2) < work.0;
        let (idle, idle_error) = if rests || busy_lags {
            self.keep_rate(package, rose.busy, work)
        } else {
            self.work(package, span, rose.busy)
        };
        if rests {
            self.idle.learn(idle, idle_error, span);
        }
        let rate = self.rate;
        let shares = &mut self.shares;
        shares.package += package;
        shares.idle += idle;
        shares.idle_error += idle_error;
        shares.cells += rate.of(rose.cells);
        shares.own += rate.of(rose.own);
        shares.other += rate.of(rose.other);
        rate
    }

    /// A window at rest shows what idle is, but for the little work in it, which is also its error. So does, much worse,
    /// one in which the meter of busy time lags so far behind the `work` that it shows no rate.
    fn keep_rate(
        &mut self,
        package: Microjoules,
        busy: Nanoseconds,
        work: Nanoseconds,
    ) -> (Microjoules, Microjoules) {
        if self.rate.of(busy) > package {
            self.rate = Rate { energy: package, time: busy };
        }
        (package - self.rate.of(busy), self.rate.of(work))
    }

    /// A window at work shows the rate, given what idle is.
    fn work(
        &mut self,
        package: Microjoules,
        span: Nanoseconds,
        busy: Nanoseconds,
    ) -> (Microjoules, Microjoules) {
        self.idle.compare(package, span);
        let idle = self.idle.value().over(span).min(package);
        self.rate = Rate { energy: package - idle, time: busy };
        (idle, self.idle.error().over(span))
    }
}

#[cfg(test)]
mod tests;
