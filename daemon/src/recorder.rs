//! Folds ticks into one sample a second, without allocating, and hands them to whoever shows them.

use std::sync::mpsc::SyncSender;

use maxwell_core::bounty::Payment;
use maxwell_core::event::LogLine;
use maxwell_core::limits::QUANTUM;
use maxwell_core::population::lifecycle::{Reason, State};
use maxwell_core::tick::{CellId, Kind, Transfer};
use maxwell_core::units::{Microjoules, Moment};

use crate::telemetry::{Obituary, Telemetry, TickReport};

/// Agents that a sample shows; those that came later are not in it.
pub const AGENTS_SHOWN_MAX: usize = 4;

/// Lines that may wait to be shown. Beyond it they are dropped and counted: a slow reader never delays a tick.
pub const LINES_MAX: usize = 4_096;

/// Log lines of one agent that are shown in one second.
pub const SAID_PER_SECOND_MAX: u32 = 10;

/// Something to show.
#[expect(clippy::large_enum_variant, reason = "a sample is copied, so that sending it allocates nothing")]
#[derive(Clone, Debug)]
pub enum Line {
    /// A second is over.
    Second(Sample),
    /// A cell was announced its end.
    Notified {
        /// When.
        at: Moment,
        /// Who.
        cell: CellId,
        /// Why.
        reason: Reason,
    },
    /// A cell is over.
    Ended(Obituary),
    /// A cell said something.
    Said {
        /// When.
        at: Moment,
        /// Who.
        cell: CellId,
        /// What.
        line: LogLine,
    },
}

/// One second of the node: means over its ticks, and the state at its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// End of the second.
    pub at: Moment,
    /// Ticks that were folded; the means say nothing without any.
    pub ticks: u64,
    /// Die temperature that the controller acted on, in °C.
    pub die: f64,
    /// Power at the end, in watts; `None` without any reading.
    pub power: Option<f64>,
    /// Slots that the physics allowed.
    pub supply: f64,
    /// Reserve price, in µJ.
    pub reserve: f64,
    /// Clearing price, in µJ.
    pub clearing: f64,
    /// Whether every reading was fresh.
    pub fresh: bool,
    /// The agents, in the order of their names.
    pub agents: [AgentSample; AGENTS_SHOWN_MAX],
    /// Ticks left out so far.
    pub missed: u64,
    /// Lines that could not be shown so far, because nobody took them.
    pub lines_dropped: u64,
}

/// One agent in a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AgentSample {
    /// Its state; `None` before its start and after its end.
    pub state: Option<State>,
    /// Free balance.
    pub balance: Microjoules,
    /// Quanta won in this second.
    pub won: u64,
    /// Verified primes so far.
    pub primes: u64,
    /// Ranges paid so far.
    pub ranges_paid: u64,
    /// Income so far.
    pub income: Microjoules,
    /// What was charged for the verifications of its claims that have taken place so far.
    pub fees: Microjoules,
    /// Claims refused so far.
    pub refused: u64,
    /// Claims that the run ended before, so that they cost nothing and were paid nothing.
    pub given_up: u64,
    said: u32,
}

/// Telemetry that becomes [`Line`]s.
#[derive(Debug)]
pub struct Recorder {
    lines: SyncSender<Line>,
    sample: Sample,
    next_second: Moment,
}

impl Recorder {
    /// A recorder that hands its lines to `lines`, a channel of [`LINES_MAX`].
    pub fn new(lines: SyncSender<Line>) -> Self {
        Self {
            lines,
            sample: Sample { fresh: true, ..Sample::default() },
            next_second: Moment(1_000_000_000),
        }
    }

    fn send(&mut self, line: Line) {
        self.sample.lines_dropped += u64::from(self.lines.try_send(line).is_err());
    }

    fn agent(&mut self, cell: CellId) -> Option<&mut AgentSample> {
        self.sample.agents.get_mut(cell.0 as usize)
    }

