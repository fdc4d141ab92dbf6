//! Which window shows a process, and how that window comes to the front.

mod mac;

use super::context::{
    JumpContext, TerminalProcess, TmuxClient, TmuxClientMode, WindowInfo, X11Server,
};
use super::{JumpObstacle, JumpStep};
use crate::System;
use crate::terminal::{self, ProcessAncestor};

/// How the window of a process is brought to the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RaisePlan {
    /// The program that owns the window, as users call it.
    pub(super) app: String,
    pub(super) steps: Vec<JumpStep>,
    /// What the user may still have to do, in words.
    pub(super) doubt: Option<String>,
}

/// Editors of the VS Code family, which show the window of a folder when told to open the folder.
const FOLDER_EDITORS: [&str; 5] = [
    "VS Code",
    "VS Code Insiders",
    "VSCodium",
    "Cursor",
    "Windsurf",
];
/// The terminal program that draws the windows of a tmux client in control mode (`tmux -CC`).
const CONTROL_MODE_TERMINAL: &str = "iTerm2";
/// The name of a terminal program that is not known.
const UNKNOWN_TERMINAL_NAME: &str = "the terminal";

/// The processes that may own the terminal's window, the nearest first: up to the nearest known
/// terminal program, and further processes of that program right above it. Windows of processes
/// above them belong to what started the terminal.
pub fn terminal_owner_pids(ancestors: &[ProcessAncestor]) -> Vec<u32> {
    let mut app = None;
    let mine = ancestors.iter().take_while(|a| match app {
        None => {
            app = terminal::terminal_name(a);
            true
        }
        Some(_) => terminal::terminal_name(a) == app,
    });
    mine.map(|a| a.pid).collect()
}

/// Plans how the window of a process is raised.
///
/// # Errors
///
/// Why no window can be raised.
pub(super) fn plan(
    holder: &TerminalProcess,
    place: &JumpContext,
    title: Option<&str>,
) -> Result<RaisePlan, JumpObstacle> {
    let app = terminal::terminal_app(&holder.ancestors);
    if app == Some("SSH") {
        return Err(JumpObstacle::Remote);
    }
    if let Some(tty) = holder.tty.as_deref().filter(|tty| is_console(tty)) {
        return Err(JumpObstacle::Console(tty.to_owned()));
    }
    if app.is_none() && holder.ancestors.iter().any(is_tmux) {
        return Err(JumpObstacle::Nested);
    }
    if place.system == System::Mac {
        return mac::plan(holder, place);
    }
    let name = app.unwrap_or(UNKNOWN_TERMINAL_NAME).to_owned();
    let mut steps = own_way(holder, app);
    let mut doubt = None;
    match (pick_window(holder, title), &steps[..]) {
        (Ok(picked), own) => {
            doubt = match own {
                [] => picked.guess.and_then(|guess| guess.doubt_text(&name)),
                // The terminal program selects the tab itself.
                [_, ..] => None,
            };
            steps.push(picked.step);
        }
        // kitty raises its own window, except under Wayland.
        (Err(why), [JumpStep::Kitty(_)]) if !matches!(why, JumpObstacle::Wayland(_)) => {}
        (Err(why), [_, ..]) => doubt = Some(why.to_string()),
        (Err(why), []) => match (&holder.editor, app) {
            (Some(program), Some(app)) if FOLDER_EDITORS.contains(&app) => {
                steps.push(folder(program, holder, place));
            }
            _ => return Err(why),
        },
    }
    Ok(RaisePlan {
        app: name,
        steps,
        doubt,
    })
}

/// Plans how the window that shows a tmux client is raised.
///
/// # Errors
///
/// Why no window can be raised.
pub(super) fn plan_client(
    client: &TmuxClient,
    place: &JumpContext,
) -> Result<RaisePlan, JumpObstacle> {
    if client.sight == TmuxClientMode::Control {
        return mac::plan_control_client(&client.holder);
    }
    plan(&client.holder, place, Some(&client.session_name))
}

/// Whether a client's terminal shows the client's session. In control mode that is so only where
/// the terminal program draws tmux's windows itself, which iTerm2 alone does.
pub(super) fn is_visible(client: &TmuxClient) -> bool {
    match client.sight {
        TmuxClientMode::Whole => true,
        TmuxClientMode::Control => {
            terminal::terminal_app(&client.holder.ancestors) == Some(CONTROL_MODE_TERMINAL)
        }
        TmuxClientMode::Suspended => false,
    }
}

/// Whether the window of a process is certainly the active one.
pub(super) fn is_active(
    holder: &TerminalProcess,
    place: &JumpContext,
    title: Option<&str>,
) -> bool {
    if place.system == System::Mac {
        let front = place.frontmost.as_ref();
        return front.is_some_and(|front| mac::is_active(holder, front));
    }
    let X11Server::Shown {
        active: Some(active),
        ..
    } = &holder.screen.x11
    else {
        return false;
    };
    pick_window(holder, title).is_ok_and(|picked| picked.id == *active && picked.guess.is_none())
}

