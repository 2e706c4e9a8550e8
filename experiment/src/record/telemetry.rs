//! What a node tells, as samples.

use maxwell_core::bounty::Payment;
use maxwell_core::event::LogLine;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::{CellId, Transfer};
use maxwell_core::units::Moment;
use maxwell_daemon::telemetry::{Obituary, Telemetry, TickReport};

use super::fold::{Fold, MarketSample, TickSample};
use crate::cast::AGENTS_MAX;

/// Telemetry that becomes rows. Cells are known by their place: the first agent's is zero.
#[derive(Debug)]
pub struct MarketTelemetry {
    fold: Fold,
    records_ticks: bool,
    market: MarketSample,
    ticks: u64,
}

impl MarketTelemetry {
    /// Tells `fold`, every tick of its own as well if `records_ticks`.
    pub fn new(fold: Fold, records_ticks: bool) -> Self {
        Self { fold, records_ticks, market: MarketSample::default(), ticks: 0 }
    }

    fn count(&mut self, report: &TickReport<'_>) {
        let market = &mut self.market;
        market.supply += report.quote.supply;
        market.reserve += report.quote.reserve.0 as f64;
        market.clearing += report.clearing.price.0 as f64;
        market.ticks += 1;
        market.missed = report.missed;
        self.ticks += 1;
        for award in &report.clearing.awards {
            if let Some(agent) = self.fold.agent(award.cell) {
                *agent.won.get_or_insert_default() += 1;
            }
        }
        for usage in report.usages {
            if let Some(agent) = self.fold.agent(usage.cell) {
                agent.cpu += usage.used;
            }
        }
        for (cell, agent) in self.fold.agents() {
            if let Some(member) = report.population.get(cell) {
                agent.state = member.state.word();
                agent.balance = Some(report.ledger.free(member.wallet));
            }
        }
    }

    fn record_tick(&self, report: &TickReport<'_>) {
        let mut won = [0; AGENTS_MAX];
        for award in &report.clearing.awards {
            if let Some(won) = won.get_mut(award.cell.0 as usize) {
                *won += 1;
            }
        }
        self.fold.tick(TickSample {
            tick: report.quote.tick,
            at: report.at,
            die: report.quote.die.0,
            supply: report.quote.supply,
            sold: report.clearing.awards.len() as u32,
            reserve: report.quote.reserve,
            clearing: report.clearing.price,
            won,
            used: report.usages.iter().map(|usage| usage.used).sum(),
        });
    }

    fn end_second(&mut self, report: &TickReport<'_>) {
        let ticks = std::mem::take(&mut self.ticks).max(1) as f64;
        let MarketSample { supply, reserve, clearing, ticks: walked, missed } = self.market;
        let mean = MarketSample {
            supply: supply / ticks,
            reserve: reserve / ticks,
            clearing: clearing / ticks,
            ticks: walked,
            missed,
        };
        self.fold.end_second(report.at, report.shares, Some(mean));
        self.market = MarketSample { ticks: walked, missed, ..MarketSample::default() };
    }
}

impl Telemetry for MarketTelemetry {
    fn tick(&mut self, report: &TickReport<'_>) {
        self.count(report);
        self.fold.heat(report.sensed);
        if self.records_ticks {
            self.record_tick(report);
        }
        if self.fold.is_second_over(report.at) {
            self.end_second(report);
        }
    }

    fn notified(&mut self, _at: Moment, cell: CellId, _reason: Reason) {
        if let Some(agent) = self.fold.agent(cell) {
            agent.state = "dying";
        }
    }

    fn ended(&mut self, obituary: Obituary) {
        self.fold.ended(obituary);
    }

    fn said(&mut self, _at: Moment, cell: CellId, line: &LogLine) {
        if let Some(agent) = self.fold.agent(cell) {
            agent.hear(line);
        }
    }

    fn paid(&mut self, transfer: &Transfer, payment: &Payment) {
        if let Some(agent) = self.fold.agent(payment.cell) {
            agent.primes += u64::from(payment.primes);
            agent.income += transfer.amount;
        }
    }

    fn refused(&mut self, cell: CellId, _range: u64) {
        if let Some(agent) = self.fold.agent(cell) {
            agent.refused += 1;
        }
    }
}
