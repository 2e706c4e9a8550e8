//! The report of an experiment, made from its records.
//!
//! Records go in, pages come out: nothing here runs anything, and the same records give the same report.
#![forbid(unsafe_code)]
