//! What a jump is decided from.

use super::JumpObstacle;
use crate::System;
use crate::terminal::ProcessAncestor;
use std::path::PathBuf;

/// A session, and everything that shows it or could show it.
#[derive(Debug, Clone)]
pub struct JumpContext {
    /// What the session runs in.
    pub runs: JumpTarget,
    /// The session's name, which Claude Code puts into the window's title.
    pub name: Option<String>,
    /// The root of the session's project.
    pub folder: PathBuf,
    /// The folder that the session was started in.
    pub workdir: PathBuf,
    /// The system that shows the windows.
    pub system: System,
    /// The app in front, where that was asked; none on Linux, where the X server reports the active
    /// window with the other windows.
    pub frontmost: Option<FrontmostApp>,
    /// What opens a terminal: the absolute path of a program, and the arguments that precede the
    /// command to run in it. None on a Mac where the user has set none: Terminal.app opens one.
    pub opener: Option<Vec<String>>,
    /// The tmux program, as an absolute path.
    pub tmux: Option<PathBuf>,
}

/// The app in front on a Mac.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontmostApp {
    /// The pid of the app.
    pub pid: u32,
    /// The bundle identifier, such as `com.apple.Terminal`.
    pub bundle: Option<String>,
    /// The device of the selected tab, if the app was asked and said so.
    pub selected_tty: Option<String>,
}

/// What a session runs in.
#[derive(Debug, Clone)]
pub enum JumpTarget {
    /// Nothing: the session has ended.
    Ended,
    /// No terminal: the user cannot type into the session.
    Headless,
    /// A terminal that Claude Code made for a background session, and that no window shows.
    Background,
    /// No terminal any more.
    NoTerminal,
    /// A terminal outside tmux.
    Plain(Box<TerminalProcess>),
    /// A pane of a tmux server that could not be queried, for this reason.
    SilentServer(JumpObstacle),
    /// A pane of a tmux server.
    Tmux(Box<TmuxLocation>),
}

/// A process in a terminal, and what is known about the window around it.
#[derive(Debug, Clone, Default)]
pub struct TerminalProcess {
    /// The process's terminal device.
    pub tty: Option<String>,
    /// The process's ancestors, the nearest first.
    pub ancestors: Vec<ProcessAncestor>,
    /// The hints in the process's environment.
    pub hints: TerminalHints,
    /// The display that the process is on.
    pub screen: ProcessDisplay,
    /// The command with which the editor around the process opens folders, as an absolute path.
    pub editor: Option<PathBuf>,
    /// How many terminals the program has that owns this one; 0 if that is not known.
    pub terminals: usize,
}

/// What a process's environment says about the terminal that the process was started in. Children
/// inherit it, so a hint counts only where the process that owns the terminal confirms it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TerminalHints {
    /// `$WINDOWID`
    pub window: Option<u32>,
    /// `$KITTY_LISTEN_ON` and `$KITTY_WINDOW_ID`
    pub kitty: Option<KittyWindow>,
    /// `$WEZTERM_UNIX_SOCKET` and `$WEZTERM_PANE`
    pub wezterm: Option<WezTermPane>,
}

/// A window of kitty, and where kitty listens for commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KittyWindow {
    /// The address that kitty listens on, such as `unix:/tmp/kitty`.
    pub listens: String,
    /// kitty's own number of the window.
    pub window: u32,
    /// The folder of kitty's program, which may hold its command-line tool.
    pub beside: Option<PathBuf>,
}

/// A pane of `WezTerm`, and where `WezTerm` listens for commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WezTermPane {
    /// The socket.
    pub socket: PathBuf,
    /// The pane.
    pub pane: u32,
    /// The folder of `WezTerm`'s program, which may hold its command-line tool.
    pub beside: Option<PathBuf>,
}

/// The display of a process.
#[derive(Debug, Clone, Default)]
pub struct ProcessDisplay {
    /// The X server of the process.
    pub x11: X11Server,
    /// The Wayland compositor that the process's environment names.
    pub wayland: Option<String>,
}

/// An X server.
#[derive(Debug, Clone, Default)]
pub enum X11Server {
    /// No X server.
    #[default]
    None,
    /// This display cannot be used: why, in words.
    Unreachable(String, String),
    /// A server that responds.
    Shown {
        /// The display, such as `:0`.
        display: String,
        /// The windows that the window manager manages.
        windows: Vec<WindowInfo>,
        /// The id of the focused window.
        active: Option<u32>,
    },
}

/// A window of an X server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WindowInfo {
    /// The X11 id of the window.
    pub id: u32,
    /// The process that the window names as its own; none for a window that names none, or one of
    /// another machine.
    pub pid: Option<u32>,
    /// The text of the title bar.
    pub title: String,
}

/// A pane of a tmux server, and the clients of that server.
#[derive(Debug, Clone)]
pub struct TmuxLocation {
    /// The server's socket.
    pub socket: PathBuf,
    /// The id of the pane, such as `%0`.
    pub pane: String,
    /// The id of the pane's window, such as `@0`.
    pub window: String,
    /// Whether the pane is the active one of its window.
    pub active: bool,
    /// The tmux sessions that the window is linked into; first the one that the pane is known by.
    pub links: Vec<LinkedTmuxSession>,
    /// All clients of the server.
    pub clients: Vec<TmuxClient>,
    /// The display on which a terminal would be opened.
    pub home: ProcessDisplay,
}

/// A tmux session that a window is linked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedTmuxSession {
    /// The id of the session, such as `$0`.
    pub session: String,
    /// The session's name.
    pub name: String,
    /// Whether the session shows that window now.
    pub current: bool,
}

/// A client of a tmux server.
#[derive(Debug, Clone)]
pub struct TmuxClient {
    /// The client's terminal device.
    pub tty: String,
    /// The id of the session that the client shows, such as `$0`.
    pub session: String,
    /// The name of that session.
    pub session_name: String,
    /// The window that the client shows.
    pub window: String,
    /// The active pane of that window.
    pub pane: String,
    /// When the client was last used, in seconds since the epoch.
    pub activity: u64,
    /// How the client shows its session.
    pub sight: TmuxClientMode,
    /// The client's process.
    pub holder: TerminalProcess,
}

/// How a tmux client shows its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TmuxClientMode {
    /// On the client's terminal.
    Whole,
    /// As windows that the terminal program draws itself (`tmux -CC`).
    Control,
    /// Not at all: the client was suspended with Ctrl-Z.
    Suspended,
}
