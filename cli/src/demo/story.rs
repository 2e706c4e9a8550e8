//! Folds what the node told into the report.

use maxwell_api::demo::{AgentReport, Conservation, Curve, DemoReport, Energy, Story, VERSION, Work};
use maxwell_core::event::Stop;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::units::Microjoules;
use maxwell_daemon::node::{Bidding, Ending};
use maxwell_daemon::recorder::{AgentSample, Line, Sample};
use maxwell_daemon::telemetry::Obituary;

use super::Mode;
use super::setup::{Books, FAST_FUEL, Facts};

/// Kelvin that the die must fall from its peak for the story to hold.
const FALL_K: f64 = 2.5;
/// Part of its peak to which the clearing price must fall for the story to hold.
const PRICE_FALL: f64 = 0.7;

/// Listens to a run and tells it at the end.
pub(crate) struct StoryTeller<'a> {
    mode: Mode,
    facts: &'a Facts,
    temperature: Curve,
    reserve: Curve,
    clearing: Curve,
    seconds: u64,
    last: Sample,
    obituaries: Vec<Obituary>,
}

impl<'a> StoryTeller<'a> {
    pub(crate) fn new(mode: Mode, facts: &'a Facts) -> Self {
        Self {
            mode,
            facts,
            temperature: Curve::default(),
            reserve: Curve::default(),
            clearing: Curve::default(),
            seconds: 0,
            last: Sample::default(),
            obituaries: Vec::new(),
        }
    }

    /// Takes note of a line.
    pub(crate) fn hear(&mut self, line: &Line) {
        match line {
            Line::Second(sample) => self.hear_second(sample),
            Line::Ended(obituary) => self.obituaries.push(obituary.clone()),
            Line::Notified { .. } | Line::Said { .. } => {}
        }
    }

    fn hear_second(&mut self, sample: &Sample) {
        self.last = *sample;
        if sample.ticks == 0 {
            return;
        }
        let first = self.seconds == 0;
        let at = sample.at.as_seconds();
        // Without a fresh reading the controller's temperature is an assumption, and no part of the curve.
        if sample.fresh {
            let begins = self.temperature == Curve::default();
            extend(&mut self.temperature, sample.die, at, begins);
        }
        extend(&mut self.reserve, sample.reserve, at, first);
        extend(&mut self.clearing, sample.clearing, at, first);
        self.seconds += 1;
    }

    /// The whole run.
    pub(crate) fn tell(&self, ending: &Ending, books: &Books) -> DemoReport {
        let agents: Vec<_> = (0..self.facts.agents.len()).map(|index| self.agent(index, books)).collect();
        let primes = agents.iter().map(|agent| agent.primes).sum();
        let package = ending.shares.package.as_joules();
        let primes_per_joule = if package > 0.0 { primes as f64 / package } else { 0.0 };
        DemoReport {
            version: VERSION,
            mode: if self.mode == Mode::RealTime { "real-time" } else { "fast" }.to_owned(),
            seed: if let Mode::Fast { seed } = self.mode { Some(seed) } else { None },
            ended: match ending.stop {
                Stop::Elapsed => "elapsed",
                Stop::Interrupted => "interrupted",
                Stop::OutputLost => "output lost",
                Stop::LedgerLost => "ledger lost",
            }
            .to_owned(),
            duration_s: ending.at.as_seconds(),
            ticks: ending.ticks,
            ticks_missed: self.last.missed,
            mechanism: self.facts.market.mechanism.name().to_owned(),
            weights: self.facts.market.weights.iter().map(|weight| weight.as_ratio()).collect(),
            story: self.story(&agents),
            agents,
            temperature_c: self.temperature,
            reserve_uj: self.reserve,
            clearing_price_uj: self.clearing,
            work: Work {
                primes,
                primes_per_joule,
                reward_per_range_uj: self.facts.reward.0,
                cpu_per_range_s: self.facts.cpu_per_range.as_seconds(),
            },
            energy: energy(ending),
            conservation: conservation(ending, books),
            notes: self.notes(),
        }
    }

