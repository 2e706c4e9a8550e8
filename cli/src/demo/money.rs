//! Whose money the demonstration moves: made up in memory, or, with `--ledger`, that of new wallets of a home, where every
//! movement is kept, signed, and can be billed.

use std::io::Write;

use anyhow::{Context, Result};
use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::terms::{BountyId, Terms, Work};
use maxwell_core::ledger::{self as core_ledger, BillingPolicy};
use maxwell_core::tick::AccountId;
use maxwell_core::units::Microjoules;
use maxwell_daemon::books::{find, ledger_of};
use maxwell_daemon::journal::{InlineJournal, Journal, Recorded, Unrecorded};
use maxwell_daemon::node::{Node, Post};
use maxwell_ledger::account::AccountName;
use maxwell_ledger::journal::JournalPolicy;
use maxwell_ledger::ledger::{Close, Ledger};
use maxwell_ledger::operation::{Body, Operation, OperationId};
use maxwell_ledger::wallet::{Keypair, keyfile};

use super::Mode;
use crate::books;
use crate::home::{Home, Name, quoted};

/// Who pays the bounty.
const SPONSOR: &str = "sponsor";

/// Where the money of a demonstration comes from.
pub(crate) enum Money {
    /// Made up, and gone at the end.
    MadeUp,
    /// Of wallets that were made and funded for this run.
    Kept(Box<Kept>),
}

/// The wallets of one run in a home.
pub(crate) struct Kept {
    home: Home,
    /// Each agent with its wallet.
    agents: Vec<(&'static str, Name, AccountId)>,
    sponsor: Keypair,
    bounty: BountyId,
    escrow: AccountId,
}

impl Kept {
    /// Makes a wallet for each agent and one for the sponsor, has the mint fund them, and posts the bounty. All of it is on disk
    /// when this returns.
    pub(crate) fn open(
        home: Home,
        agents: [&'static str; 2],
        funding: Microjoules,
        terms: Terms,
        budget: Microjoules,
    ) -> Result<(Self, Ledger)> {
        let mut ledger = books::write(&home)?;
        let mint = keyfile::open(&home.mint_key(), || None).context("new money wants the mint's key")?;
        let [first, second] = agents;
        let names = free_names(&home, [first, second, SPONSOR])?;
        let mut keys = Vec::new();
        for name in &names {
            let key = Keypair::generate()?;
            keyfile::create(&home.wallet_key(name), &key, None)?;
            keys.push(key);
        }
        let amounts = [funding, funding, budget];
        for (key, amount) in keys.iter().zip(amounts) {
            order(&mut ledger, &mint, Body::Fund { to: key.public(), amount })?;
        }
        let books = ledger.books();
        let number = (1..u64::MAX).find(|number| books.find(&AccountName::Escrow(*number)).is_none());
        let number = number.context("every escrow of this ledger was used")?;
        order(&mut ledger, &keys[2], Body::PostBounty { number, terms, budget })?;
        ledger.commit(books::now_ms(), Close::AndSave).map_err(|error| books::of_ledger(&home, error))?;
        let place = |name| find(ledger.books(), &name).expect("it was just funded");
        let wallets: Vec<AccountId> =
            keys.iter().map(|key| place(AccountName::Wallet(key.public()))).collect();
        let (bounty, escrow) = (BountyId(number), place(AccountName::Escrow(number)));
        let sponsor = keys.pop().expect("the sponsor's is the last");
        let agents = agents.into_iter().zip(names).zip(wallets);
        let agents = agents.map(|((agent, name), wallet)| (agent, name, wallet)).collect();
        Ok((Self { home, agents, sponsor, bounty, escrow }, ledger))
    }

    /// Closes the bounty: what is left of it goes back to its sponsor.
    pub(crate) fn close(&self, ledger: &mut Ledger) -> Result<()> {
        let number = self.bounty.0;
        let closed = order(ledger, &self.sponsor, Body::CloseBounty { number }).and_then(|()| {
            let committed = ledger.commit(books::now_ms(), Close::AndSave);
            committed.map(drop).map_err(|error| books::of_ledger(&self.home, error))
        });
        let home = quoted(self.home.path());
        closed.with_context(|| {
            format!(
                "the bounty of this run may be open still; `maxwell bounty close {number} --home {home}` closes it"
            )
        })
    }

    /// Says how to get the bills.
    pub(crate) fn say(&self, ledger: &Ledger, output: &mut impl Write) -> std::io::Result<()> {
        let host = ledger.books().genesis().host;
        let home = quoted(self.home.path());
        writeln!(output, "\nEvery movement of money is in the ledger of {home}:")?;
        writeln!(output, "  maxwell ledger verify --home {home}")?;
        for (_, name, _) in &self.agents {
            writeln!(output, "  maxwell receipt {name} --home {home} --out {name}.json")?;
        }
        let (_, name, _) = &self.agents[0];
        writeln!(output, "  maxwell receipt verify {name}.json --host {host}")
    }
}

impl Money {
    /// What the node begins with, and where it tells its movements.
    pub(crate) fn begin(
        ledger: Option<Ledger>,
        mode: Mode,
    ) -> Result<(core_ledger::Ledger, Box<dyn Journal>)> {
        let policy = BillingPolicy::default();
        let Some(ledger) = ledger else {
            return Ok((core_ledger::Ledger::new(policy), Box::new(Unrecorded)));
        };
        let accounts = ledger_of(ledger.books(), policy)?;
        let journal: Box<dyn Journal> = match mode {
            Mode::RealTime => {
                Box::new(Recorded::start(ledger, JournalPolicy::default(), Box::new(books::now_ms))?)
            }
            Mode::Fast { .. } => Box::new(InlineJournal::new(ledger, books::now_ms())),
        };
        Ok((accounts, journal))
    }

