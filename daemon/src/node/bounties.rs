//! Bounties are posted and closed, stakes vouch, and what was held is paid when its time has come.

use std::collections::HashMap;
use std::ops::Range;

use maxwell_core::bounty::claim::Claim;
use maxwell_core::bounty::fee::fee;
use maxwell_core::bounty::terms::{BountyId, Terms, Work};
use maxwell_core::bounty::{Bounties, Claimant, Posting, Ranges};
use maxwell_core::event::Event;
use maxwell_core::ledger::Role;
use maxwell_core::limits::VERIFIER_PATIENCE;
use maxwell_core::tick::{AccountId, Kind, Transfer};
use maxwell_core::units::{Microjoules, Nanoseconds};
use maxwell_hypervisor::offers::Offer;
use maxwell_hypervisor::verifier::VerifierModule;

use super::{Node, NodeError};
use crate::verifier::Check;

/// How often a node that stops looks whether the verifier has said more: some built-in verifications.
const LISTENING: Nanoseconds = Nanoseconds::from_millis(1);

/// A bounty that is to be posted on a node.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// Its name, which agents say.
    pub id: BountyId,
    /// What its budget lies in.
    pub escrow: AccountId,
    /// What it pays for.
    pub terms: Terms,
    /// Keys that an earlier run has paid, in any order: they are never leased again.
    pub paid: Vec<Range<u64>>,
    /// The verifier, if the work is one for a module.
    pub module: Option<&'a [u8]>,
}

impl Post<'_> {
    /// A new bounty on the primes in these ranges.
    pub const fn primes(id: BountyId, escrow: AccountId, reward: Microjoules, ranges: Ranges) -> Self {
        let terms = Terms { work: Work::Primes(ranges), reward };
        Self { id, escrow, terms, paid: Vec::new(), module: None }
    }
}

/// The verifiers of the bounties that brought one.
#[derive(Debug, Default)]
pub(super) struct Modules(Vec<(BountyId, VerifierModule)>);

/// The stake that vouches for each wallet; a stake vouches for one.
#[derive(Debug, Default)]
pub(super) struct Stakes(HashMap<AccountId, AccountId>);

impl Node {
    /// Opens a stake that vouches for a wallet's claims and mints `amount` into it.
    ///
    /// # Errors
    /// See [`Ledger::fund_new`](maxwell_core::ledger::Ledger::fund_new) and [`Node::set_stake`]; and that the node's ledger is
    /// on record.
    pub fn fund_stake(&mut self, wallet: AccountId, amount: Microjoules) -> Result<AccountId, NodeError> {
        let stake = self.mint(Role::Stake, amount)?;
        self.set_stake(wallet, stake)?;
        Ok(stake)
    }

    /// Names the account that vouches for the claims of a wallet's cells. It is locked for as long as the node runs: nothing
    /// but a false claim takes money out of it.
    ///
    /// # Errors
    /// When the accounts are no wallet and no stake, or one of them is linked already: a stake that vouched for two wallets
    /// would be lost once for the lies of both.
    pub fn set_stake(&mut self, wallet: AccountId, stake: AccountId) -> Result<(), NodeError> {
        let accounts = self.ledger.accounts();
        let roles = (accounts.role(wallet), accounts.role(stake));
        let Stakes(stakes) = &mut self.stakes;
        let linked = stakes.contains_key(&wallet) || stakes.values().any(|other| *other == stake);
        if roles != (Some(Role::Wallet), Some(Role::Stake)) || linked {
            return Err(NodeError::NotAStake { stake, wallet });
        }
        stakes.insert(wallet, stake);
        Ok(())
    }

    /// Opens an escrow and mints `amount` into it: a sponsor's money from outside.
    ///
    /// # Errors
    /// See [`Ledger::fund_new`](maxwell_core::ledger::Ledger::fund_new); and that the node's ledger is on record.
    pub fn fund_escrow(&mut self, amount: Microjoules) -> Result<AccountId, NodeError> {
        self.mint(Role::Escrow, amount)
    }

    /// Posts a bounty on primes with a new escrow, under a name that this run has not used: for a node whose money is made up.
    ///
    /// # Errors
    /// See [`Node::fund_escrow`] and [`Node::post`].
    pub fn post_bounty(
        &mut self,
        budget: Microjoules,
        reward: Microjoules,
        ranges: Ranges,
    ) -> Result<BountyId, NodeError> {
        let escrow = self.fund_escrow(budget)?;
        let id = self.bounties.free_name();
        self.post(Post::primes(id, escrow, reward, ranges))?;
        Ok(id)
    }

    /// Posts a bounty whose budget is what its escrow has. Compiles its verifier, which takes a second at most: not on the
    /// tick's time.
    ///
    /// # Errors
    /// When the account is no escrow, the terms are impossible, the name was used by this run or the escrow is another's, or the verifier is not the
    /// one that the terms name or breaks a limit. Nothing has changed then.
    pub fn post(&mut self, post: Post<'_>) -> Result<(), NodeError> {
        let Post { id, escrow, terms, paid, module } = post;
        if self.ledger.accounts().role(escrow) != Some(Role::Escrow) {
            return Err(NodeError::NotAnEscrow(escrow));
        }
        let module = compile(&terms.work, module)?;
        self.bounties.post(Posting { id, escrow, terms, paid })?;
        self.modules.0.retain(|(of, _)| self.bounties.get(*of).is_some());
        self.modules.0.extend(module.map(|module| (id, module)));
        self.show_offers();
        Ok(())
    }

