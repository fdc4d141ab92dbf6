//! Which kinds of pause are possible for a session, by its terminal, its processes and its hooks.

use super::context::{ActionContext, TerminalKind};
use crate::client::{HookObstacle, overflows_timers};
use crate::identity::ProcessKey;
use crate::observation::{ControlPreferences, HookInstall};
use crate::pause::PauseKind;
use crate::status::HookPresence;
use crate::terminal::{PaneKey, ProcessAncestor};

/// A possible kind of pause, with everything that it acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseCandidate {
    /// Move the session's processes into a cgroup of their own and freeze that.
    Freeze,
    /// Send SIGSTOP to these shells, from the terminal's first process down, then to Claude Code's
    /// process group.
    Stop {
        /// The shells; empty where Claude Code leads its terminal or has none.
        shells: Vec<ProcessKey>,
        /// Claude Code's process group.
        group: u32,
    },
    /// Type Ctrl-Z into this pane.
    Suspend {
        /// The pane.
        pane: PaneKey,
        /// The shell that has Claude Code as a job.
        shell: ProcessKey,
    },
    /// Let the session's hooks wait.
    Hold,
    /// Type Escape into this pane.
    Interrupt {
        /// The pane.
        pane: PaneKey,
    },
}

impl PauseCandidate {
    /// The kind of this candidate.
    pub fn kind(&self) -> PauseKind {
        match self {
            Self::Freeze => PauseKind::Freeze,
            Self::Stop { .. } => PauseKind::Stop,
            Self::Suspend { .. } => PauseKind::Suspend,
            Self::Hold => PauseKind::Hold,
            Self::Interrupt { .. } => PauseKind::Interrupt,
        }
    }
}

/// Why a kind of pause is not possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseObstacle {
    /// The user may not write to the session's cgroup, or the system has no cgroup v2.
    NoControlGroup,
    /// A program above the session, such as tmux or screen, wakes stopped processes: its name.
    AutoResumed(String),
    /// A process of another user stands between the session and its terminal: its name.
    ForeignProcess(String),
    /// The job-control state of the session is unknown.
    UnknownJobControl,
    /// The session runs in the background, in a terminal that Claude Code made for it.
    Background,
    /// The session is not in a tmux pane.
    NotInTmux,
    /// No shell in the pane has the session as a job.
    NoShell,
    /// The hooks are not connected.
    NotConnected,
    /// This Claude Code version ignores the hooks of Trusty Bar 0.1.0.
    OutdatedHooks,
    /// The hooks do not run in the session, or cannot find the pause record.
    HooksBypassed(HookObstacle),
    /// The session was prompted after its hooks were connected, and no hook reported.
    HooksSilent,
    /// The hooks cannot run: why, in words.
    HooksForbidden(String),
    /// No turn of the session is running.
    NotWorking,
}

impl std::fmt::Display for PauseObstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            Self::NoControlGroup => "no writable cgroup v2 to freeze it in",
            Self::AutoResumed(who) => {
                return write!(f, "{who} automatically resumes stopped processes");
            }
            Self::ForeignProcess(who) => {
                return write!(
                    f,
                    "{who}, between the session and its terminal, belongs to another user"
                );
            }
            Self::UnknownJobControl => "the session's job-control state is unknown",
            Self::Background => "the session runs in the background",
            Self::NotInTmux => "the session is not in a tmux pane",
            Self::NoShell => "no shell in the tmux pane could resume the session",
            Self::NotConnected => "hooks are not connected",
            Self::HooksBypassed(obstacle) => return write!(f, "{obstacle}"),
            Self::HooksSilent => {
                "no hook of this session ran at its last prompt; restart the session, or run \
                 /hooks in it"
            }
            Self::OutdatedHooks => {
                "this Claude Code version ignores the hooks of Trusty Bar 0.1.0; run `trusty \
                 connect`"
            }
            Self::HooksForbidden(why) => return write!(f, "hooks cannot run: {why}"),
            Self::NotWorking => "no turn of the session is running",
        };
        f.write_str(text)
    }
}

/// The possible kinds of pause, in the order in which they are tried, and the obstacles of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PauseAvailability {
    /// The possible kinds.
    pub possible: Vec<PauseCandidate>,
    /// The other kinds, each with its obstacle.
    pub obstacles: Vec<(PauseKind, PauseObstacle)>,
}

/// Decides which kinds of pause are possible for a session.
pub fn pause_availability(
    standing: &ActionContext<'_>,
    preferences: ControlPreferences,
) -> PauseAvailability {
    let mut ways = PauseAvailability::default();
    for kind in preferences.first.order() {
        let way = match kind {
            PauseKind::Freeze => freeze(standing),
            PauseKind::Stop => stop(standing),
            PauseKind::Suspend => suspend(standing),
            PauseKind::Hold => hold_candidate(standing),
            PauseKind::Interrupt => interrupt(standing),
        };
        match way {
            Ok(way) => ways.possible.push(way),
            Err(obstacle) => ways.obstacles.push((kind, obstacle)),
        }
    }
    ways
}

fn freeze(standing: &ActionContext<'_>) -> Result<PauseCandidate, PauseObstacle> {
    if standing.facts.freezable {
        Ok(PauseCandidate::Freeze)
    } else {
        Err(PauseObstacle::NoControlGroup)
    }
}

/// Programs that notice that a process which they started was stopped, and wake it or stop
/// themselves.
const WAKING_PROGRAMS: [&str; 18] = [
    "screen", "SCREEN", "zellij", "dtach", "abduco", "dvtm", "mtm", "tmate", "shpool", "atch",
    "script", "su", "sudo", "doas", "runuser", "reptyr", "byobu", "expect",
];

