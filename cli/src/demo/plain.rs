//! The demonstration as plain lines: a heading, one line a second, a summary.

use std::io::{Result, Write};

use maxwell_api::demo::{AgentReport, DemoReport};
use maxwell_core::limits::QUANTUM;
use maxwell_core::population::lifecycle::State;
use maxwell_core::tick::CellId;
use maxwell_core::units::{Microjoules, Moment};
use maxwell_daemon::recorder::{AgentSample, Line, Sample};
use maxwell_daemon::scenario::Scenario;

use super::Mode;
use super::setup::Facts;
use super::story::reason_word;

/// What runs, on what, for how much.
pub(crate) fn heading(out: &mut impl Write, scenario: &Scenario, mode: Mode, facts: &Facts) -> Result<()> {
    let machine = &scenario.machine;
    match mode {
        Mode::RealTime => writeln!(out, "maxwell demo: real time, wasm cells on {} slots", machine.slots)?,
        Mode::Fast { seed } => {
            writeln!(out, "maxwell demo: virtual clock, seed {seed}, wasm cells on {} slots", machine.slots)?
        }
    }
    writeln!(
        out,
        "modelled machine: {} W idle, {} W a slot, set point {:.1} °C, nothing is sold at {} °C",
        machine.idle.0,
        machine.slot.0,
        scenario.set_point().0,
        scenario.critical.0
    )?;
    for agent in &facts.agents {
        writeln!(out, "{:>9}: has {}, bids {} a quantum", agent.name, agent.funded, agent.bid)?;
    }
    writeln!(
        out,
        "   bounty: {} for the primes of a range; a range takes {:.2} ms of CPU here, so a full quantum earns {:.1} x the base price of {}",
        facts.reward,
        facts.cpu_per_range.as_seconds() * 1e3,
        per_quantum(facts),
        facts.base
    )?;
    for warning in &facts.warnings {
        writeln!(out, "  warning: {warning}")?;
    }
    write!(out, "\n   time      die    power  slots  reserve  clearing ")?;
    for agent in &facts.agents {
        write!(out, " | {:<9}  balance  runs  primes", agent.name)?;
    }
    writeln!(out)
}

fn per_quantum(facts: &Facts) -> f64 {
    let ranges = QUANTUM.0 as f64 / facts.cpu_per_range.0 as f64;
    facts.reward.as_joules() * ranges / facts.base.as_joules()
}

/// One thing that happened.
pub(crate) fn line(out: &mut impl Write, line: &Line, facts: &Facts) -> Result<()> {
    let name =
        |cell: CellId| facts.agents.get(cell.0 as usize).map_or("an agent", |agent| agent.name.as_str());
    match line {
        Line::Second(sample) => second(out, sample, facts),
        Line::Notified { at, cell, reason } => {
            writeln!(
                out,
                "{} the {} is told that it must end: {}",
                stamp(*at),
                name(*cell),
                reason_word(*reason)
            )
        }
        Line::Ended(obituary) => {
            let (at, who, reason) = (stamp(obituary.at), name(obituary.cell), reason_word(obituary.reason));
            writeln!(out, "{at} the {who} is ended: {reason}")?;
            match obituary.last_words.trim() {
                "" => Ok(()),
                words => writeln!(out, "{at} its last words: {words}"),
            }
        }
        Line::Said { at, cell, line } => {
            writeln!(out, "{} the {} says: {}", stamp(*at), name(*cell), line.as_str())
        }
    }
}

fn stamp(at: Moment) -> String {
    format!("{:>6.2} s", at.as_seconds())
}

fn second(out: &mut impl Write, sample: &Sample, facts: &Facts) -> Result<()> {
    if sample.ticks == 0 {
        return Ok(());
    }
    let power = sample.power.map_or("     ?".to_owned(), |watts| format!("{watts:>6.1}"));
    write!(
        out,
        "{} {:>5.1} °C {power} W {:>6.2} {:>7.3} J {:>7.3} J ",
        stamp(sample.at),
        sample.die,
        sample.supply,
        sample.reserve / 1e6,
        sample.clearing / 1e6
    )?;
    for agent in sample.agents.iter().take(facts.agents.len()) {
        write!(out, " | {}", agent_cells(agent, sample.ticks))?;
    }
    writeln!(out, "{}", if sample.fresh { "" } else { "  sensor stale" })
}

