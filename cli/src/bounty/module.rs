//! Modules that verify: read, looked at, and kept where a node finds them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use maxwell_core::limits::VERIFIER_BYTES_MAX;
use maxwell_hypervisor::verifier::VerifierModule;

use crate::home::Home;

/// Reads a module and looks whether it can serve with so much fuel.
pub(super) fn read(file: &Path, fuel: u64) -> Result<Vec<u8>> {
    let named = || format!("the module {} cannot be read", file.display());
    let mut bytes = Vec::new();
    let opened = File::open(file).with_context(named)?;
    opened.take(VERIFIER_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).with_context(named)?;
    // Compiled as a node does.
    VerifierModule::compile(&bytes, fuel).with_context(|| file.display().to_string())?;
    Ok(bytes)
}

/// What terms name a module by.
pub(super) fn digest(module: &[u8]) -> [u8; 32] {
    *blake3::hash(module).as_bytes()
}

/// A module in the home.
pub(super) struct Kept {
    path: PathBuf,
    /// Whether it was not there before.
    is_new: bool,
}

impl Kept {
    /// Puts a module where a node finds it by its digest. It is there whole, on disk, or not at all.
    pub(super) fn put(home: &Home, module: &[u8]) -> Result<Self> {
        let path = home.module(&digest(module));
        let named = || format!("the module cannot be kept as {}", path.display());
        let is_new = !path.exists();
        // One that lies there under this name and is another was damaged, and is mended.
        if !fs::read(&path).is_ok_and(|there| there == module) {
            write_whole(&path, module).with_context(named)?;
        }
        Ok(Self { path, is_new })
    }

    /// Takes it away again after an order that failed, unless it was there before. What may have been carried out after all
    /// keeps its module.
    pub(super) fn is_of_no_use(&self, home: &Home, number: u64) {
        let posted = super::is_posted(home, number);
        if self.is_new && posted.is_ok_and(|posted| !posted) {
            // It is small, and in nobody's way.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes a file beside its place and moves it there.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, path)?;
            File::open(folder)?.sync_all()
        });
    if written.as_ref().is_err_and(|error| error.kind() != ErrorKind::AlreadyExists) {
        let _ = fs::remove_file(&beside);
    }
    written
}
