//! Folds what happens on the tick into one sample a second. Nothing here waits or allocates once it is made.

use maxwell_core::energy::Shares;
use maxwell_core::event::LogLine;
use maxwell_core::tick::{CellId, Provenance, Reading, Sensed};
use maxwell_core::units::{Microjoules, Moment, Nanoseconds};
use maxwell_daemon::telemetry::Obituary;

use super::{Message, Tape};
use crate::cast::AGENTS_MAX;

/// How often a sample is made.
const SECOND: Nanoseconds = Nanoseconds::from_millis(1_000);

/// An agent at a moment. Everything but state and balance counts from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AgentSample {
    /// Its state, as rows spell it.
    pub state: &'static str,
    /// Free balance; only with a market.
    pub balance: Option<Microjoules>,
    /// Quanta won; only with a market.
    pub won: Option<u64>,
    /// CPU time used.
    pub cpu: Nanoseconds,
    /// Verified primes.
    pub primes: u64,
    /// Claims refused.
    pub refused: u64,
    /// What it was paid.
    pub income: Microjoules,
    /// Hashes, as it says.
    pub hashes: Option<u64>,
    /// Bytes given back, as it says.
    pub freed: Option<u64>,
}

impl AgentSample {
    /// Takes what a line of its log says about its work: `hashes N` and `discarded_bytes M`, anywhere in it.
    pub fn hear(&mut self, line: &LogLine) {
        let mut words = line.as_str().split_ascii_whitespace();
        while let Some(word) = words.next() {
            let told = match word {
                "hashes" => &mut self.hashes,
                "discarded_bytes" => &mut self.freed,
                _ => continue,
            };
            if let Some(number) = words.next().and_then(|number| number.parse().ok()) {
                *told = Some(number);
            }
        }
    }
}

/// The market in a second: means, and ticks since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MarketSample {
    /// Slots that the physics allowed.
    pub supply: f64,
    /// Reserve price in µJ.
    pub reserve: f64,
    /// Clearing price in µJ.
    pub clearing: f64,
    /// Ticks walked.
    pub ticks: u64,
    /// Ticks left out.
    pub missed: u64,
}

/// The machine at the end of a second: means of temperature and power, energies since the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeSample {
    /// End of the second.
    pub at: Moment,
    /// Die temperature in °C.
    pub die: f64,
    /// Power in W.
    pub power: f64,
    /// Whose joules.
    pub shares: Shares,
    /// Where the figures come from.
    pub provenance: Provenance,
    /// Prices and ticks; only with a market.
    pub market: Option<MarketSample>,
}

/// One tick of a market.
#[derive(Clone, Copy, Debug)]
pub struct TickSample {
    /// Number of the tick.
    pub tick: u64,
    /// Its end.
    pub at: Moment,
    /// Temperature that the controller acted on, in °C.
    pub die: f64,
    /// Slots that the physics allowed.
    pub supply: f64,
    /// Slots that were sold.
    pub sold: u32,
    /// Reserve price.
    pub reserve: Microjoules,
    /// Clearing price.
    pub clearing: Microjoules,
    /// Slots won by each agent.
    pub won: [u16; AGENTS_MAX],
    /// CPU time that the winners used of it.
    pub used: Nanoseconds,
}

/// The second that goes on, and the agents' counters.
#[derive(Debug)]
pub struct Fold {
    tape: Tape,
    agents: Vec<AgentSample>,
    /// When each of them ended is known to the recording thread; here they keep their last figures.
    next_second: Moment,
    readings: u64,
    die_sum: f64,
    power_sum: f64,
    last: Option<Reading>,
}

impl Fold {
    /// So many agents, all of them in `state`.
    pub fn new(tape: Tape, agents: usize, first: AgentSample) -> Self {
        Self {
            tape,
            agents: vec![first; agents],
            next_second: Moment(SECOND.0),
            readings: 0,
            die_sum: 0.0,
            power_sum: 0.0,
            last: None,
        }
    }

    /// An agent's counters.
    pub fn agent(&mut self, cell: CellId) -> Option<&mut AgentSample> {
        self.agents.get_mut(cell.0 as usize)
    }

    /// All agents' counters, in the order of their names.
    pub fn agents(&mut self) -> impl Iterator<Item = (CellId, &mut AgentSample)> {
        self.agents.iter_mut().enumerate().map(|(index, agent)| (CellId(index as u32), agent))
    }

    /// Takes what the sensors say. A reading that is too old to be believed enters no mean.
    pub fn heat(&mut self, sensed: &Sensed) {
        if let Sensed::Fresh(reading) = sensed {
            self.readings += 1;
            self.die_sum += reading.die.value.0;
            self.power_sum += reading.power.value.0;
            self.last = Some(*reading);
        }
    }

    /// An agent is over.
    pub fn ended(&mut self, obituary: Obituary) {
        let place = obituary.cell.0 as usize;
        if let Some(agent) = self.agents.get_mut(place) {
            agent.state = "dead";
            self.tape.put(Message::Ended(place, obituary));
        }
    }

    /// A tick is over, if ticks are written down.
    pub fn tick(&self, tick: TickSample) {
        self.tape.put(Message::Tick(tick));
    }

    /// Whether the second is over at `at`.
    pub fn is_second_over(&self, at: Moment) -> bool {
        at >= self.next_second
    }

    /// Ends the second. Without any reading since the start there is nothing to say about the machine, and no row.
    pub fn end_second(&mut self, at: Moment, shares: &Shares, market: Option<MarketSample>) {
        while self.next_second <= at {
            self.next_second = self.next_second + SECOND;
        }
        let Some(last) = self.last else { return };
        for (index, agent) in self.agents.iter().enumerate() {
            self.tape.put(Message::Agent(index, *agent));
        }
        let mean = |sum: f64, last: f64| if self.readings > 0 { sum / self.readings as f64 } else { last };
        let sample = NodeSample {
            at,
            die: mean(self.die_sum, last.die.value.0),
            power: mean(self.power_sum, last.power.value.0),
            shares: *shares,
            provenance: last.power.provenance,
            market,
        };
        self.tape.put(Message::Second(sample));
        (self.readings, self.die_sum, self.power_sum) = (0, 0.0, 0.0);
    }
}

impl Drop for Fold {
    /// What came after the last second, such as the last payments.
    fn drop(&mut self) {
        for (index, agent) in self.agents.iter().enumerate() {
            self.tape.put(Message::Last(index, *agent));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_agents_say_about_their_work_is_understood() {
        let mut sample = AgentSample::default();
        let check =
            |sample: &AgentSample, hashes, freed| assert_eq!((sample.hashes, sample.freed), (hashes, freed));
        sample.hear(&LogLine::new("told to end (insolvent): hashing on for 500 ms"));
        check(&sample, None, None);
        sample.hear(&LogLine::new("hashes 12 discarded_bytes 4096 lowest 00ff"));
        check(&sample, Some(12), Some(4_096));
        sample.hear(&LogLine::new("told to end: hashes 40 discarded_bytes 8192"));
        check(&sample, Some(40), Some(8_192));
        sample.hear(&LogLine::new("hashes many discarded_bytes"));
        check(&sample, Some(40), Some(8_192));
    }
}
