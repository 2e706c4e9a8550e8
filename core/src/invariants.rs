//! What must never happen, asserted at the end of every tick. A violation stops the node rather than letting it go on.

use crate::bounty::Bounties;
use crate::bounty::terms::BountyId;
use crate::energy::Shares;
use crate::ledger::{Bill, Ledger, Role};
use crate::limits::ACCOUNTS_MAX;
use crate::tick::{Clearing, Purse, Quote};
use crate::units::{Celsius, Microjoules};

/// An invariant that does not hold: a defect of Maxwell. Fatal; the message is for its developers.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Violation {
    /// Money was made or lost.
    #[error("tick {tick}: all accounts sum to {sum}, not to zero")]
    Money {
        /// When.
        tick: u64,
        /// What they sum to.
        sum: Microjoules,
    },
    /// Money is held that no bill and no claim accounts for, or less than they say.
    #[error("tick {tick}: the accounts hold {held}, open bills and claims say {billed}")]
    Holds {
        /// When.
        tick: u64,
        /// What the accounts say.
        held: Microjoules,
        /// What the bills and the claims say.
        billed: Microjoules,
    },
    /// An account that only receives or prepays is below zero.
    #[error("tick {tick}: account {account} ({role:?}) is below zero: {balance}")]
    Overdrawn {
        /// When.
        tick: u64,
        /// Which.
        account: u32,
        /// What it is for.
        role: Role,
        /// Its balance.
        balance: Microjoules,
    },
    /// More is promised for the keys of a bounty than its escrow has.
    #[error("tick {tick}: bounty {} has promised {promised}, its escrow has {escrow}", bounty.0)]
    Promises {
        /// When.
        tick: u64,
        /// Which.
        bounty: BountyId,
        /// For keys that are leased, claimed or held.
        promised: Microjoules,
        /// What there is for them.
        escrow: Microjoules,
    },
    /// Joules were counted twice or not at all.
    #[error("tick {tick}: the shares miss the package by {residual}, more than the error bar of {error}")]
    Energy {
        /// When.
        tick: u64,
        /// Package less all shares.
        residual: Microjoules,
        /// The error bar.
        error: Microjoules,
    },
    /// Something was sold at or above the critical temperature, or without any reading.
    #[error("tick {tick}: {sold} slots sold at {} degrees, critical is {}", die.0, critical.0)]
    Heat {
        /// When.
        tick: u64,
        /// How many.
        sold: usize,
        /// Temperature that the controller acted on.
        die: Celsius,
        /// The critical temperature.
        critical: Celsius,
    },
    /// More was sold than the physics allows, or below the reserve.
    #[error("tick {tick}: {sold} slots sold of {slots}, cheapest at {cheapest} with reserve {reserve}")]
    Market {
        /// When.
        tick: u64,
        /// How many were sold.
        sold: usize,
        /// How many were for sale.
        slots: u16,
        /// The price that is lowest beside the reserve for its slot's weight.
        cheapest: Microjoules,
        /// The reserve for that weight.
        reserve: Microjoules,
    },
}

/// Checks a tick that is over.
///
/// # Errors
/// The first invariant that does not hold.
pub fn check(
    quote: &Quote,
    clearing: &Clearing,
    critical: Celsius,
    ledger: &Ledger,
    shares: &Shares,
) -> Result<(), Violation> {
    // A ledger that was carried over can have a million accounts, of which a tick moves a few.
    if ledger.accounts().len() <= ACCOUNTS_MAX || quote.ends_window() {
        money(quote.tick, ledger)?;
    } else {
        holds(quote.tick, ledger)?;
    }
    energy(quote.tick, shares)?;
    heat(quote, clearing, critical)?;
    market(quote, clearing)
}

/// Checks the money alone, in every account.
///
/// # Errors
/// The first invariant of money that does not hold.
pub fn money(tick: u64, ledger: &Ledger) -> Result<(), Violation> {
    let accounts = ledger.accounts();
    let (mut sum, mut held) = (Microjoules::ZERO, Microjoules::ZERO);
    for (account, role) in accounts.all() {
        let balance = accounts.balance(account);
        sum += balance;
        held += accounts.held(account);
        let may_be_negative = match role {
            Role::Mint | Role::Treasury | Role::Wallet => true,
            Role::Grid | Role::Tax | Role::Escrow | Role::Stake => false,
        };
        if balance < Microjoules::ZERO && !may_be_negative {
            return Err(Violation::Overdrawn { tick, account: account.0, role, balance });
        }
    }
    if sum != Microjoules::ZERO {
        return Err(Violation::Money { tick, sum });
    }
    holds(tick, ledger)?;
    let billed = accounts.held_in_all();
    if held == billed { Ok(()) } else { Err(Violation::Holds { tick, held, billed }) }
}

/// That what is held is what the open bills say and what claims prepaid, from running totals: this looks at live cells and at no
/// other account.
fn holds(tick: u64, ledger: &Ledger) -> Result<(), Violation> {
    let accounts = ledger.accounts();
    let held = accounts.held_in_all();
    let billed = ledger.bills().iter().map(Bill::held).sum::<Microjoules>() + ledger.prepaid();
    let each_covered = ledger.bills().iter().all(|bill| bill.held() <= accounts.held(bill.wallet()));
    if held == billed && each_covered { Ok(()) } else { Err(Violation::Holds { tick, held, billed }) }
}

/// Checks that every escrow covers what its bounty has promised.
///
/// # Errors
/// The first that does not.
pub fn promises(tick: u64, bounties: &Bounties, ledger: &Ledger) -> Result<(), Violation> {
    for bounty in bounties.posted() {
        let (promised, escrow) = (bounty.promised(), ledger.free(bounty.escrow()));
        if promised > escrow {
            return Err(Violation::Promises { tick, bounty: bounty.id(), promised, escrow });
        }
    }
    Ok(())
}

fn energy(tick: u64, shares: &Shares) -> Result<(), Violation> {
    if shares.balance() {
        return Ok(());
    }
    Err(Violation::Energy { tick, residual: shares.residual(), error: shares.error })
}

fn heat(quote: &Quote, clearing: &Clearing, critical: Celsius) -> Result<(), Violation> {
    let sold = clearing.awards.len();
    if sold == 0 || quote.die < critical {
        return Ok(());
    }
    Err(Violation::Heat { tick: quote.tick, sold, die: quote.die, critical })
}

fn market(quote: &Quote, clearing: &Clearing) -> Result<(), Violation> {
    let auctioned = clearing.awards.iter().filter(|award| award.purse == Purse::Free);
    let with_least = auctioned.map(|award| (award.price, award.weight.of_rounded_up(quote.reserve)));
    let cheapest = with_least.min_by_key(|(price, least)| *price - *least);
    let (cheapest, reserve) = cheapest.unwrap_or((quote.reserve, quote.reserve));
    let sold = clearing.awards.len();
    if sold <= usize::from(quote.slots) && cheapest >= reserve {
        return Ok(());
    }
    Err(Violation::Market { tick: quote.tick, sold, slots: quote.slots, cheapest, reserve })
}
