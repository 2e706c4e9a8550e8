//! The demonstration as plain lines: a heading, one line a second, a summary.

use std::io::{Result, Write};

use maxwell_api::demo::{AgentReport, DemoReport};
use maxwell_core::auction::config::MarketConfig;
use maxwell_core::limits::QUANTUM;
use maxwell_core::population::lifecycle::Reason;
use maxwell_core::tick::CellId;
use maxwell_core::units::{Microjoules, Moment};
use maxwell_daemon::node::Bidding;
use maxwell_daemon::recorder::{AgentSample, Line, Sample};
use maxwell_daemon::scenario::Scenario;

use super::Mode;
use super::setup::Facts;

/// Columns in which sentences are set; the rows of the table take up to 120.
const COLUMNS: usize = 100;
/// Columns of the label before a paragraph.
const LABEL: usize = 12;

/// What runs, on what, for how much.
pub(crate) fn heading(out: &mut impl Write, scenario: &Scenario, mode: Mode, facts: &Facts) -> Result<()> {
    let machine = &scenario.machine;
    match mode {
        Mode::RealTime => writeln!(out, "maxwell demo: real time, wasm cells on {} slots\n", machine.slots)?,
        Mode::Fast { seed } => {
            writeln!(
                out,
                "maxwell demo: virtual clock, seed {seed}, wasm cells on {} slots\n",
                machine.slots
            )?;
        }
    }
    let machine = format!(
        "modelled: {} W idle, {} W a slot, set point {:.1} °C, nothing is sold at {} °C",
        machine.idle.0,
        machine.slot.0,
        scenario.set_point().0,
        scenario.critical.0
    );
    paragraph(out, "machine", &machine)?;
    if facts.market != MarketConfig::default() {
        paragraph(out, "market", &market(&facts.market))?;
    }
    for agent in &facts.agents {
        let funded = agent.funded.as_joules();
        let bids = match agent.bidding {
            Bidding::Itself(bid) => format!("bids {:.3} J a quantum", bid.as_joules()),
            Bidding::Policy(policy) => format!("is bid for by {policy}"),
        };
        paragraph(out, &agent.name, &format!("has {funded:.1} J, {bids}"))?;
    }
    let bounty = format!(
        "{:.3} J for the primes of a range, which takes {:.2} ms of CPU here:\n\
         {:.1} x the base price of {:.3} J for a full quantum",
        facts.reward.as_joules(),
        facts.cpu_per_range.as_seconds() * 1e3,
        per_quantum(facts),
        facts.base.as_joules()
    );
    paragraph(out, "bounty", &bounty)?;
    for warning in &facts.warnings {
        paragraph(out, "warning", warning)?;
    }
    table_head(out, facts)
}

fn market(market: &MarketConfig) -> String {
    let MarketConfig { mechanism, weights } = market;
    let weights: Vec<String> = weights.iter().map(|weight| weight.as_ratio().to_string()).collect();
    let slots = if weights.is_empty() {
        "all alike".to_owned()
    } else {
        format!("of weights {}", weights.join(", "))
    };
    format!("{mechanism}, slots {slots}")
}

fn per_quantum(facts: &Facts) -> f64 {
    let ranges = QUANTUM.0 as f64 / facts.cpu_per_range.0 as f64;
    facts.reward.as_joules() * ranges / facts.base.as_joules()
}

/// Two lines whose columns have the widths of [`second`] and [`agent_cells`].
fn table_head(out: &mut impl Write, facts: &Facts) -> Result<()> {
    write!(out, "\n{:>50}", "price of a quantum")?;
    for (index, agent) in facts.agents.iter().enumerate() {
        // No spaces at the end of the line.
        let width = if index + 1 < facts.agents.len() { 30 } else { 0 };
        write!(out, " | {:<width$}", agent.name)?;
    }
    write!(out, "\n{:>9}{:>9}{:>8}{:>6}{:>9}{:>9}", "time", "die", "power", "slots", "reserve", "clearing")?;
    for _ in &facts.agents {
        write!(out, " | {:<7}{:>9}{:>6}{:>8}", "state", "balance", "ran", "primes")?;
    }
    writeln!(out)
}

