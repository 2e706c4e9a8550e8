//! Running other programs: shown, captured, or shown and read line by line.

use std::io::{BufRead, BufReader, IsTerminal, PipeReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::Context;

/// How many lines may wait between the reader and the parser; past that the program that writes them waits.
const LINES_WAITING_MAX: usize = 1024;

/// How long the output stays open after a program has ended. Only something that the program left running can hold it
/// open, and that must not hang the check.
const LEFT_OPEN: Duration = Duration::from_secs(2);

/// The cargo that started this program, so that a check uses one toolchain throughout.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root);
    command
}

/// Whether `cargo NAME` is installed.
pub(crate) fn has_cargo_command(root: &Path, name: &str) -> bool {
    let output = cargo(root, &[name, "--version"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Runs a program with its output shown as it is, and says whether it succeeded.
pub(crate) fn shown(command: &mut Command) -> anyhow::Result<bool> {
    announce(command);
    Ok(command.status().with_context(|| start_failed(command))?.success())
}

/// Runs a program and returns what it writes, with or without what it writes to standard error.
pub(crate) fn captured(command: &mut Command, errors: Errors) -> anyhow::Result<Output> {
    announce(command);
    command.stderr(match errors {
        Errors::Shown => Stdio::inherit(),
        Errors::Captured => Stdio::piped(),
    });
    command.output().with_context(|| start_failed(command))
}

/// Where standard error goes.
#[derive(Clone, Copy)]
pub(crate) enum Errors {
    Shown,
    Captured,
}

/// Runs a program, shows each line of its two outputs in the order in which they were written, and hands it on.
pub(crate) fn watched(command: &mut Command, mut on_line: impl FnMut(&str)) -> anyhow::Result<ExitStatus> {
    announce(command);
    if std::io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let (reader, writer) = std::io::pipe()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| start_failed(command))?;
    // The command still holds the writing ends; only when they are closed does the reader see an end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, lines) = sync_channel(LINES_WAITING_MAX);
    std::thread::spawn(move || send_lines(reader, &sender));
    follow(&lines, &mut child, |line| {
        println!("{line}");
        on_line(line);
    })
}

fn follow(
    lines: &Receiver<String>,
    child: &mut Child,
    mut on_line: impl FnMut(&str),
) -> anyhow::Result<ExitStatus> {
    loop {
        match lines.recv_timeout(LEFT_OPEN) {
            Ok(line) => on_line(&line),
            Err(RecvTimeoutError::Disconnected) => return Ok(child.wait()?),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(status) = child.try_wait()? {
                    println!("note: a program that was started here runs on and holds the output open");
                    return Ok(status);
                }
            }
        }
    }
}

fn send_lines(reader: PipeReader, sender: &SyncSender<String>) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        // The receiver is gone once the program has ended: nobody wants the rest.
        if sender.send(text.trim_end_matches(['\n', '\r']).to_owned()).is_err() {
            return;
        }
        line.clear();
    }
}

/// Prints a command in a form that can be typed again.
fn announce(command: &Command) {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut text = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    println!("    $ {text}");
}

fn start_failed(command: &Command) -> String {
    format!("{} could not be started", command.get_program().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_outputs_arrive_in_order_with_the_status() {
        let mut lines = Vec::new();
        let status = watched(&mut shell("echo one; echo two >&2; printf three; exit 3"), |line| {
            lines.push(line.to_owned());
        });
        assert_eq!(status.unwrap().code(), Some(3));
        assert_eq!(lines, ["one", "two", "three"]);
    }

    #[test]
    fn a_program_left_behind_does_not_hang_the_check() {
        let started = Instant::now();
        let status = watched(&mut shell("sleep 20 & echo done"), |_| ());
        assert!(status.unwrap().success());
        assert!(started.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = captured(&mut Command::new("no-such-program"), Errors::Shown).unwrap_err();
        assert_eq!(error.to_string(), "no-such-program could not be started");
    }
}
