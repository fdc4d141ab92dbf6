//! Which kinds of pause are possible for a session, by the observed shape of its host.

use super::context::{ActionContext, TerminalKind};
use crate::client::{HookObstacle, overflows_timers};
use crate::identity::ProcessKey;
use crate::observation::{ControlPreferences, HookInstall};
use crate::pause::PauseKind;
use crate::status::HookPresence;
use crate::terminal::{PaneKey, ProcessAncestor};

/// A kind of pause that is possible, with all that is needed to do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseCandidate {
    /// Into a control group of its own, frozen.
    Freeze,
    /// SIGSTOP to these shells, from the terminal's first process down, then to the client's
    /// process group.
    Stop {
        /// The shells; none where the client leads its terminal, or has none.
        shells: Vec<ProcessKey>,
        /// The client's process group.
        group: u32,
    },
    /// Ctrl-Z in this pane.
    Suspend {
        /// The pane.
        pane: PaneKey,
        /// The shell that has the client as a job.
        shell: ProcessKey,
    },
    /// Its hooks wait.
    Hold,
    /// Escape in this pane.
    Interrupt {
        /// The pane.
        pane: PaneKey,
    },
}

impl PauseCandidate {
    /// The kind it is.
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

/// What stands in the way of a kind of pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseObstacle {
    /// The user may not write to the session's cgroup, or the system has no cgroup v2.
    NoControlGroup,
    /// tmux, screen and the like wake what is stopped below them; which.
    AutoResumed(String),
    /// A process of another user stands between the session and its terminal: its name.
    ForeignProcess(String),
    /// The job-control state of the session is unknown.
    UnknownJobControl,
    /// A background session has a terminal of the client's own.
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

/// What is possible, in the order in which it is tried, and what stands in the way of the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PauseAvailability {
    /// What is possible.
    pub possible: Vec<PauseCandidate>,
    /// What is not, and why.
    pub obstacles: Vec<(PauseKind, PauseObstacle)>,
}

/// What is possible for a session.
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

/// Programs that notice when what they started is stopped, and wake it or stop themselves.
const WAKING_PROGRAMS: [&str; 18] = [
    "screen", "SCREEN", "zellij", "dtach", "abduco", "dvtm", "mtm", "tmate", "shpool", "atch",
    "script", "su", "sudo", "doas", "runuser", "reptyr", "byobu", "expect",
];

/// What a parent is called if it wakes what is stopped.
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
        // Nobody takes a terminal that it does not have.
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
        // macOS lets `login`, which waits for nothing but the end, lead a terminal.
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

/// Shells with a `fg` of the usual kind.
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
    // In a group of its own, the client is a job.
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
    if let Some(obstacle) = &standing.facts.hook_obstacle {
        return Err(PauseObstacle::HooksBypassed(obstacle.clone()));
    }
    // A mark or a hook that waits outweighs what is concluded from silence.
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
