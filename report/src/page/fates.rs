//! What became of each agent.

use maxwell_api::summary::{AgentSummary, ArmSummary, Summary};

use super::table::{Cell, Column, Table};
use crate::format::{NONE, listed};
use crate::plots::UJ_PER_JOULE;

/// One row for each agent of each arm that has a complete run.
pub(super) fn fates(summary: &Summary) -> Table {
    let rows = summary.arms.iter().flat_map(|arm| arm.agents.iter().map(move |agent| row(arm, agent)));
    Table {
        caption: "Fate of each agent over the complete runs: means, with the 95 % confidence interval. One $JOULE buys \
                  a joule at the base price; agents without a market have no money."
            .into(),
        columns: vec![
            Column::text("Arm"),
            Column::text("Agent"),
            Column::text("End"),
            Column::numbers("Died after (s)"),
            Column::numbers("CPU time (s)"),
            Column::numbers("Energy (J)"),
            Column::numbers("Verified primes (primes)"),
            Column::numbers("Bid a quantum ($JOULE)"),
            Column::numbers("Money at the start ($JOULE)"),
            Column::numbers("Earned ($JOULE)"),
            Column::numbers("Money at the end ($JOULE)"),
        ],
        rows: rows.collect(),
    }
}

fn row(arm: &ArmSummary, agent: &AgentSummary) -> Vec<Cell> {
    let money = |found| Cell::statistic(found, 1.0 / UJ_PER_JOULE);
    let parasite = agent.parasite.then(|| "parasite".to_owned());
    vec![
        Cell::text(format!("`{}`", arm.arm)),
        Cell { value: agent.agent.clone(), below: parasite },
        end(agent),
        Cell::statistic(agent.died_at_s, 1.0),
        Cell::statistic(agent.cpu_s, 1.0),
        Cell::statistic(agent.energy_j, 1.0),
        Cell::statistic(agent.primes, 1.0),
        money(agent.bid_uj),
        money(agent.funded_uj),
        money(agent.income_uj),
        money(agent.balance_uj),
    ]
}

fn end(agent: &AgentSummary) -> Cell {
    let runs = agent.survived + agent.died;
    let value = match (agent.survived, agent.died) {
        (0, 0) => NONE.into(),
        (_, 0) => "alive".into(),
        (0, _) => format!("dead: {}", reasons(agent)),
        (alive, _) => format!("alive in {alive} of {runs} runs, else dead: {}", reasons(agent)),
    };
    let words: Vec<String> = agent.last_words.iter().map(|words| format!("“{words}”")).collect();
    Cell { value, below: (!words.is_empty()).then(|| format!("last words: {}", listed(&words))) }
}

fn reasons(agent: &AgentSummary) -> String {
    if agent.reasons.is_empty() { "no reason recorded".into() } else { listed(&agent.reasons) }
}
