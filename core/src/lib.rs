//! The rules of Maxwell, and nothing else.
//!
//! This crate decides; it never acts. It knows no clock, no file, no thread and no wire format: time comes in as a
//! [`units::Moment`], the machine as a [`tick::Sensed`] reading, and what should happen goes out as plain values.
//! So the same code runs on a real node, on a virtual clock and in the simulator.
//!
//! The modules stand in the order in which a tick passes through them:
//!
//! ```text
//! sensors --Reading--> price --Quote--> auction --Clearing--> ledger --Grant--> cells --Usage--> ledger --> telemetry
//! ```
#![forbid(unsafe_code)]

pub mod units;

pub mod limits;

pub mod tick;

pub mod event;

pub mod price;

pub mod auction;

pub mod ledger;

pub mod landauer;

pub mod population;

pub mod bidding;

pub mod bounty;

pub mod energy;

pub mod invariants;

mod sync;
