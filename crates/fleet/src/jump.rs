//! How a session's terminal is brought to the front, or why that is not possible: decided from
//! values that `actions` gathers.

mod automation;
mod context;
mod jump_failure;
mod mac_app;
mod obstacle;
mod openers;
mod raise;

pub use automation::{AutomationConsent, ConsentAnswer};
pub use context::{
    FrontmostApp, JumpContext, JumpTarget, KittyWindow, LinkedTmuxSession, ProcessDisplay,
    TerminalHints, TerminalProcess, TmuxClient, TmuxClientMode, TmuxLocation, WezTermPane,
    WindowInfo, X11Server,
};
pub use jump_failure::JumpFailure;
pub(crate) use mac_app::jump_note;
pub use mac_app::{MacApp, scripted_bundles};
pub use obstacle::JumpObstacle;
pub use openers::{TERMINAL_OPENERS, with_arguments};
pub use raise::terminal_owner_pids;

use crate::System;
use raise::RaisePlan;
use std::cmp::Reverse;
use std::path::{Path, PathBuf};

/// The steps of a jump, in order; the executor verifies each. A step that takes the focus is last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JumpPlan {
    /// The steps, in order.
    pub steps: Vec<JumpStep>,
    /// Why this route was chosen, in words.
    pub reason: String,
    /// The program that is brought to the front, as users call it; none where a terminal is opened.
    pub app: Option<String>,
    /// What the user may still have to do after all steps succeed, in words.
    pub doubt: Option<String>,
}

impl JumpPlan {
    /// Whether the plan opens a terminal, whose window does not exist yet.
    pub fn opens(&self) -> bool {
        let opens = |step: &JumpStep| matches!(step, JumpStep::Open(_) | JumpStep::OpenOnMac(_));
        self.steps.iter().any(opens)
    }
}

/// One step of a jump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JumpStep {
    /// Make a tmux client show this session.
    SwitchClient {
        /// The client's terminal device.
        client: String,
        /// The id of the tmux session, such as `$1`.
        session: String,
    },
    /// Make the tmux session show this window.
    SelectWindow {
        /// The id of the tmux session, such as `$1`.
        session: String,
        /// The id of the window, such as `@3`.
        window: String,
    },
    /// Make this pane the active one of its window.
    SelectPane(String),
    /// Make kitty show the tab with this window.
    Kitty(KittyWindow),
    /// Make `WezTerm` show this pane.
    WezTerm(WezTermPane),
    /// Make an editor show the window of a folder.
    Folder {
        /// The editor's command, as an absolute path.
        program: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// The X11 display of the editor's windows, such as `:0`.
        display: Option<String>,
        /// The Wayland compositor of the editor's windows.
        wayland: Option<String>,
    },
    /// Activate an X11 window.
    Window {
        /// The display, such as `:0`.
        display: String,
        /// The window's X11 id.
        id: u32,
    },
    /// Make a macOS terminal show this tab and become the active app.
    Tab(TerminalTab),
    /// Bring an app to the front on a Mac; macOS asks the user for no consent to that.
    BringForward(MacApp),
    /// Open a terminal that attaches to the tmux session: a program and its arguments.
    Open(Vec<String>),
    /// Open a window of Terminal.app that attaches to the tmux session: the command in it.
    OpenOnMac(Vec<String>),
}

/// A tab of a macOS terminal, by the properties that the terminal can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalTab {
    /// A tab of Terminal.app, by device.
    Terminal(String),
    /// A tab of iTerm2, by device.
    ITerm(String),
    /// A tab of Ghostty, by device where Ghostty reports devices, else by folder.
    Ghostty {
        /// The terminal device, such as `/dev/ttys003`.
        tty: String,
        /// The folder that the session was started in.
        folder: PathBuf,
    },
}

impl TerminalTab {
    /// The bundle identifier of the terminal program.
    pub fn bundle(&self) -> &'static str {
        let name = self.app();
        mac_app::bundle_identifier(name).unwrap_or_default()
    }

    /// The terminal program, as users call it.
    pub fn app(&self) -> &'static str {
        match self {
            Self::Terminal(_) => "Terminal",
            Self::ITerm(_) => "iTerm2",
            Self::Ghostty { .. } => "Ghostty",
        }
    }

    /// The terminal device of the tab.
    pub fn tty(&self) -> &str {
        match self {
            Self::Terminal(tty) | Self::ITerm(tty) | Self::Ghostty { tty, .. } => tty,
        }
    }
}

/// Plans a jump.
///
/// # Errors
///
/// Why the terminal cannot be brought to the front, with the way out.
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

/// Whether a window that shows the session is certainly the active one now.
pub fn is_in_front(place: &JumpContext) -> bool {
    match &place.runs {
        JumpTarget::Plain(holder) => raise::is_active(holder, place, place.name.as_deref()),
        JumpTarget::Tmux(pane) => pane.clients.iter().any(|client| {
            let shows = client.window == pane.window && client.pane == pane.pane;
            // The terminal of a client in control mode shows tmux's protocol, not the pane.
            let whole = client.sight == TmuxClientMode::Whole;
            let title = Some(client.session_name.as_str());
            shows && whole && raise::is_active(&client.holder, place, title)
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

/// Prefers a tmux client that already shows the session, so that no client loses what the user
/// looks at. A client that the user can see but that cannot be raised is an error: otherwise each
/// click would open another terminal.
fn in_tmux(pane: &TmuxLocation, place: &JumpContext) -> Result<JumpPlan, JumpObstacle> {
    let usable = || pane.clients.iter().filter(|c| raise::is_visible(c));
    let shows = |c: &TmuxClient| pane.links.iter().any(|link| link.session == c.session);
    let mut showing: Vec<&TmuxClient> = usable().filter(|c| shows(c)).collect();
    showing.sort_by_key(|c| {
        let exactly = c.window == pane.window && c.pane == pane.pane;
        Reverse((exactly, c.sight == TmuxClientMode::Whole, c.activity))
    });
    let (mut seen, mut stuck) = (None, None);
    for client in &showing {
        match raise::plan_client(client, place) {
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
            if let Ok(raising) = raise::plan_client(client, place) {
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

/// Whether a client that cannot be raised is where the user would get a new terminal.
fn is_here(client: &TmuxClient, why: &JumpObstacle, pane: &TmuxLocation) -> bool {
    // `:0` and `:0.0` are the same display.
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

/// The steps after which a client of the session shows the pane.
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
        // The user knows the session by name; tmux takes a name that begins with `$` for an id.
        let named = Some(format!("={}", link.name)).filter(|_| !link.name.starts_with('$'));
        let target = named.unwrap_or_else(|| link.session.clone());
        let words = attach(tmux, &pane.socket, &target);
        JumpObstacle::Detached(shell_quoted(&words), Box::new(why))
    };
    if tmux.is_none() {
        return Err(unshown(JumpObstacle::NoTmux));
    }
    if place.system != System::Mac {
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
    let mut steps = turn_to(pane, Some(link));
    let attach = attach(tmux, &pane.socket, &link.session);
    steps.push(match (&place.opener, place.system) {
        (Some(opener), _) => JumpStep::Open([&opener[..], &attach].concat()),
        (None, System::Mac) => JumpStep::OpenOnMac(attach),
        (None, System::Linux) => return Err(unshown(JumpObstacle::NoOpener)),
    });
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

/// A command, quoted so that any shell accepts it.
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
