//! The store: what both kinds of it promise, and what the file survives.

mod common;
mod contract;
mod damage;
mod disks;
mod errors;
mod faults;
#[path = "../common/mod.rs"]
mod people;
mod power_loss;
mod processes;
mod whole_ledger;
