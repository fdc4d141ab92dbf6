//! Whether anybody still waits for this hook.

use std::time::Duration;
use trusty_engine::io::sys;
use trusty_fleet::identity::ProcessKey;

/// How long a hook waits at most: 24 days. The client gives up a hook after
/// `HOOK_TIMEOUT_SECONDS` (24.9 days), and one that was given up forbids nothing.
pub(crate) const MAX_WAIT: Duration = Duration::from_hours(24 * 24);
/// That the client or the parent has ended is told by nobody.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// The process with this pid, if it is one.
pub(crate) fn living(pid: u32) -> Option<ProcessKey> {
    let stat = sys::stat(pid).ok()??;
    (!stat.zombie).then_some(ProcessKey {
        pid,
        start: stat.start,
    })
}

pub(crate) fn parent() -> Option<u32> {
    let pid = rustix::process::getppid()?.as_raw_nonzero();
    u32::try_from(pid.get()).ok()
}

/// Who waits for this hook: its client, and whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Awaiting {
    client: ProcessKey,
    parent: Option<u32>,
}

impl Awaiting {
    pub(crate) fn of(client: ProcessKey) -> Self {
        Self {
            client,
            parent: parent(),
        }
    }

    pub(crate) fn goes_on(&self) -> bool {
        living(self.client.pid) == Some(self.client) && parent() == self.parent
    }
}
