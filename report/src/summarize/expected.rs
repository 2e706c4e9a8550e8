//! What could be expected of the ratio, by counting slots and watts.

use maxwell_api::experiment::Plan;
use maxwell_api::summary::{Expected, Headline};

use crate::format::listed;

/// The physics whose joules do not answer to what runs.
pub(super) const REPLAY: &str = "replay";

/// Kinds of agents that are made not to use what they are given.
const KINDS_THAT_IDLE: &[&str] = &["sleeper", "hoarder", "bursty", "cheat"];

/// The bound of a plan, beside what was found.
pub(super) fn expected(plan: &Plan, headline: Option<&Headline>) -> Expected {
    let count = |earners_only: bool| {
        plan.agents.iter().filter(|agents| !earners_only || !agents.parasite).map(|agents| agents.count).sum()
    };
    let (earners, agents) = (count(true), count(false));
    let upper_bound = upper_bound(earners, agents, plan.slots, plan.idle_w, plan.slot_w);
    Expected {
        earners,
        agents,
        slots: plan.slots,
        idle_w: plan.idle_w,
        slot_w: plan.slot_w,
        upper_bound,
        found_share: headline.zip(upper_bound).map(|(headline, bound)| headline.ratio / bound),
        only_orientation_because: only_orientation_because(plan),
    }
}

/// Whether it is what the claim speaks of: one scientist and one miner with equal money on one slot, as they come
/// with Maxwell.
pub(super) fn is_published(plan: &Plan) -> bool {
    let present: Vec<_> = plan.agents.iter().filter(|agents| agents.count > 0).collect();
    let one = |kind: &str, parasite: bool| {
        present.iter().any(|agents| agents.kind == kind && agents.count == 1 && agents.parasite == parasite)
    };
    let [first, second] = present.as_slice() else { return false };
    plan.physics != REPLAY
        && plan.slots == 1
        && one("scientist", false)
        && one("miner", true)
        && (first.funding_factor - second.funding_factor).abs() < 1e-9
        && present.iter().all(|agents| agents.program.is_none())
}

/// Work per joule of an earner that shares the slots with earners only, divided by that of one that shares them with
/// everyone. Each agent can fill one slot.
fn upper_bound(earners: u32, agents: u32, slots: u16, idle_w: f64, slot_w: f64) -> Option<f64> {
    let work_per_joule = |sharing: u32| {
        let (slots, sharing) = (f64::from(slots), f64::from(sharing));
        (slots / sharing).min(1.0) / (idle_w + slots.min(sharing) * slot_w)
    };
    let bound = work_per_joule(earners) / work_per_joule(agents);
    (earners > 0 && slots > 0 && bound.is_finite()).then_some(bound)
}

fn only_orientation_because(plan: &Plan) -> Option<String> {
    let present = || plan.agents.iter().filter(|agents| agents.count > 0);
    let idle: Vec<&str> = present()
        .filter(|agents| agents.program.is_none() && KINDS_THAT_IDLE.contains(&agents.kind.as_str()))
        .map(|agents| agents.kind.as_str())
        .collect();
    let unknown: Vec<&str> =
        present().filter(|agents| agents.program.is_some()).map(|agents| agents.kind.as_str()).collect();
    let mut why = Vec::new();
    if plan.physics == REPLAY {
        why.push(
            "the joules of the package are those of a recording and do not answer to what runs".to_owned(),
        );
    }
    if !idle.is_empty() {
        why.push(format!(
            "agents of the kind {} do not use all the time that they could have",
            listed(&idle)
        ));
    }
    if !unknown.is_empty() {
        why.push(format!(
            "nobody knows how much of its time a program of your own uses ({})",
            listed(&unknown)
        ));
    }
    (!why.is_empty()).then(|| why.join(", and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?} is not {expected}");
    }

    #[test]
    fn one_to_one_on_one_slot_doubles() {
        close(upper_bound(1, 2, 1, 10.0, 15.0), 2.0);
    }

    #[test]
    fn three_parasites_to_a_scientist_give_four() {
        close(upper_bound(1, 4, 1, 10.0, 15.0), 4.0);
    }

    #[test]
    fn with_free_cores_only_the_parasites_joules_are_saved() {
        close(upper_bound(1, 2, 2, 10.0, 15.0), (10.0 + 15.0 + 15.0) / (10.0 + 15.0));
    }

    #[test]
    fn without_parasites_nothing_is_gained() {
        close(upper_bound(3, 3, 2, 10.0, 15.0), 1.0);
    }

    #[test]
    fn without_earners_slots_or_watts_there_is_no_bound() {
        assert_eq!(upper_bound(0, 2, 1, 10.0, 15.0), None);
        assert_eq!(upper_bound(1, 2, 0, 10.0, 15.0), None);
        assert_eq!(upper_bound(1, 2, 1, 0.0, 0.0), None);
    }
}
