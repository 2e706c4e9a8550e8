//! Lays bids before a mechanism of the core, as the auction of a node does.

use maxwell_core::auction::Unit;
use maxwell_core::auction::mechanism::{Market, Mechanism, MechanismKind, Sale};
use maxwell_core::tick::{AccountId, CellId};
use maxwell_core::units::{Microjoules, Ppm};

use crate::game::worth;

/// A bid for one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid {
    /// Who pays.
    pub wallet: u32,
    /// The most it pays for a quantum of the fastest slot.
    pub limit: Microjoules,
}

/// What a bid has won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Win {
    /// Which of the bids.
    pub bid: usize,
    /// Weight of the slot.
    pub weight: Ppm,
    /// What the quantum costs.
    pub price: Microjoules,
}

impl Win {
    /// What the win is worth, at this value of a quantum of the fastest slot, less what it costs.
    pub fn gain(&self, value: Microjoules) -> Microjoules {
        worth(value, self.weight) - self.price
    }
}

/// A mechanism with the memory that it needs.
pub struct House {
    mechanism: Box<dyn Mechanism>,
    ranked: Vec<usize>,
    units: Vec<Unit>,
    sales: Vec<Sale>,
    wins: Vec<Win>,
}

impl House {
    /// A house with this rule.
    pub fn of(rule: MechanismKind) -> Self {
        Self {
            mechanism: rule.make(),
            ranked: Vec::new(),
            units: Vec::new(),
            sales: Vec::new(),
            wins: Vec::new(),
        }
    }

    /// Sells slots of these weights, the heaviest first. Bids below the reserve take no part; of equal ones the first goes first.
    pub fn sell(&mut self, weights: &[Ppm], reserve: Microjoules, bids: &[Bid]) -> &[Win] {
        self.ranked.clear();
        self.ranked.extend((0..bids.len()).filter(|bid| bids[*bid].limit >= reserve));
        self.ranked.sort_by_key(|bid| std::cmp::Reverse(bids[*bid].limit));
        self.units.clear();
        self.units.extend(self.ranked.iter().map(|&bid| Unit {
            cell: CellId(bid as u32),
            wallet: AccountId(bids[bid].wallet),
            limit: bids[bid].limit,
        }));
        self.sales.clear();
        let market = Market { tick: 0, reserve, weights, units: &self.units };
        self.mechanism.clear(&market, &mut self.sales);
        self.wins.clear();
        self.wins.extend(self.sales.iter().map(|sale| Win {
            bid: self.ranked[sale.unit],
            weight: weights[sale.slot],
            price: sale.price,
        }));
        &self.wins
    }
}
