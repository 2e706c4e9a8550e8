//! From what the user asked for to the plan of an experiment.

use std::path::PathBuf;

use maxwell_api::experiment::{Plan, SkippedArm};

use crate::arms::{self, Arm, UnknownArm};
use crate::cast::{self, CastError};
use crate::economy;
use crate::spec::Gate;

/// What the user asked for. Bounds of single numbers are the command line's affair.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Clone, Debug)]
pub struct Request {
    /// Where everything is written.
    pub out: PathBuf,
    /// Names of arms, separated by commas.
    pub arms: String,
    /// Kinds and numbers of agents, separated by commas.
    pub agents: String,
    /// Programs in place of those that come with Maxwell, each as KIND=PATH.
    pub programs: Vec<String>,
    /// Slots that are sold or shared.
    pub slots: u16,
    /// Seconds of a run.
    pub duration_s: u32,
    /// Repetitions of each arm.
    pub repetitions: u32,
    /// Money of each agent in slot-seconds; `None` for what the duration gives.
    pub funding: Option<f64>,
    /// Whether the market runs with other money as well.
    pub sweep: bool,
    /// Whether a trace is replayed instead of the model.
    pub replay: bool,
    /// The trace.
    pub trace: Option<PathBuf>,
    /// Seed of the order of the runs and of the agents' work.
    pub seed: u64,
    /// How cells are stopped and continued; `None` for the best way that there is.
    pub gate: Option<Gate>,
    /// Whether every tick is recorded.
    pub record_ticks: bool,
    /// Whether nothing but the summary is printed, as JSON.
    pub json: bool,
    /// The command line, for the records.
    pub command: String,
}

/// Why a request contradicts itself or is not understood: wrong usage. Nothing was done.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// An arm.
    #[error("--arms: {0}")]
    Arms(#[from] UnknownArm),
    /// An agent.
    #[error("--agents: {0}")]
    Agents(CastError),
    /// A program.
    #[error("--program: {0}")]
    Programs(CastError),
    /// Two options that do not go together.
    #[error("--trace needs --physics replay beside it; add that, or leave the trace out")]
    TraceWithoutReplay,
    /// An option that is missing.
    #[error("--physics replay needs --trace FILE.csv beside it; name the trace, or take --physics model")]
    ReplayWithoutTrace,
    /// Options about a market without one.
    #[error("{0} is about the market, and no arm has one; add maxwell to --arms, or leave {0} out")]
    NoMarket(&'static str),
    /// Nothing is left to run.
    #[error("--arms names nothing but no-tax, which this version skips, because {NO_TAX}; name another arm")]
    NothingToRun,
}

/// Why the arm `no-tax` is left out.
const NO_TAX: &str = "cells that are processes are not taxed in this version, so every arm is without tax";

/// What is planned: the plan as it is recorded, the arms behind it, and what is left out from the start.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Its arms, in the same order.
    pub arms: Vec<Arm>,
    /// Arms that were asked for and are left out.
    pub skipped: Vec<SkippedArm>,
}

impl Planned {
    /// Reads a request.
    ///
    /// # Errors
    /// What is not understood or contradicts itself.
    pub fn of(request: &Request) -> Result<Self, UsageError> {
        match (request.replay, &request.trace) {
            (false, Some(_)) => return Err(UsageError::TraceWithoutReplay),
            (true, None) => return Err(UsageError::ReplayWithoutTrace),
            _ => {}
        }
        let agents = cast::cast(&request.agents, &request.programs).map_err(|error| match error {
            CastError::Program(_) | CastError::Absent(_) | CastError::TwoPrograms(_) => {
                UsageError::Programs(error)
            }
            _ => UsageError::Agents(error),
        })?;
        let machine = economy::machine(request.slots);
        let mut planned = Self {
            plan: Plan {
                arms: Vec::new(),
                agents,
                slots: request.slots,
                duration_s: request.duration_s,
                repetitions: request.repetitions,
                funding_slot_seconds: request
                    .funding
                    .unwrap_or_else(|| economy::usual_funding(request.duration_s)),
                seed: request.seed,
                physics: if request.replay { "replay" } else { "model" }.to_owned(),
                idle_w: machine.idle.0,
                slot_w: machine.slot.0,
                set_point_c: economy::set_point(request.slots).0,
                record_ticks: request.record_ticks,
            },
            arms: arms::arms(&request.arms, request.sweep)?,
            skipped: Vec::new(),
        };
        let has_market = planned.arms.iter().any(|arm| arm.has_market());
        for (option, is_given) in
            [("--record-ticks", request.record_ticks), ("--funding", request.funding.is_some())]
        {
            if is_given && !has_market {
                return Err(UsageError::NoMarket(option));
            }
        }
        planned.skip(|arm| if arm == Arm::NoTax { Err(NO_TAX.to_owned()) } else { Ok(()) });
        if planned.arms.is_empty() { Err(UsageError::NothingToRun) } else { Ok(planned) }
    }

