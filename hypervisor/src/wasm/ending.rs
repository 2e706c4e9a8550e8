//! How a program ended, told from what wasmtime returns.

use maxwell_core::tick::Exit;
use wasmtime_wasi::I32Exit;

use super::guest::Guest;
use crate::requests::Flooding;

/// Longest reason of an end that is kept, in bytes: two lines of a terminal.
const REASON_MAX: usize = 200;

/// The end of a program and what explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// The kind of end.
    pub(super) exit: Exit,
    /// One line for the operator, empty when all is well.
    pub(super) words: String,
}

impl Ending {
    /// Reads the result of `_start`.
    pub(super) fn of(result: Result<(), wasmtime::Error>, guest: &Guest) -> Self {
        let Err(error) = result else {
            return Self { exit: Exit::Finished, words: String::new() };
        };
        if let Some(status) = error.downcast_ref::<I32Exit>() {
            return Self::with_status(status.0);
        }
        if let Some(flooding) = error.downcast_ref::<Flooding>() {
            return Self { exit: Exit::Limit, words: flooding.to_string() };
        }
        match guest.limiter.refusal() {
            Some(words) => Self { exit: Exit::Limit, words },
            None => Self { exit: Exit::Crashed, words: format!("crashed: {}", first_line(&error)) },
        }
    }

    /// The host's own code panicked under the program. The node goes on without it.
    pub(super) fn host_panic() -> Self {
        Self { exit: Exit::Crashed, words: "crashed: a host function panicked; please report it".to_owned() }
    }

    fn with_status(status: i32) -> Self {
        match status {
            0 => Self { exit: Exit::Finished, words: String::new() },
            _ => Self { exit: Exit::Crashed, words: format!("crashed: ended with status {status}") },
        }
    }
}

/// The cause at the bottom of an error, without the frames that wasmtime wraps around it.
pub(super) fn first_line(error: &wasmtime::Error) -> String {
    let root = error.root_cause().to_string();
    let line = root.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let end = (0..=line.len().min(REASON_MAX)).rev().find(|&end| line.is_char_boundary(end)).unwrap_or(0);
    line[..end].to_owned()
}
