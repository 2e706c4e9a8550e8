//! The economy of the experiment: as that of the demonstration, but for a set point that does not bind.

use maxwell_api::experiment::Plan;
use maxwell_core::units::{Celsius, Microjoules, Nanoseconds};
use maxwell_daemon::scenario::Economy;
use maxwell_physics::model::MachineModel;

use crate::arms::Arm;
use crate::cast::Agent;

/// The set point lies so far above the temperature of the busy machine that it does not bind: the experiment shows what
/// selection does, and heat would only help it.
const SET_POINT_ABOVE_BUSY_K: f64 = 10.0;
/// Critical above the set point.
const CRITICAL_ABOVE_SET_POINT_K: f64 = 15.0;
/// What the bounty pays for a full quantum of work, in base prices.
const BOUNTY: f64 = 4.4;
/// Money of each agent, as a part of the run.
const FUNDING_OF_DURATION: f64 = 0.1;
/// Half a slot-second is set aside for an agent's own end; with less than this hardly anything is left to bid with.
pub const FUNDING_MIN: f64 = 1.0;
/// More money than any run could spend.
pub const FUNDING_MAX: f64 = 100_000.0;
/// Budget of a bounty that pays next to nothing: a thousand million ranges.
const NOMINAL_BUDGET: Microjoules = Microjoules::from_joules(1_000);

/// The modelled machine.
pub fn machine(slots: u16) -> MachineModel {
    MachineModel { slots, ..MachineModel::DEMONSTRATION }
}

/// Temperature that the supply holds.
pub fn set_point(slots: u16) -> Celsius {
    Celsius(machine(slots).settled(f64::from(slots)).0 + SET_POINT_ABOVE_BUSY_K)
}

/// Money of each agent unless something else is asked for, in slot-seconds.
pub fn usual_funding(duration_s: u32) -> f64 {
    (FUNDING_OF_DURATION * f64::from(duration_s)).max(FUNDING_MIN)
}

/// Temperature at or above which nothing is sold.
pub fn critical(slots: u16) -> Celsius {
    Celsius(set_point(slots).0 + CRITICAL_ABOVE_SET_POINT_K)
}

/// The rules of the market in an arm.
pub fn economy(arm: Arm, plan: &Plan) -> Economy {
    let set_point = set_point(plan.slots);
    let (at_set_point, max) = if arm == Arm::FlatPrice { (1.0, 1.0) } else { (2.0, 64.0) };
    Economy {
        machine: machine(plan.slots),
        set_point,
        critical: critical(plan.slots),
        multiplier_at_set_point: at_set_point,
        multiplier_max: max,
        bounty: if arm == Arm::NoBounty { 0.0 } else { BOUNTY },
        first_range: 0,
        duration: Nanoseconds::from_millis(u64::from(plan.duration_s) * 1_000),
    }
}

/// The bounty's budget and what it pays for a range. Without income a range still pays 1 µJ, so that it can be leased and
/// its primes are counted.
pub fn bounty(
    economy: &Economy,
    base: Microjoules,
    cpu_per_range: Nanoseconds,
) -> (Microjoules, Microjoules) {
    let reward = economy.reward(base, cpu_per_range).max(Microjoules(1));
    (economy.budget(base).max(NOMINAL_BUDGET), reward)
}

/// Money of the agents in an arm, in slot-seconds.
pub const fn funding_slot_seconds(arm: Arm, plan: &Plan) -> f64 {
    match arm {
        Arm::Funding(slot_seconds) => slot_seconds,
        _ => plan.funding_slot_seconds,
    }
}

/// Money of one agent.
pub fn funding(arm: Arm, plan: &Plan, agent: &Agent) -> Microjoules {
    let slot_seconds = funding_slot_seconds(arm, plan) * agent.funding_factor;
    Microjoules((slot_seconds * plan.slot_w * 1e6).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slot_has_the_published_set_point() {
        assert!((set_point(1).0 - 60.0).abs() < 1e-9);
        assert!((set_point(2).0 - 75.0).abs() < 1e-9);
    }

    #[test]
    fn funding_follows_the_duration_and_never_falls_below_what_is_set_aside() {
        assert!((usual_funding(60) - 6.0).abs() < 1e-9);
        assert!((usual_funding(300) - 30.0).abs() < 1e-9);
        assert!((usual_funding(5) - FUNDING_MIN).abs() < 1e-9);
    }
}
