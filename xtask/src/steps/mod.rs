//! The steps of `cargo xtask check`, in the order in which they run: cheap ones first.

mod fuzz;

mod lints;

mod supply;

pub(crate) mod wasm;

mod tests;

pub(crate) mod runs;

use std::path::PathBuf;

use clap::ValueEnum;

use crate::report::Outcome;
use crate::tidy;

/// What every step may need to know.
pub(crate) struct Settings {
    /// The folder of the repository.
    pub(crate) root: PathBuf,
    /// How many seeds the simulation plays.
    pub(crate) seeds: u32,
}

/// One step. Each builds what it needs, in the release profile, so that wasmtime is compiled once for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// The code is laid out as rustfmt does it.
    Format,
    /// The rules of this repository hold: edges between crates, sizes, words, links, promises.
    Tidy,
    /// Licences, sources and versions of the dependencies are those that deny.toml allows.
    Deny,
    /// No dependency has a known weakness.
    Advisories,
    /// The wasm modules in the repository are what their source builds.
    Wasm,
    /// Clippy has nothing to say.
    Clippy,
    /// The documentation builds without a dead link.
    Doc,
    /// Unit, property, contract and documentation tests pass, and the examples build.
    Test,
    /// Every interleaving of threads leaves a balance whole.
    Loom,
    /// No bytes that a stranger could send lead a parser astray, as far as the fuzzer sees in a moment.
    Fuzz,
    /// The simulation keeps every invariant for a number of seeds.
    Simulation,
    /// The demonstration ends well, and the same seed gives the same bytes.
    Demo,
}

impl Step {
    /// All steps in the order in which they run.
    pub(crate) const ALL: &[Self] = &[
        Self::Format,
        Self::Tidy,
        Self::Deny,
        Self::Advisories,
        Self::Wasm,
        Self::Clippy,
        Self::Doc,
        Self::Test,
        Self::Loom,
        Self::Fuzz,
        Self::Simulation,
        Self::Demo,
    ];

    /// The name that `--only` takes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Tidy => "tidy",
            Self::Deny => "deny",
            Self::Advisories => "advisories",
            Self::Wasm => "wasm",
            Self::Clippy => "clippy",
            Self::Doc => "doc",
            Self::Test => "test",
            Self::Loom => "loom",
            Self::Fuzz => "fuzz",
            Self::Simulation => "simulation",
            Self::Demo => "demo",
        }
    }

    /// Runs the step.
    pub(crate) fn run(self, settings: &Settings) -> anyhow::Result<Outcome> {
        let root = &settings.root;
        match self {
            Self::Format => lints::format(root),
            Self::Tidy => tidy::run(root),
            Self::Deny => supply::deny(root),
            Self::Advisories => supply::advisories(root),
            Self::Wasm => wasm::compare(root),
            Self::Clippy => lints::clippy(root),
            Self::Doc => lints::doc(root),
            Self::Test => tests::run(root),
            Self::Loom => tests::loom(root),
            Self::Fuzz => fuzz::run(root),
            Self::Simulation => runs::simulation(root, settings.seeds),
            Self::Demo => runs::demo(root),
        }
    }
}

#[cfg(test)]
mod names {
    use super::*;

    #[test]
    fn the_printed_name_is_the_one_that_can_be_asked_for() {
        assert_eq!(Step::ALL, Step::value_variants());
        for step in Step::ALL {
            assert_eq!(Step::from_str(step.name(), false).as_ref(), Ok(step));
        }
    }
}