fn agent_cells(agent: &AgentSample, ticks: u64) -> String {
    let Some(state) = agent.state else { return format!("{:<9}", "dead") };
    let word = match state {
        State::Created => "created",
        State::Ready => "ready",
        State::Running => "running",
        State::Hungry { .. } => "hungry",
        State::Dying { .. } => "dying",
        State::Dead(_) => "dead",
    };
    let share = agent.won as f64 / ticks as f64 * 100.0;
    let balance = agent.balance.as_joules();
    format!("{word:<9} {balance:>6.1} J {share:>4.0} % {:>7}", agent.primes)
}

/// Who died when and why, what was achieved, and what was modelled.
pub(crate) fn summary(out: &mut impl Write, report: &DemoReport) -> Result<()> {
    writeln!(
        out,
        "\n{} after {:.1} s, {} ticks, {} missed",
        report.ended, report.duration_s, report.ticks, report.ticks_missed
    )?;
    for agent in &report.agents {
        agent_summary(out, agent)?;
    }
    let (heat, price) = (&report.temperature_c, &report.clearing_price_uj);
    writeln!(
        out,
        "temperature  {:.1} °C at the start, {:.1} °C at its peak ({:.0} s), {:.1} °C at the end",
        heat.start, heat.max, heat.max_at_s, heat.end
    )?;
    writeln!(
        out,
        "price        {:.3} J a quantum at the start, {:.3} J at its peak ({:.0} s), {:.3} J at the end",
        price.start / 1e6,
        price.max / 1e6,
        price.max_at_s,
        price.end / 1e6
    )?;
    writeln!(
        out,
        "work         {} verified primes, {:.2} primes per joule of the whole package",
        report.work.primes, report.work.primes_per_joule
    )?;
    books(out, report)?;
    let story = &report.story;
    writeln!(
        out,
        "story        {}: the miner {}, the scientist {}, the die cooled by {:.1} K, the price fell to {:.2} of its peak",
        if story.holds { "holds" } else { "does not hold" },
        if story.miner_died_broke { "went broke" } else { "did not go broke" },
        if story.scientist_alive { "lives" } else { "is dead" },
        story.temperature_fell_k,
        story.price_at_end_of_peak
    )?;
    for note in &report.notes {
        writeln!(out, "note         {note}")?;
    }
    Ok(())
}

fn agent_summary(out: &mut impl Write, agent: &AgentReport) -> Result<()> {
    let fate = match (&agent.reason, agent.died_at_s) {
        (Some(reason), Some(at)) => format!("dead at {at:.1} s: {reason}"),
        _ => "alive".to_owned(),
    };
    writeln!(
        out,
        "{:<12} {fate}; used {:.1} s of CPU, {:.0} J; earned {:.1} J, paid {:.1} J for quanta, {:.2} J tax, {:.2} J rent; has {:.1} J",
        agent.name,
        agent.cpu_s,
        joules(agent.energy_uj),
        joules(agent.income_uj),
        joules(agent.quanta_uj),
        joules(agent.tax_uj),
        joules(agent.rent_uj),
        joules(agent.balance_uj)
    )
}

fn books(out: &mut impl Write, report: &DemoReport) -> Result<()> {
    let (energy, books) = (&report.energy, &report.conservation);
    let verdict = |holds| if holds { "conserved" } else { "NOT CONSERVED" };
    writeln!(
        out,
        "money        {}: {} minted, all accounts sum to {}, {} still held; checked after every tick",
        verdict(books.money_holds),
        Microjoules(books.minted_uj),
        Microjoules(books.accounts_sum_uj),
        Microjoules(books.still_held_uj)
    )?;
    writeln!(
        out,
        "energy       {}: package {:.1} J ({}) = cells {:.1} + idle {:.1} + Maxwell {:.1} + other {:.1}, residual {:.3} within {:.1} J",
        verdict(books.energy_holds),
        joules(energy.package_uj),
        energy.provenance,
        joules(energy.cells_uj),
        joules(energy.idle_uj),
        joules(energy.own_uj),
        joules(energy.other_uj),
        joules(energy.residual_uj),
        joules(energy.error_uj)
    )
}

fn joules(amount_uj: i64) -> f64 {
    Microjoules(amount_uj).as_joules()
}
