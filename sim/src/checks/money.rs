//! Money: every balance is what was put in, plus income, less the bills.

use std::collections::{BTreeMap, HashSet};

use maxwell_core::ledger::{Ledger, Role, Totals};
use maxwell_core::tick::{AccountId, Kind, Transfer};
use maxwell_core::units::Microjoules;
use maxwell_daemon::telemetry::{Obituary, TickReport};

use super::{Roster, Verdict, must};
use crate::verifier::Tally;

/// Roles that an account can have.
const ROLES: [Role; 7] =
    [Role::Mint, Role::Treasury, Role::Grid, Role::Tax, Role::Escrow, Role::Stake, Role::Wallet];

#[derive(Clone, Copy, Debug, Default)]
struct Purse {
    funded: Microjoules,
    income: Microjoules,
    billed: Microjoules,
    /// Prepaid for verifications, and for how many claims that was.
    fees: Microjoules,
    claims: u64,
    paid: u64,
    /// What vouches for its claims, and what is left there.
    stake: Option<(AccountId, Microjoules)>,
}

#[derive(Debug, Default)]
pub(super) struct Money {
    purses: BTreeMap<AccountId, Purse>,
    escrow: Option<(AccountId, Microjoules, Microjoules)>,
    paid: HashSet<u64>,
    /// What cells that are over paid for quanta and rent, and as tax.
    income: Microjoules,
    tax: Microjoules,
    /// What the treasury took in for verifications and false claims.
    from_claims: Microjoules,
    staked: Microjoules,
}

impl Money {
    pub(super) fn funded(&mut self, wallet: AccountId, amount: Microjoules) {
        self.purses.insert(wallet, Purse { funded: amount, ..Purse::default() });
    }

    pub(super) fn staked(&mut self, wallet: AccountId, stake: AccountId, amount: Microjoules) {
        self.staked += amount;
        self.purses.entry(wallet).or_default().stake = Some((stake, amount));
    }

    pub(super) fn posted(&mut self, escrow: AccountId, budget: Microjoules, reward: Microjoules) {
        self.escrow = Some((escrow, budget, reward));
    }

    pub(super) fn tick(&mut self, report: &TickReport<'_>, roster: &Roster) -> Verdict {
        let mut billed: BTreeMap<AccountId, Microjoules> = BTreeMap::new();
        let (mut income, mut tax) = (self.income, self.tax);
        for (cell, wallet) in roster.wallets.iter().filter(|(cell, _)| roster.lives(**cell)) {
            let totals = report.ledger.totals(*cell);
            let totals = totals.ok_or_else(|| format!("{cell:?} lives and has no bill"))?;
            *billed.entry(*wallet).or_default() += sum(&totals);
            income += totals.quanta + totals.rent;
            tax += totals.tax;
        }
        self.balances(report.ledger, &billed)?;
        self.host(report.ledger, income, tax)
    }

    /// Wallets and escrow.
    fn balances(&self, ledger: &Ledger, billed: &BTreeMap<AccountId, Microjoules>) -> Verdict {
        let accounts = ledger.accounts();
        for (wallet, purse) in &self.purses {
            let due = purse.billed + billed.get(wallet).copied().unwrap_or_default();
            let expected = purse.funded + purse.income - due - purse.fees;
            let found = accounts.balance(*wallet);
            must!(expected == found, "{wallet:?} should have {expected} and has {found}");
            must!(
                purse.paid <= purse.claims,
                "{wallet:?} was paid {} times for {} claims",
                purse.paid,
                purse.claims
            );
            if let Some((stake, expected)) = purse.stake {
                let found = accounts.balance(stake);
                must!(expected == found, "{stake:?} should have {expected} and has {found}");
            }
            let (held, free) = (accounts.held(*wallet), accounts.free(*wallet));
            let kept = found - free;
            must!(Microjoules::ZERO <= held && held <= kept, "{wallet:?} holds {held} and keeps back {kept}");
        }
        if let Some((escrow, budget, reward)) = self.escrow {
            let (expected, found) = (budget - reward.times(self.paid.len() as u64), accounts.balance(escrow));
            must!(expected == found, "the escrow should have {expected} and has {found}");
            must!(found >= Microjoules::ZERO, "the escrow is overdrawn");
        }
        Ok(())
    }

