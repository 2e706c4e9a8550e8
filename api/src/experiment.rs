//! The records of `maxwell experiment`: what a run writes down, second by second, and what it was.
//!
//! A *run* is one repetition of one arm. Every run has a folder with [`Run`] as `run.json` and its rows as CSV; the
//! rows of all runs together stand in the experiment's folder, as CSV and as Parquet. Money is whole microjoules
//! (`_uj`), energy in joules (`_j`), times in seconds since the start of the run (`_s`). A field that a run cannot know
//! is empty: there is no price without a market.

use serde::{Deserialize, Serialize};

/// Version of these formats; it rises when a reader of the old one would be misled.
pub const VERSION: u32 = 1;

/// One second of a run: a row of `node.csv`. Powers and prices are means over the second, energies and CPU times are
/// sums since the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Number of the run in the order in which they ran, from 1.
    pub run: u32,
    /// Name of the arm.
    pub arm: String,
    /// Repetition, from 1.
    pub repetition: u32,
    /// End of the second.
    pub t_s: f64,
    /// Die temperature in °C.
    pub die_c: f64,
    /// Power of the package in W.
    pub power_w: f64,
    /// Energy of the package.
    pub package_j: f64,
    /// Of it: the machine with nothing running.
    pub idle_j: f64,
    /// Of it: the cells.
    pub cells_j: f64,
    /// Of it: Maxwell itself. In an arm without Maxwell this is zero.
    pub own_j: f64,
    /// Where temperature, power and energy come from: `measured`, `modelled` or `replayed`.
    pub provenance: String,
    /// Slots that the physics allowed to be sold; only with a market.
    pub supply_slots: Option<f64>,
    /// Reserve price of a quantum; only with a market.
    pub reserve_uj: Option<f64>,
    /// Clearing price of a quantum; only with a market.
    pub clearing_uj: Option<f64>,
    /// Ticks that were walked; only with a market.
    pub ticks: Option<u64>,
    /// Ticks that were left out because the node came too late; only with a market.
    pub ticks_missed: Option<u64>,
    /// CPU time of Maxwell's own process. In an arm without Maxwell it is the recorder's, which is not charged.
    pub own_cpu_s: f64,
    /// CPU time of the whole real machine, as the kernel counts it.
    pub machine_cpu_s: f64,
    /// CPU time that the real machine's own host took from it.
    pub machine_stolen_s: f64,
}

/// One agent in one second of a run: a row of `agents.csv`. Everything but the state counts from the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRow {
    /// Number of the run.
    pub run: u32,
    /// Name of the arm.
    pub arm: String,
    /// Repetition, from 1.
    pub repetition: u32,
    /// End of the second.
    pub t_s: f64,
    /// Name of the agent, such as `miner-2`.
    pub agent: String,
    /// What it is, such as `miner`.
    pub kind: String,
    /// `created`, `ready`, `running`, `hungry`, `dying` or `dead`; without a market `running` or `dead`.
    pub state: String,
    /// Free balance of its wallet; only with a market.
    pub balance_uj: Option<i64>,
    /// Quanta won; only with a market.
    pub quanta_won: Option<u64>,
    /// CPU time used, as the kernel meters it.
    pub cpu_s: f64,
    /// Its joules, by its CPU time.
    pub energy_j: f64,
    /// Primes in ranges that were verified.
    pub primes: u64,
    /// Claims that did not hold.
    pub claims_refused: u64,
    /// Hashes, as the agent itself says; empty if it says none.
    pub hashes: Option<u64>,
    /// Bytes given back to the system, as the agent itself says; empty if it says none.
    pub bytes_freed: Option<u64>,
    /// Time in which it could have run and waited for a CPU, by the kernel's count for its first thread. Time in which
    /// the market has stopped it does not count.
    pub sched_wait_s: Option<f64>,
    /// How often it was put on a CPU. The wait divided by it is the scheduler's latency.
    pub sched_timeslices: Option<u64>,
}

/// One tick of a run: a row of `ticks.csv`, written on request and only with a market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TickRow {
    /// Number of the run.
    pub run: u32,
    /// Name of the arm.
    pub arm: String,
    /// Repetition, from 1.
    pub repetition: u32,
    /// Number of the tick.
    pub tick: u64,
    /// End of the tick.
    pub t_s: f64,
    /// Die temperature that the controller acted on, in °C.
    pub die_c: f64,
    /// Slots that the physics allowed.
    pub supply_slots: f64,
    /// Slots that were sold.
    pub sold_slots: u32,
    /// Reserve price of a quantum.
    pub reserve_uj: i64,
    /// Clearing price of a quantum.
    pub clearing_uj: i64,
    /// Winners by name, separated by spaces; one that won two slots stands there twice.
    pub winners: String,
    /// CPU time that the winners used of it.
    pub used_s: f64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", content = "why", rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran its time: it counts.
    Complete,
    /// The operator ended it early: its records are kept, its figures do not count.
    Interrupted,
    /// It failed, as the sentence says: its records are kept, its figures do not count.
    Failed(String),
}

