//! Registers through the kernel's device files, `dev/cpu/N/msr`.

use super::Registers;
use crate::held::HeldFile;
use crate::meter::Refusal;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Reads registers of this machine. Each device is opened when it is first needed and stays open.
#[derive(Debug)]
pub struct DeviceRegisters {
    folder: PathBuf,
    devices: BTreeMap<u32, HeldFile>,
}

impl DeviceRegisters {
    /// Devices below a root folder, `/` but in tests. Nothing is opened yet.
    pub fn new(root: &Path) -> Self {
        Self { folder: root.join("dev/cpu"), devices: BTreeMap::new() }
    }
}

impl Registers for DeviceRegisters {
    /// A register is eight bytes at the offset of its number; see msr(4).
    fn read(&mut self, cpu: u32, register: u32) -> io::Result<u64> {
        let path = || self.folder.join(format!("{cpu}/msr"));
        let device = self.devices.entry(cpu).or_insert_with(|| HeldFile::new(path()));
        let mut value = [0; 8];
        match device.read_at(&mut value, u64::from(register))? {
            8 => Ok(u64::from_le_bytes(value)),
            bytes => Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("only {bytes} of 8 bytes"))),
        }
    }
}

/// Why there is no way to the registers of a processor, with the remedy.
pub(super) fn refused(cpu: u32, error: &io::Error) -> Refusal {
    Refusal(match error.kind() {
        io::ErrorKind::NotFound => {
            format!("/dev/cpu/{cpu}/msr is absent; load the module msr (`modprobe msr`)")
        }
        _ => format!(
            "/dev/cpu/{cpu}/msr may not be read; it needs root, or CAP_SYS_RAWIO and the right to the file"
        ),
    })
}
