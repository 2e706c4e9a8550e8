//! SIGINT and SIGTERM.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use maxwell_daemon::inbox::StopSwitch;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit code after SIGINT or SIGTERM.
pub(crate) const INTERRUPTED: u8 = 130;

/// The first signal presses the switch; a second one ends the process at once.
pub(crate) fn stop_on_signals(switch: &StopSwitch) -> Result<()> {
    let again = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The flag that asks for the end comes first, so that no signal is lost between two of these lines.
        flag::register(signal, switch.interrupt_flag())
            .and_then(|_| flag::register_conditional_shutdown(signal, INTERRUPTED.into(), again.clone()))
            .and_then(|_| flag::register(signal, again.clone()))
            .context("signals cannot be handled here")?;
    }
    Ok(())
}
