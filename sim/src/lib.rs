//! Seeded simulation of the whole node.
//!
//! A seed is a [`world::World`]: a machine, agents, orders and faults. [`run::play`] lets the same
//! [`maxwell_daemon::node::Node`] that a real machine runs live through it on a virtual clock, and [`checks::Checks`]
//! keeps its own books beside it. The same seed gives the same run, to the last bit.
//!
//! ```text
//!   seed -> World -> Node on a virtual clock <- faults
//!                      |
//!                      +--> Witness --> Checks (own books), Digest, Coverage, story
//! ```
//!
//! [`economy`] plays variations of the demonstration and says what became of its two agents. [`adversaries`] plays those who try
//! to get more out of the market than they pay for, and says what they got.
#![forbid(unsafe_code)]

pub mod world;

pub mod faults;

pub mod kernel;

pub mod actor;

pub mod verifier;

pub mod digest;

pub mod checks;

pub mod witness;

pub mod run;

mod recorded;

pub mod economy;

pub mod adversaries;
