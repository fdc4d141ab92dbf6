//! How the terminal of a session is brought to the front, or why it cannot be: decided from
//! values that somebody else has gathered.

mod context;
mod obstacle;
mod openers;
mod raise;

pub use context::{
    JumpContext, JumpTarget, KittyWindow, LinkedTmuxSession, ProcessDisplay, TerminalHints,
    TerminalProcess, TmuxClient, TmuxClientMode, TmuxLocation, WezTermPane, WindowInfo,
    WindowSystem, X11Server,
};
pub use obstacle::JumpObstacle;
pub use openers::{TERMINAL_OPENERS, with_arguments};
pub use raise::terminal_owner_pids;

use raise::RaisePlan;
use std::cmp::Reverse;
use std::path::{Path, PathBuf};

/// What is to be done, in this order, each step verified. What steals the focus comes last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JumpPlan {
    /// The steps.
    pub steps: Vec<JumpStep>,
    /// Why this way and no other, in words.
    pub reason: String,
    /// What is brought to the front, as its users call it; none if it is only opened.
    pub app: Option<String>,
    /// What is left to its owner even if all goes well, in words.
    pub doubt: Option<String>,
}

impl JumpPlan {
    /// Whether it opens a terminal, whose window is yet to come.
    pub fn opens(&self) -> bool {
        let opens = |step: &JumpStep| matches!(step, JumpStep::Open(_));
        self.steps.iter().any(opens)
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JumpStep {
    /// The tmux client on this terminal shows this session, by its id.
    SwitchClient {
        /// Its terminal device.
        client: String,
        /// `$1`
        session: String,
    },
    /// The tmux session shows this window.
    SelectWindow {
        /// `$1`
        session: String,
        /// `@3`
        window: String,
    },
    /// Its window has this pane as its active one.
    SelectPane(String),
    /// kitty shows the tab and the window of this number.
    Kitty(KittyWindow),
    /// `WezTerm` shows this pane.
    WezTerm(WezTermPane),
    /// An editor shows the window of a folder.
    Folder {
        /// The editor's command, absolute.
        program: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// The X11 display its windows are on, `:0`.
        display: Option<String>,
        /// The Wayland compositor they are on.
        wayland: Option<String>,
    },
    /// An X11 window becomes the active one.
    Window {
        /// The display, `:0`.
        display: String,
        /// Its X11 id.
        id: u32,
    },
    /// A macOS terminal shows the tab with this device, and becomes the active app.
    Tab(TerminalTab),
    /// A macOS app becomes the active one.
    Activate(String),
    /// A new terminal, attached to the tmux session: a program and its arguments.
    Open(Vec<String>),
}

/// A tab of a macOS terminal, by what that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalTab {
    /// Terminal.app, by device.
    Terminal(String),
    /// iTerm2, by device.
    ITerm(String),
    /// Ghostty, by device where it tells that, else by folder.
    Ghostty {
        /// `/dev/ttys003`
        tty: String,
        /// The folder the session was started in.
        folder: PathBuf,
    },
}

/// Decides.
pub fn plan_jump(place: &JumpContext) -> Result<JumpPlan, JumpObstacle> {
    match &place.runs {
        JumpTarget::Ended => Err(JumpObstacle::Ended),
        JumpTarget::Headless => Err(JumpObstacle::Headless),
        JumpTarget::Background => Err(JumpObstacle::Background),
        JumpTarget::NoTerminal => Err(JumpObstacle::NoTerminal),
        JumpTarget::SilentServer(why) => Err(why.clone()),
        JumpTarget::Plain(holder) => {
            let raising = raise::plan(holder, place, place.name.as_deref())?;
            Ok(raised(
                Vec::new(),
                raising,
                "the session has a terminal of its own".into(),
            ))
        }
        JumpTarget::Tmux(pane) => in_tmux(pane, place),
    }
}

/// Whether a window that shows the session is the active one now. Where that is not certain, it
/// is not.
pub fn is_in_front(place: &JumpContext) -> bool {
    match &place.runs {
        JumpTarget::Plain(holder) => raise::is_active(holder, place.name.as_deref()),
        JumpTarget::Tmux(pane) => pane.clients.iter().any(|client| {
            let shows = client.window == pane.window && client.pane == pane.pane;
            shows && raise::is_active(&client.holder, Some(&client.session_name))
        }),
        JumpTarget::Ended
        | JumpTarget::Headless
        | JumpTarget::Background
        | JumpTarget::NoTerminal
        | JumpTarget::SilentServer(_) => false,
    }
}

fn raised(mut steps: Vec<JumpStep>, raising: RaisePlan, reason: String) -> JumpPlan {
    steps.extend(raising.steps);
    JumpPlan {
        steps,
        reason,
        app: Some(raising.app),
        doubt: raising.doubt,
    }
}

/// A client that shows the session already is taken before any other, so that nothing that its
/// owner looks at elsewhere is taken away. What its owner can see, but we cannot raise, is named:
/// another terminal would be opened at each click.
fn in_tmux(pane: &TmuxLocation, place: &JumpContext) -> Result<JumpPlan, JumpObstacle> {
    let usable = || {
        pane.clients
            .iter()
            .filter(|c| c.sight != TmuxClientMode::Suspended)
    };
    let shows = |c: &TmuxClient| pane.links.iter().any(|link| link.session == c.session);
    let mut showing: Vec<&TmuxClient> = usable().filter(|c| shows(c)).collect();
    showing.sort_by_key(|c| {
        let exactly = c.window == pane.window && c.pane == pane.pane;
        Reverse((exactly, c.sight == TmuxClientMode::Whole, c.activity))
    });
    let (mut seen, mut stuck) = (None, None);
    for client in &showing {
        match raise::plan(&client.holder, place, Some(&client.session_name)) {
            Ok(raising) => {
                let reason = format!("the tmux client on {} shows the session", client.tty);
                let link = pane.links.iter().find(|l| l.session == client.session);
                return Ok(raised(turn_to(pane, link), raising, reason));
            }
            Err(why) if is_here(client, &why, pane) => {
                seen.get_or_insert(JumpObstacle::Elsewhere(client.tty.clone(), Box::new(why)));
            }
            Err(why) => {
                stuck.get_or_insert((client.tty.clone(), why));
            }
        }
    }
    if let Some(seen) = seen {
        return Err(seen);
    }
    let link = pane.links.first().ok_or(JumpObstacle::NoTerminal)?;
    if showing.is_empty() {
        let mut others: Vec<&TmuxClient> = usable()
            .filter(|c| c.sight == TmuxClientMode::Whole)
            .collect();
        others.sort_by_key(|c| Reverse(c.activity));
        for client in others {
            if let Ok(raising) = raise::plan(&client.holder, place, Some(&client.session_name)) {
                let mut steps = turn_to(pane, Some(link));
                steps.push(JumpStep::SwitchClient {
                    client: client.tty.clone(),
                    session: link.session.clone(),
                });
                let reason = format!(
                    "no tmux client shows the session; the one on {} was used last",
                    client.tty
                );
                return Ok(raised(steps, raising, reason));
            }
        }
    }
    open(pane, link, place, stuck.as_ref())
}

/// Whether a client that cannot be raised is where its owner would get a new terminal.
fn is_here(client: &TmuxClient, why: &JumpObstacle, pane: &TmuxLocation) -> bool {
    // `:0` and `:0.0` are one.
    let number = |display: &str| {
        let (_, rest) = display.rsplit_once(':')?;
        rest.split('.').next().map(str::to_owned)
    };
    let beside = match (&client.holder.screen.x11, &pane.home.x11) {
        (X11Server::Shown { display, .. }, X11Server::Shown { display: home, .. }) => {
            number(display) != number(home)
        }
        _ => false,
    };
    !beside && !why.is_out_of_sight()
}

/// What is left to do in tmux until a client of the session shows the pane.
fn turn_to(pane: &TmuxLocation, link: Option<&LinkedTmuxSession>) -> Vec<JumpStep> {
    let mut steps = Vec::new();
    if let Some(link) = link.filter(|link| !link.current) {
        steps.push(JumpStep::SelectWindow {
            session: link.session.clone(),
            window: pane.window.clone(),
        });
    }
    if !pane.active {
        steps.push(JumpStep::SelectPane(pane.pane.clone()));
    }
    steps
}

fn open(
    pane: &TmuxLocation,
    link: &LinkedTmuxSession,
    place: &JumpContext,
    stuck: Option<&(String, JumpObstacle)>,
) -> Result<JumpPlan, JumpObstacle> {
    let tmux = place.tmux.as_deref();
    let unshown = |why: JumpObstacle| {
        if let Some((tty, why)) = stuck {
            return JumpObstacle::Elsewhere(tty.clone(), Box::new(why.clone()));
        }
        // Its owner knows it by its name; one like an id is taken for that.
        let named = Some(format!("={}", link.name)).filter(|_| !link.name.starts_with('$'));
        let target = named.unwrap_or_else(|| link.session.clone());
        let words = attach(tmux, &pane.socket, &target);
        JumpObstacle::Detached(shell_quoted(&words), Box::new(why))
    };
    if tmux.is_none() {
        return Err(unshown(JumpObstacle::NoTmux));
    }
    if place.system != WindowSystem::Mac {
        match (&pane.home.x11, pane.home.wayland.is_some()) {
            (X11Server::Shown { .. }, _) | (_, true) => {}
            (X11Server::Unreachable(display, why), false) => {
                return Err(unshown(JumpObstacle::Unreachable(
                    display.clone(),
                    why.clone(),
                )));
            }
            (X11Server::None, false) => return Err(unshown(JumpObstacle::NoDisplay)),
        }
    }
    let Some(opener) = &place.opener else {
        return Err(unshown(JumpObstacle::NoOpener));
    };
    let mut steps = turn_to(pane, Some(link));
    let attach = attach(tmux, &pane.socket, &link.session);
    steps.push(JumpStep::Open([&opener[..], &attach].concat()));
    let reason = match stuck {
        None => "no tmux client can be raised, so a terminal is opened".to_owned(),
        Some((tty, why)) => {
            format!("tmux shows the session on {tty}, but {why}; so a terminal is opened")
        }
    };
    Ok(JumpPlan {
        steps,
        reason,
        app: None,
        doubt: None,
    })
}

/// The command that attaches a terminal to a tmux session.
fn attach(tmux: Option<&Path>, socket: &Path, target: &str) -> Vec<String> {
    let tmux = tmux.map_or_else(|| "tmux".into(), |t| t.to_string_lossy().into_owned());
    let socket = socket.to_string_lossy().into_owned();
    let words = [tmux.as_str(), "-S", &socket, "attach", "-t", target];
    words.map(str::to_owned).to_vec()
}

/// A command as it is typed in any shell.
fn shell_quoted(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+:,./".contains(c);
    let word = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            return word.clone();
        }
        format!("'{}'", word.replace('\'', r"'\''"))
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
