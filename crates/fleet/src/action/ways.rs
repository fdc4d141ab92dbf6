//! Which kinds of pause are possible for a session, by the observed shape of its host.

use super::context::{Host, Standing};
use crate::client::{HookObstacle, overflows_timers};
use crate::identity::ProcessKey;
use crate::observation::{Connection, Preferences};
use crate::pause::PauseKind;
use crate::status::HooksHeard;
use crate::terminal::{Ancestor, PaneKey};

/// A kind of pause that is possible, with all that is needed to do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
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

impl Way {
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
pub enum Obstacle {
    /// The user may not write to the session's cgroup, or the system has no cgroup v2.
    NoControlGroup,
    /// tmux, screen and the like wake what is stopped below them; which.
    Wakes(String),
    /// A process of another user stands between the session and its terminal: its name.
    Foreign(String),
    /// The job-control state of the session is unknown.
    Unseen,
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
    HooksUnheard,
    /// The hooks cannot run: why, in words.
    HooksForbidden(String),
    /// No turn of the session is running.
    NotWorking,
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            Self::NoControlGroup => "no writable cgroup v2 to freeze it in",
            Self::Wakes(who) => return write!(f, "{who} automatically resumes stopped processes"),
            Self::Foreign(who) => {
                return write!(
                    f,
                    "{who}, between the session and its terminal, belongs to another user"
                );
            }
            Self::Unseen => "the session's job-control state is unknown",
            Self::Background => "the session runs in the background",
            Self::NotInTmux => "the session is not in a tmux pane",
            Self::NoShell => "no shell in the tmux pane could resume the session",
            Self::NotConnected => "hooks are not connected",
            Self::HooksBypassed(obstacle) => return write!(f, "{obstacle}"),
            Self::HooksUnheard => {
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
pub struct Ways {
    /// What is possible.
    pub possible: Vec<Way>,
    /// What is not, and why.
    pub obstacles: Vec<(PauseKind, Obstacle)>,
}

/// What is possible for a session.
pub fn ways(standing: &Standing<'_>, preferences: Preferences) -> Ways {
    let mut ways = Ways::default();
    for kind in preferences.first.order() {
        let way = match kind {
            PauseKind::Freeze => freeze(standing),
            PauseKind::Stop => stop(standing),
            PauseKind::Suspend => suspend(standing),
            PauseKind::Hold => hold(standing),
            PauseKind::Interrupt => interrupt(standing),
        };
        match way {
            Ok(way) => ways.possible.push(way),
            Err(obstacle) => ways.obstacles.push((kind, obstacle)),
        }
    }
    ways
}

fn freeze(standing: &Standing<'_>) -> Result<Way, Obstacle> {
    if standing.facts.freezable {
        Ok(Way::Freeze)
    } else {
        Err(Obstacle::NoControlGroup)
    }
}

/// Programs that notice when what they started is stopped, and wake it or stop themselves.
const WAKERS: [&str; 18] = [
    "screen", "SCREEN", "zellij", "dtach", "abduco", "dvtm", "mtm", "tmate", "shpool", "atch",
    "script", "su", "sudo", "doas", "runuser", "reptyr", "byobu", "expect",
];

/// What a parent is called if it wakes what is stopped.
fn wakes(parent: &Ancestor) -> Option<String> {
    let file = parent.exe.as_ref().and_then(|e| e.file_name()?.to_str());
    let names = [Some(parent.name.as_str()), file];
    let known = |name: &&str| name.starts_with("tmux") || WAKERS.contains(name);
    names.into_iter().flatten().find(known).map(|name| {
        let name = if name.starts_with("tmux") {
            "tmux"
        } else {
            name
        };
        name.to_lowercase()
    })
}

fn stop(standing: &Standing<'_>) -> Result<Way, Obstacle> {
    let facts = standing.facts;
    match standing.host {
        Host::Tmux => return Err(Obstacle::Wakes("tmux".to_owned())),
        Host::Background => return Err(Obstacle::Background),
        Host::Plain => {}
    }
    let seat = facts.seat.ok_or(Obstacle::Unseen)?;
    let group = seat.group;
    if facts.tty.is_none() {
        // Nobody takes a terminal that it does not have.
        return Ok(Way::Stop {
            shells: Vec::new(),
            group,
        });
    }
    let on_terminal = |a: &&Ancestor| a.seat.is_some_and(|s| s.session == seat.session);
    let above = facts.ancestors.iter().take_while(on_terminal).count();
    let (chain, beyond) = facts.ancestors.split_at(above);
    if let Some(who) = beyond.first().and_then(wakes) {
        return Err(Obstacle::Wakes(who));
    }
    let mut shells = Vec::new();
    for (at, parent) in chain.iter().enumerate() {
        if let Some(who) = wakes(parent) {
            return Err(Obstacle::Wakes(who));
        }
        let ours = parent.uid == Some(facts.uid);
        // macOS lets `login`, which waits for nothing but the end, lead a terminal.
        if !ours && at + 1 == chain.len() && parent.name == "login" {
            continue;
        }
        if !ours {
            return Err(Obstacle::Foreign(parent.name.clone()));
        }
        if parent.seat.is_some_and(|s| s.group == group) {
            continue;
        }
        let start = parent.start.ok_or(Obstacle::Unseen)?;
        shells.push(ProcessKey {
            pid: parent.pid,
            start,
        });
    }
    shells.reverse();
    Ok(Way::Stop { shells, group })
}

/// Shells with a `fg` of the usual kind.
const SHELLS: [&str; 14] = [
    "ash", "bash", "csh", "dash", "fish", "ksh", "ksh93", "mksh", "oksh", "sh", "tcsh", "xonsh",
    "yash", "zsh",
];

fn suspend(standing: &Standing<'_>) -> Result<Way, Obstacle> {
    let (pane, pane_pid) = standing.pane.clone().ok_or(Obstacle::NotInTmux)?;
    let facts = standing.facts;
    let parent = facts.ancestors.first().ok_or(Obstacle::NoShell)?;
    let (seat, above) = facts.seat.zip(parent.seat).ok_or(Obstacle::Unseen)?;
    let name = parent.name.trim_start_matches('-');
    // In a group of its own, the client is a job.
    let is_job = seat.group == facts.key.pid && seat.group != above.group;
    if pane_pid == facts.key.pid || !is_job || !SHELLS.contains(&name) {
        return Err(Obstacle::NoShell);
    }
    let start = parent.start.ok_or(Obstacle::Unseen)?;
    let shell = ProcessKey {
        pid: parent.pid,
        start,
    };
    Ok(Way::Suspend { pane, shell })
}

fn hold(standing: &Standing<'_>) -> Result<Way, Obstacle> {
    match standing.connection {
        Some(Connection::Outdated) if standing.version.is_none_or(overflows_timers) => {
            return Err(Obstacle::OutdatedHooks);
        }
        Some(Connection::Connected | Connection::Outdated) => {}
        Some(Connection::Forbidden(why) | Connection::Broken(why)) => {
            return Err(Obstacle::HooksForbidden(why.clone()));
        }
        Some(Connection::Apart | Connection::Lost) | None => return Err(Obstacle::NotConnected),
    }
    if let Some(obstacle) = &standing.facts.hook_obstacle {
        return Err(Obstacle::HooksBypassed(obstacle.clone()));
    }
    // A mark or a hook that waits outweighs what is concluded from silence.
    match standing.hooks_heard {
        HooksHeard::Unheard => Err(Obstacle::HooksUnheard),
        HooksHeard::Unknown | HooksHeard::Proven => Ok(Way::Hold),
    }
}

fn interrupt(standing: &Standing<'_>) -> Result<Way, Obstacle> {
    let (pane, _) = standing.pane.clone().ok_or(Obstacle::NotInTmux)?;
    if standing.works() {
        Ok(Way::Interrupt { pane })
    } else {
        Err(Obstacle::NotWorking)
    }
}
