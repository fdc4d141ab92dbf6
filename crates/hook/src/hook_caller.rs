//! Whether anybody still waits for this hook.

use std::time::Duration;
use trusty_platform::process_files;
use trusty_platform::sys;
use trusty_wire::client::{ProcessRole, classify_process};
use trusty_wire::identity::ProcessKey;

/// That the client or the parent has ended is told by nobody.
pub(crate) const LIVENESS_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The process with this pid, if it is one.
pub(crate) fn live_process(pid: u32) -> Option<ProcessKey> {
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

/// The client that runs this hook, where that does not tell its pid: clients before 2.1.260 do not
/// set `CLAUDE_PID` (measured, 2.1.160 and 2.1.212). One starts a hook itself, or its shell does.
pub(crate) fn ancestor() -> Option<u32> {
    parents().into_iter().find(|pid| {
        let arguments = process_files::process_arguments(*pid).unwrap_or_default();
        let executable = process_files::process_executable(*pid);
        classify_process(executable.as_deref(), &arguments) != ProcessRole::Other
    })
}

/// Whoever may have started this hook, the nearest first.
pub(crate) fn parents() -> Vec<u32> {
    let parent = parent();
    let above = parent.and_then(|pid| Some(sys::stat(pid).ok()??.parent));
    parent.into_iter().chain(above).collect()
}

/// Who waits for this hook: its client, and whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HookCaller {
    client: ProcessKey,
    parent: Option<u32>,
}

impl HookCaller {
    pub(crate) fn from_client(client: ProcessKey) -> Self {
        Self {
            client,
            parent: parent(),
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        live_process(self.client.pid) == Some(self.client) && parent() == self.parent
    }
}
