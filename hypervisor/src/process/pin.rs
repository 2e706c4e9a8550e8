//! Keeping a cell on the CPUs of its slots.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use maxwell_core::tick::SlotSet;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

use super::tree;

/// Longest list of CPUs: every slot of the largest node with a CPU number of five digits and a comma.
const LIST_MAX: usize = maxwell_core::limits::SLOTS_MAX as usize * 6;

/// Where a cell's threads may run.
#[derive(Debug)]
pub(super) struct Pin {
    /// `cpuset.cpus`, held open; without it every thread is told on its own.
    cpuset: Option<File>,
    first: Pid,
    /// Where they may run now.
    slots: SlotSet,
    list: Vec<u8>,
}

impl Pin {
    /// Of a cell that was started on `slots`.
    pub(super) fn open(cpuset: Option<&Path>, first: Pid, slots: SlotSet) -> io::Result<Self> {
        let cpuset = cpuset.map(|path| OpenOptions::new().write(true).open(path)).transpose()?;
        Ok(Self { cpuset, first, slots, list: Vec::with_capacity(LIST_MAX) })
    }

    /// Moves the cell if it is elsewhere; `cpus` has the CPU of every slot. Without a cpuset this opens files. A CPU
    /// that was taken out of service meanwhile leaves the cell where it is, and the next grant tries again.
    pub(super) fn to(&mut self, slots: SlotSet, cpus: &[u32]) {
        if slots == self.slots {
            return;
        }
        let wanted = slots.iter().map(|slot| cpus[usize::from(slot.0)]);
        match &self.cpuset {
            Some(file) => {
                write_list(&mut self.list, wanted);
                if file.write_all_at(&self.list, 0).is_err() {
                    return;
                }
            }
            None => pin_all(self.first, &cpu_set(wanted)),
        }
        self.slots = slots;
    }
}

/// A set of CPUs by their numbers.
pub(super) fn cpu_set(cpus: impl Iterator<Item = u32>) -> CpuSet {
    let mut set = CpuSet::new();
    cpus.for_each(|cpu| set.set(cpu as usize));
    set
}

/// CPU numbers as the kernel reads them.
pub(super) fn cpu_list(cpus: &[u32]) -> String {
    let mut list = Vec::new();
    write_list(&mut list, cpus.iter().copied());
    String::from_utf8(list).expect("digits and commas")
}

fn write_list(list: &mut Vec<u8>, cpus: impl Iterator<Item = u32>) {
    list.clear();
    for cpu in cpus {
        let comma = if list.is_empty() { "" } else { "," };
        // Writing to a vector cannot fail.
        let _ = write!(list, "{comma}{cpu}");
    }
}

/// Every thread of a process and of its descendants; one that ends meanwhile needs no place, and one that begins has
/// that of the thread that began it. Two rounds, because it may have begun just before its maker was moved.
fn pin_all(first: Pid, cpus: &CpuSet) {
    for _ in 0..2 {
        tree::walk(first, &mut |pid| {
            tree::threads(pid).for_each(|thread| _ = sched_setaffinity(Some(thread), cpus));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_as_the_kernel_reads_it() {
        let mut list = Vec::new();
        write_list(&mut list, [1, 12, 3].into_iter());
        assert_eq!(list, b"1,12,3");
        write_list(&mut list, [7].into_iter());
        assert_eq!(list, b"7");
    }
}
