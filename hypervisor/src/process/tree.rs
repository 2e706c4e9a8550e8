//! Processes and their descendants, as `/proc` shows them.

use std::fs;

use rustix::process::Pid;

/// Calls `found` with a process and every descendant that it has now, parents first.
pub(super) fn walk(pid: Pid, found: &mut impl FnMut(Pid)) {
    let mut waiting = vec![pid];
    while let Some(pid) = waiting.pop() {
        found(pid);
        descend(pid, &mut waiting);
    }
}

/// Calls `found` with every descendant of a process, not with the process itself.
pub(super) fn walk_below(pid: Pid, found: &mut impl FnMut(Pid)) {
    let mut waiting = Vec::new();
    descend(pid, &mut waiting);
    while let Some(pid) = waiting.pop() {
        found(pid);
        descend(pid, &mut waiting);
    }
}

/// The threads of a process; none if it is gone.
pub(super) fn threads(pid: Pid) -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid())).into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

/// Adds the children of a process. Each thread has its own.
fn descend(pid: Pid, children: &mut Vec<Pid>) {
    for thread in threads(pid) {
        let file = format!("/proc/{}/task/{}/children", pid.as_raw_pid(), thread.as_raw_pid());
        let list = fs::read_to_string(file).unwrap_or_default();
        children.extend(list.split_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?)));
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn descendants_are_found() {
        let mut shell = Command::new("sh");
        let mut shell =
            shell.args(["-c", "sleep 60 & echo $!; wait"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(shell.stdout.take().unwrap()), &mut line)
            .unwrap();
        let sleeper = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
        let first = Pid::from_child(&shell);
        let (mut all, mut below) = (Vec::new(), Vec::new());
        walk(first, &mut |pid| all.push(pid));
        walk_below(first, &mut |pid| below.push(pid));
        rustix::process::kill_process(sleeper, rustix::process::Signal::KILL).unwrap();
        shell.wait().unwrap();
        assert_eq!((all, below), (vec![first, sleeper], vec![sleeper]));
    }
}
