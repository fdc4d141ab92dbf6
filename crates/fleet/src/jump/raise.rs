//! Which window shows a process, and how it comes to the front.

use super::place::{Holder, Place, System, Window, X11};
use super::{Obstacle, Step, Tab};
use crate::terminal::{self, Ancestor};

/// How a window is brought to the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raising {
    /// The program, as its users call it.
    pub(super) app: String,
    pub(super) steps: Vec<Step>,
    /// What is left to the user, in words.
    pub(super) doubt: Option<String>,
}

/// Editors of one family: they show the window of a folder when asked to open it.
const EDITORS: [&str; 5] = [
    "VS Code",
    "VS Code Insiders",
    "VSCodium",
    "Cursor",
    "Windsurf",
];
/// What those are called that are not known.
const UNKNOWN: &str = "the terminal";

/// The processes that may own the terminal's window, nearest first: up to the nearest that is
/// known to own terminals, and the others of that program right above it. Above them are windows
/// of whatever has started the terminal.
pub fn owners(ancestors: &[Ancestor]) -> Vec<u32> {
    let mut app = None;
    let mine = ancestors.iter().take_while(|a| match app {
        None => {
            app = terminal::owner(a);
            true
        }
        Some(_) => terminal::owner(a) == app,
    });
    mine.map(|a| a.pid).collect()
}

/// Decides how a holder's window is raised.
pub(super) fn plan(
    holder: &Holder,
    place: &Place,
    title: Option<&str>,
) -> Result<Raising, Obstacle> {
    let app = terminal::app(&holder.ancestors);
    if app == Some("SSH") {
        return Err(Obstacle::Remote);
    }
    if let Some(tty) = holder.tty.as_deref().filter(|tty| is_console(tty)) {
        return Err(Obstacle::Console(tty.to_owned()));
    }
    if app.is_none() && holder.ancestors.iter().any(is_tmux) {
        return Err(Obstacle::Nested);
    }
    if place.system == System::Mac {
        return mac(holder, place, app.unwrap_or(UNKNOWN));
    }
    let name = app.unwrap_or(UNKNOWN).to_owned();
    let mut steps = own_way(holder, app);
    let mut doubt = None;
    match (pick(holder, title), &steps[..]) {
        (Ok(picked), own) => {
            doubt = match own {
                [] => picked.guess.and_then(|guess| guess.words(&name)),
                // It shows its tab itself.
                [_, ..] => None,
            };
            steps.push(picked.step);
        }
        // It raises its window itself, where it is let.
        (Err(why), [Step::Kitty(_)]) if !matches!(why, Obstacle::Wayland(_)) => {}
        (Err(why), [_, ..]) => doubt = Some(why.to_string()),
        (Err(why), []) => match (&holder.editor, app) {
            (Some(program), Some(app)) if EDITORS.contains(&app) => {
                steps.push(folder(program, holder, place));
            }
            _ => return Err(why),
        },
    }
    Ok(Raising {
        app: name,
        steps,
        doubt,
    })
}

/// Whether the holder's window is the active one, beyond doubt.
pub(super) fn is_active(holder: &Holder, title: Option<&str>) -> bool {
    let X11::Shown {
        active: Some(active),
        ..
    } = &holder.screen.x11
    else {
        return false;
    };
    pick(holder, title).is_ok_and(|picked| picked.id == *active && picked.guess.is_none())
}

/// Above what runs in a pane is the server, which has no window. Linux knows it as `tmux: server`.
fn is_tmux(ancestor: &Ancestor) -> bool {
    ancestor.name == "tmux" || ancestor.name.starts_with("tmux:")
}