/// One thing that happened.
pub(crate) fn line(out: &mut impl Write, line: &Line, facts: &Facts) -> Result<()> {
    let name =
        |cell: CellId| facts.agents.get(cell.0 as usize).map_or("an agent", |agent| agent.name.as_str());
    match line {
        Line::Second(sample) => second(out, sample, facts),
        Line::Notified { at, cell, reason } => {
            writeln!(out, "{} the {} is told to end: {}", stamp(*at), name(*cell), explained(reason.word()))
        }
        // The end of the run ends everybody; it says nothing about this one.
        Line::Ended(obituary) if obituary.reason == Reason::Operator => Ok(()),
        Line::Ended(obituary) => {
            let reason = explained(obituary.reason.word());
            writeln!(out, "{} the {} is dead: {reason}", stamp(obituary.at), name(obituary.cell))?;
            last_words(out, 14, &obituary.last_words)
        }
        Line::Said { at, cell, line } => {
            writeln!(out, "{} the {} says: {}", stamp(*at), name(*cell), line.as_str())
        }
    }
}

/// Nothing but the words that an agent left, each line of them indented so that it cannot pass for one of Maxwell's.
fn last_words(out: &mut impl Write, indent: usize, words: &str) -> Result<()> {
    words.trim().lines().try_for_each(|line| writeln!(out, "{:indent$}\"{line}\"", ""))
}

fn stamp(at: Moment) -> String {
    format!("{:>7.2} s", at.as_seconds())
}

fn second(out: &mut impl Write, sample: &Sample, facts: &Facts) -> Result<()> {
    if sample.ticks == 0 {
        return Ok(());
    }
    let power = sample.power.map_or_else(|| "?".to_owned(), |watts| format!("{watts:.1}"));
    let mut row = format!(
        "{} {:>5.1} °C {power:>5} W {:>5.2} {:>6.3} J {:>6.3} J",
        stamp(sample.at),
        sample.die,
        sample.supply,
        sample.reserve / 1e6,
        sample.clearing / 1e6
    );
    for agent in sample.agents.iter().take(facts.agents.len()) {
        row += " | ";
        row += &agent_cells(agent, sample.ticks);
    }
    writeln!(out, "{}", row.trim_end())?;
    if !sample.fresh {
        writeln!(
            out,
            "{} the sensors were late: until they answer the die is taken to heat up",
            stamp(sample.at)
        )?;
    }
    Ok(())
}

fn agent_cells(agent: &AgentSample, ticks: u64) -> String {
    let Some(state) = agent.state else { return format!("{:<30}", "dead") };
    let word = state.word();
    let share = agent.won as f64 / ticks as f64 * 100.0;
    let balance = agent.balance.as_joules();
    let decimals = usize::from(balance.abs() < 9_999.0);
    format!("{word:<7} {balance:>6.decimals$} J {share:>3.0} % {:>7}", agent.primes)
}

/// Who died when and why, what was achieved, and what was modelled.
pub(crate) fn summary(out: &mut impl Write, report: &DemoReport) -> Result<()> {
    let DemoReport { duration_s, ticks, ticks_missed, .. } = report;
    let ended = if report.ended == "elapsed" { "the run is over" } else { &report.ended };
    writeln!(
        out,
        "\n{ended} after {duration_s:.1} s: {ticks} ticks, {ticks_missed} left out because they came too late\n"
    )?;
    for agent in &report.agents {
        agent_summary(out, agent)?;
    }
    // Without a tick there is no figure of either, and zero would be a false one.
    if *ticks > 0 {
        curves(out, report)?;
    }
    let work = &report.work;
    let work = format!(
        "{} verified primes, {:.2} for each joule of the whole package",
        work.primes, work.primes_per_joule
    );
    paragraph(out, "work", &work)?;
    books(out, report)?;
    let story = &report.story;
    let story = format!(
        "{}: the miner {}, the scientist {},\nthe die cooled by {:.1} K, the price fell to {:.2} of its peak",
        if story.holds { "holds" } else { "does not hold" },
        if story.miner_died_broke { "went broke" } else { "did not go broke" },
        if story.scientist_alive { "lives" } else { "is dead" },
        story.temperature_fell_k,
        story.price_at_end_of_peak
    );
    paragraph(out, "story", &story)?;
    report.notes.iter().try_for_each(|note| paragraph(out, "note", note))
}

fn curves(out: &mut impl Write, report: &DemoReport) -> Result<()> {
    let (heat, price) = (&report.temperature_c, &report.clearing_price_uj);
    let heat = format!(
        "{:.1} °C at the start, {:.1} °C at its peak ({:.0} s), {:.1} °C at the end",
        heat.start, heat.max, heat.max_at_s, heat.end
    );
    paragraph(out, "temperature", &heat)?;
    let price = format!(
        "{:.3} J a quantum at the start, {:.3} J at its peak ({:.0} s), {:.3} J at the end",
        price.start / 1e6,
        price.max / 1e6,
        price.max_at_s,
        price.end / 1e6
    );
    paragraph(out, "price", &price)
}

