//! Why a terminal is not brought to the front, in words that say what to do instead.

use crate::problem::ProblemCode;

/// Why a terminal is not brought to the front.
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
    /// This display does not do what is asked of it, in words.
    Unreachable(String, String),
    /// Wayland does not let a program raise a window of this program.
    Wayland(String),
    /// This program has no window on this display.
    NoWindow(String, String),
    /// This program has so many windows, and nothing tells them apart.
    Ambiguous(String, usize),
    /// macOS knows no way to a window of this program.
    NoScript(String),
    /// tmux shows the session on this terminal, which cannot be raised.
    Elsewhere(String, Box<JumpObstacle>),
    /// No terminal shows the tmux session, and none can be opened; the command that attaches one.
    Detached(String, Box<JumpObstacle>),
    /// A pane of another tmux shows it.
    Nested,
    /// No program is known that opens a terminal.
    NoOpener,
    /// tmux is not installed.
    NoTmux,
    /// The tmux server gives no answer: why, in words.
    Silent(String),
}

impl JumpObstacle {
    /// Whether the user, at this desk, cannot see the terminal.
    pub(super) fn is_out_of_sight(&self) -> bool {
        matches!(
            self,
            Self::Remote | Self::Console(_) | Self::NoDisplay | Self::Unreachable(..)
        )
    }

    /// A stable code, for programs.
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
            Self::NoScript(_) => ProblemCode::NoScript,
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
            Self::NoScript(app) => write!(
                f,
                "could not raise {app}: this terminal has no command for raising one window"
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
