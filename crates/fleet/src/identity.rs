//! Identities: a session is a process, and a process is (pid, start time) within one boot.

mod proc_start;

pub use proc_start::{ProcStart, StartMatch};

use serde::{Deserialize, Serialize};
use std::ops::Range;
use utoipa::ToSchema;
use uuid::Uuid;

/// The namespace of our session ids.
const SESSION_ID_NAMESPACE: Uuid = Uuid::from_u128(0x7c1d_6a0e_52f3_4b8a_9e64_1f0b_d2a9_53c7);
const MICROS_PER_SECOND: u64 = 1_000_000;
/// The years 2001 to 2286 in microseconds since the epoch; as ticks of Linux, 317,000 years of
/// uptime and more.
const EPOCH_MICROS: Range<u64> =
    1_000_000_000 * MICROS_PER_SECOND..10_000_000_000 * MICROS_PER_SECOND;

/// When a process started, in the kernel's own unit and never rounded: clock ticks since boot
/// on Linux (field 22 of `/proc/<pid>/stat`), microseconds since the epoch on macOS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StartTime(pub u64);

impl StartTime {
    /// The second since the Unix epoch, if the unit is that of macOS. Ticks since boot never reach
    /// the values of microseconds since 1970.
    pub fn epoch_second(self) -> Option<u64> {
        EPOCH_MICROS
            .contains(&self.0)
            .then_some(self.0 / MICROS_PER_SECOND)
    }
}

/// A process of the current boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessKey {
    /// Process id.
    pub pid: u32,
    /// The start time, which distinguishes processes that had the same pid.
    pub start: StartTime,
}

/// Identifies a session. On the wire: the bare UUID string.
///
/// Ids of discovered sessions are derived from (boot, pid, start time), see
/// [`crate::identity`]; `new` gives a random one.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

impl SessionId {
    /// A random (version 4) id.
    pub fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

impl Default for SessionId {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The machine and the user, as seen by this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineIdentity {
    /// An id that changes with each boot.
    pub boot: String,
    /// The user whose sessions are shown.
    pub uid: u32,
    /// The machine's own id (`/etc/machine-id`), where there is one.
    pub host: Option<String>,
    /// The pid namespace (`pid:[4026531836]`); none where the system has no namespaces.
    pub pid_namespace: Option<String>,
}

impl MachineIdentity {
    /// The id of the session that `process` is; stable across restarts of Trusty Bar.
    pub fn session_id(&self, process: ProcessKey) -> SessionId {
        let name = format!("{}/{}/{}", self.boot, process.pid, process.start.0);
        SessionId(Uuid::new_v5(&SESSION_ID_NAMESPACE, name.as_bytes()))
    }

    /// The `pidDomain` of this machine and namespace, in the form that [`Self::shares_pids_with`]
    /// reads; none where the system has no pid namespaces.
    pub fn domain(&self) -> Option<String> {
        let host = self.host.as_deref().unwrap_or_default();
        let namespace = self.pid_namespace.as_ref()?;
        Some(format!("linux:{host}:{namespace}"))
    }

    /// Whether the pids of a registry file with this `pidDomain` denote processes that we see.
    ///
    /// Claude Code writes `linux:<machine-id>:pid:[<namespace>]` (measured, 2.1.330): a home folder
    /// that machines or containers share holds files of all of them. A file without a `pidDomain`
    /// of that form counts as ours.
    pub fn shares_pids_with(&self, domain: Option<&str>) -> bool {
        let told = domain.and_then(|d| d.strip_prefix("linux:")?.split_once(":pid:["));
        let (Some(ours), Some((host, namespace))) = (&self.pid_namespace, told) else {
            return true;
        };
        let same_host = self
            .host
            .as_deref()
            .is_none_or(|own| host.is_empty() || own == host);
        same_host && ours.strip_prefix("pid:[") == Some(namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> MachineIdentity {
        MachineIdentity {
            boot: "b".into(),
            uid: 1000,
            host: Some("3d12".into()),
            pid_namespace: Some("pid:[4026531836]".into()),
        }
    }

    #[test]
    fn one_process_has_one_id_and_a_reused_pid_another() {
        let key = |pid, start| ProcessKey {
            pid,
            start: StartTime(start),
        };
        let id = machine().session_id(key(7, 100));
        assert_eq!(id, machine().session_id(key(7, 100)));
        assert_ne!(id, machine().session_id(key(7, 101)));
        assert_ne!(id, machine().session_id(key(71, 0)));
        let other_boot = MachineIdentity {
            boot: "c".into(),
            ..machine()
        };
        assert_ne!(id, other_boot.session_id(key(7, 100)));
    }

    #[test]
    fn only_a_start_time_of_macos_names_a_second() {
        let second = |start| StartTime(start).epoch_second();
        assert_eq!(second(1_789_312_956_123_456), Some(1_789_312_956));
        // The first minute after a boot, a year of uptime, and what no kernel reports.
        for ticks in [0, 6_000, 3_155_760_000, u64::MAX] {
            assert_eq!(second(ticks), None, "{ticks}");
        }
    }

    #[test]
    fn files_of_another_pid_namespace_are_not_ours() {
        let ours = machine();
        assert!(ours.shares_pids_with(None));
        assert!(ours.shares_pids_with(ours.domain().as_deref()));
        assert!(ours.shares_pids_with(Some("linux:3d12:pid:[4026531836]")));
        assert!(!ours.shares_pids_with(Some("linux:3d12:pid:[4026532000]")));
        assert!(!ours.shares_pids_with(Some("linux:77aa:pid:[4026531836]")));
        assert!(ours.shares_pids_with(Some("linux::pid:[4026531836]")));
        assert!(ours.shares_pids_with(Some("darwin:whatever")));
        let mac = MachineIdentity {
            pid_namespace: None,
            ..ours
        };
        assert!(mac.shares_pids_with(Some("linux:3d12:pid:[4026532000]")));
    }
}
