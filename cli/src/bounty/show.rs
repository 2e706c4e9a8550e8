//! The bounties of a ledger.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Result;
use maxwell_api::bounty::{BountyList, BountyReport, VERSION, WorkReport};
use maxwell_core::bounty::Ranges;
use maxwell_core::bounty::terms::Work;
use maxwell_core::units::Microjoules;
use maxwell_ledger::account::{Account, AccountName};
use maxwell_ledger::bounty::Bounty;
use maxwell_ledger::digest::Digest;
use maxwell_ledger::wallet::PublicKey;

use crate::books;
use crate::home::{Common, Home, Name};
use crate::keys::names;
use crate::output::{self, line};

pub(super) fn list(common: &Common) -> Result<()> {
    let home = common.home()?;
    let books = books::now(&home, &books::read(&home)?)?;
    let names = names(&home);
    let bounties = books.accounts().iter().filter_map(|account| match (account.name, &account.bounty) {
        (AccountName::Escrow(number), Some(bounty)) => Some(listed(&home, &names, number, bounty, account)),
        _ => None,
    });
    let mut bounties: Vec<_> = bounties.collect();
    bounties.sort_by_key(|bounty| bounty.bounty);
    output::write(common.json, &BountyList { version: VERSION, bounties }, write_list)
}

fn listed(
    home: &Home,
    names: &BTreeMap<PublicKey, Name>,
    number: u64,
    bounty: &Bounty,
    escrow: &Account,
) -> BountyReport {
    let Bounty { sponsor, terms, paid } = bounty;
    let (first, end) = terms.work.keys();
    BountyReport {
        bounty: number,
        open: !escrow.closed,
        work: work(home, &terms.work),
        reward_uj: terms.reward.0,
        left_uj: escrow.balance.0,
        keys: end - first,
        paid_keys: paid.count(),
        sponsor: sponsor.to_string(),
        sponsor_name: names.get(sponsor).map(ToString::to_string),
    }
}

fn work(home: &Home, work: &Work) -> WorkReport {
    match *work {
        Work::Primes(Ranges { origin, width, first, .. }) => {
            WorkReport::Primes { from: origin, width, first_range: first }
        }
        Work::Preimages { zero_bits, .. } => WorkReport::Preimages { zero_bits },
        Work::Module { digest, fuel, .. } => WorkReport::Module {
            digest: Digest(digest).to_string(),
            fuel,
            here: home.module(&digest).is_file(),
        },
    }
}

fn write_list(out: &mut dyn Write, list: &BountyList) -> io::Result<()> {
    if list.bounties.is_empty() {
        return writeln!(out, "no bounties; post one with `maxwell bounty post`");
    }
    for (place, bounty) in list.bounties.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        write_bounty(out, bounty)?;
    }
    Ok(())
}

fn write_bounty(out: &mut dyn Write, report: &BountyReport) -> io::Result<()> {
    let BountyReport { bounty, open, work, reward_uj, left_uj, keys, paid_keys, sponsor, sponsor_name } =
        report;
    line(out, "bounty", format_args!("{bounty}, {}", if *open { "open" } else { "closed by its sponsor" }))?;
    match work {
        WorkReport::Primes { from, width, first_range } => {
            line(out, "work", format_args!("primes in ranges of {width} numbers"))?;
            line(out, "", format_args!("range 0 begins at {from}, the first that pays is {first_range}"))?;
        }
        WorkReport::Preimages { zero_bits } => {
            line(out, "work", format_args!("preimages of digests that begin with {zero_bits} zero bits"))?;
        }
        WorkReport::Module { digest, fuel, here } => {
            line(out, "work", format_args!("what a module says is right, with {fuel} units of fuel"))?;
            line(out, "module", digest)?;
            if !here {
                line(out, "", "which is not in this home's bounties: put it there before a node starts")?;
            }
        }
    }
    line(out, "reward", format_args!("{} for each of {keys} keys", Microjoules(*reward_uj)))?;
    line(out, "paid", format_args!("{paid_keys} keys"))?;
    line(out, "left", Microjoules(*left_uj))?;
    line(out, "sponsor", sponsor_name.as_ref().unwrap_or(sponsor))
}
