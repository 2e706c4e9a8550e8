//! Made-up records: an experiment whose figures can be worked out on paper.

use maxwell_api::experiment::{
    self, AgentFate, AgentPlan, AgentRow, ArmPlan, Experiment, Machine, NodeRow, Outcome, Plan, Run, TickRow,
};
use maxwell_report::{Records, RunRecords};

/// Arms that know no market.
const WITHOUT_MARKET: &[&str] = &["linux", "nice", "cpu.weight", "cpu.max", "oracle"];

/// One scientist and one miner with equal money on one slot, and no runs yet.
pub(crate) fn published(arms: &[&str]) -> Records {
    Records { experiment: experiment(arms), runs: Vec::new() }
}

pub(crate) fn experiment(arms: &[&str]) -> Experiment {
    let arm = |name: &&str| ArmPlan {
        name: (*name).into(),
        what: format!("what `{name}` is"),
        market: !WITHOUT_MARKET.contains(name),
    };
    Experiment {
        version: experiment::VERSION,
        maxwell: "0.1.0".into(),
        command: "maxwell experiment --seed 7".into(),
        began_unix_s: 1_800_000_000,
        plan: Plan {
            arms: arms.iter().map(arm).collect(),
            agents: vec![agent_plan("scientist", false, 4.0), agent_plan("miner", true, 12.0)],
            slots: 1,
            duration_s: 10,
            repetitions: 2,
            funding_slot_seconds: 6.0,
            seed: 7,
            physics: "model".into(),
            idle_w: 10.0,
            slot_w: 15.0,
            set_point_c: 60.0,
            record_ticks: false,
        },
        machine: Machine {
            cpu: "a processor".into(),
            cpus: 2,
            memory_bytes: 24 << 30,
            virtual_machine: Some("kvm".into()),
            kernel: "6.18.5".into(),
            scheduler: "EEVDF".into(),
            timer_hz: Some(250),
            governor: None,
            cgroups: "hybrid".into(),
            root: true,
            load_average: 0.25,
            capabilities: vec!["The cgroup v2 freezer is there.".into()],
            sensors: vec!["No powercap zone was found.".into()],
        },
        skipped: Vec::new(),
    }
}

pub(crate) fn agent_plan(kind: &str, parasite: bool, bid: f64) -> AgentPlan {
    AgentPlan { kind: kind.into(), count: 1, parasite, bid, funding_factor: 1.0, program: None }
}

/// What a run comes to after its 10 s.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) primes: u64,
    pub(crate) package_j: f64,
    pub(crate) scientist_cpu_s: f64,
    pub(crate) miner_cpu_s: f64,
    /// When the miner died of insolvency.
    pub(crate) miner_died_at_s: Option<f64>,
}

/// A complete run of ten rows that grow evenly to what is given. Idle takes 10 J a second, Maxwell itself 0.1.
pub(crate) fn run(arm: &str, repetition: u32, ends: Ends) -> RunRecords {
    let market = !WITHOUT_MARKET.contains(&arm);
    let about = Run {
        version: experiment::VERSION,
        run: 0,
        arm: arm.into(),
        repetition,
        outcome: Outcome::Complete,
        duration_s: 10.0,
        funding_slot_seconds: market.then_some(6.0),
        cpus: vec![1],
        gate: "cgroup v2 freezer".into(),
        meter: "cpuacct".into(),
        real_time_priority: true,
        agents: vec![
            fate("scientist", false, market, ends.scientist_cpu_s, ends.primes, None),
            fate("miner", true, market, ends.miner_cpu_s, 0, ends.miner_died_at_s),
        ],
        warnings: Vec::new(),
    };
    let seconds = || (1..=10).map(f64::from);
    let agents = seconds().flat_map(|t_s| {
        let share = t_s / 10.0;
        let scientist =
            agent_row(&about, t_s, "scientist", share * ends.scientist_cpu_s, share * ends.primes as f64);
        [scientist, agent_row(&about, t_s, "miner", share * ends.miner_cpu_s, 0.0)]
    });
    RunRecords {
        nodes: seconds().map(|t_s| node_row(&about, t_s, &ends, market)).collect(),
        agents: agents.collect(),
        ticks: Vec::new(),
        run: about,
    }
}

