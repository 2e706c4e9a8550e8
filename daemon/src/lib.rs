//! The node: the tick, its main loop and what it is connected to.
//!
//! [`node::Node`] owns all state and walks the tick. Its surroundings come in through seams, each with a real
//! implementation and one for a virtual clock: clock, sensors and cells from their own crates, and from this one the
//! [`inbox`], the [`verifier`], the [`tariff`], the [`host`] meter and the [`journal`]. What it did goes out through [`telemetry`].
#![forbid(unsafe_code)]

pub mod node;

pub mod inbox;

pub mod verifier;

pub mod audit;

pub mod host;

pub mod tariff;

pub mod telemetry;

pub mod journal;

pub mod books;

pub mod scenario;

pub mod founding;

pub mod calibrate;

pub mod step_load;

pub mod profile;

pub mod recorder;
