//! `maxwell wallet`, `ledger` and `receipt` as a stranger would use them, and misuse them.

#[path = "../common/mod.rs"]
mod common;

mod disks;
mod files;
mod forgeries;
mod lab;
mod outputs;
mod processes;
mod receipts;
mod refusals;
mod story;
