//! Who operates a pseudo-terminal: the processes that hold its master.

use std::io;

/// The processes that hold the master of a pseudo-terminal, given as the number of its device. A
/// process whose descriptors may not be read (root's `sshd`, say) is left out; a terminal that is
/// no pseudo-terminal has no master.
///
/// # Errors
///
/// The processes cannot be listed.
#[cfg(target_os = "linux")]
pub fn terminal_holders(device: u64) -> io::Result<Vec<u32>> {
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
        if holds_master(pid, index) {
            holders.push(pid);
        }
    }
    Ok(holders)
}

/// The processes that hold the master of a pseudo-terminal. This system does not tell them.
///
/// # Errors
///
/// None.
#[cfg(target_os = "macos")]
pub fn terminal_holders(_device: u64) -> io::Result<Vec<u32>> {
    Ok(Vec::new())
}

/// The index of a pseudo-terminal among its kind; none for other devices.
#[cfg(target_os = "linux")]
fn pseudo_terminal(device: u64) -> Option<u64> {
    let major = (device >> 8) & 0xfff;
    let minor = (device & 0xff) | ((device >> 12) & 0xf_ff00);
    (136..=143)
        .contains(&major)
        .then(|| (major - 136) * 256 + minor)
}

#[cfg(target_os = "linux")]
fn holds_master(pid: u32, index: u64) -> bool {
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
        tty_index(&info) == Some(index)
    })
}

/// The line `tty-index:` of a master's `fdinfo`.
#[cfg(target_os = "linux")]
fn tty_index(info: &str) -> Option<u64> {
    let mut lines = info.lines();
    lines.find_map(|line| line.strip_prefix("tty-index:")?.trim().parse().ok())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::fs::fstat;
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

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
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let terminal = ioctl_tiocgptpeer(&master, flags).expect("its other end");
        let device = fstat(&terminal).expect("a device").st_rdev;
        let holders = terminal_holders(device).expect("told");
        assert_eq!(holders, [std::process::id()]);
        drop(master);
        assert_eq!(terminal_holders(device).expect("told"), [0; 0]);
        assert_eq!(terminal_holders(0x402).expect("told"), [0; 0]);
    }
}
