//! Energy and power from counters: packages added up, each domain with its own figures.

use crate::meter::counter::{Counter, Step};
use crate::meter::{EnergyMeter, ReadError};
use crate::sensor::{ErrorBars, Part, PartKind};
use maxwell_core::tick::Provenance;
use maxwell_core::units::{Microjoules, Moment, Nanoseconds, Watts};

/// Samples that are closer than this give no power: RAPL moves about every millisecond, so over 20 ms its step is within
/// 5 % of the energy.
pub(super) const SPAN_MIN: Nanoseconds = Nanoseconds::from_millis(20);

/// Parts of packages and memory, for which nobody is billed, are read in every tenth sample, once a second: an EPYC counts
/// each of its 64 cores, and reading them ten times a second would cost more than all the rest.
const SAMPLES_APART: u64 = 10;

/// What the counters say between two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Metered {
    /// Energy of all packages since the first sample, as far as it is known.
    pub(super) energy: Microjoules,
    /// Mean power of all packages since the sample before.
    pub(super) power: Watts,
    /// How often the sum was interrupted.
    pub(super) epoch: u32,
}

/// A meter with its wraps undone.
pub(super) struct Metering<M: EnergyMeter + ?Sized> {
    meter: Box<M>,
    errors: ErrorBars,
    accounts: Vec<Account>,
    /// When all packages were last read, and what they had used.
    last: Option<(Moment, Microjoules)>,
    epoch: u32,
    samples: u64,
}

/// One domain's books.
struct Account {
    counter: Counter,
    raw: Option<u64>,
    /// When it was last read, and the power since the time before.
    at: Option<Moment>,
    power: Option<Watts>,
}

impl<M: EnergyMeter + ?Sized> Metering<M> {
    pub(super) fn new(meter: Box<M>, errors: ErrorBars) -> Self {
        let account = |domain: &crate::meter::Domain| Account {
            counter: Counter::new(domain.unit, domain.modulus),
            raw: None,
            at: None,
            power: None,
        };
        let accounts = meter.domains().iter().map(account).collect();
        Self { meter, errors, accounts, last: None, epoch: 0, samples: 0 }
    }

    pub(super) fn name(&self) -> &'static str {
        self.meter.name()
    }

    pub(super) const fn errors(&self) -> ErrorBars {
        self.errors
    }

    pub(super) const fn meter(&self) -> &M {
        &self.meter
    }

    pub(super) const fn meter_mut(&mut self) -> &mut M {
        &mut self.meter
    }

    /// Reads every domain. The first sample is the origin: it has no power yet, and says so. A package that cannot be
    /// read fails the sample, because a sum without it would be wrong; any other domain only loses its own figures.
    ///
    /// Between samples that fail nothing is lost: the counters go on by themselves. Where it is unknown what a package
    /// used, the epoch rises, that sample fails, and the sum goes on from there.
    pub(super) fn sample(&mut self, now: Moment) -> Result<Metered, ReadError> {
        let (mut unread, mut interrupted) = (None, None);
        // The second sample too, so that a power is known from the beginning.
        let everything = self.samples == 1 || self.samples.is_multiple_of(SAMPLES_APART);
        self.samples += 1;
        for index in 0..self.accounts.len() {
            let kind = self.meter.domains()[index].kind;
            let is_billed = kind == PartKind::Package;
            if !(everything || is_billed || kind == PartKind::Gpu) {
                continue;
            }
            match self.read(index, now) {
                Err(Failed::Unread(error)) if is_billed => unread = unread.or(Some(error)),
                Err(Failed::Interrupted(error)) if is_billed => interrupted = interrupted.or(Some(error)),
                _ => {}
            }
        }
        let energy = self.packages();
        if interrupted.is_some() {
            self.epoch += 1;
            self.last = unread.is_none().then_some((now, energy));
        }
        if let Some(error) = unread.or(interrupted) {
            return Err(error);
        }
        let Some((then, before)) = self.last.replace((now, energy)) else {
            return Err(ReadError("counting begins, and power needs a second sample".to_owned()));
        };
        let power = Watts((energy - before).as_joules() / now.since(then).as_seconds());
        Ok(Metered { energy, power, epoch: self.epoch })
    }

    fn read(&mut self, index: usize, now: Moment) -> Result<(), Failed> {
        let account = &mut self.accounts[index];
        account.power = None;
        let raw = self.meter.count(index, now).map_err(Failed::Unread)?;
        account.take(now, raw).map_err(|why| {
            let label = &self.meter.domains()[index].label;
            Failed::Interrupted(ReadError(format!(
                "what {label} used since the last sample is unknown: {why}"
            )))
        })
    }

    fn packages(&self) -> Microjoules {
        let domains = self.meter.domains().iter().zip(&self.accounts);
        domains
            .filter(|(domain, _)| domain.kind == PartKind::Package)
            .map(|(_, account)| account.counter.energy())
            .sum()
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = Part> {
        let backend = self.meter.name();
        self.meter.domains().iter().zip(&self.accounts).map(move |(domain, account)| Part {
            backend,
            label: domain.label.clone(),
            kind: domain.kind,
            socket: domain.socket,
            counter: account.raw.and_then(|raw| domain.unit.energy(u128::from(raw))),
            energy: account.at.map(|_| self.errors.energy(account.counter.energy(), Provenance::Measured)),
            power: account.power.map(|power| self.errors.power(power, Provenance::Measured)),
            celsius: None,
            limit: None,
        })
    }
}

/// Why a domain has no new energy.
enum Failed {
    /// Its counter could not be read; the energy is not lost.
    Unread(ReadError),
    /// Its counter does not say how much it was.
    Interrupted(ReadError),
}

impl Account {
    /// Takes a count. What is unknown since the last one is an error, and the counter goes on from here.
    fn take(&mut self, now: Moment, raw: u64) -> Result<(), String> {
        let before = self.counter.energy();
        let then = self.at.replace(now);
        self.raw = Some(raw);
        match self.counter.advance(now, raw) {
            Step::Known => {
                let used = self.counter.energy() - before;
                self.power = then.map(|then| Watts(used.as_joules() / now.since(then).as_seconds()));
                Ok(())
            }
            Step::Unknown(why) => Err(why),
        }
    }
}
