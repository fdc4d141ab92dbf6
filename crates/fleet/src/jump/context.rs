//! What a jump is decided from.

use super::JumpObstacle;
use crate::terminal::ProcessAncestor;
use std::path::PathBuf;

/// A session and all that shows it, or could.
#[derive(Debug, Clone)]
pub struct JumpContext {
    /// What it runs in.
    pub runs: JumpTarget,
    /// Its name, which its client puts into the title of its window.
    pub name: Option<String>,
    /// The root of its project.
    pub folder: PathBuf,
    /// The folder it was started in.
    pub workdir: PathBuf,
    /// The system this is.
    pub system: WindowSystem,
    /// What opens a terminal: a program, absolute, and what stands before the command that is to
    /// run in it.
    pub opener: Option<Vec<String>>,
    /// The tmux program, absolute.
    pub tmux: Option<PathBuf>,
}

/// How windows are raised here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowSystem {
    /// By the X server, or not at all.
    Desktop,
    /// By Apple Events.
    Mac,
}

/// What a session runs in.
#[derive(Debug, Clone)]
pub enum JumpTarget {
    /// It has ended.
    Ended,
    /// Nobody can type into it.
    Headless,
    /// It has a terminal of the client's own, which no window shows.
    Background,
    /// It has no terminal.
    NoTerminal,
    /// It has a terminal of its own.
    Plain(Box<TerminalProcess>),
    /// It has a pane of a tmux server that tells nothing, for this reason.
    SilentServer(JumpObstacle),
    /// It has a pane of a tmux server.
    Tmux(Box<TmuxLocation>),
}

/// A process in a terminal, and what is known of the window around it.
#[derive(Debug, Clone, Default)]
pub struct TerminalProcess {
    /// Its terminal device.
    pub tty: Option<String>,
    /// Its parents, nearest first.
    pub ancestors: Vec<ProcessAncestor>,
    /// What its environment names.
    pub hints: TerminalHints,
    /// The screen it is on.
    pub screen: ProcessDisplay,
    /// The command of the editor it runs in, by which that opens folders; absolute.
    pub editor: Option<PathBuf>,
    /// How many terminals the program has that owns this one.
    pub terminals: usize,
}

/// What the environment of a process names of the terminal it was started in. A child inherits
/// it, so each counts only where the process that owns the terminal bears it out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TerminalHints {
    /// `$WINDOWID`
    pub window: Option<u32>,
    /// `$KITTY_LISTEN_ON` and `$KITTY_WINDOW_ID`
    pub kitty: Option<KittyWindow>,
    /// `$WEZTERM_UNIX_SOCKET` and `$WEZTERM_PANE`
    pub wezterm: Option<WezTermPane>,
}

/// A window of kitty, and where kitty takes commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KittyWindow {
    /// `unix:/tmp/kitty`
    pub listens: String,
    /// Its own number of the window.
    pub window: u32,
    /// The folder of its program, where its commands may lie.
    pub beside: Option<PathBuf>,
}

/// A pane of `WezTerm`, and where that takes commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WezTermPane {
    /// The socket.
    pub socket: PathBuf,
    /// The pane.
    pub pane: u32,
    /// The folder of its program, where its commands may lie.
    pub beside: Option<PathBuf>,
}

/// The screen of a process.
#[derive(Debug, Clone, Default)]
pub struct ProcessDisplay {
    /// Its X server.
    pub x11: X11Server,
    /// The Wayland compositor that its environment names.
    pub wayland: Option<String>,
}

/// An X server.
#[derive(Debug, Clone, Default)]
pub enum X11Server {
    /// There is none.
    #[default]
    None,
    /// This display does not do what is asked of it, in words.
    Unreachable(String, String),
    /// It answers.
    Shown {
        /// `:0`
        display: String,
        /// The windows that its window manager looks after.
        windows: Vec<WindowInfo>,
        /// The one that has the focus.
        active: Option<u32>,
    },
}

/// A window of an X server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WindowInfo {
    /// Its id.
    pub id: u32,
    /// The process it says it is of; none if it does not say, or is of another machine.
    pub pid: Option<u32>,
    /// What stands in its title bar.
    pub title: String,
}

/// A pane of a tmux server, and who looks at that server.
#[derive(Debug, Clone)]
pub struct TmuxLocation {
    /// The server's socket.
    pub socket: PathBuf,
    /// `%0`
    pub pane: String,
    /// `@0`
    pub window: String,
    /// Whether it is the active one of its window.
    pub active: bool,
    /// The tmux sessions that have its window; the one it is known by first.
    pub links: Vec<LinkedTmuxSession>,
    /// All clients of the server.
    pub clients: Vec<TmuxClient>,
    /// The screen on which a terminal would be opened.
    pub home: ProcessDisplay,
}

/// A tmux session that has a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedTmuxSession {
    /// `$0`
    pub session: String,
    /// Its name.
    pub name: String,
    /// Whether it shows that window now.
    pub current: bool,
}

/// A client of a tmux server.
#[derive(Debug, Clone)]
pub struct TmuxClient {
    /// Its terminal device.
    pub tty: String,
    /// The session it shows, `$0`.
    pub session: String,
    /// Its name.
    pub session_name: String,
    /// The window it shows.
    pub window: String,
    /// The active pane of that.
    pub pane: String,
    /// When it was last used, in seconds since the epoch.
    pub activity: u64,
    /// How it shows it.
    pub sight: TmuxClientMode,
    /// The client as a process.
    pub holder: TerminalProcess,
}

/// How a tmux client shows its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TmuxClientMode {
    /// On its terminal.
    Whole,
    /// Its terminal program draws the windows itself (`tmux -CC`).
    Control,
    /// Not now: it was put aside with Ctrl-Z.
    Suspended,
}
