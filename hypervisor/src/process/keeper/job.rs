//! What a keeper is started with, as its command line: `ps` shows it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::process::cgroup::GatePlace;

/// The cell that a keeper keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::process) struct Job {
    /// Where it is stopped.
    pub(in crate::process) gate: GatePlace,
    /// Its groups, which exist already.
    pub(in crate::process) groups: Vec<PathBuf>,
    /// The node's folders, which are to be removed when the node could not do it.
    pub(in crate::process) folders: Vec<PathBuf>,
    /// CPUs that it begins on, unless a group says where it runs.
    pub(in crate::process) cpus: Vec<u32>,
    /// Its niceness.
    pub(in crate::process) nice: i32,
    /// Whether the keeper has to count CPU time, for want of a group that does.
    pub(in crate::process) counts_cpu: bool,
    /// The command.
    pub(in crate::process) program: OsString,
    /// Its arguments.
    pub(in crate::process) args: Vec<OsString>,
}

impl Job {
    /// The arguments that say it.
    pub(in crate::process) fn to_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        let mut say = |name: &str, value: &OsStr| args.extend([OsString::from(name), value.to_owned()]);
        match &self.gate {
            GatePlace::FreezerV2(group) => say("--freezer-v2", group.as_os_str()),
            GatePlace::FreezerV1(group) => say("--freezer-v1", group.as_os_str()),
            GatePlace::Signals => {}
        }
        self.groups.iter().for_each(|group| say("--group", group.as_os_str()));
        self.folders.iter().for_each(|folder| say("--folder", folder.as_os_str()));
        self.cpus.iter().for_each(|cpu| say("--cpu", OsStr::new(&cpu.to_string())));
        say("--nice", OsStr::new(&self.nice.to_string()));
        say("--count-cpu", OsStr::new(if self.counts_cpu { "yes" } else { "no" }));
        say("--", &self.program);
        args.extend(self.args.iter().cloned());
        args
    }

    /// Reads them; `None` if they were not written by [`Job::to_args`].
    pub(super) fn from_args(mut args: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut job = Self::default();
        loop {
            let (name, value) = (args.next()?, args.next()?);
            match name.to_str()? {
                "--freezer-v2" => job.gate = GatePlace::FreezerV2(value.into()),
                "--freezer-v1" => job.gate = GatePlace::FreezerV1(value.into()),
                "--group" => job.groups.push(value.into()),
                "--folder" => job.folders.push(value.into()),
                "--cpu" => job.cpus.push(value.to_str()?.parse().ok()?),
                "--nice" => job.nice = value.to_str()?.parse().ok()?,
                "--count-cpu" => job.counts_cpu = value == "yes",
                "--" => {
                    job.program = value;
                    job.args = args.collect();
                    return Some(job);
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_job_is_read_as_it_was_written() {
        let strange = OsString::from_vec(b"--group \xff".to_vec());
        let job = Job {
            gate: GatePlace::FreezerV1("/a b/c".into()),
            groups: vec!["/a b/c".into(), "/d".into()],
            folders: vec!["/d".into()],
            cpus: vec![3, 1],
            nice: -5,
            counts_cpu: true,
            program: strange.clone(),
            args: vec!["--".into(), strange, OsString::new()],
        };
        assert_eq!(Job::from_args(job.to_args().into_iter()), Some(job));
        let plain = Job { program: "true".into(), ..Job::default() };
        assert_eq!(Job::from_args(plain.to_args().into_iter()), Some(plain));
        for args in [&[][..], &["--"], &["--cpu", "x", "--", "true"], &["true", "true"]] {
            assert_eq!(Job::from_args(args.iter().map(OsString::from)), None, "{args:?}");
        }
    }
}