/// The name of a parent that wakes stopped processes; `None` for any other parent.
fn wakes(parent: &ProcessAncestor) -> Option<String> {
    let file = parent.exe.as_ref().and_then(|e| e.file_name()?.to_str());
    let names = [Some(parent.name.as_str()), file];
    let known = |name: &&str| name.starts_with("tmux") || WAKING_PROGRAMS.contains(name);
    names.into_iter().flatten().find(known).map(|name| {
        let name = if name.starts_with("tmux") {
            "tmux"
        } else {
            name
        };
        name.to_lowercase()
    })
}

fn stop(standing: &ActionContext<'_>) -> Result<PauseCandidate, PauseObstacle> {
    let facts = standing.facts;
    match standing.host {
        TerminalKind::Tmux => return Err(PauseObstacle::AutoResumed("tmux".to_owned())),
        TerminalKind::Background => return Err(PauseObstacle::Background),
        TerminalKind::Plain => {}
    }
    let seat = facts.seat.ok_or(PauseObstacle::UnknownJobControl)?;
    let group = seat.group;
    if facts.tty.is_none() {
        // Without a terminal, no shell can take the terminal back: no shell has to be stopped.
        return Ok(PauseCandidate::Stop {
            shells: Vec::new(),
            group,
        });
    }
    let on_terminal = |a: &&ProcessAncestor| a.seat.is_some_and(|s| s.session == seat.session);
    let above = facts.ancestors.iter().take_while(on_terminal).count();
    let (chain, beyond) = facts.ancestors.split_at(above);
    if let Some(who) = beyond.first().and_then(wakes) {
        return Err(PauseObstacle::AutoResumed(who));
    }
    let mut shells = Vec::new();
    for (at, parent) in chain.iter().enumerate() {
        if let Some(who) = wakes(parent) {
            return Err(PauseObstacle::AutoResumed(who));
        }
        let ours = parent.uid == Some(facts.uid);
        // On macOS, root's `login` may lead the terminal; it only waits for its child to exit.
        if !ours && at + 1 == chain.len() && parent.name == "login" {
            continue;
        }
        if !ours {
            return Err(PauseObstacle::ForeignProcess(parent.name.clone()));
        }
        if parent.seat.is_some_and(|s| s.group == group) {
            continue;
        }
        let start = parent.start.ok_or(PauseObstacle::UnknownJobControl)?;
        shells.push(ProcessKey {
            pid: parent.pid,
            start,
        });
    }
    shells.reverse();
    Ok(PauseCandidate::Stop { shells, group })
}

/// Shells whose `fg` resumes a stopped job in the usual way.
const JOB_CONTROL_SHELLS: [&str; 14] = [
    "ash", "bash", "csh", "dash", "fish", "ksh", "ksh93", "mksh", "oksh", "sh", "tcsh", "xonsh",
    "yash", "zsh",
];

fn suspend(standing: &ActionContext<'_>) -> Result<PauseCandidate, PauseObstacle> {
    let (pane, pane_pid) = standing.pane.clone().ok_or(PauseObstacle::NotInTmux)?;
    let facts = standing.facts;
    let parent = facts.ancestors.first().ok_or(PauseObstacle::NoShell)?;
    let (seat, above) = facts
        .seat
        .zip(parent.seat)
        .ok_or(PauseObstacle::UnknownJobControl)?;
    let name = parent.name.trim_start_matches('-');
    // Claude Code is a job of the shell only in a process group of its own.
    let is_job = seat.group == facts.key.pid && seat.group != above.group;
    if pane_pid == facts.key.pid || !is_job || !JOB_CONTROL_SHELLS.contains(&name) {
        return Err(PauseObstacle::NoShell);
    }
    let start = parent.start.ok_or(PauseObstacle::UnknownJobControl)?;
    let shell = ProcessKey {
        pid: parent.pid,
        start,
    };
    Ok(PauseCandidate::Suspend { pane, shell })
}

fn hold_candidate(standing: &ActionContext<'_>) -> Result<PauseCandidate, PauseObstacle> {
    match standing.connection {
        Some(HookInstall::Outdated) if standing.version.is_none_or(overflows_timers) => {
            return Err(PauseObstacle::OutdatedHooks);
        }
        Some(HookInstall::Connected | HookInstall::Outdated) => {}
        Some(HookInstall::Forbidden(why) | HookInstall::Broken(why)) => {
            return Err(PauseObstacle::HooksForbidden(why.clone()));
        }
        Some(HookInstall::NotInstalled | HookInstall::Incomplete) | None => {
            return Err(PauseObstacle::NotConnected);
        }
    }
    let is_disproved =
        |o: &HookObstacle| o.is_unknown() && standing.hooks_heard == HookPresence::Proven;
    let obstacle = standing.facts.hook_obstacle.as_ref();
    if let Some(obstacle) = obstacle.filter(|o| !is_disproved(o)) {
        return Err(PauseObstacle::HooksBypassed(obstacle.clone()));
    }
    // `Unheard` is inferred from silence; a mark or a waiting hook makes it `Proven` instead.
    match standing.hooks_heard {
        HookPresence::Silent => Err(PauseObstacle::HooksSilent),
        HookPresence::Unknown | HookPresence::Proven => Ok(PauseCandidate::Hold),
    }
}

fn interrupt(standing: &ActionContext<'_>) -> Result<PauseCandidate, PauseObstacle> {
    let (pane, _) = standing.pane.clone().ok_or(PauseObstacle::NotInTmux)?;
    if standing.is_working() {
        Ok(PauseCandidate::Interrupt { pane })
    } else {
        Err(PauseObstacle::NotWorking)
    }
}