/// `/dev/tty2`, but no terminal of a program.
fn is_console(tty: &str) -> bool {
    let number = tty.strip_prefix("/dev/tty").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// What a terminal program can be told itself. It counts only where that program owns the
/// terminal: what is started in it inherits the same variables.
fn own_way(holder: &Holder, app: Option<&str>) -> Vec<Step> {
    match app {
        Some("kitty") => holder.hints.kitty.clone().map(Step::Kitty),
        Some("WezTerm") => holder.hints.wezterm.clone().map(Step::WezTerm),
        _ => None,
    }
    .into_iter()
    .collect()
}

fn folder(program: &std::path::Path, holder: &Holder, place: &Place) -> Step {
    let display = match &holder.screen.x11 {
        X11::Shown { display, .. } => Some(display.clone()),
        X11::None | X11::Unreachable(..) => None,
    };
    Step::Folder {
        program: program.to_path_buf(),
        folder: place.folder.clone(),
        display,
        wayland: holder.screen.wayland.clone(),
    }
}

struct Picked {
    id: u32,
    step: Step,
    guess: Option<Guess>,
}

/// What is not certain of a window that was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guess {
    /// Which of its tabs it shows.
    Tabs,
    /// That it is the one: only its title says so.
    Title,
}

impl Guess {
    /// What is left to its owner, if that is worth a word: a title that no other window has is
    /// enough to raise one, and not enough to leave something untold.
    fn words(self, app: &str) -> Option<String> {
        let tabs = || format!("raised {app}, but another of its tabs may show this session");
        (self == Self::Tabs).then(tabs)
    }
}

/// The X11 window of a holder: the only one of its terminal program, or the one that its
/// environment names, or the only one with its title.
fn pick(holder: &Holder, title: Option<&str>) -> Result<Picked, Obstacle> {
    let app = terminal::app(&holder.ancestors).unwrap_or(UNKNOWN);
    let (display, windows) = match &holder.screen.x11 {
        X11::Shown {
            display, windows, ..
        } => (display, windows),
        _ if holder.screen.wayland.is_some() => return Err(Obstacle::Wayland(app.into())),
        X11::None => return Err(Obstacle::NoDisplay),
        X11::Unreachable(display, why) => {
            return Err(Obstacle::Unreachable(display.clone(), why.clone()));
        }
    };
    let of = |pid: u32| windows.iter().filter(move |w| w.pid == Some(pid));
    let owned = owners(&holder.ancestors)
        .into_iter()
        .map(|pid| of(pid).collect::<Vec<_>>())
        .find(|windows| !windows.is_empty())
        .unwrap_or_default();
    let hinted = |window: &&Window| Some(window.id) == holder.hints.window;
    let mut guess = (holder.terminals > owned.len().max(1)).then_some(Guess::Tabs);
    let found = match &owned[..] {
        [] => windows.iter().find(|w| w.pid.is_none() && hinted(w)),
        [only] => Some(*only),
        several => {
            let named = several.iter().copied().find(hinted);
            if named.is_none() {
                guess = Some(Guess::Title);
            }
            let found = named.or_else(|| only_titled(several, title));
            Some(found.ok_or_else(|| Obstacle::Ambiguous(app.into(), several.len()))?)
        }
    };
    let Some(window) = found else {
        return Err(if holder.screen.wayland.is_some() {
            Obstacle::Wayland(app.into())
        } else {
            Obstacle::NoWindow(app.into(), display.clone())
        });
    };
    Ok(Picked {
        id: window.id,
        step: Step::Window {
            display: display.clone(),
            id: window.id,
        },
        guess,
    })
}

/// The only window whose title is this, behind whatever sign stands before it, or begins with it
/// as tmux's titles do.
fn only_titled<'a>(windows: &[&'a Window], title: Option<&str>) -> Option<&'a Window> {
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

fn mac(holder: &Holder, place: &Place, app: &str) -> Result<Raising, Obstacle> {
    let tty = holder.tty.clone().ok_or(Obstacle::NoTerminal)?;
    let mut steps = own_way(holder, Some(app));
    match app {
        "Terminal" => steps.push(Step::Tab(Tab::Terminal(tty))),
        "iTerm2" => steps.push(Step::Tab(Tab::ITerm(tty))),
        "Ghostty" => steps.push(Step::Tab(Tab::Ghostty {
            tty,
            folder: place.workdir.clone(),
        })),
        "kitty" | "WezTerm" if !steps.is_empty() => steps.push(Step::Activate(app.to_owned())),
        _ => match &holder.editor {
            Some(program) if EDITORS.contains(&app) => steps.push(folder(program, holder, place)),
            _ => return Err(Obstacle::NoScript(app.to_owned())),
        },
    }
    Ok(Raising {
        app: app.to_owned(),
        steps,
        doubt: None,
    })
}
