//! Control groups: which hierarchies this machine has, what works in them, and the groups of one cell.
//!
//! A host may have the v2 hierarchy alone, v1 hierarchies alone, or both side by side (hybrid). Nothing is believed
//! because a file is there: a hierarchy is taken if a group could really be made, written and removed in it.

pub(super) use clearing::{Clearing, GatePlace};
pub(super) use groups::{Bounds, Groups, MemoryPlace};
#[cfg(test)]
pub(super) use survey::Version;
pub(super) use survey::{FOLDER_PREFIX, Survey, survey};

mod mounts;

mod survey;

mod groups;

mod clearing;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// Writes to a file of the kernel, which is never made here: one that is not there is an error.
fn write(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes())
}
