//! The recording thread.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use maxwell_api::experiment::{AgentRow, NodeRow, TickRow};
use maxwell_core::tick::Provenance;
use maxwell_core::units::Watts;
use maxwell_daemon::inbox::StopSwitch;
use maxwell_daemon::telemetry::Obituary;
use maxwell_hypervisor::process::SchedObserver;

use super::fold::{AgentSample, NodeSample, TickSample};
use super::machine_time::MachineTime;
use super::table::Table;
use super::{MESSAGES_MAX, Message, Tape};
use crate::cast::Agent;
use crate::spec::Beat;

/// A file of the records cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {source}; make room or choose another place with --out", path.display())]
pub struct RecordError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// What every row of a run begins with.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Number of the run.
    pub run: u32,
    /// Name of the arm.
    pub arm: String,
    /// Repetition.
    pub repetition: u32,
}

/// What the recording thread looks at by itself.
pub struct Source {
    /// The agents, in the order of their cells.
    pub agents: Vec<Agent>,
    /// How the kernel schedules each of them, where it says.
    pub observers: Vec<Option<SchedObserver>>,
    /// Whether readings come from a recording.
    pub replays: bool,
    /// Power of a busy slot.
    pub slot: Watts,
}

/// What was recorded, for the end of the run.
#[derive(Debug)]
pub struct Recorded {
    /// The last figures of each agent.
    pub agents: Vec<AgentSample>,
    /// Who ended, and how.
    pub obituaries: Vec<Option<Obituary>>,
    /// Messages that could not be written down because too many waited.
    pub dropped: u64,
    /// What could not be written.
    pub error: Option<RecordError>,
}

/// The recording of a run.
pub struct Recording {
    thread: JoinHandle<Recorded>,
    dropped: Arc<AtomicU64>,
}

impl Recording {
    /// Makes the files in `folder` and starts the thread. `switch` is pressed when they cannot be written any more.
    ///
    /// # Errors
    /// When a file or the thread cannot be made.
    pub fn start(
        folder: &Path,
        labels: Labels,
        source: Source,
        records_ticks: bool,
        switch: StopSwitch,
    ) -> anyhow::Result<(Self, Tape)> {
        let (messages, queue) = sync_channel(MESSAGES_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let count = source.agents.len();
        let writer = Writer {
            node: Table::create(&folder.join("node.csv"))?,
            agents: Table::create(&folder.join("agents.csv"))?,
            ticks: records_ticks.then(|| Table::create(&folder.join("ticks.csv"))).transpose()?,
            labels,
            machine: MachineTime::start(Path::new("/")),
            waits: vec![(None, None); count],
            source,
            switch,
            last: vec![AgentSample::default(); count],
            obituaries: vec![None; count],
            error: None,
        };
        let thread = std::thread::Builder::new().name("maxwell-record".into()).spawn(|| writer.run(queue))?;
        Ok((Self { thread, dropped: dropped.clone() }, Tape { messages, dropped }))
    }

    /// Waits until everything is written. Every end of the tape must be gone before.
    ///
    /// # Errors
    /// When the thread has failed.
    pub fn end(self) -> anyhow::Result<Recorded> {
        let recorded = self.thread.join();
        let recorded =
            recorded.map_err(|_| anyhow::anyhow!("the recording failed; its message stands above"))?;
        Ok(Recorded { dropped: self.dropped.load(Ordering::Relaxed), ..recorded })
    }
}

struct Writer {
    node: Table,
    agents: Table,
    ticks: Option<Table>,
    labels: Labels,
    machine: MachineTime,
    /// Wait and timeslices of each agent, as last seen: they stay when it is gone.
    waits: Vec<(Option<f64>, Option<u64>)>,
    source: Source,
    switch: StopSwitch,
    last: Vec<AgentSample>,
    obituaries: Vec<Option<Obituary>>,
    error: Option<RecordError>,
}

impl Writer {
    fn run(mut self, queue: Receiver<Message>) -> Recorded {
        let mut samples: Vec<(usize, AgentSample)> = Vec::new();
        for message in queue {
            match message {
                Message::Agent(index, sample) => {
                    samples.push((index, sample));
                    self.last[index] = sample;
                }
                Message::Last(index, sample) => self.last[index] = sample,
                Message::Ended(index, obituary) => self.obituaries[index] = Some(obituary),
                Message::Tick(tick) => self.add_tick(&tick),
                Message::Second(second) => {
                    self.add_second(&second, &samples);
                    samples.clear();
                }
            }
        }
        Recorded { agents: self.last, obituaries: self.obituaries, dropped: 0, error: self.error }
    }