/// Whether an ancestor is tmux. A pane's process descends from the server, which has no window and
/// is named `tmux: server` on Linux.
fn is_tmux(ancestor: &ProcessAncestor) -> bool {
    ancestor.name == "tmux" || ancestor.name.starts_with("tmux:")
}

/// Whether a device is a text console, such as `/dev/tty2`, and not the terminal of a program.
fn is_console(tty: &str) -> bool {
    let number = tty.strip_prefix("/dev/tty").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// The command by which a terminal program selects a tab or pane itself. The hint counts only where
/// that program owns the terminal: programs started in it inherit the same variables.
fn own_way(holder: &TerminalProcess, app: Option<&str>) -> Vec<JumpStep> {
    match app {
        Some("kitty") => holder.hints.kitty.clone().map(JumpStep::Kitty),
        Some("WezTerm") => holder.hints.wezterm.clone().map(JumpStep::WezTerm),
        _ => None,
    }
    .into_iter()
    .collect()
}

fn folder(program: &std::path::Path, holder: &TerminalProcess, place: &JumpContext) -> JumpStep {
    let display = match &holder.screen.x11 {
        X11Server::Shown { display, .. } => Some(display.clone()),
        X11Server::None | X11Server::Unreachable(..) => None,
    };
    JumpStep::Folder {
        program: program.to_path_buf(),
        folder: place.folder.clone(),
        display,
        wayland: holder.screen.wayland.clone(),
    }
}

struct PickedWindow {
    id: u32,
    step: JumpStep,
    guess: Option<WindowGuess>,
}

/// What is uncertain about a picked window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WindowGuess {
    /// Which of its tabs the window shows.
    Tabs,
    /// Whether the window is the right one: only the title says so.
    Title,
}

impl WindowGuess {
    /// What the user may still have to do; `None` for a guess by title. A unique title is enough to
    /// raise a window, but not to suppress a notice because the window is in front.
    fn doubt_text(self, app: &str) -> Option<String> {
        let tabs = || format!("raised {app}, but another of its tabs may show this session");
        (self == Self::Tabs).then(tabs)
    }
}

/// The X11 window of a process: the only one of its terminal program, or the one that the
/// environment names, or the only one with the title.
fn pick_window(
    holder: &TerminalProcess,
    title: Option<&str>,
) -> Result<PickedWindow, JumpObstacle> {
    let app = terminal::terminal_app(&holder.ancestors).unwrap_or(UNKNOWN_TERMINAL_NAME);
    let (display, windows) = match &holder.screen.x11 {
        X11Server::Shown {
            display, windows, ..
        } => (display, windows),
        _ if holder.screen.wayland.is_some() => return Err(JumpObstacle::Wayland(app.into())),
        X11Server::None => return Err(JumpObstacle::NoDisplay),
        X11Server::Unreachable(display, why) => {
            return Err(JumpObstacle::Unreachable(display.clone(), why.clone()));
        }
    };
    let of = |pid: u32| windows.iter().filter(move |w| w.pid == Some(pid));
    let owned = terminal_owner_pids(&holder.ancestors)
        .into_iter()
        .map(|pid| of(pid).collect::<Vec<_>>())
        .find(|windows| !windows.is_empty())
        .unwrap_or_default();
    let hinted = |window: &&WindowInfo| Some(window.id) == holder.hints.window;
    let mut guess = (holder.terminals > owned.len().max(1)).then_some(WindowGuess::Tabs);
    let found = match &owned[..] {
        [] => windows.iter().find(|w| w.pid.is_none() && hinted(w)),
        [only] => Some(*only),
        several => {
            let named = several.iter().copied().find(hinted);
            if named.is_none() {
                guess = Some(WindowGuess::Title);
            }
            let found = named.or_else(|| only_titled(several, title));
            Some(found.ok_or_else(|| JumpObstacle::Ambiguous(app.into(), several.len()))?)
        }
    };
    let Some(window) = found else {
        return Err(if holder.screen.wayland.is_some() {
            JumpObstacle::Wayland(app.into())
        } else {
            JumpObstacle::NoWindow(app.into(), display.clone())
        });
    };
    Ok(PickedWindow {
        id: window.id,
        step: JumpStep::Window {
            display: display.clone(),
            id: window.id,
        },
        guess,
    })
}

/// The only window with this title, apart from a sign in front of the title, or whose title begins
/// with `title:` as tmux's titles do.
fn only_titled<'a>(windows: &[&'a WindowInfo], title: Option<&str>) -> Option<&'a WindowInfo> {
    let title = title.filter(|title| !title.is_empty())?;
    let mut fitting = windows.iter().copied().filter(|window| {
        let bare = window
            .title
            .trim_start_matches(|c: char| !c.is_alphanumeric());
        let own = title.trim_start_matches(|c: char| !c.is_alphanumeric());
        bare == own || window.title.starts_with(&format!("{title}:"))
    });
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}
