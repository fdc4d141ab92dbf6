//! Why a terminal cannot be brought to the front, in words that name the way out.

use crate::problem::ProblemCode;

/// Why a terminal cannot be brought to the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JumpObstacle {
    /// The session has ended.
    Ended,
    /// The session has no terminal: `claude -p`, or driven by a program.
    Headless,
    /// The session runs in the background.
    Background,
    /// The terminal of the session was closed.
    NoTerminal,
    /// The session runs on a text console: its device.
    Console(String),
    /// The terminal is on another machine.
    Remote,
    /// There is no display to show anything on.
    NoDisplay,
    /// This display cannot be used: why, in words.
    Unreachable(String, String),
    /// Wayland does not let a program raise a window of this program.
    Wayland(String),
    /// This program has no window on this display: the program, then the display.
    NoWindow(String, String),
    /// So many windows of this program may show the session, and nothing distinguishes them.
    Ambiguous(String, usize),
    /// No app on this Mac owns the terminal.
    NoScript,
    /// macOS is asking whether Trusty Bar may control this app.
    ConsentPending(String),
    /// macOS does not let Trusty Bar control this app.
    ConsentDenied(String),
    /// tmux shows the session on this terminal, which cannot be raised.
    Elsewhere(String, Box<JumpObstacle>),
    /// No terminal shows the tmux session, and none can be opened: the command that attaches one.
    Detached(String, Box<JumpObstacle>),
    /// The session's tmux runs in a pane of another tmux.
    Nested,
    /// No terminal program was found to open.
    NoOpener,
    /// tmux is not installed.
    NoTmux,
    /// The tmux server does not respond: why, in words.
    Silent(String),
}

impl JumpObstacle {
    /// Whether the user cannot see the terminal from this desk.
    pub(super) fn is_out_of_sight(&self) -> bool {
        matches!(
            self,
            Self::Remote | Self::Console(_) | Self::NoDisplay | Self::Unreachable(..)
        )
    }

    /// The stable code of the obstacle, for programs.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Ended => ProblemCode::NoSuchSession,
            Self::Headless => ProblemCode::Headless,
            Self::Background => ProblemCode::Background,
            Self::NoTerminal => ProblemCode::NoTerminal,
            Self::Console(_) => ProblemCode::Console,
            Self::Remote => ProblemCode::Remote,
            Self::NoDisplay => ProblemCode::NoDisplay,
            Self::Unreachable(..) => ProblemCode::DisplayUnreachable,
            Self::Wayland(_) => ProblemCode::Wayland,
            Self::NoWindow(..) => ProblemCode::NoWindow,
            Self::Ambiguous(..) => ProblemCode::AmbiguousWindow,
            Self::NoScript => ProblemCode::NoScript,
            Self::ConsentPending(_) => ProblemCode::ConsentPending,
            Self::ConsentDenied(_) => ProblemCode::ConsentDenied,
            Self::Elsewhere(_, why) | Self::Detached(_, why) => why.code(),
            Self::Nested => ProblemCode::Nested,
            Self::NoOpener => ProblemCode::NoOpener,
            Self::NoTmux => ProblemCode::NoTmux,
            Self::Silent(_) => ProblemCode::TmuxSilent,
        }
    }
}

impl std::fmt::Display for JumpObstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ended => f.write_str("the session has exited"),
            Self::Headless => f.write_str(
                "the session runs without a terminal (`claude -p`, or driven by a program)",
            ),
            Self::Background => f.write_str(
                "the session runs in the background, without a window; run `claude attach` to show \
                 it in a terminal (`claude agents` lists such sessions)",
            ),
            Self::NoTerminal => f.write_str("the session's terminal was closed"),
            Self::Console(tty) => write!(
                f,
                "the session runs on the text console {tty}; switch to that console"
            ),
            Self::Remote => f.write_str("the session's terminal is on another machine (SSH)"),
            Self::NoDisplay => f.write_str("Trusty Bar runs without a display"),
            Self::Unreachable(display, why) => write!(f, "the display {display} {why}"),
            Self::Wayland(app) => write!(
                f,
                "could not raise {app}: Wayland does not let a program raise another program's \
                 window; switch to the window yourself"
            ),
            Self::NoWindow(app, display) => {
                write!(f, "could not raise {app}: it has no window on {display}")
            }
            Self::Ambiguous(app, count) => write!(
                f,
                "could not raise {app}: {count} windows may show this session, and nothing \
                 distinguishes them; switch to the right one yourself"
            ),
            Self::NoScript => f.write_str(
                "could not find the app that owns the session's terminal; switch to it yourself",
            ),
            Self::ConsentPending(app) => write!(
                f,
                "macOS is asking whether Trusty Bar may control {app}; allow that in the dialog, \
                 then open the terminal again"
            ),
            Self::ConsentDenied(app) => write!(
                f,
                "macOS does not let Trusty Bar control {app}; turn on {app} in System Settings, \
                 Privacy & Security, Automation"
            ),
            Self::Elsewhere(tty, why) => write!(f, "tmux shows the session on {tty}, but {why}"),
            Self::Detached(attach, why) => {
                write!(
                    f,
                    "no window shows the session, and {why}; attach with: {attach}"
                )
            }
            Self::Nested => f.write_str(
                "the session's tmux runs inside another tmux; switch to that pane yourself",
            ),
            Self::NoOpener => f.write_str(
                "no terminal program was found; set one in settings.toml: [jump] terminal = \
                 [\"xterm\", \"-e\"]",
            ),
            Self::NoTmux => f.write_str("tmux is not installed"),
            Self::Silent(why) => f.write_str(why),
        }
    }
}