    /// Writes a second down and says that it is there. After an error nothing more is written: the run ends.
    fn add_second(&mut self, second: &NodeSample, samples: &[(usize, AgentSample)]) {
        if self.error.is_some() {
            return;
        }
        for (index, sample) in samples {
            let row = self.agent_row(second, *index, sample);
            self.agents.add(&row);
        }
        let row = self.node_row(second);
        self.node.add(&row);
        let ticks = self.ticks.as_mut().map_or(Ok(()), Table::flush);
        match ticks.and_then(|()| self.agents.flush()).and_then(|()| self.node.flush()) {
            Ok(()) => say(&Beat {
                t_s: row.t_s,
                primes: samples.iter().map(|(_, sample)| sample.primes).sum(),
                package_j: row.package_j,
                die_c: row.die_c,
            }),
            Err(error) => {
                self.error = Some(error);
                self.switch.output_lost();
            }
        }
    }

    fn node_row(&self, second: &NodeSample) -> NodeRow {
        let NodeSample { at, die, power, shares, provenance, market } = second;
        let (machine_cpu_s, machine_stolen_s, own_cpu_s) = self.machine.seconds();
        let provenance = match provenance {
            _ if self.source.replays => "replayed",
            Provenance::Measured => "measured",
            Provenance::Modelled | Provenance::Unknown => "modelled",
        };
        NodeRow {
            run: self.labels.run,
            arm: self.labels.arm.clone(),
            repetition: self.labels.repetition,
            t_s: at.as_seconds(),
            die_c: *die,
            power_w: *power,
            package_j: shares.package.as_joules(),
            idle_j: shares.idle.as_joules(),
            cells_j: shares.cells.as_joules(),
            own_j: shares.own.as_joules(),
            provenance: provenance.to_owned(),
            supply_slots: market.map(|market| market.supply),
            reserve_uj: market.map(|market| market.reserve),
            clearing_uj: market.map(|market| market.clearing),
            ticks: market.map(|market| market.ticks),
            ticks_missed: market.map(|market| market.missed),
            own_cpu_s,
            machine_cpu_s,
            machine_stolen_s,
        }
    }

    fn agent_row(&mut self, second: &NodeSample, index: usize, sample: &AgentSample) -> AgentRow {
        if let Some(stat) = self.source.observers[index].as_ref().and_then(SchedObserver::read) {
            self.waits[index] = (Some(stat.wait.as_seconds()), Some(stat.timeslices));
        }
        let agent = &self.source.agents[index];
        let (sched_wait_s, sched_timeslices) = self.waits[index];
        AgentRow {
            run: self.labels.run,
            arm: self.labels.arm.clone(),
            repetition: self.labels.repetition,
            t_s: second.at.as_seconds(),
            agent: agent.name.clone(),
            kind: agent.kind.clone(),
            state: sample.state.to_owned(),
            balance_uj: sample.balance.map(|balance| balance.0),
            quanta_won: sample.won,
            cpu_s: sample.cpu.as_seconds(),
            energy_j: self.source.slot.over(sample.cpu).as_joules(),
            primes: sample.primes,
            claims_refused: sample.refused,
            hashes: sample.hashes,
            bytes_freed: sample.freed,
            sched_wait_s,
            sched_timeslices,
        }
    }

    fn add_tick(&mut self, tick: &TickSample) {
        let Some(table) = &mut self.ticks else { return };
        let mut winners: Vec<&str> = Vec::new();
        for (agent, won) in self.source.agents.iter().zip(tick.won) {
            winners.extend(std::iter::repeat_n(agent.name.as_str(), won.into()));
        }
        table.add(&TickRow {
            run: self.labels.run,
            arm: self.labels.arm.clone(),
            repetition: self.labels.repetition,
            tick: tick.tick,
            t_s: tick.at.as_seconds(),
            die_c: tick.die,
            supply_slots: tick.supply,
            sold_slots: tick.sold,
            reserve_uj: tick.reserve.0,
            clearing_uj: tick.clearing.0,
            winners: winners.join(" "),
            used_s: tick.used.as_seconds(),
        });
    }
}

/// Tells the conductor that the run goes on. One that is gone closes the run's input as well, which ends it.
pub(crate) fn say(beat: &Beat) {
    let mut line = serde_json::to_string(beat).expect("numbers are written to memory");
    line.push('\n');
    let mut output = io::stdout().lock();
    let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());
}