    /// Leaves out the arms that cannot be done, with the reason that `can` gives.
    pub fn skip(&mut self, can: impl Fn(Arm) -> Result<(), String>) {
        let skipped = &mut self.skipped;
        self.arms.retain(|&arm| match can(arm) {
            Ok(()) => true,
            Err(because) => {
                skipped.push(SkippedArm { arm: arm.to_string(), because });
                false
            }
        });
        self.plan.arms = self.arms.iter().map(|arm| arm.plan()).collect();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn request() -> Request {
        Request {
            out: PathBuf::from("out"),
            arms: "linux,maxwell".to_owned(),
            agents: "scientist,miner".to_owned(),
            programs: vec![],
            slots: 1,
            duration_s: 60,
            repetitions: 3,
            funding: None,
            sweep: false,
            replay: false,
            trace: None,
            seed: 7,
            gate: None,
            record_ticks: false,
            json: false,
            command: "maxwell experiment --out out".to_owned(),
        }
    }

    fn refused(change: impl Fn(&mut Request), said: &[&str]) {
        let mut request = request();
        change(&mut request);
        let message = Planned::of(&request).expect_err("it is refused").to_string();
        for said in said {
            assert!(message.contains(said), "{said:?} is missing in: {message}");
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_published_pair() {
        let planned = Planned::of(&request()).unwrap();
        assert_eq!(planned.arms, [Arm::Linux, Arm::Maxwell]);
        let Plan { funding_slot_seconds, set_point_c, idle_w, slot_w, .. } = planned.plan;
        assert_eq!((funding_slot_seconds, set_point_c, idle_w, slot_w), (6.0, 60.0, 10.0, 15.0));
        assert!(planned.skipped.is_empty());
    }

    #[test]
    fn contradictions_name_both_sides_and_what_to_do() {
        refused(|r| r.trace = Some("a.csv".into()), &["--trace", "--physics replay", "leave"]);
        refused(|r| r.replay = true, &["--physics replay", "--trace FILE.csv"]);
        refused(|r| r.agents = "miner".to_owned(), &["--agents", "scientist"]);
        refused(|r| r.agents = "scientist,wale".to_owned(), &["--agents", "\"wale\"", "whale"]);
        refused(|r| r.arms = "linux,nise".to_owned(), &["--arms", "\"nise\"", "nice"]);
        refused(|r| r.programs = vec!["x".to_owned()], &["--program", "KIND=PATH"]);
        refused(|r| r.arms = "no-tax".to_owned(), &["--arms", "no-tax"]);
        let free = |r: &mut Request| r.arms = "linux,nice".to_owned();
        refused(|r| (free(r), r.record_ticks = true).1, &["--record-ticks", "add maxwell"]);
        refused(|r| (free(r), r.funding = Some(6.0)).1, &["--funding", "no arm has one"]);
    }

    #[test]
    fn arms_that_cannot_be_done_are_left_out_with_their_reason() {
        let mut planned = Planned::of(&Request { arms: "all".to_owned(), ..request() }).unwrap();
        assert_eq!(planned.skipped.len(), 1);
        assert_eq!(planned.skipped[0].arm, "no-tax");
        planned.skip(|arm| if arm == Arm::CpuMax { Err("no quotas".to_owned()) } else { Ok(()) });
        assert_eq!((planned.skipped[1].arm.as_str(), planned.plan.arms.len()), ("cpu.max", 7));
        assert!(!planned.plan.arms.iter().any(|arm| arm.name == "cpu.max"));
    }
}
