//! Process cells on the real kernel: what the gates do, what is counted, how commands fail and what is left.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{DEADLINE, Harness, host_options, usage};
use maxwell_core::limits::QUANTUM;
use maxwell_core::tick::{Exit, SlotId};
use maxwell_core::units::Nanoseconds;
use maxwell_hypervisor::cell::{Cell, Notice};
use maxwell_hypervisor::process::{
    CpuPolicy, GateKind, HostError, HostOptions, ProcessCell, ProcessHost, Program, StartError,
};
use rustix::process::{Pid, Signal, kill_process};

const SPIN: &str = "while :; do :; done";

macro_rules! behind_every_gate {
    (@$module:ident $gate:ident $($name:ident)*) => {
        mod $module {
            $(#[test] fn $name() {
                if let Some(harness) = super::Harness::process(super::GateKind::$gate, 1) {
                    super::$name(harness);
                }
            })*
        }
    };
    ($($name:ident)*) => {
        behind_every_gate!(@v2 FreezerV2 $($name)*);
        behind_every_gate!(@v1 FreezerV1 $($name)*);
        behind_every_gate!(@signals Signals $($name)*);
    };
}

behind_every_gate! {
    a_parked_program_uses_no_cpu
    everything_that_forked_away_ends_with_its_cell
    a_cell_whose_keeper_is_killed_ends_and_leaves_nothing
    a_cell_that_is_not_renewed_goes_on_and_is_stopped_again_later
    a_program_that_is_killed_from_outside_has_crashed
    a_program_that_dies_of_the_notice_has_obeyed
    a_program_that_writes_without_end_goes_on
    a_keeper_sleeps_while_its_cell_runs
    the_end_is_explained_by_what_was_written
}

fn a_parked_program_uses_no_cpu(mut harness: Harness) {
    let (mut cell, _queue) = harness.shell(SPIN);
    harness.quanta_until(&mut cell, |usage| usage.used > Nanoseconds::ZERO);
    until("it stops", || !runs(&cell));
    let before = cpu(&cell);
    let pause = harness.clock.now() + Nanoseconds::from_millis(100);
    harness.clock.wait_until(pause);
    assert_eq!(cpu(&cell), before);
    harness.quanta_until(&mut cell, |_| true);
    until("it goes on", || cpu(&cell) > before);
}

fn everything_that_forked_away_ends_with_its_cell(mut harness: Harness) {
    let marker = marker();
    let bomb = format!(
        "i=0; while [ $i -lt 100 ]; do setsid sh -c 'sleep {marker} & setsid sleep {marker} & exit' & \
         i=$((i+1)); done; sleep {marker}"
    );
    let (mut cell, _queue) = harness.shell(&bomb);
    harness.quanta_until(&mut cell, |_| processes(&marker) > 200);
    cell.park();
    drop(cell);
    let folders = folders(harness.host.as_ref().unwrap());
    assert!(!folders.is_empty() || harness.host.as_ref().unwrap().gate() == GateKind::Signals);
    assert!(folders.iter().all(|folder| folder.exists()));
    drop(harness);
    assert_eq!(processes(&marker), 0);
    assert!(folders.iter().all(|folder| !folder.exists()), "{folders:?}");
}

fn a_cell_whose_keeper_is_killed_ends_and_leaves_nothing(mut harness: Harness) {
    let marker = marker();
    let (mut cell, _queue) = harness.shell(&format!("sleep {marker} & sleep {marker}; {SPIN}"));
    harness.quanta_until(&mut cell, |_| processes(&marker) > 2);
    kill_process(parent(&cell), Signal::KILL).unwrap();
    let last = harness.run(&mut cell);
    assert_eq!(last.exit, Some(Exit::Crashed));
    assert!(cell.last_words().contains("keeper was ended from outside"), "{}", cell.last_words());
    let host = harness.host.take().unwrap();
    let folders = folders(&host);
    drop(cell);
    drop(host);
    until("all of it is gone", || processes(&marker) == 0);
    assert!(folders.iter().all(|folder| !folder.exists()), "{folders:?}");
}

