//! `maxwell experiment` with real processes: what it records, how it ends, what it leaves behind, what it refuses.
//!
//! Nothing here asserts how well the market does: tests share their CPUs with others.

#[path = "../common/mod.rs"]
mod common;

mod endings;
mod lab;
mod records;
mod refusals;
