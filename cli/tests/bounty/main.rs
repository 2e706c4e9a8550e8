//! `maxwell bounty` as a stranger would use it, and misuse it.

#[path = "../common/mod.rs"]
mod common;
#[path = "../ledger/lab.rs"]
#[allow(dead_code, reason = "the tests of the ledger use the rest of it")]
mod lab;

mod modules;
mod outputs;
mod payments;
mod refusals;
mod story;

use lab::Lab;

/// A home in which alice has 100 J, bob has a wallet, and there is a bounty of alice's with five keys of 3 mJ.
pub(crate) fn posted() -> Lab {
    let lab = Lab::funded();
    lab.good(&post("20mJ"));
    lab
}

/// Words that post such a bounty.
pub(crate) fn post(budget: &str) -> String {
    format!(
        "bounty post --wallet alice --budget {budget} --reward 3mJ primes --from 1 --width 1000 --ranges 5"
    )
}
