//! The user and the system for which a path is judged.

use crate::sys::CURRENT_SYSTEM;
use std::fs;
use std::sync::OnceLock;
use trusty_fleet::System;

/// The user and the system for which paths are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustPolicy {
    /// The user's uid.
    pub uid: u32,
    /// The uid that stands for root's files in a user namespace that does not map uid 0; none if
    /// the namespace maps it.
    pub overflow_uid: Option<u32>,
    /// The system: on macOS, the members of the group `admin` may become root anyway.
    pub system: System,
}

impl TrustPolicy {
    /// The policy for the effective user of this process, in its user namespace.
    pub fn current() -> Self {
        static OVERFLOW_UID: OnceLock<Option<u32>> = OnceLock::new();
        Self {
            uid: rustix::process::geteuid().as_raw(),
            overflow_uid: *OVERFLOW_UID.get_or_init(overflow_uid),
            system: CURRENT_SYSTEM,
        }
    }

    /// Whether files of this owner are root's.
    pub(super) fn is_root(self, owner: u32) -> bool {
        owner == 0 || self.overflow_uid == Some(owner)
    }

    /// Whether files and processes of this owner are trusted: the user's and root's.
    pub fn is_trusted(self, owner: u32) -> bool {
        owner == self.uid || self.is_root(owner)
    }
}

/// Whether a user namespace maps uid 0, by the text of its `/proc/self/uid_map`. Text that cannot
/// be parsed counts as mapped, which trusts less.
pub fn maps_root(uid_map: &str) -> bool {
    let is_understood = |line: &str| {
        let numbers: Vec<_> = line.split_whitespace().map(str::parse::<u64>).collect();
        match numbers[..] {
            [Ok(inside), Ok(_), Ok(count)] => Some((inside, count)),
            _ => None,
        }
    };
    let mut ranges = uid_map.lines().map(is_understood).peekable();
    ranges.peek().is_none() || ranges.any(|range| range.is_none_or(|(from, n)| from == 0 && n > 0))
}

fn overflow_uid() -> Option<u32> {
    let uid_map = fs::read_to_string("/proc/self/uid_map").ok()?;
    if maps_root(&uid_map) {
        return None;
    }
    let overflow = fs::read_to_string("/proc/sys/kernel/overflowuid").ok()?;
    overflow.trim().parse().ok()
}
