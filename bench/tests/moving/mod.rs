//! Fixture machines whose counters and thermometers move, as those of a machine do and files do not.
// Each program compiles all of it and uses a part.
#![allow(dead_code)]

#[path = "../../../physics/tests/common/tree.rs"]
pub(crate) mod tree;

use std::path::Path;
use std::sync::Arc;

use maxwell_core::limits::WINDOW;
use maxwell_core::units::Moment;
use maxwell_physics::load::ProcStat;
use maxwell_physics::model::MachineModel;
use maxwell_physics::select::{Choice, ModelInputs, Selection, choose};
use maxwell_physics::sensor::ErrorBars;
use tempfile::TempDir;

/// Energy counters of powercap.
const ENERGIES: [&str; 4] = ["0", "0:0", "1", "1:0"];
/// A sampling period at 50 W.
const STEP_UJ: u64 = 5_000_000;
/// The same in counts of the registers below, 2^-14 J each.
const STEP_COUNTS: u32 = 5 << 14;

/// A planted machine that goes on by one sampling period at a time.
pub(crate) struct Moving {
    folder: TempDir,
    has_registers: bool,
    step: u32,
}

impl Moving {
    /// Plants a machine, with the registers of two sockets if asked for.
    pub(crate) fn new(text: &str, has_registers: bool) -> Self {
        let mut machine = Self { folder: tree::plant(text), has_registers, step: 0 };
        // Before anything is opened, so that the fixture's own figures are no leap.
        machine.advance();
        machine
    }

    /// Opens what is chosen on it.
    pub(crate) fn open(&self, choice: &Choice) -> Selection {
        let root = self.folder.path();
        let load = Arc::new(ProcStat::new(root));
        let inputs =
            ModelInputs { machine: MachineModel::DEMONSTRATION, load, errors: ErrorBars::UNCALIBRATED };
        choose(root, choice, inputs).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Moves every counter and thermometer there is; the time after it.
    pub(crate) fn advance(&mut self) -> Moment {
        self.step += 1;
        let (step, root) = (self.step, self.folder.path());
        let is_warm = step % 2;
        for domain in ENERGIES {
            let path = format!("sys/class/powercap/intel-rapl:{domain}/energy_uj");
            rewrite_if_there(root, &path, u64::from(step) * STEP_UJ);
        }
        for chip in 1..=2 {
            let path = format!("sys/class/hwmon/hwmon{chip}/temp1_input");
            rewrite_if_there(root, &path, u64::from(50_000 + 1_000 * is_warm));
        }
        for zone in 0..2 {
            let path = format!("sys/class/thermal/thermal_zone{zone}/temp");
            rewrite_if_there(root, &path, u64::from(50_000 + 1_000 * is_warm));
        }
        let times = format!("{} 0 100 {} 0 0 0 0 0 0", 100 + 5 * step, 5_000 + 5 * step);
        tree::rewrite(root, "proc/stat", format!("cpu  {times}\ncpu0 {times}\n"));
        if self.has_registers {
            let energy = step.wrapping_mul(STEP_COUNTS);
            let registers = [
                (0x606, 0x000a_0e03),
                (0x611, energy),
                (0x619, energy),
                (0x639, energy),
                (0x1a2, 91 << 16),
                (0x1b1, 1 << 31 | (40 + is_warm) << 16),
            ];
            (0..2).for_each(|cpu| tree::lay_registers(root, cpu, &registers));
        }
        Moment(u64::from(step) * WINDOW.0)
    }
}

fn rewrite_if_there(root: &Path, path: &str, value: u64) {
    if root.join(path).exists() {
        tree::rewrite(root, path, format!("{value}\n"));
    }
}
