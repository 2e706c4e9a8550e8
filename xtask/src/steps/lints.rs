//! What the tools that come with Rust say about the code.

use std::path::Path;

use crate::process::{cargo, has_cargo_command, shown};
use crate::report::Outcome;

/// Whether rustfmt would change a file.
pub(super) fn format(root: &Path) -> anyhow::Result<Outcome> {
    if !has_cargo_command(root, "fmt") {
        return Ok(Outcome::skipped("rustfmt is not installed: rustup component add rustfmt"));
    }
    let passed = shown(&mut cargo(root, &["fmt", "--all", "--check"]))?;
    Ok(Outcome::of(passed, "some files are laid out otherwise: run `cargo fmt --all`"))
}

/// Whether clippy warns of anything, in tests, examples and benchmarks as well.
pub(super) fn clippy(root: &Path) -> anyhow::Result<Outcome> {
    if !has_cargo_command(root, "clippy") {
        return Ok(Outcome::skipped("clippy is not installed: rustup component add clippy"));
    }
    let arguments = ["clippy", "--workspace", "--all-targets", "--release", "--", "-D", "warnings"];
    Ok(Outcome::of(shown(&mut cargo(root, &arguments))?, "clippy or the compiler warns, see above"))
}

/// Whether the documentation builds without a warning.
pub(super) fn doc(root: &Path) -> anyhow::Result<Outcome> {
    // With examples cargo chooses the features of dependencies as it does for clippy, and need not check wasmtime again.
    let arguments = ["doc", "--workspace", "--no-deps", "--release", "--lib", "--bins", "--examples"];
    let mut command = cargo(root, &arguments);
    let passed = shown(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::of(passed, "rustdoc warns, see above"))
}
