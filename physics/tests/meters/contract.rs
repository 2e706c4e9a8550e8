//! What every energy meter does, whatever it reads.

use crate::rigs::{MsrAmd, MsrIntel, Perf, Powercap};
use maxwell_core::units::{Microjoules, Moment};
use maxwell_physics::meter::EnergyMeter;
use maxwell_physics::meter::counter::{Counter, Step};
use maxwell_physics::sensor::PartKind;

/// A meter on a machine whose counters the test sets.
pub(crate) trait Rig {
    /// The domains that the machine has, in the meter's order: label, kind, socket.
    fn expected(&self) -> Vec<(&'static str, PartKind, Option<u16>)>;

    /// Opens a meter, which must succeed.
    fn meter(&self) -> Box<dyn EnergyMeter>;

    /// Sets the counter of one domain, and repairs what was spoilt about it.
    fn set(&mut self, domain: usize, count: u64);

    /// The ways in which a counter can be spoilt here.
    fn ways(&self) -> &'static [Spoil];

    /// Spoils the counter of one domain.
    fn spoil(&mut self, domain: usize, way: Spoil);
}

/// What can happen to a counter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoil {
    /// It vanishes, as when a driver is unloaded.
    Gone,
    /// It holds nothing.
    Empty,
    /// It holds something that is no count, or half of one.
    Garbage,
    /// It holds a count that it cannot reach.
    BeyondRange,
}

/// Every test of the contract on every rig.
macro_rules! contract {
    ($($rig:ident => $make:expr),* $(,)?) => {$(
        mod $rig {
            use super::*;

            #[test]
            fn it_has_the_domains_of_the_machine() {
                super::it_has_the_domains_of_the_machine(&$make);
            }

            #[test]
            fn each_domain_counts_its_own_energy() {
                super::each_domain_counts_its_own_energy($make);
            }

            #[test]
            fn uneven_steps_and_wraps_lose_nothing() {
                super::uneven_steps_and_wraps_lose_nothing($make);
            }

            #[test]
            fn what_is_spoilt_is_said_and_comes_back() {
                super::what_is_spoilt_is_said_and_comes_back($make);
            }
        }
    )*};
}

contract! {
    msr_on_a_desktop => MsrIntel::desktop(),
    msr_on_two_sockets => MsrIntel::server(),
    msr_on_amd => MsrAmd::new(),
    powercap_on_a_desktop => Powercap::desktop(),
    powercap_on_two_sockets => Powercap::server(),
    powercap_on_amd => Powercap::amd(),
    perf_on_a_desktop => Perf::desktop(),
    perf_on_two_sockets => Perf::server(),
    perf_on_amd => Perf::amd(),
}

fn it_has_the_domains_of_the_machine(rig: &impl Rig) {
    let meter = rig.meter();
    let found: Vec<_> =
        meter.domains().iter().map(|domain| (domain.label.as_str(), domain.kind, domain.socket)).collect();
    assert_eq!(found, rig.expected());
}

fn each_domain_counts_its_own_energy(mut rig: impl Rig) {
    let mut meter = rig.meter();
    let domains = meter.domains().to_vec();
    // Joules that differ, so that a domain which reads another's counter is found out.
    let joules = |index: usize| 3.0 + index as f64;
    let mut counters = Vec::new();
    for (index, domain) in domains.iter().enumerate() {
        rig.set(index, 1_000);
        let mut counter = Counter::new(domain.unit, domain.modulus);
        counter.advance(Moment(0), meter.count(index, Moment(0)).unwrap());
        counters.push(counter);
    }
    for (index, domain) in domains.iter().enumerate() {
        rig.set(index, 1_000 + (joules(index) / domain.unit.as_joules()) as u64);
    }
    for (index, counter) in counters.iter_mut().enumerate() {
        let now = Moment(100_000_000);
        assert_eq!(counter.advance(now, meter.count(index, now).unwrap()), Step::Known);
        let error = (counter.energy().as_joules() - joules(index)).abs();
        assert!(error < 1e-3, "{}: {:?}", domains[index].label, counter.energy());
    }
}

fn uneven_steps_and_wraps_lose_nothing(mut rig: impl Rig) {
    let mut meter = rig.meter();
    for (index, domain) in meter.domains().to_vec().into_iter().enumerate() {
        let mut counter = Counter::new(domain.unit, domain.modulus);
        // The third step wraps, the sixth stands still.
        let start = domain.modulus - 300;
        let mut now = Moment(0);
        let mut total = 0;
        for (step, millis) in [(0, 0), (1, 1), (200, 90), (400, 400), (17, 3), (0, 100), (60_000, 2_000)] {
            now = Moment(now.0 + millis * 1_000_000);
            total += step;
            rig.set(index, ((start + total) % domain.modulus) as u64);
            let step = counter.advance(now, meter.count(index, now).unwrap());
            assert_eq!(step, Step::Known, "{} at {now:?}", domain.label);
        }
        assert_eq!(Some(counter.energy()), domain.unit.energy(total), "{}", domain.label);
        assert!(counter.energy() > Microjoules::ZERO);
    }
}

fn what_is_spoilt_is_said_and_comes_back(mut rig: impl Rig) {
    let mut meter = rig.meter();
    for index in 0..meter.domains().len() {
        for &way in rig.ways() {
            rig.set(index, 5);
            assert_eq!(meter.count(index, Moment(0)), Ok(5));
            rig.spoil(index, way);
            for _ in 0..2 {
                let why = meter.count(index, Moment(1)).expect_err(&format!("{way:?}"));
                assert!(!why.0.is_empty());
            }
            rig.set(index, 6);
            assert_eq!(meter.count(index, Moment(2)), Ok(6), "{way:?}");
        }
    }
}
