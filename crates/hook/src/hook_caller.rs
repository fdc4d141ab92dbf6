//! Which process waits for this hook, and whether it still does.

use std::time::Duration;
use trusty_platform::process_files;
use trusty_platform::sys;
use trusty_wire::client::{ProcessRole, classify_process};
use trusty_wire::identity::ProcessKey;

/// How often a waiting hook checks Claude Code and its own parent: no event reports their end.
pub(crate) const LIVENESS_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The key of the process with this pid; none if there is no such process or it is a zombie.
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

/// The Claude Code process that runs this hook, for versions that do not set `CLAUDE_PID`:
/// those before 2.1.260 (measured, 2.1.160 and 2.1.212). Claude Code starts a hook itself or
/// through a shell, so the parent and the grandparent are checked.
pub(crate) fn ancestor() -> Option<u32> {
    parents().into_iter().find(|pid| {
        let arguments = process_files::process_arguments(*pid).unwrap_or_default();
        let executable = process_files::process_executable(*pid);
        classify_process(executable.as_deref(), &arguments) != ProcessRole::Other
    })
}

/// The processes that may have started this hook: its parent, then its grandparent.
pub(crate) fn parents() -> Vec<u32> {
    let parent = parent();
    let above = parent.and_then(|pid| Some(sys::stat(pid).ok()??.parent));
    parent.into_iter().chain(above).collect()
}

/// The processes that wait for this hook: Claude Code, and the parent that started the hook.
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