fn agent_summary(out: &mut impl Write, agent: &AgentReport) -> Result<()> {
    let fate = match (&agent.reason, agent.died_at_s) {
        (Some(reason), Some(at)) => format!("died at {at:.1} s: {}", explained(reason)),
        _ => "is alive".to_owned(),
    };
    paragraph(out, &agent.name, &fate)?;
    last_words(out, LABEL + 1, agent.last_words.as_deref().unwrap_or_default())?;
    let account = format!(
        "earned {:.1} J; paid {:.1} J for quanta, {:.2} J tax, {:.2} J rent, {:.2} J for claims; has {:.1} J left\n\
         used {:.1} s of CPU and {:.0} J of energy",
        joules(agent.income_uj),
        joules(agent.quanta_uj),
        joules(agent.tax_uj),
        joules(agent.rent_uj),
        joules(agent.fees_uj),
        joules(agent.balance_uj),
        agent.cpu_s,
        joules(agent.energy_uj),
    );
    paragraph(out, "", &account)?;
    match agent.claims_given_up {
        0 => Ok(()),
        claims => {
            paragraph(out, "", &format!("{claims} claims were not looked at before the end and cost nothing"))
        }
    }
}

/// A reason of the report with what it means.
fn explained(reason: &str) -> String {
    let meaning = match reason {
        "insolvent" => "its wallet did not cover its bid any more",
        "debt" => "its wallet was below zero",
        "limit" => "its program broke a limit",
        "crashed" => "its program failed",
        "finished" => "its program came to its end",
        _ => return reason.to_owned(),
    };
    format!("{reason}, {meaning}")
}

fn books(out: &mut impl Write, report: &DemoReport) -> Result<()> {
    let (energy, books) = (&report.energy, &report.conservation);
    let verdict = |holds| if holds { "conserved" } else { "NOT CONSERVED" };
    let money = format!(
        "{} (checked after every tick): {} minted,\nall accounts sum to {}, {} still held",
        verdict(books.money_holds),
        Microjoules(books.minted_uj),
        Microjoules(books.accounts_sum_uj),
        Microjoules(books.still_held_uj)
    );
    paragraph(out, "money", &money)?;
    let energy = format!(
        "{} ({}): the package used {:.1} J\n\
         = cells {:.1} J + idle {:.1} J + Maxwell {:.1} J + other {:.1} J,\n\
         residual {:.3} J, within the error bar of {:.1} J",
        verdict(books.energy_holds),
        energy.provenance,
        joules(energy.package_uj),
        joules(energy.cells_uj),
        joules(energy.idle_uj),
        joules(energy.own_uj),
        joules(energy.other_uj),
        joules(energy.residual_uj),
        joules(energy.error_uj)
    );
    paragraph(out, "energy", &energy)
}

fn joules(amount_uj: i64) -> f64 {
    Microjoules(amount_uj).as_joules()
}

/// A label and sentences, broken at spaces so that no line is wider than [`COLUMNS`], and where `text` itself breaks.
fn paragraph(out: &mut impl Write, label: &str, text: &str) -> Result<()> {
    let mut label = label;
    for part in text.lines() {
        let mut line = String::new();
        for word in part.split(' ') {
            if !line.is_empty() && LABEL + 1 + line.chars().count() + 1 + word.chars().count() > COLUMNS {
                writeln!(out, "{label:<LABEL$} {line}")?;
                (label, line) = ("", String::new());
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        writeln!(out, "{label:<LABEL$} {line}")?;
        label = "";
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(label: &str, text: &str) -> String {
        let mut out = Vec::new();
        paragraph(&mut out, label, text).expect("memory takes it");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn paragraphs_are_broken_at_spaces_and_keep_their_own_breaks() {
        assert_eq!(set("price", "0.1 J\n0.2 J"), "price        0.1 J\n             0.2 J\n");
        let long = set("note", &"µ-word ".repeat(40));
        assert!(long.lines().count() > 2);
        assert!(long.lines().all(|line| line.chars().count() <= COLUMNS), "{long}");
        assert_eq!(long.matches("µ-word").count(), 40);
        // A word that fits nowhere is not lost.
        assert_eq!(set("note", &"x".repeat(200)), format!("note         {}\n", "x".repeat(200)));
    }

    #[test]
    fn what_an_agent_said_last_cannot_pass_for_a_line_of_maxwell() {
        let mut out = Vec::new();
        last_words(&mut out, 2, "crashed\nstory        holds\n").expect("memory takes it");
        assert_eq!(String::from_utf8(out).expect("text"), "  \"crashed\"\n  \"story        holds\"\n");
    }
}
