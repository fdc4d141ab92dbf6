//! Cgroups of version 2, named by their absolute paths.

use crate::sys::FreezerState;
use rustix::fs::{Access, access};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Where the cgroup tree is mounted.
#[derive(Debug, PartialEq, Eq)]
struct CgroupMount {
    place: PathBuf,
    /// Which part of the tree is mounted there: `/` except inside a container.
    root: PathBuf,
}

fn mount() -> Option<&'static CgroupMount> {
    static CGROUP_MOUNT: OnceLock<Option<CgroupMount>> = OnceLock::new();
    CGROUP_MOUNT
        .get_or_init(|| parse_mounts(&fs::read_to_string("/proc/self/mountinfo").ok()?))
        .as_ref()
}

fn parse_mounts(text: &str) -> Option<CgroupMount> {
    text.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let mut words = place.split(' ').skip(3);
        let (root, place) = (words.next()?, words.next()?);
        kind.starts_with("cgroup2 ").then(|| CgroupMount {
            place: place.into(),
            root: root.into(),
        })
    })
}

/// The path of a cgroup from `/proc/<pid>/cgroup`; none if it lies outside the mounted tree.
fn path_in_mount(mount: &CgroupMount, told: &str) -> Option<PathBuf> {
    let group = told.lines().find_map(|l| l.strip_prefix("0::"))?;
    let below = Path::new(group).strip_prefix(&mount.root).ok()?;
    let within = below
        .components()
        .all(|c| matches!(c, std::path::Component::Normal(_)));
    // Joined one by one: joining an empty path would add a slash at the end.
    let whole = below
        .components()
        .fold(mount.place.clone(), |p, c| p.join(c));
    within.then_some(whole)
}

/// The cgroup of a process; none without cgroups of version 2, or if it lies outside the mounted
/// tree.
///
/// # Errors
/// `/proc/<pid>/cgroup` cannot be read.
pub fn cgroup_of(pid: u32) -> io::Result<Option<PathBuf>> {
    let Some(mount) = mount() else {
        return Ok(None);
    };
    let told = fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
    Ok(path_in_mount(mount, &told))
}

/// Whether this is the root of the mounted tree, which can be neither frozen nor removed.
pub fn is_root(group: &Path) -> bool {
    mount().is_some_and(|m| m.place == group)
}

/// The cgroup in which a sibling of this one can be made; for the root, the root itself.
pub fn parent_for_sibling(group: &Path) -> Option<PathBuf> {
    if is_root(group) {
        return Some(group.to_path_buf());
    }
    group.parent().map(Path::to_path_buf)
}

/// Whether this process may move `pid` to a new sibling of its cgroup, and back.
pub fn can_leave_cgroup(pid: u32) -> bool {
    let Ok(Some(own)) = cgroup_of(pid) else {
        return false;
    };
    let Some(env) = parent_for_sibling(&own) else {
        return false;
    };
    // access(2) also refuses on a read-only mount.
    [env.join("cgroup.procs"), own.join("cgroup.procs"), env]
        .iter()
        .all(|path| access(path, Access::WRITE_OK).is_ok())
}

