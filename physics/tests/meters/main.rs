//! Energy meters: one contract that every backend passes on every fixture machine that has it, and what each refuses.

#[path = "../common/mod.rs"]
mod common;

mod contract;
mod processors;
mod refusals;
mod rigs;
mod thermal;
mod units;

mod live;