fn a_cell_that_is_not_renewed_goes_on_and_is_stopped_again_later(mut harness: Harness) {
    let (mut cell, _queue) = harness.shell(SPIN);
    harness.quanta_until(&mut cell, |usage| usage.used > Nanoseconds::ZERO);
    until("it stops", || !runs(&cell));
    let (before, start) = (cpu(&cell), Instant::now());
    until("the keeper lets it go", || cpu(&cell) > before);
    assert!(start.elapsed() > Duration::from_secs(1), "only when the lease is over");
    // The node is back, and the cell hears of it twice a second.
    until("it is stopped again", || {
        cell.renew_lease();
        !runs(&cell)
    });
}

fn a_program_that_is_killed_from_outside_has_crashed(mut harness: Harness) {
    for parks in [true, false] {
        let (mut cell, _queue) = harness.shell(SPIN);
        if !parks {
            cell.grant(&harness.permit(0));
        }
        kill_process(Pid::from_raw(cell.pid() as i32).unwrap(), Signal::KILL).unwrap();
        assert_eq!(harness.run(&mut cell).exit, Some(Exit::Crashed));
        assert!(cell.last_words().contains("SIGKILL"), "{}", cell.last_words());
    }
}

fn a_program_that_dies_of_the_notice_has_obeyed(mut harness: Harness) {
    let (mut cell, _queue) = harness.shell(SPIN);
    cell.notify(Notice { reason: 1, left: Nanoseconds::from_millis(5_000) });
    assert_eq!(harness.run(&mut cell).exit, Some(Exit::Finished));
    assert_eq!(cell.last_words(), "");
}

fn a_program_that_writes_without_end_goes_on(mut harness: Harness) {
    let (mut cell, _queue) =
        harness.shell("i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done; exit 1");
    assert_eq!(harness.run(&mut cell).exit, Some(Exit::Crashed));
    assert!(cell.last_words().ends_with("line 29999"), "{}", cell.last_words());
}

fn a_keeper_sleeps_while_its_cell_runs(mut harness: Harness) {
    let (mut cell, _queue) = harness.shell(SPIN);
    harness.quanta_until(&mut cell, |usage| usage.used > Nanoseconds::ZERO);
    let keeper = parent(&cell).as_raw_pid() as u32;
    let before = cpu_of(keeper);
    for _ in 0..30 {
        harness.quantum(&mut cell, 0);
    }
    let used = cpu_of(keeper) - before;
    assert!(used < QUANTUM.0, "{used} ns in 30 quanta");
}

fn the_end_is_explained_by_what_was_written(mut harness: Harness) {
    let (mut cell, _queue) = harness.shell("echo out; echo no such model >&2; exit 7");
    let last = harness.run(&mut cell);
    assert_eq!(last.exit, Some(Exit::Crashed));
    assert_eq!(cell.last_words(), "crashed: ended with status 7\nno such model");
}

#[test]
fn a_command_that_cannot_be_run_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let cases = [
        (PathBuf::from("/nowhere/at/all"), "no such program"),
        (PathBuf::from("maxwell-no-such-command"), "no such program"),
        (file("plain", "text", 0o644), "not executable"),
        (folder.path().to_owned(), "is a directory"),
        (file("orphan", "#!/nowhere/sh\n", 0o755), "interpreter"),
    ];
    for gate in [GateKind::FreezerV2, GateKind::FreezerV1, GateKind::Signals] {
        let Some(mut harness) = Harness::process(gate, 1) else { continue };
        let folders = folders(harness.host.as_ref().unwrap());
        for (path, words) in &cases {
            let (config, _queue) = harness.config(&[]);
            let program = Program { path: path.clone(), ..Program::default() };
            let error = harness.host.as_ref().unwrap().start(&program, config).unwrap_err();
            assert!(matches!(error, StartError::Command { .. }), "{error:?}");
            assert!(error.to_string().contains(words), "{error}");
        }
        for folder in &folders {
            let left = fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_dir()).count();
            assert_eq!(left, 0, "{}", folder.display());
        }
    }
}

