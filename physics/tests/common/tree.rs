//! Fixture machines: file trees written down as text, and planted in a temporary folder.
//!
//! A line is `path = text` and appends that text, with a newline, to that file, so a file of several lines takes
//! several lines here too. `\t` and `\n` stand for a tab and a newline. Empty lines and lines that begin with `#` are
//! for the reader.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A desktop: one package with cores and graphics, the platform, coretemp.
pub(crate) const INTEL_DESKTOP: &str = include_str!("../trees/intel-desktop.tree");
/// A server of two sockets with memory, two coretemp chips.
pub(crate) const INTEL_SERVER_2S: &str = include_str!("../trees/intel-server-2s.tree");
/// A server of one socket with powercap and k10temp.
pub(crate) const AMD_EPYC: &str = include_str!("../trees/amd-epyc.tree");
/// A board that has thermal zones and nothing else.
pub(crate) const ARM_BOARD: &str = include_str!("../trees/arm-board.tree");

/// All of them, with their names.
pub(crate) const ALL: [(&str, &str); 4] = [
    ("intel-desktop", INTEL_DESKTOP),
    ("intel-server-2s", INTEL_SERVER_2S),
    ("amd-epyc", AMD_EPYC),
    ("arm-board", ARM_BOARD),
];

/// Plants a tree in a folder of its own, which goes with the value.
pub(crate) fn plant(text: &str) -> TempDir {
    let root = TempDir::new().expect("a temporary folder");
    for (number, line) in
        text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        let (path, content) = line.split_once(" =").unwrap_or_else(|| panic!("line {}: {line}", number + 1));
        let content = content.strip_prefix(' ').unwrap_or(content).replace("\\t", "\t").replace("\\n", "\n");
        let mut file =
            OpenOptions::new().create(true).append(true).open(made(root.path(), path)).expect(path);
        writeln!(file, "{content}").expect(path);
    }
    root
}

/// Writes one file of a planted tree anew, with exactly this content. It stays the same file: what holds it open sees it.
pub(crate) fn rewrite(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    std::fs::write(made(root, path), content).expect(path);
}

/// Takes one file, or a folder with all that is in it, away.
pub(crate) fn remove(root: &Path, path: &str) {
    let path = root.join(path);
    if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) }
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Lays registers into the fake MSR device of a processor, `dev/cpu/N/msr`: the bytes of each lie at the offset that is
/// its number, as in the real device. Registers that were laid before stay.
///
/// Numbers count registers while offsets count bytes, so neighbours overlap: in the file, not in hardware. Only the low
/// four bytes of a value are laid, which hold all that Maxwell reads, and the registers of Intel that it reads lie
/// further apart than that. Those of AMD (0xC0010299, A and B) do not: they are tested on registers in memory.
pub(crate) fn lay_registers(root: &Path, cpu: u32, registers: &[(u32, u32)]) {
    let path = made(root, &format!("dev/cpu/{cpu}/msr"));
    let file = File::options().create(true).truncate(false).write(true).open(&path).expect("the fake device");
    for &(register, value) in registers {
        let end = file.metadata().expect("the fake device").len().max(u64::from(register) + 8);
        file.set_len(end).expect("a sparse file");
        file.write_all_at(&value.to_le_bytes(), u64::from(register)).expect("the fake device");
    }
}

/// The path below the root, with its folder made.
fn made(root: &Path, path: &str) -> PathBuf {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
    path
}
