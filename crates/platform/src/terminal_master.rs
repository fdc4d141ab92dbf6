//! Which processes hold the master of a pseudo-terminal, and in which devpts instance it is.
//!
//! The holders of the master operate the terminal. A container has a devpts instance of its own,
//! which counts from `/dev/pts/0` again, so a path or a device number alone identifies no
//! pseudo-terminal.

use std::collections::BTreeSet;
use std::io;
#[cfg(target_os = "linux")]
use std::os::unix::fs::{FileTypeExt, MetadataExt};
#[cfg(target_os = "linux")]
use std::path::Path;

/// The devpts instances that a pseudo-terminal may be in, by the device numbers of their file
/// systems.
///
/// Empty if they cannot be read, for other terminals, and on macOS, which has one instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DevptsInstances(BTreeSet<u64>);

impl DevptsInstances {
    /// The instances of a process's controlling terminal, whose device number is `device`. They are
    /// read from the descriptors with which the process has that terminal open; if there are none,
    /// from the `/dev/pts` that the process sees.
    #[cfg(target_os = "linux")]
    pub fn of_controlling_terminal(pid: u32, device: u64) -> Self {
        if pseudo_terminal(device).is_none() {
            return Self::default();
        }
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd"));
        let descriptors = descriptors.into_iter().flatten().flatten();
        let open = descriptors.filter_map(|descriptor| {
            let path = descriptor.path();
            let file = std::fs::metadata(&path).ok()?;
            let is_terminal = file.file_type().is_char_device() && file.rdev() == device;
            is_terminal.then(|| devpts_instance(&path)).flatten()
        });
        let open: BTreeSet<u64> = open.collect();
        if !open.is_empty() {
            return Self(open);
        }
        let root = format!("/proc/{pid}/root");
        let seen = Path::new(&root).join("dev/pts");
        Self(devpts_instance(&seen).into_iter().collect())
    }

    /// Always empty: macOS has a single instance.
    #[cfg(target_os = "macos")]
    pub fn of_controlling_terminal(_pid: u32, _device: u64) -> Self {
        Self::default()
    }

    /// Whether two pseudo-terminals of the same number may be the same one: they are not if the
    /// instances of both are known and differ.
    pub fn may_be_same(&self, other: &Self) -> bool {
        self.0.is_empty() || other.0.is_empty() || !self.0.is_disjoint(&other.0)
    }
}

/// The processes that hold the master of a pseudo-terminal, by its device number and instances.
///
/// A process whose descriptors may not be read (root's `sshd`, for example) is left out. A terminal
/// that is no pseudo-terminal has no master. A master opened outside a devpts file system, at the
/// `/dev/ptmx` of devtmpfs, matches every instance.
///
/// # Errors
/// `/proc` cannot be listed.
#[cfg(target_os = "linux")]
pub fn terminal_holders(device: u64, instances: &DevptsInstances) -> io::Result<Vec<u32>> {
    let Some(index) = pseudo_terminal(device) else {
        return Ok(Vec::new());
    };
    let mut holders = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if holds_master(pid, index, instances) {
            holders.push(pid);
        }
    }
    Ok(holders)
}

/// Always none: macOS does not report which processes hold a master.
///
/// # Errors
/// None.
#[cfg(target_os = "macos")]
pub fn terminal_holders(_device: u64, _instances: &DevptsInstances) -> io::Result<Vec<u32>> {
    Ok(Vec::new())
}

/// The number of a pseudo-terminal in its instance; none for other devices.
#[cfg(target_os = "linux")]
fn pseudo_terminal(device: u64) -> Option<u64> {
    let major = (device >> 8) & 0xfff;
    let minor = (device & 0xff) | ((device >> 12) & 0xf_ff00);
    (136..=143)
        .contains(&major)
        .then(|| (major - 136) * 256 + minor)
}

#[cfg(target_os = "linux")]
fn holds_master(pid: u32, index: u64, instances: &DevptsInstances) -> bool {
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors.flatten().any(|descriptor| {
        let path = descriptor.path();
        let target = std::fs::read_link(&path).unwrap_or_default();
        if target.file_name().is_none_or(|name| name != "ptmx") {
            return false;
        }
        let number = descriptor.file_name();
        let info = format!("/proc/{pid}/fdinfo/{}", number.to_string_lossy());
        let info = std::fs::read_to_string(info).unwrap_or_default();
        let own = || DevptsInstances(devpts_instance(&path).into_iter().collect());
        tty_index(&info) == Some(index) && instances.may_be_same(&own())
    })
}

/// The device number of the devpts file system that a file is in; none if the file is in another
/// file system or cannot be read.
#[cfg(target_os = "linux")]
fn devpts_instance(file: &Path) -> Option<u64> {
    let is_devpts = rustix::fs::statfs(file).ok()?.f_type == libc::DEVPTS_SUPER_MAGIC;
    let device = std::fs::metadata(file).ok()?.dev();
    is_devpts.then_some(device)
}