/// Makes a cgroup; an existing one is no error.
///
/// # Errors
/// As mkdir(2) fails.
pub fn make(group: &Path) -> io::Result<()> {
    match fs::create_dir(group) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

/// Removes an empty cgroup; a missing one is no error.
///
/// # Errors
/// As rmdir(2) fails: the cgroup has processes or children (EBUSY), for example.
pub fn remove(group: &Path) -> io::Result<()> {
    match fs::remove_dir(group) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Moves a process into a cgroup; returns false if the process has ended.
///
/// # Errors
/// As write(2) to `cgroup.procs` fails.
pub fn enter(group: &Path, pid: u32) -> io::Result<bool> {
    match write(&group.join("cgroup.procs"), &pid.to_string()) {
        Ok(()) => Ok(true),
        Err(e) if e.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(false),
        Err(e) => Err(e),
    }
}

/// Writes to an existing file only: if the cgroup is gone, so is the file.
fn write(file: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let mut file = fs::OpenOptions::new().write(true).open(file)?;
    file.write_all(text.as_bytes())
}

/// The pids directly in a cgroup; none if the cgroup is gone.
///
/// # Errors
/// As read(2) of `cgroup.procs` fails.
pub fn members(group: &Path) -> io::Result<Vec<u32>> {
    match fs::read_to_string(group.join("cgroup.procs")) {
        // The kernel lists a process of another pid namespace as 0.
        Ok(text) => Ok(text
            .lines()
            .filter_map(|l| l.parse().ok())
            .filter(|pid| *pid != 0)
            .collect()),
        Err(e) if is_gone(&e) => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

fn is_gone(e: &io::Error) -> bool {
    // ENODEV: the cgroup was removed while its file was open.
    e.kind() == io::ErrorKind::NotFound
        || e.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error())
}

/// Requests that a cgroup is frozen or thawed; [`freezer_state`] says when the kernel is done.
///
/// # Errors
/// As write(2) to `cgroup.freeze` fails.
pub fn set_freezer_state(group: &Path, frost: FreezerState) -> io::Result<()> {
    let text = match frost {
        FreezerState::Frozen => "1",
        FreezerState::Thawed => "0",
    };
    write(&group.join("cgroup.freeze"), text)
}

/// Whether all of a cgroup is frozen; none if it is gone or cannot be frozen.
///
/// # Errors
/// As read(2) of `cgroup.events` fails.
pub fn freezer_state(group: &Path) -> io::Result<Option<FreezerState>> {
    let text = match fs::read_to_string(group.join("cgroup.events")) {
        Ok(text) => text,
        Err(e) if is_gone(&e) => return Ok(None),
        Err(e) => return Err(e),
    };
    Ok(text.lines().find_map(|line| match line {
        "frozen 1" => Some(FreezerState::Frozen),
        "frozen 0" => Some(FreezerState::Thawed),
        _ => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{is_frozen, since_boot};
    use std::time::Duration;

    const MOUNTS_SAMPLE: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    #[test]
    fn the_tree_is_found_and_paths_follow() {
        let mount = parse_mounts(MOUNTS_SAMPLE).expect("mounted");
        assert_eq!(mount.place, Path::new("/sys/fs/cgroup/unified"));
        let told = |text| path_in_mount(&mount, text);
        assert_eq!(
            told("9:name=systemd:/x\n0::/\n"),
            Some("/sys/fs/cgroup/unified".into())
        );
        assert_eq!(
            told("0::/user.slice/a.scope\n"),
            Some("/sys/fs/cgroup/unified/user.slice/a.scope".into())
        );
        assert_eq!(told("0::/../other"), None);
        assert_eq!(told("1:cpu:/x\n"), None);
        assert_eq!(parse_mounts("31 23 0:28 / /x rw - tmpfs tmpfs rw"), None);
        let inner = CgroupMount {
            place: "/cg".into(),
            root: "/docker/1".into(),
        };
        assert_eq!(
            path_in_mount(&inner, "0::/docker/1/a"),
            Some("/cg/a".into())
        );
        assert_eq!(path_in_mount(&inner, "0::/docker/2"), None);
    }

    /// A cgroup with a child process in it; thawed and removed on drop.
    struct TestCgroup {
        path: PathBuf,
        child: std::process::Child,
    }

    impl TestCgroup {
        /// `None` if this user may not make cgroups.
        fn make() -> Option<Self> {
            let own = cgroup_of(std::process::id()).ok()??;
            let name = format!("trusty-test-{}", std::process::id());
            let path = parent_for_sibling(&own)?.join(name);
            make(&path).ok()?;
            let child = std::process::Command::new("sleep")
                .arg("60")
                .spawn()
                .expect("sleep");
            let group = Self { path, child };
            enter(&group.path, group.child.id()).ok()?;
            Some(group)
        }

        fn wait(&self, wanted: FreezerState) {
            let deadline = since_boot() + Duration::from_secs(20);
            while freezer_state(&self.path).expect("readable") != Some(wanted) {
                assert!(since_boot() < deadline, "never {wanted:?}");
                std::thread::yield_now();
            }
        }
    }

    impl Drop for TestCgroup {
        fn drop(&mut self) {
            let _ = set_freezer_state(&self.path, FreezerState::Thawed);
            let _ = self.child.kill();
            let _ = self.child.wait();
            let _ = remove(&self.path);
        }
    }

    #[test]
    fn a_frozen_group_is_seen() {
        let Some(group) = TestCgroup::make() else {
            crate::skip::skip("control groups of version 2 are not ours to make");
            return;
        };
        let pid = group.child.id();
        assert_eq!(members(&group.path).expect("readable"), [pid]);
        assert_eq!(cgroup_of(pid).expect("readable"), Some(group.path.clone()));
        assert!(can_leave_cgroup(pid) && !is_frozen(pid));
        set_freezer_state(&group.path, FreezerState::Frozen).expect("freeze");
        group.wait(FreezerState::Frozen);
        assert!(is_frozen(pid));
        set_freezer_state(&group.path, FreezerState::Thawed).expect("thaw");
        group.wait(FreezerState::Thawed);
        assert!(!is_frozen(pid));
    }
}