#[test]
fn a_program_gets_four_descriptors_and_its_arguments() {
    let Some(mut harness) = any(1) else { return };
    // What another library has opened carelessly.
    let careless = fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&careless, rustix::io::FdFlags::empty()).unwrap();
    let (config, _queue) = harness.config(&["second arg", "third"]);
    let script = "ls /proc/$$/fd; echo \"$MAXWELL_CHANNEL_FD, $0, $1, $2\"; exit 1";
    let args = vec!["-c".into(), script.into(), "first".into()];
    let program = Program { path: "sh".into(), args, ..Program::default() };
    let mut cell = harness.host.as_ref().unwrap().start(&program, config).unwrap();
    harness.run(&mut cell);
    let words = cell.last_words();
    assert_eq!(words, "crashed: ended with status 1\n0\n1\n2\n3\n3, first, second arg, third");
}

#[test]
fn a_cell_runs_on_the_cpus_of_its_slots() {
    for gate in [GateKind::FreezerV2, GateKind::Signals] {
        let Some(mut harness) = Harness::process(gate, 2) else { continue };
        let cpus = harness.host.as_ref().unwrap().cpus().to_vec();
        let (mut cell, _queue) = harness.shell("while :; do :; done & while :; do :; done");
        let allowed = |cell: &ProcessCell| {
            let status = fs::read_to_string(format!("/proc/{}/status", cell.pid())).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
            line.unwrap().trim().to_owned()
        };
        let both = if cpus[1] == cpus[0] + 1 {
            format!("{}-{}", cpus[0], cpus[1])
        } else {
            format!("{},{}", cpus[0], cpus[1])
        };
        let mut permit = harness.permit(1);
        cell.grant(&permit);
        assert_eq!(allowed(&cell), cpus[1].to_string());
        permit.slots.insert(SlotId(0));
        cell.grant(&permit);
        assert_eq!(allowed(&cell), both);
        cell.park();
        cell.grant(&harness.permit(0));
        assert_eq!(allowed(&cell), cpus[0].to_string());
        usage(&mut cell);
        let mut used = Nanoseconds::ZERO;
        let deadline = Instant::now() + DEADLINE;
        while used < Nanoseconds::from_millis(200) {
            let mut permit = harness.permit(0);
            permit.slots.insert(SlotId(1));
            cell.grant(&permit);
            cell.renew_lease();
            harness.clock.wait_until(permit.until);
            let usage = usage(&mut cell);
            assert_eq!(usage.granted, Nanoseconds(2 * QUANTUM.0));
            assert!(usage.used <= usage.granted);
            used += usage.used;
            assert!(Instant::now() < deadline);
        }
    }
}

#[test]
fn the_kernels_scheduler_is_told_the_policy() {
    let Some(mut harness) = any(1) else { return };
    let host = harness.host.clone().unwrap();
    if let Err(why) = host.can_weigh().and(host.can_cap()) {
        println!("skipped, because {why}");
        return;
    }
    let cpu = CpuPolicy { nice: 7, weight: Some(250), max: Some(0.5) };
    let (cell, _queue) = harness.shell_with(SPIN, cpu);
    let stat = fs::read_to_string(format!("/proc/{}/stat", cell.pid())).unwrap();
    let nice = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(16);
    assert_eq!(nice, Some("7"));
    let group = group(&cell, "cpu");
    let read = |file: &str| fs::read_to_string(group.join(file)).map(|text| text.trim().to_owned()).ok();
    if let Some(shares) = read("cpu.shares") {
        assert_eq!(shares, "2560");
        assert_eq!(read("cpu.cfs_quota_us").as_deref(), Some("50000"));
        assert_eq!(read("cpu.cfs_period_us").as_deref(), Some("100000"));
    } else {
        assert_eq!(read("cpu.weight").as_deref(), Some("250"));
        assert_eq!(read("cpu.max").as_deref(), Some("50000 100000"));
    }
    for cpu in [CpuPolicy { weight: Some(0), ..cpu }, CpuPolicy { max: Some(f64::NAN), ..cpu }] {
        let (config, _queue) = harness.config(&[]);
        let program = Program { path: "true".into(), cpu, ..Program::default() };
        assert!(matches!(host.start(&program, config), Err(StartError::Policy(_))));
    }
}