/// The number after `tty-index:` in the `fdinfo` of a master.
#[cfg(target_os = "linux")]
fn tty_index(info: &str) -> Option<u64> {
    let mut lines = info.lines();
    lines.find_map(|line| line.strip_prefix("tty-index:")?.trim().parse().ok())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::fs::{Mode, OFlags, fstat, openat};
    use rustix::mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen,
    };
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    use std::os::fd::OwnedFd;

    const OPEN_PTY_FLAGS: OpenptFlags = OpenptFlags::RDWR
        .union(OpenptFlags::NOCTTY)
        .union(OpenptFlags::CLOEXEC);

    /// The master and the slave of a new terminal in this machine's own instance.
    fn open_terminal() -> (OwnedFd, OwnedFd) {
        let master = openpt(OPEN_PTY_FLAGS).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let terminal = ioctl_tiocgptpeer(&master, OPEN_PTY_FLAGS).expect("the slave");
        (master, terminal)
    }

    /// A devpts instance that is mounted nowhere; none if only root may make one.
    fn new_instance() -> Option<OwnedFd> {
        let made = fsopen("devpts", FsOpenFlags::FSOPEN_CLOEXEC).and_then(|context| {
            fsconfig_create(&context)?;
            let flags = FsMountFlags::FSMOUNT_CLOEXEC;
            fsmount(&context, flags, MountAttrFlags::empty())
        });
        if made.is_err() {
            crate::skip::skip("needs root to mount a devpts");
        }
        made.ok()
    }

    #[test]
    fn the_index_of_a_master_is_read_from_its_fdinfo() {
        let info = "pos:\t0\nflags:\t0100002\nmnt_id:\t26\nino:\t2\ntty-index:\t17\n";
        assert_eq!(tty_index(info), Some(17));
        assert_eq!(tty_index("pos:\t0\n"), None);
        assert_eq!(pseudo_terminal(0x8903), Some(259));
        assert_eq!(pseudo_terminal(0x402), None, "a text console");
    }

    #[test]
    fn the_holder_of_a_terminal_is_whoever_opened_its_master() {
        let (master, terminal) = open_terminal();
        let device = fstat(&terminal).expect("a device").st_rdev;
        let own = std::process::id();
        let instances = DevptsInstances::of_controlling_terminal(own, device);
        let holders = |device| terminal_holders(device, &instances).expect("listed");
        assert_eq!(holders(device), [own]);
        drop(master);
        assert_eq!(holders(device), [0; 0]);
        assert_eq!(holders(0x402), [0; 0]);
    }

    #[test]
    fn the_holder_of_a_terminal_of_another_devpts_instance_does_not_hold_this_one() {
        let Some(instance) = new_instance() else {
            return;
        };
        let (master, terminal) = open_terminal();
        let device = fstat(&terminal).expect("a device").st_rdev;
        let own = std::process::id();
        let here = DevptsInstances::of_controlling_terminal(own, device);
        drop(master);
        let index = pseudo_terminal(device).expect("a pseudo-terminal");
        // The other instance counts from 0, so its terminal number `index` needs all lower ones.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let masters = (0..=index).map(|_| openat(&instance, "ptmx", flags, Mode::empty()));
        let masters: Result<Vec<OwnedFd>, _> = masters.collect();
        let mut masters = masters.expect("terminals");
        let last = masters.pop().expect("one");
        assert_eq!(terminal_holders(device, &here).expect("listed"), [0; 0]);
        let unknown = DevptsInstances::default();
        assert_eq!(terminal_holders(device, &unknown).expect("listed"), [own]);

        unlockpt(&last).expect("unlocked");
        let other_end = ioctl_tiocgptpeer(&last, OPEN_PTY_FLAGS).expect("the slave");
        assert_eq!(fstat(&other_end).expect("a device").st_rdev, device);
        // The first terminal stays open, so that no other gets its number.
        let both = DevptsInstances::of_controlling_terminal(own, device);
        let there = DevptsInstances(both.0.difference(&here.0).copied().collect());
        let its_device = fstat(&other_end).expect("a device").st_dev;
        assert_eq!(there.0, BTreeSet::from([its_device]));
        assert!(!there.may_be_same(&here) && there.may_be_same(&both));
        assert_eq!(terminal_holders(device, &there).expect("listed"), [own]);
        drop(terminal);
    }

    #[test]
    fn terminals_of_one_number_may_be_the_same_unless_both_instances_are_known_and_differ() {
        let of = |devices: &[u64]| DevptsInstances(devices.iter().copied().collect());
        for (one, other, expected) in [
            (of(&[1]), of(&[1]), true),
            (of(&[1]), of(&[2]), false),
            (of(&[1]), of(&[1, 2]), true),
            (of(&[]), of(&[2]), true),
            (of(&[]), of(&[]), true),
        ] {
            assert_eq!(one.may_be_same(&other), expected, "{one:?} {other:?}");
            assert_eq!(other.may_be_same(&one), expected, "{one:?} {other:?}");
        }
    }
}
