//! By which rule the demonstration's slots are sold, and who bids for its agents.

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use maxwell_core::auction::config::MarketConfig;
use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::bidding::Policy;
use maxwell_core::units::Ppm;

use crate::market::weight;

/// The agents, by the names that options and reports use.
pub(crate) const SCIENTIST: &str = "scientist";
pub(crate) const MINER: &str = "miner";

/// What can be chosen, for `--help`.
pub(crate) const CHOICES: &str = "\
Mechanisms: vickrey, gsp, vcg, first-price, proportional-share, karma. The first wants slots alike.

Policies: fixed:200mJ, track:margin=20%,cap=1J, budget:horizon=30s, deadline:in=40s,work=10s.
scientist=POLICY and miner=POLICY are for one agent. Of several that fit an agent the last one holds.

Example: maxwell demo --fast --mechanism vcg --weights 1,0.6 --bid miner=track:margin=20%,cap=1J";

/// Options about trade.
#[derive(Args, Debug)]
pub(crate) struct Trade {
    /// Who wins and what winners pay: see below
    #[arg(long, value_name = "NAME", default_value_t)]
    mechanism: MechanismKind,
    /// What each slot is worth relative to the best; else all are alike
    #[arg(long, value_name = "W,W", value_delimiter = ',', allow_hyphen_values = true, value_parser = weight)]
    weights: Vec<Ppm>,
    /// Let a policy bid for an agent, or for both: see below
    #[arg(long, value_name = "[AGENT=]POLICY", value_parser = mandate)]
    bid: Vec<Mandate>,
}

/// A policy, and the agent that it is for; all of them if none is named.
#[derive(Clone, Debug)]
struct Mandate {
    agent: Option<&'static str>,
    policy: Policy,
}

impl Trade {
    /// The rules of the market.
    pub(crate) fn market(&self) -> MarketConfig {
        MarketConfig { mechanism: self.mechanism, weights: self.weights.clone() }
    }

    /// The policy of an agent, if it was given one.
    pub(crate) fn policy(&self, agent: &str) -> Option<Policy> {
        let fits = |mandate: &&Mandate| mandate.agent.is_none_or(|name| name == agent);
        self.bid.iter().rev().find(fits).map(|mandate| mandate.policy)
    }
}

fn mandate(text: &str) -> Result<Mandate> {
    // The name of a policy ends with a colon, before its first parameter.
    let Some((name, policy)) = text.split_once('=').filter(|(name, _)| !name.contains(':')) else {
        return Ok(Mandate { agent: None, policy: text.parse()? });
    };
    let agent = [SCIENTIST, MINER].into_iter().find(|agent| *agent == name);
    ensure!(
        agent.is_some(),
        "there is no agent `{name}`: write {SCIENTIST}=POLICY, {MINER}=POLICY, or POLICY for both"
    );
    Ok(Mandate { agent, policy: policy.parse().map_err(|error| anyhow!("{name}: {error}"))? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_policy_that_fits_an_agent_holds() {
        let bid = ["track:margin=20%,cap=1J", "miner=budget:horizon=30s"];
        let bid = bid.into_iter().map(|text| mandate(text).expect("a policy")).collect();
        let trade = Trade { mechanism: MechanismKind::Vickrey, weights: Vec::new(), bid };
        let of = |agent| trade.policy(agent).map(|policy| policy.to_string());
        assert_eq!(of(SCIENTIST).as_deref(), Some("track:margin=20%,cap=1J"));
        assert_eq!(of(MINER).as_deref(), Some("budget:horizon=30s"));
    }

    #[test]
    fn a_mistake_is_told_with_what_to_write() {
        for (text, told) in [
            ("whale=fixed:1J", "no agent `whale`: write scientist=POLICY"),
            ("miner=dear:1J", "miner: `dear` is no bidding policy"),
            ("track:margin=0.2", "`0.2` is no margin: write a percentage"),
            ("cheap", "`cheap` is no bidding policy"),
        ] {
            let error = mandate(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
