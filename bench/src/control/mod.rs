//! The controller's study: what `docs/controller/README.md` tells is measured here, and nowhere else.
//!
//! A [`Bench`](plant::Bench) joins a machine of two thermal nodes, a sensor, a demand and the rule that is looked at; one
//! call walks one tick of 10 ms. [`figures`] makes the promised figures of a run, [`study`] lists the runs, [`table`] and
//! [`plot`] show them.

pub mod demand;
pub mod figures;
pub mod plant;
pub mod plot;
pub mod rules;
pub mod sensor;
pub mod study;
pub mod table;
