//! The experiment: the same agents, the same work, the same time, under different rules.
//!
//! [`conduct`] plans runs, makes each in a process of its own and writes the report; [`run`] is what such a process does;
//! [`record`] is what it writes down.
#![forbid(unsafe_code)]

pub mod plan;

pub mod arms;

pub mod cast;

pub mod economy;

pub mod order;

pub mod machine;

pub mod spec;

pub mod conduct;

pub mod run;

pub mod record;

mod cells;

mod files;