/// Adds runs and numbers them in the order in which they come.
pub(crate) fn add(records: &mut Records, runs: impl IntoIterator<Item = RunRecords>) {
    for mut run in runs {
        let number = records.runs.len() as u32 + 1;
        run.run.run = number;
        run.nodes.iter_mut().for_each(|row| row.run = number);
        run.agents.iter_mut().for_each(|row| row.run = number);
        run.ticks.iter_mut().for_each(|row| row.run = number);
        records.runs.push(run);
    }
}

pub(crate) fn tick_row(arm: &str, tick: u64) -> TickRow {
    TickRow {
        run: 1,
        arm: arm.into(),
        repetition: 1,
        tick,
        t_s: tick as f64 / 100.0,
        die_c: 40.0,
        supply_slots: 1.0,
        sold_slots: 1,
        reserve_uj: 150_000,
        clearing_uj: 600_000,
        winners: "miner".into(),
        used_s: 0.0098,
    }
}

fn fate(
    kind: &str,
    parasite: bool,
    market: bool,
    cpu_s: f64,
    primes: u64,
    died_at_s: Option<f64>,
) -> AgentFate {
    AgentFate {
        agent: kind.into(),
        kind: kind.into(),
        parasite,
        fate: if died_at_s.is_some() { "dead" } else { "alive" }.into(),
        reason: died_at_s.map(|_| "insolvent".into()),
        died_at_s,
        last_words: None,
        bid_uj: market.then_some(if parasite { 1_800_000 } else { 600_000 }),
        funded_uj: market.then_some(90_000_000),
        balance_uj: market.then_some(if died_at_s.is_some() { -20_000 } else { 95_000_000 }),
        income_uj: market.then_some(if parasite { 0 } else { 50_000_000 }),
        cpu_s,
        primes,
    }
}

fn agent_row(run: &Run, t_s: f64, agent: &str, cpu_s: f64, primes: f64) -> AgentRow {
    let market = run.funding_slot_seconds.is_some();
    let miner = agent == "miner";
    AgentRow {
        run: run.run,
        arm: run.arm.clone(),
        repetition: run.repetition,
        t_s,
        agent: agent.into(),
        kind: agent.into(),
        state: "running".into(),
        balance_uj: market.then_some(if miner { 90_000_000 - 9_000_000 * t_s as i64 } else { 90_000_000 }),
        quanta_won: market.then_some(100 * t_s as u64),
        cpu_s,
        energy_j: 15.0 * cpu_s,
        primes: primes.round() as u64,
        claims_refused: 0,
        hashes: miner.then_some(1_000 * t_s as u64),
        bytes_freed: None,
        sched_wait_s: (!miner).then_some(0.002 * t_s),
        sched_timeslices: (!miner).then_some(10 * t_s as u64),
    }
}

fn node_row(run: &Run, t_s: f64, ends: &Ends, market: bool) -> NodeRow {
    let share = t_s / 10.0;
    NodeRow {
        run: run.run,
        arm: run.arm.clone(),
        repetition: run.repetition,
        t_s,
        die_c: 30.0 + t_s,
        power_w: ends.package_j / 10.0,
        package_j: share * ends.package_j,
        idle_j: 10.0 * t_s,
        cells_j: share * 15.0 * (ends.scientist_cpu_s + ends.miner_cpu_s),
        own_j: if market { 0.1 * t_s } else { 0.0 },
        provenance: "modelled".into(),
        supply_slots: market.then_some(1.0),
        reserve_uj: market.then_some(150_000.0),
        clearing_uj: market.then_some(600_000.0 - 20_000.0 * t_s),
        ticks: market.then_some(99 * t_s as u64),
        ticks_missed: market.then_some(t_s as u64 / 10),
        own_cpu_s: 0.02 * t_s,
        machine_cpu_s: share * (ends.scientist_cpu_s + ends.miner_cpu_s) + 0.05 * t_s,
        machine_stolen_s: 0.01 * t_s,
    }
}