    /// Closes a bounty: no key of it is leased any more, its leases end, and claims in flight are settled. It is gone from
    /// [`Node::bounties`] when the last of them is, and what its escrow has left then is the sponsor's to take back.
    ///
    /// # Errors
    /// When no such bounty is open.
    pub fn close_bounty(&mut self, id: BountyId) -> Result<(), NodeError> {
        self.bounties.close(id)?;
        self.show_offers();
        Ok(())
    }

    /// Every bounty that is posted.
    pub const fn bounties(&self) -> &Bounties {
        &self.bounties
    }

    /// What a claim prepays at the base price of now.
    pub(super) fn fee_of(&self, claim: &Claim) -> Microjoules {
        let work = &self.bounties.get(claim.bounty).expect("a claim is on a posted bounty").terms().work;
        fee(self.price.base(), work.verification(claim.key))
    }

    /// What a claim is to be checked against.
    pub(super) fn check_of(&self, claim: &Claim) -> Check {
        let bounty = self.bounties.get(claim.bounty).expect("a claim is on a posted bounty");
        match bounty.terms().work {
            Work::Primes(ranges) => Check::Primes(ranges.numbers(claim.key)),
            Work::Preimages { zero_bits, .. } => Check::Preimage(zero_bits),
            Work::Module { .. } => {
                let module = self.modules.0.iter().find(|(of, _)| *of == claim.bounty);
                Check::Module(module.expect("it was compiled when it was posted").1.clone())
            }
        }
    }

    /// Whether the wallet has a stake that makes it pay more for a lie than the lie is worth.
    pub(super) fn vouched(&self, wallet: AccountId, claim: &Claim) -> bool {
        let reward = self.bounties.get(claim.bounty).map(|bounty| bounty.terms().reward);
        let wanted = reward.and_then(|reward| self.config.audit.policy().stake_for(reward));
        let stake = self.stakes.0.get(&wallet).map(|stake| self.ledger.free(*stake));
        stake.zip(wanted).is_some_and(|(stake, wanted)| stake >= wanted)
    }

    /// A claim that a stake vouched for was false: the stake goes to the treasury, and nothing is paid that is held for the
    /// wallet. A stake that is forfeited already is empty.
    pub(super) fn forfeit(&mut self, by: &Claimant, claim: &Claim) {
        let stake = *self.stakes.0.get(&by.wallet).expect("a stake vouched for the claim");
        let (tick, to, amount) = (self.tick_number(), self.ledger.treasury(), self.ledger.free(stake));
        if amount > Microjoules::ZERO {
            let lost = Transfer { tick, kind: Kind::Forfeit, from: stake, to, amount };
            self.ledger.pay(lost).expect("what is free covers itself");
            self.record_charge(lost, by.cell, claim.key);
        }
        let telemetry = &mut self.telemetry;
        self.bounties.cancel(by.wallet, |payment| telemetry.cancelled(payment));
    }

    /// Pays what has been held for long enough. What would be too many payments to wait for the disk is held on.
    pub(super) fn pay_due(&mut self) {
        while self.may_wait() && self.pay_next() {}
        self.show_offers();
    }

    /// Settles every claim at the end of the run. What the verifier has not said by then is given up with its fee given back, and
    /// what is held is paid: no claim comes any more that could speak against it.
    pub(super) fn settle_bounties(&mut self) {
        self.hear_the_verifier_out();
        for (key, by) in self.bounties.give_up() {
            self.ledger.give_back(by.wallet, by.fee);
            self.telemetry.given_up(by.cell, key, by.fee);
        }
        self.bounties.end_windows();
        while self.pay_next() {}
    }

    /// Concludes what the verifier has answered, and waits a while for what it has not.
    fn hear_the_verifier_out(&mut self) {
        let enough = self.clock.now() + VERIFIER_PATIENCE;
        loop {
            while let Some(event) = self.inbox.arrived() {
                // Everything else comes from cells, which are over.
                if let Event::Verified { cell, claim, holds } = event {
                    self.conclude(cell, &claim, holds);
                }
            }
            let now = self.clock.now();
            if !self.bounties.await_conclusion() || now >= enough {
                return;
            }
            self.clock.wait_until(now + LISTENING);
        }
    }

    /// Pays the next that is due; whether there was one.
    fn pay_next(&mut self) -> bool {
        let Some((payment, transfer)) = self.bounties.pay_next(self.tick_number()) else { return false };
        self.ledger.pay(transfer).expect("an escrow covers every key that is out");
        self.record_income(transfer, &payment);
        true
    }

    /// Shows programs which bounties are open and what a claim on them costs at the base price of now.
    fn show_offers(&self) {
        let base = self.price.base();
        let open = self.bounties.posted().iter().filter(|bounty| !bounty.is_closing());
        self.offers.show(open.map(|bounty| {
            let terms = bounty.terms();
            let fee = fee(base, terms.work.verification(bounty.next_key()));
            Offer { bounty: bounty.id(), reward: terms.reward, fee }
        }));
    }
}

/// The verifier of a work that wants one, compiled.
fn compile(work: &Work, wasm: Option<&[u8]>) -> Result<Option<VerifierModule>, NodeError> {
    let Work::Module { digest, fuel, .. } = *work else { return Ok(None) };
    let wasm = wasm.filter(|wasm| blake3::hash(wasm) == digest).ok_or(NodeError::WrongModule)?;
    Ok(Some(VerifierModule::compile(wasm, fuel)?))
}