/// One repetition of one arm: `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// Number of the run in the order in which they ran, from 1.
    pub run: u32,
    /// Name of the arm.
    pub arm: String,
    /// Repetition, from 1.
    pub repetition: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it ran.
    pub duration_s: f64,
    /// Money of each agent at the start, in seconds of one slot at the base price; only with a market.
    pub funding_slot_seconds: Option<f64>,
    /// CPUs of the real machine that were the slots.
    pub cpus: Vec<u32>,
    /// How cells were stopped and continued, such as `cgroup v2 freezer`.
    pub gate: String,
    /// How CPU time was metered, such as `cpuacct`.
    pub meter: String,
    /// Whether the node's thread had real-time priority.
    pub real_time_priority: bool,
    /// Each agent's fate.
    pub agents: Vec<AgentFate>,
    /// What stood in the way of the best operation, in sentences.
    pub warnings: Vec<String>,
}

/// What became of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentFate {
    /// Its name, such as `miner-2`.
    pub agent: String,
    /// What it is, such as `miner`.
    pub kind: String,
    /// Whether the experiment takes it for a parasite. The market does not know it.
    pub parasite: bool,
    /// `alive` or `dead` at the end.
    pub fate: String,
    /// Why it died, such as `insolvent`; `killed` if the arm did it.
    pub reason: Option<String>,
    /// When it died.
    pub died_at_s: Option<f64>,
    /// What its program said last, if it failed.
    pub last_words: Option<String>,
    /// Its bid per quantum at the start; only with a market.
    pub bid_uj: Option<i64>,
    /// What it was given at the start; only with a market.
    pub funded_uj: Option<i64>,
    /// What its wallet has at the end, debt being negative; only with a market.
    pub balance_uj: Option<i64>,
    /// What it was paid for verified claims; only with a market.
    pub income_uj: Option<i64>,
    /// CPU time used.
    pub cpu_s: f64,
    /// Primes in ranges that were verified.
    pub primes: u64,
}

/// The whole experiment: `experiment.json`, written before the first run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Version of the format: [`VERSION`].
    pub version: u32,
    /// Version of Maxwell.
    pub maxwell: String,
    /// The command that repeats it.
    pub command: String,
    /// When it began, in seconds since 1970.
    pub began_unix_s: u64,
    /// What was planned.
    pub plan: Plan,
    /// On what it ran.
    pub machine: Machine,
    /// Arms that were asked for and that this machine cannot do.
    pub skipped: Vec<SkippedArm>,
}

/// What was planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Arms, in the order in which reports show them.
    pub arms: Vec<ArmPlan>,
    /// Agents of every run, in the order of their start.
    pub agents: Vec<AgentPlan>,
    /// Slots that are sold or shared.
    pub slots: u16,
    /// Seconds of a run.
    pub duration_s: u32,
    /// Repetitions of each arm.
    pub repetitions: u32,
    /// Money of each agent in slot-seconds, where the arm does not say otherwise.
    pub funding_slot_seconds: f64,
    /// Seed of the order of the runs and of the agents' work.
    pub seed: u64,
    /// `model` or `replay`.
    pub physics: String,
    /// Power of the machine with nothing running, in W, as the physics has it.
    pub idle_w: f64,
    /// Power that a busy slot adds, in W.
    pub slot_w: f64,
    /// Temperature that the supply holds, in °C.
    pub set_point_c: f64,
    /// Whether every tick is recorded.
    pub record_ticks: bool,
}

/// One arm of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmPlan {
    /// Its name, such as `maxwell`; arms of the funding sweep are named after their money, such as `funding-10`.
    pub name: String,
    /// What it is, in a sentence.
    pub what: String,
    /// Whether Maxwell runs in it.
    pub market: bool,
}

/// Agents of one kind in the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentPlan {
    /// What they are, such as `miner`.
    pub kind: String,
    /// How many.
    pub count: u32,
    /// Whether the experiment takes them for parasites.
    pub parasite: bool,
    /// Their bid, in base prices.
    pub bid: f64,
    /// Their money, as a multiple of the others'.
    pub funding_factor: f64,
    /// Their program, if it is not the one that comes with Maxwell.
    pub program: Option<String>,
}

/// An arm that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedArm {
    /// Its name.
    pub arm: String,
    /// Why.
    pub because: String,
}

/// The machine, as far as results depend on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// CPUs that this process may use.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Whether it is a virtual machine, and of which kind, as far as it says.
    pub virtual_machine: Option<String>,
    /// Kernel release.
    pub kernel: String,
    /// Its fair scheduler: `EEVDF`, `CFS` or `not known`.
    pub scheduler: String,
    /// Timer frequency in Hz, if the kernel says.
    pub timer_hz: Option<u32>,
    /// Frequency governor, if there is one.
    pub governor: Option<String>,
    /// `v1`, `v2`, `hybrid` or `none`.
    pub cgroups: String,
    /// Whether it ran as root.
    pub root: bool,
    /// Load average over one minute at the start.
    pub load_average: f64,
    /// What the cells' gate and meter are and why, one sentence for each that was looked at.
    pub capabilities: Vec<String>,
    /// What the sensors are and why, one sentence for each that was looked at.
    pub sensors: Vec<String>,
}
