//! Wire types and formats: the only place where they are defined.
#![forbid(unsafe_code)]

pub mod abi;

pub mod book;
pub mod bounty;
pub mod channel;

pub mod demo;

pub mod experiment;

pub mod ledger;

pub mod market;

pub mod physics;

pub mod price;

pub mod profile;

pub mod receipt;

pub mod summary;

pub mod tariff;

pub mod wallet;
