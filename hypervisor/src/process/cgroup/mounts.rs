//! Where the hierarchies are mounted, and where in them this process is.

use std::fs;
use std::path::{Path, PathBuf};

/// One mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where it is mounted.
    pub(super) point: PathBuf,
    /// The group of this process in it, if it can be seen from here.
    pub(super) own: Option<PathBuf>,
}

/// The hierarchies of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mounts {
    /// The v2 hierarchy.
    pub(super) v2: Option<Mount>,
    /// v1 hierarchies with their controllers.
    v1: Vec<(Vec<String>, Mount)>,
}

impl Mounts {
    /// Reads `/proc/self/mountinfo` and `/proc/self/cgroup` in the file tree that begins at `root`. Lines that make no
    /// sense are passed over, and files that are not there are empty: then there are no hierarchies.
    pub(super) fn read(root: &Path) -> Self {
        let text = |name| fs::read(root.join("proc/self").join(name)).unwrap_or_default();
        let (mountinfo, memberships) = (text("mountinfo"), text("cgroup"));
        let memberships = String::from_utf8_lossy(&memberships);
        let mut mounts = Self::default();
        for line in String::from_utf8_lossy(&mountinfo).lines() {
            mounts.add(root, line, &memberships);
        }
        mounts
    }

    /// The v1 hierarchy of a controller.
    pub(super) fn v1(&self, controller: &str) -> Option<&Mount> {
        let has = |controllers: &[String]| controllers.iter().any(|name| name == controller);
        self.v1.iter().find(|(controllers, _)| has(controllers)).map(|(_, mount)| mount)
    }

    fn add(&mut self, root: &Path, line: &str, memberships: &str) -> Option<()> {
        // 36 35 98:0 /group /mount/point rw,noatime shared:1 - cgroup cgroup rw,freezer
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (group, point) = (unescape(before.next()?), unescape(before.next()?));
        let mut after = after.split(' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        let own = |controller: Option<&str>| {
            let own = membership(memberships, controller)?;
            let inside = Path::new(own).strip_prefix(&group).ok()?;
            Some(within(root, &point).join(inside))
        };
        match kind {
            // Mounted a second time it is the same hierarchy; the first is as good.
            "cgroup2" if self.v2.is_none() => {
                self.v2 = Some(Mount { point: within(root, &point), own: own(None) });
            }
            "cgroup" => {
                let controllers: Vec<String> = options.split(',').map(str::to_owned).collect();
                let own = controllers.iter().find_map(|controller| own(Some(controller)));
                self.v1.push((controllers, Mount { point: within(root, &point), own }));
            }
            _ => {}
        }
        Some(())
    }
}

/// Path of this process' group in the hierarchy of a v1 controller, or in the v2 hierarchy.
fn membership<'a>(memberships: &'a str, controller: Option<&str>) -> Option<&'a str> {
    memberships.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (number, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let fits = match controller {
            None => number == "0" && controllers.is_empty(),
            Some(controller) => controllers.split(',').any(|name| name == controller),
        };
        // A group outside of what a container may see is shown with leading dots.
        (fits && !path.starts_with("/..")).then_some(path)
    })
}

fn within(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Blanks and backslashes in paths are written as three octal digits.
fn unescape(field: &str) -> PathBuf {
    let mut path = String::with_capacity(field.len());
    let mut rest = field;
    while let Some((before, after)) = rest.split_once('\\') {
        path.push_str(before);
        let symbol = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        path.push(symbol.map_or('\\', char::from));
        rest = if symbol.is_some() { &after[3..] } else { after };
    }
    path.push_str(rest);
    PathBuf::from(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mountinfo: &str, cgroup: &str) -> Mounts {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("proc/self");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("mountinfo"), mountinfo).unwrap();
        fs::write(folder.join("cgroup"), cgroup).unwrap();
        let mut mounts = Mounts::read(root.path());
        let strip =
            |path: &mut PathBuf| *path = within(Path::new("/"), path.strip_prefix(root.path()).unwrap());
        for mount in mounts.v2.iter_mut().chain(mounts.v1.iter_mut().map(|(_, mount)| mount)) {
            strip(&mut mount.point);
            mount.own.iter_mut().for_each(strip);
        }
        mounts
    }

    fn mount(point: &str, own: &str) -> Mount {
        Mount { point: point.into(), own: (!own.is_empty()).then(|| own.into()) }
    }

    #[test]
    fn pure_v2_as_systemd_mounts_it() {
        let mounts = read(
            "25 30 0:23 / /sys rw shared:7 - sysfs sysfs rw\n\
             29 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n",
            "0::/user.slice/user-1000.slice/session-1.scope\n",
        );
        let own = "/sys/fs/cgroup/user.slice/user-1000.slice/session-1.scope";
        assert_eq!(mounts.v2, Some(mount("/sys/fs/cgroup", own)));
        assert_eq!(mounts.v1("freezer"), None);
    }

    #[test]
    fn hybrid_with_controllers_mounted_together() {
        let mounts = read(
            "30 25 0:27 / /sys/fs/cgroup ro shared:10 - tmpfs tmpfs ro,mode=755\n\
             31 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
             33 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:12 - cgroup cgroup rw,cpu,cpuacct\n\
             34 30 0:31 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n",
            "5:cpu,cpuacct:/a\n4:freezer:/\n0::/init.scope\n",
        );
        assert_eq!(mounts.v2, Some(mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/init.scope")));
        let together = mount("/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/a");
        assert_eq!((mounts.v1("cpu"), mounts.v1("cpuacct")), (Some(&together), Some(&together)));
        assert_eq!(mounts.v1("freezer"), Some(&mount("/sys/fs/cgroup/freezer", "/sys/fs/cgroup/freezer/")));
        assert_eq!(mounts.v1("cpuset"), None);
    }

    #[test]
    fn v1_in_a_container_that_sees_a_part_of_it() {
        let mounts = read(
            "41 40 0:35 /docker/abc /sys/fs/cgroup/freezer ro,relatime master:15 - cgroup cgroup rw,freezer\n\
             42 40 0:36 /docker/abc /sys/fs/my\\040cpuset ro - cgroup cgroup rw,cpuset\n",
            "7:freezer:/docker/abc\n6:cpuset:/elsewhere\n",
        );
        assert_eq!(mounts.v2, None);
        assert_eq!(mounts.v1("freezer"), Some(&mount("/sys/fs/cgroup/freezer", "/sys/fs/cgroup/freezer/")));
        assert_eq!(mounts.v1("cpuset"), Some(&mount("/sys/fs/my cpuset", "")));
    }

    #[test]
    fn nothing_and_garbage_are_no_hierarchies() {
        assert_eq!(read("", ""), Mounts::default());
        assert_eq!(Mounts::read(Path::new("/nowhere/at/all")), Mounts::default());
        let garbage =
            "- - -\n1 2 3\n\u{fffd}\n36 35 98:0 /\n36 35 98:0 / /m rw - cgroup2\n - cgroup cgroup rw\n";
        assert_eq!(read(garbage, "0:\n::::\n\n0::/../other\n"), Mounts::default());
        let outside = read("29 25 0:26 / /m rw - cgroup2 cgroup2 rw\n", "0::/../other\n");
        assert_eq!(outside.v2, Some(mount("/m", "")));
    }
}