    /// The host's accounts, and the sum of all.
    fn host(&self, ledger: &Ledger, income: Microjoules, tax: Microjoules) -> Verdict {
        let of = |role| ledger.accounts().with_role(role).map(|(_, balance)| balance).sum::<Microjoules>();
        let sum: Microjoules = ROLES.into_iter().map(of).sum();
        must!(sum == Microjoules::ZERO, "all accounts sum to {sum}");
        let minted = self.purses.values().map(|purse| purse.funded).sum::<Microjoules>()
            + self.escrow.map_or(Microjoules::ZERO, |(_, budget, _)| budget)
            + self.staked;
        must!(-of(Role::Mint) == minted, "{minted} was minted, the mint says {}", -of(Role::Mint));
        must!(of(Role::Tax) == tax, "the tax is {}, cells paid {tax}", of(Role::Tax));
        let (treasury, grid) = (of(Role::Treasury), of(Role::Grid));
        let income = income + self.from_claims;
        must!(treasury + grid == income, "treasury {treasury} and grid {grid}, cells paid {income}");
        Ok(())
    }

    pub(super) fn ended(&mut self, obituary: &Obituary, wallet: AccountId) -> Verdict {
        let purse = self.purses.get_mut(&wallet).ok_or_else(|| format!("nobody opened {wallet:?}"))?;
        purse.billed += sum(&obituary.bill);
        self.income += obituary.bill.quanta + obituary.bill.rent;
        self.tax += obituary.bill.tax;
        Ok(())
    }

    pub(super) fn charged(&mut self, transfer: &Transfer, wallet: AccountId) -> Verdict {
        must!(transfer.amount > Microjoules::ZERO, "{transfer:?} takes nothing");
        let purse = self.purses.get_mut(&wallet).ok_or_else(|| format!("{transfer:?} from nobody"))?;
        match (transfer.kind, &mut purse.stake) {
            (Kind::Verification, _) if transfer.from == wallet => {
                purse.fees += transfer.amount;
                purse.claims += 1;
            }
            (Kind::Forfeit, Some((stake, left))) if transfer.from == *stake => {
                must!(transfer.amount == *left, "{transfer:?} leaves something of a stake of {left}");
                *left = Microjoules::ZERO;
            }
            _ => return Err(format!("{transfer:?} is no fee and no stake of {wallet:?}")),
        }
        self.from_claims += transfer.amount;
        Ok(())
    }

    pub(super) fn paid(&mut self, transfer: &Transfer, key: u64) -> Verdict {
        let Some((escrow, _, reward)) = self.escrow else {
            return Err(format!("{transfer:?} without a bounty"));
        };
        let is_reward = transfer.kind == Kind::Bounty && transfer.from == escrow && transfer.amount == reward;
        must!(is_reward, "{transfer:?} is not a reward of {reward}");
        must!(self.paid.insert(key), "key {key} is paid twice");
        let purse = self.purses.get_mut(&transfer.to).ok_or_else(|| format!("{transfer:?} to nobody"))?;
        purse.income += transfer.amount;
        purse.paid += 1;
        Ok(())
    }

    /// Every claim that was taken has cost its fee, true or false, but for those that were given up.
    pub(super) fn finish(&mut self, ledger: &Ledger, claims: Tally) -> Verdict {
        let Tally { concluded, open } = claims;
        must!(open == 0, "the run is over and {open} claims are neither concluded nor given up");
        let fees: u64 = self.purses.values().map(|purse| purse.claims).sum();
        must!(fees == concluded, "{concluded} claims were concluded and {fees} fees taken");
        self.balances(ledger, &BTreeMap::new())?;
        self.host(ledger, self.income, self.tax)?;
        for wallet in self.purses.keys() {
            let (balance, free) = (ledger.accounts().balance(*wallet), ledger.free(*wallet));
            let held = ledger.accounts().held(*wallet);
            must!(held == Microjoules::ZERO, "the run is over and {wallet:?} holds {held}");
            must!(free == balance, "the run is over and {} of {wallet:?} is set aside", balance - free);
        }
        Ok(())
    }
}

fn sum(totals: &Totals) -> Microjoules {
    totals.quanta + totals.rent + totals.tax
}
