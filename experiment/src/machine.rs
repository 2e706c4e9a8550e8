//! What the machine is, as far as results depend on it, read from `/proc` and `/sys`.

use std::fs;
use std::path::Path;

use maxwell_api::experiment::Machine;

/// First kernel whose fair scheduler is EEVDF.
const EEVDF_SINCE: (u32, u32) = (6, 6);

/// Reads the machine below `root` (`/` but in tests). What cannot be read is left empty or zero: the experiment does
/// not depend on it.
pub fn machine(root: &Path, capabilities: Vec<String>, sensors: Vec<String>) -> Machine {
    let cpuinfo = text(root, "proc/cpuinfo");
    let kernel = text(root, "proc/sys/kernel/osrelease").trim().to_owned();
    Machine {
        cpu: field(&cpuinfo, "model name").or_else(|| field(&cpuinfo, "Model")).unwrap_or_default(),
        cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32),
        memory_bytes: memory_bytes(&text(root, "proc/meminfo")),
        virtual_machine: virtual_machine(root, &cpuinfo),
        scheduler: scheduler(&kernel).to_owned(),
        timer_hz: timer_hz(&text(root, &format!("boot/config-{kernel}"))),
        kernel,
        governor: line(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        cgroups: cgroups(&text(root, "proc/self/mounts")).to_owned(),
        root: rustix::process::geteuid().is_root(),
        load_average: text(root, "proc/loadavg")
            .split(' ')
            .next()
            .and_then(|w| w.parse().ok())
            .unwrap_or(0.0),
        capabilities,
        sensors,
    }
}

/// The fair scheduler of a kernel by its release, such as `6.18.5-generic`. Of a release without its first two numbers
/// it is not known.
fn scheduler(release: &str) -> &'static str {
    let mut numbers = release.split(|symbol: char| !symbol.is_ascii_digit()).map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return "not known" };
    if (major, minor) >= EEVDF_SINCE { "EEVDF" } else { "CFS" }
}

/// Which hierarchies of control groups are mounted.
fn cgroups(mounts: &str) -> &'static str {
    let has = |kind: &str| mounts.lines().any(|line| line.split(' ').nth(2) == Some(kind));
    match (has("cgroup"), has("cgroup2")) {
        (true, true) => "hybrid",
        (true, false) => "v1",
        (false, true) => "v2",
        (false, false) => "none",
    }
}

/// Who made the virtual machine, if it is one. Firmware that names nobody leaves it at that.
fn virtual_machine(root: &Path, cpuinfo: &str) -> Option<String> {
    let flags = field(cpuinfo, "flags").unwrap_or_default();
    if !flags.split(' ').any(|flag| flag == "hypervisor") {
        return None;
    }
    let names = ["sys_vendor", "product_name"].map(|name| line(root, &format!("sys/class/dmi/id/{name}")));
    let names: Vec<String> = names.into_iter().flatten().collect();
    Some(if names.is_empty() { "of an unnamed kind".to_owned() } else { names.join(" ") })
}

/// `CONFIG_HZ` of the kernel's configuration.
fn timer_hz(config: &str) -> Option<u32> {
    config.lines().find_map(|line| line.strip_prefix("CONFIG_HZ=")?.parse().ok())
}

fn memory_bytes(meminfo: &str) -> u64 {
    let line = field(meminfo, "MemTotal").unwrap_or_default();
    line.split(' ').next().and_then(|kibibytes| kibibytes.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// The value of the first line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

fn line(root: &Path, file: &str) -> Option<String> {
    Some(text(root, file).trim().to_owned()).filter(|line| !line.is_empty())
}

fn text(root: &Path, file: &str) -> String {
    let bytes = fs::read(root.join(file)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheduler_follows_from_the_release() {
        let check = |release: &str, expect: &str| assert_eq!(scheduler(release), expect, "{release:?}");
        check("6.5", "CFS");
        check("6.6", "EEVDF");
        check("5.10.0-33-cloud-amd64", "CFS");
        check("6.18.5", "EEVDF");
        check("7.2.0-rc1", "EEVDF");
        check("10.0+", "EEVDF");
        check("6.6-rc3", "EEVDF");
        check("6", "not known");
        check("", "not known");
        check("next-20260101", "not known");
        check("99999999999999999999.1", "not known");
    }

    #[test]
    fn hierarchies_are_told_apart() {
        let (v1, v2) = ("cgroup /a cgroup rw 0 0\n", "cgroup2 /b cgroup2 rw 0 0\n");
        assert_eq!(cgroups(&format!("{v1}{v2}")), "hybrid");
        assert_eq!((cgroups(v1), cgroups(v2), cgroups("proc /proc proc rw 0 0\n")), ("v1", "v2", "none"));
    }

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_machine_is_read_from_its_files() {
        let root = tree(&[
            ("proc/cpuinfo", "model name\t: Fast CPU @ 3 GHz\nflags\t\t: fpu hypervisor sse\n"),
            ("proc/meminfo", "MemTotal:       24000 kB\nMemFree: 1 kB\n"),
            ("proc/sys/kernel/osrelease", "6.18.5\n"),
            ("proc/loadavg", "0.52 0.10 0.05 1/100 77\n"),
            ("proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"),
            ("boot/config-6.18.5", "# CONFIG_HZ_100 is not set\nCONFIG_HZ_250=y\nCONFIG_HZ=250\n"),
            ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
            ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n"),
        ]);
        let machine = machine(root.path(), vec!["gate".to_owned()], vec![]);
        assert_eq!((machine.cpu.as_str(), machine.memory_bytes), ("Fast CPU @ 3 GHz", 24_000 << 10));
        assert_eq!((machine.kernel.as_str(), machine.scheduler.as_str()), ("6.18.5", "EEVDF"));
        assert_eq!((machine.cgroups.as_str(), machine.timer_hz), ("v2", Some(250)));
        assert_eq!(machine.virtual_machine.as_deref(), Some("QEMU"));
        assert_eq!(machine.governor.as_deref(), Some("performance"));
        assert!((machine.load_average - 0.52).abs() < 1e-9 && machine.cpus > 0);
    }

    #[test]
    fn a_machine_that_says_nothing_is_described_all_the_same() {
        let root = tree(&[("proc/cpuinfo", "flags : hypervisor\n")]);
        let machine = machine(root.path(), vec![], vec![]);
        assert_eq!((machine.cpu.as_str(), machine.memory_bytes, machine.timer_hz), ("", 0, None));
        assert_eq!((machine.scheduler.as_str(), machine.cgroups.as_str()), ("not known", "none"));
        assert_eq!(machine.virtual_machine.as_deref(), Some("of an unnamed kind"));
        assert_eq!(machine.governor, None);
    }
}
