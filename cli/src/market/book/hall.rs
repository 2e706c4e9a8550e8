//! An auction over the orders of a file: the node's own, with wallets that are made for it and never charged.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};
use maxwell_api::book::{OrderRow, Outcome, SoldRow};
use maxwell_core::auction::book::grid::Level;
use maxwell_core::auction::book::{LadderBook, Order};
use maxwell_core::auction::config::{MarketConfig, MarketError};
use maxwell_core::auction::mechanism::MechanismKind;
use maxwell_core::ledger::{BillingPolicy, Ledger, Role};
use maxwell_core::limits::{MINT_MAX, QUANTUM};
use maxwell_core::population::{LifePolicy, Population};
use maxwell_core::tick::{AccountId, CellId, Quote};
use maxwell_core::units::{Celsius, Microjoules, Moment, Ppm};

use super::file::Line;

/// Orders with their wallets, and what is for sale.
pub(super) struct Hall {
    /// Best first, as the book has them.
    orders: Vec<(u64, String, Order)>,
    weights: Vec<Ppm>,
    reserve: Microjoules,
    ledger: Ledger,
    /// Nobody is dying and nobody is late.
    nobody: Population,
}

impl Hall {
    pub(super) fn new(lines: &[Line], weights: Vec<Ppm>, reserve: Microjoules) -> Result<Self> {
        let mut ledger = Ledger::new(BillingPolicy::default());
        let wallets = fund(&mut ledger, lines)?;
        let order = |(cell, line): (usize, &Line)| {
            let order = Order {
                cell: CellId(cell as u32),
                wallet: wallets[&line.wallet],
                limit: Level::at_most(line.limit).price(),
                slots: line.slots.into(),
                last_tick: None,
            };
            (line.number, line.wallet.clone(), order)
        };
        let mut orders: Vec<_> = lines.iter().enumerate().map(order).collect();
        orders.sort_by_key(|(_, _, order)| -order.limit.0);
        let nobody = Population::new(LifePolicy::default());
        Ok(Self { orders, weights, reserve, ledger, nobody })
    }

    pub(super) fn weights(&self) -> &[Ppm] {
        &self.weights
    }

    /// The orders as a report shows them.
    pub(super) fn orders(&self) -> Vec<OrderRow> {
        let mut wanted = HashMap::new();
        let mut row = |(line, wallet, order): &(u64, String, Order)| OrderRow {
            line: *line,
            wallet: wallet.clone(),
            limit_uj: order.limit.0,
            slots: order.slots,
            standing: self.standing(order, wanted.entry(order.wallet).or_default()).to_owned(),
        };
        self.orders.iter().map(&mut row).collect()
    }

    /// How an order stands, when the better ones of its wallet that can be paid for have `wanted` so much of the same money. The
    /// auction counts of that what wins, which depends on the rule.
    fn standing(&self, order: &Order, wanted: &mut Microjoules) -> &'static str {
        let (free, whole) = (self.ledger.free(order.wallet), order.limit.times(u64::from(order.slots)));
        if order.limit < self.reserve {
            return "below the reserve";
        }
        if whole > free {
            return "not covered";
        }
        if whole > free - *wanted {
            return "covered unless better ones win";
        }
        *wanted += whole;
        "in the market"
    }

    /// Sells all slots tick after tick under a rule. A rule that such slots cannot be sold by says why.
    pub(super) fn outcome(&self, mechanism: MechanismKind, ticks: u64) -> Outcome {
        let mechanism_name = mechanism.name().to_owned();
        match self.sell(mechanism, ticks) {
            Ok((clearing, sold)) => {
                Outcome { mechanism: mechanism_name, refused: None, clearing_uj: clearing.0, sold }
            }
            Err(error) => Outcome {
                mechanism: mechanism_name,
                refused: Some(error.to_string()),
                clearing_uj: 0,
                sold: Vec::new(),
            },
        }
    }

    /// The first clearing price, and what each order had.
    fn sell(&self, mechanism: MechanismKind, ticks: u64) -> Result<(Microjoules, Vec<SoldRow>), MarketError> {
        let slots = self.weights.len() as u16;
        let market = MarketConfig { mechanism, weights: self.weights.clone() };
        let mut auction = market.open(slots, Box::new(LadderBook::default()))?;
        let mut rows = vec![0; self.orders.len()];
        // In the order of the file: among equals who came first is served first.
        let mut by_cell: Vec<usize> = (0..self.orders.len()).collect();
        by_cell.sort_by_key(|row| self.orders[*row].2.cell);
        for row in by_cell {
            let order = self.orders[row].2;
            rows[order.cell.0 as usize] = row;
            auction.enter(order);
        }
        let mut sold = vec![SoldRow::default(); self.orders.len()];
        let mut first = self.reserve;
        for tick in 0..ticks {
            let clearing = auction.clear(&self.quote(tick, slots), &self.nobody, &self.ledger);
            if tick == 0 {
                first = clearing.price;
            }
            for award in &clearing.awards {
                let row = &mut sold[rows[award.cell.0 as usize]];
                row.quanta += 1;
                row.paid_uj = row.paid_uj.saturating_add(award.price.0);
            }
        }
        Ok((first, sold))
    }

    /// A quote at which all slots are for sale.
    fn quote(&self, tick: u64, slots: u16) -> Quote {
        Quote {
            tick,
            at: Moment(tick * QUANTUM.0),
            die: Celsius(0.0),
            fresh: true,
            supply: f64::from(slots),
            slots,
            base: self.reserve,
            reserve: self.reserve,
            multiplier: Ppm::ONE,
            tariff: Ppm::ONE,
        }
    }
}

/// Makes the wallets, with what the file says they have, or else enough for all their orders.
fn fund(ledger: &mut Ledger, lines: &[Line]) -> Result<HashMap<String, AccountId>> {
    let mut balances: Vec<(&str, Option<Microjoules>, i128)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for line in lines {
        let place = *places.entry(&line.wallet).or_insert_with(|| {
            balances.push((&line.wallet, None, 0));
            balances.len() - 1
        });
        let (_, told, wanted) = &mut balances[place];
        *wanted += i128::from(line.limit.0) * i128::from(line.slots);
        match (*told, line.balance) {
            (Some(before), Some(now)) if before != now => {
                bail!(
                    "line {}: {} has {now}, and {before} on an earlier line: say it once",
                    line.number,
                    line.wallet
                )
            }
            (before, now) => *told = before.or(now),
        }
    }
    let mut wallets = HashMap::new();
    for (name, told, wanted) in balances {
        let balance = told.map_or(wanted, |told| i128::from(told.0));
        let all = i128::from(ledger.accounts().minted().0) + balance;
        ensure!(
            all <= i128::from(MINT_MAX.0),
            "all wallets together would have more than {MINT_MAX}: give smaller balances"
        );
        let account = ledger.fund_new(0, Role::Wallet, Microjoules(balance as i64))?;
        wallets.insert(name.to_owned(), account);
    }
    Ok(wallets)
}