    /// Posts the bounty on the node.
    pub(crate) fn post_bounty(
        &self,
        node: &mut Node,
        budget: Microjoules,
        reward: Microjoules,
        ranges: Ranges,
    ) -> Result<()> {
        match self {
            Self::MadeUp => drop(node.post_bounty(budget, reward, ranges)?),
            Self::Kept(kept) => {
                node.post(Post::primes(kept.bounty, kept.escrow, reward, ranges))?;
            }
        }
        Ok(())
    }

    /// The wallet of an agent.
    pub(crate) fn wallet(&self, node: &mut Node, agent: &str, funding: Microjoules) -> Result<AccountId> {
        match self {
            Self::MadeUp => Ok(node.fund_wallet(funding)?),
            Self::Kept(kept) => {
                let found = kept.agents.iter().find(|(of, ..)| *of == agent);
                Ok(found.context("every agent was given a wallet")?.2)
            }
        }
    }
}

/// What the demonstration's bounty pays for.
pub(crate) const fn primes(reward: Microjoules, ranges: Ranges) -> Terms {
    Terms { work: Work::Primes(ranges), reward }
}

/// Signs an order and carries it out.
fn order(ledger: &mut Ledger, key: &Keypair, body: Body) -> Result<()> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).context("the operating system gives no random bytes")?;
    let (host, by) = (ledger.books().genesis().host, key.public());
    let draft = Operation { host, by, nonce: 0, id: OperationId(id), body };
    let nonce = books::account(ledger.books(), draft.actor()).0.nonce;
    ledger.order(&Operation { nonce, ..draft }.sign(key))?;
    Ok(())
}

/// Names for new wallets: those that are wanted, with a number behind all of them if one is taken.
fn free_names(home: &Home, wanted: [&str; 3]) -> Result<Vec<Name>> {
    let taken = home.names()?;
    let numbered = |number: u32| {
        let names = wanted.map(|name| if number == 1 { name.to_owned() } else { format!("{name}-{number}") });
        names.into_iter().map(|name| name.parse::<Name>()).collect::<Result<Vec<Name>>>()
    };
    for number in 1.. {
        let names = numbered(number)?;
        if names.iter().all(|name| !taken.contains(name)) {
            return Ok(names);
        }
    }
    unreachable!("a folder has not so many wallets")
}