    fn end_second(&mut self, at: Moment) {
        let ticks = self.sample.ticks.max(1) as f64;
        let sample = &mut self.sample;
        for sum in [&mut sample.die, &mut sample.supply, &mut sample.reserve, &mut sample.clearing] {
            *sum /= ticks;
        }
        sample.at = at;
        let done = *sample;
        self.send(Line::Second(done));
        let sample = &mut self.sample;
        (sample.ticks, sample.die, sample.supply, sample.reserve, sample.clearing) = (0, 0.0, 0.0, 0.0, 0.0);
        sample.fresh = true;
        for agent in &mut sample.agents {
            (agent.won, agent.said) = (0, 0);
        }
        while self.next_second <= at {
            self.next_second = Moment(self.next_second.0 + 1_000_000_000);
        }
    }
}

impl Telemetry for Recorder {
    fn tick(&mut self, report: &TickReport<'_>) {
        let sample = &mut self.sample;
        sample.ticks += 1;
        sample.die += report.quote.die.0;
        sample.supply += report.quote.supply;
        sample.reserve += report.quote.reserve.0 as f64;
        sample.clearing += report.clearing.price.0 as f64;
        sample.power = report.sensed.last().map(|reading| reading.power.value.0);
        sample.fresh &= report.quote.fresh;
        sample.missed = report.missed;
        for (index, agent) in sample.agents.iter_mut().enumerate() {
            let member = report.population.get(CellId(index as u32));
            agent.state = member.map(|member| member.state);
            if let Some(member) = member {
                agent.balance = report.ledger.free(member.wallet);
            }
        }
        for award in &report.clearing.awards {
            if let Some(agent) = self.agent(award.cell) {
                agent.won += 1;
            }
        }
        if report.at >= self.next_second {
            self.end_second(report.at);
        }
    }

    fn notified(&mut self, at: Moment, cell: CellId, reason: Reason) {
        self.send(Line::Notified { at, cell, reason });
    }

    fn ended(&mut self, obituary: Obituary) {
        self.send(Line::Ended(obituary));
    }

    fn said(&mut self, at: Moment, cell: CellId, line: &LogLine) {
        let Some(agent) = self.agent(cell) else { return };
        agent.said += 1;
        if agent.said <= SAID_PER_SECOND_MAX {
            self.send(Line::Said { at, cell, line: *line });
        }
    }

    fn paid(&mut self, transfer: &Transfer, payment: &Payment) {
        if let Some(agent) = self.agent(payment.cell) {
            agent.primes += u64::from(payment.primes);
            agent.ranges_paid += 1;
            agent.income += transfer.amount;
        }
    }

    fn charged(&mut self, transfer: &Transfer, cell: CellId) {
        if let Some(agent) = self.agent(cell)
            && transfer.kind == Kind::Verification
        {
            agent.fees += transfer.amount;
        }
    }

    fn given_up(&mut self, cell: CellId, _range: u64, _fee: Microjoules) {
        if let Some(agent) = self.agent(cell) {
            agent.given_up += 1;
        }
    }

    fn refused(&mut self, cell: CellId, _range: u64) {
        if let Some(agent) = self.agent(cell) {
            agent.refused += 1;
        }
    }
}

impl Drop for Recorder {
    /// What was left of the last second, so that the last payments are shown too; its `ticks` may be none.
    fn drop(&mut self) {
        let begun = self.next_second.0 - 1_000_000_000;
        self.end_second(Moment(begun + self.sample.ticks * QUANTUM.0));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn claims_that_the_run_ended_before_are_in_the_last_sample() {
        let (lines, shown) = sync_channel(LINES_MAX);
        let mut recorder = Recorder::new(lines);
        (0..3).for_each(|key| recorder.given_up(CellId(1), key, Microjoules(5)));
        drop(recorder);
        let Some(Line::Second(sample)) = shown.iter().last() else { panic!("a last sample") };
        assert_eq!(sample.agents.map(|agent| agent.given_up), [0, 3, 0, 0]);
    }
}