#[test]
fn slots_are_cpus_that_there_are() {
    let refused = |slots| match ProcessHost::new(host_options(GateKind::Signals, slots)) {
        Err(error @ HostError::Slots { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(refused(0).contains("0 slots"));
    assert!(refused(u16::MAX).contains("65535 slots"));
}

#[test]
fn a_tree_of_files_that_is_no_kernel_is_refused_with_reasons() {
    let root = tempfile::tempdir().unwrap();
    let proc = root.path().join("proc/self");
    fs::create_dir_all(&proc).unwrap();
    fs::write(
        proc.join("mountinfo"),
        "29 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n31 25 0:28 / /freezer rw - cgroup cgroup rw,freezer\n",
    )
    .unwrap();
    fs::write(proc.join("cgroup"), "1:freezer:/\n0::/\n").unwrap();
    let points = [root.path().join("sys/fs/cgroup"), root.path().join("freezer")];
    for point in &points {
        fs::create_dir_all(point).unwrap();
    }
    let options =
        HostOptions { gate: None, root: root.path().to_owned(), ..host_options(GateKind::Signals, 1) };
    let host = ProcessHost::new(options.clone()).unwrap();
    assert_eq!((host.gate(), host.meter()), (GateKind::Signals, "process clock"));
    let found = |what: &str| host.findings().iter().any(|finding| finding.contains(what));
    assert!(found("cgroup v2 freezer: refused, no usable group in"), "{:?}", host.findings());
    assert!(found("cpuset: refused") && host.can_weigh().is_err());
    assert!(
        points.iter().all(|point| fs::read_dir(point).unwrap().next().is_none()),
        "nothing is left there"
    );
    let wanted = HostOptions { gate: Some(GateKind::FreezerV1), ..options };
    assert!(matches!(ProcessHost::new(wanted), Err(HostError::Gate { gate: GateKind::FreezerV1, .. })));
}

/// Behind the best gate of this machine.
fn any(slots: u16) -> Option<Harness> {
    let gates = [GateKind::FreezerV2, GateKind::FreezerV1, GateKind::Signals];
    gates.into_iter().find_map(|gate| Harness::process(gate, slots))
}

/// CPU time of the first process in nanoseconds.
fn cpu(cell: &ProcessCell) -> u64 {
    cpu_of(cell.pid())
}

fn cpu_of(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// Whether a program that never sleeps of its own will runs or could run.
fn runs(cell: &ProcessCell) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", cell.pid())).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with('R')
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !done() {
        assert!(Instant::now() < deadline, "it never happened that {what}");
        std::thread::yield_now();
    }
}

/// A time to sleep that no other test sleeps.
fn marker() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static MARKERS: AtomicU32 = AtomicU32::new(0);
    format!("{}.{}", 100_000 + std::process::id(), MARKERS.fetch_add(1, Ordering::Relaxed) + 1)
}

/// Processes that have an argument with the marker in it.
fn processes(marker: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let has = |path: PathBuf| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).split('\0').any(|arg| arg.contains(marker))
    };
    entries.filter(|entry| has(entry.path())).count()
}

/// The keeper.
fn parent(cell: &ProcessCell) -> Pid {
    let stat = fs::read_to_string(format!("/proc/{}/stat", cell.pid())).unwrap();
    let parent = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(1).unwrap();
    Pid::from_raw(parent.parse().unwrap()).unwrap()
}

/// The host's folders, as its findings tell them.
fn folders(host: &ProcessHost) -> Vec<PathBuf> {
    host.findings().iter().filter_map(|finding| Some(finding.split_once("works, in ")?.1.into())).collect()
}

/// The group of a cell in the hierarchy of a v1 controller, or in the v2 hierarchy.
fn group(cell: &ProcessCell, controller: &str) -> PathBuf {
    let list = fs::read_to_string(format!("/proc/{}/cgroup", cell.pid())).unwrap();
    let find = |fits: &dyn Fn(&str) -> bool| {
        list.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            fits(fields.next()?).then(|| fields.next().map(str::to_owned)).flatten()
        })
    };
    match find(&|controllers| controllers.split(',').any(|name| name == controller)) {
        Some(path) => Path::new("/sys/fs/cgroup").join(controller).join(path.trim_start_matches('/')),
        None => Path::new("/sys/fs/cgroup").join(find(&str::is_empty).unwrap().trim_start_matches('/')),
    }
}