    fn agent(&self, index: usize, books: &Books) -> AgentReport {
        let facts = &self.facts.agents[index];
        let sample = self.last.agents.get(index).copied().unwrap_or_default();
        let obituary = self.obituaries.iter().find(|obituary| obituary.cell.0 as usize == index);
        let dead = obituary.filter(|obituary| obituary.reason != Reason::Operator);
        let bill = obituary.map(|obituary| obituary.bill).unwrap_or_default();
        let AgentSample { primes, ranges_paid, income, fees, refused, given_up, .. } = sample;
        AgentReport {
            name: facts.name.clone(),
            fate: if dead.is_some() { "dead" } else { "alive" }.to_owned(),
            reason: dead.map(|obituary| obituary.reason.word().to_owned()),
            died_at_s: dead.map(|obituary| obituary.at.as_seconds()),
            last_words: dead.map(|obituary| obituary.last_words.clone()).filter(|words| !words.is_empty()),
            bid_uj: facts.first_bid.0,
            policy: match facts.bidding {
                Bidding::Itself(_) => None,
                Bidding::Policy(policy) => Some(policy.to_string()),
            },
            funded_uj: facts.funded.0,
            balance_uj: books.balances[index].0,
            income_uj: income.0,
            fees_uj: fees.0,
            quanta_uj: bill.quanta.0,
            rent_uj: bill.rent.0,
            tax_uj: bill.tax.0,
            quanta_granted: bill.quanta_granted,
            cpu_s: bill.used.as_seconds(),
            energy_uj: obituary.map_or(0, |obituary| obituary.energy.0),
            primes,
            ranges_paid,
            claims_refused: refused,
            claims_given_up: given_up,
        }
    }

    fn story(&self, agents: &[AgentReport]) -> Story {
        let broke = ["insolvent", "debt"];
        let is = |name: &str, what: &dyn Fn(&AgentReport) -> bool| {
            agents.iter().any(|a| a.name == name && what(a))
        };
        let miner_died_broke =
            is("miner", &|agent| agent.reason.as_deref().is_some_and(|reason| broke.contains(&reason)));
        let scientist_alive = is("scientist", &|agent| agent.fate == "alive");
        let temperature_fell_k = self.temperature.max - self.temperature.end;
        let price_at_end_of_peak =
            if self.clearing.max > 0.0 { self.clearing.end / self.clearing.max } else { 1.0 };
        let fell = temperature_fell_k >= FALL_K && price_at_end_of_peak <= PRICE_FALL;
        Story {
            miner_died_broke,
            scientist_alive,
            temperature_fell_k,
            price_at_end_of_peak,
            holds: miner_died_broke && scientist_alive && fell,
        }
    }

    /// What was modelled, in sentences.
    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Temperature, power and energy are modelled, not measured: a machine of two slots (10 W idle, 15 W a slot) \
             whose heat follows the CPU time that the agents used."
                .to_owned(),
        ];
        notes.push(match self.mode {
            Mode::RealTime => {
                "CPU time, work and payments are real; Maxwell's own CPU time heats the modelled machine too.".to_owned()
            }
            Mode::Fast { .. } => format!(
                "Time is virtual: a quantum is {FAST_FUEL} units of fuel, about a fortieth of what a core of today does in 10 ms, \
                 and the bounty of a range is scaled to it. Maxwell's own CPU time counts as none."
            ),
        });
        notes.extend(self.facts.warnings.iter().cloned());
        if self.last.lines_dropped > 0 {
            notes.push(format!("{} lines were not shown: the output was too slow.", self.last.lines_dropped));
        }
        notes
    }
}

fn extend(curve: &mut Curve, value: f64, at: f64, first: bool) {
    if first {
        *curve = Curve { start: value, min: value, max: value, max_at_s: at, end: value };
    }
    if value > curve.max {
        (curve.max, curve.max_at_s) = (value, at);
    }
    curve.min = curve.min.min(value);
    curve.end = value;
}

fn energy(ending: &Ending) -> Energy {
    let shares = &ending.shares;
    Energy {
        provenance: "modelled".to_owned(),
        package_uj: shares.package.0,
        cells_uj: shares.cells.0,
        idle_uj: shares.idle.0,
        own_uj: shares.own.0,
        other_uj: shares.other.0,
        residual_uj: shares.residual().0,
        error_uj: shares.error.0,
    }
}

fn conservation(ending: &Ending, books: &Books) -> Conservation {
    Conservation {
        ticks_checked: ending.ticks,
        minted_uj: books.minted.0,
        accounts_sum_uj: books.sum.0,
        still_held_uj: books.still_held.0,
        money_holds: books.sum == Microjoules::ZERO && books.still_held == Microjoules::ZERO,
        energy_holds: ending.shares.balance(),
    }
}
