//! SIGINT and SIGTERM.

use anyhow::{Context, Result};
use maxwell_daemon::inbox::StopSwitch;
use signal_hook::consts::{SIGINT, SIGTERM};

/// Exit code after SIGINT or SIGTERM.
pub(crate) const INTERRUPTED: u8 = 130;

/// The first signal presses the switch; a second one ends the process at once.
pub(crate) fn stop_on_signals(switch: &StopSwitch) -> Result<()> {
    for signal in [SIGINT, SIGTERM] {
        let flag = switch.interrupt_flag();
        signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED.into(), flag.clone())
            .and_then(|_| signal_hook::flag::register(signal, flag))
            .context("signals cannot be handled here")?;
    }
    Ok(())
}
