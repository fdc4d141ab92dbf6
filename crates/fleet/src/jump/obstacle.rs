//! Why a terminal is not brought to the front, in words that say what to do instead.

use crate::problem::ProblemCode;

/// Why a terminal is not brought to the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The session has ended.
    Ended,
    /// Nobody can type into it.
    Headless,
    /// It is a background session.
    Background,
    /// It has no terminal.
    NoTerminal,
    /// It runs on a text console, of this device.
    Console(String),
    /// Its terminal is on another machine.
    Remote,
    /// There is no display to show anything on.
    NoDisplay,
    /// This display does not do what is asked of it, in words.
    Unreachable(String, String),
    /// A Wayland compositor lets nobody raise a window of this program.
    Wayland(String),
    /// This program has no window on this display.
    NoWindow(String, String),
    /// This program has so many windows, and nothing tells them apart.
    Ambiguous(String, usize),
    /// macOS knows no way to a window of this program.
    NoScript(String),
    /// tmux shows it on this terminal, which cannot be raised.
    Elsewhere(String, Box<Obstacle>),
    /// No terminal shows its tmux session, and none can be opened; the command that attaches one.
    Detached(String, Box<Obstacle>),
    /// A pane of another tmux shows it.
    Nested,
    /// No program is known that opens a terminal.
    NoOpener,
    /// tmux is not installed.
    NoTmux,
    /// Its tmux server gives no answer, in words.
    Silent(String),
}

impl Obstacle {
    /// Whether its owner, at this desk, cannot see what it keeps from the front.
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

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ended => f.write_str("it has ended"),
            Self::Headless => f.write_str(
                "it runs without a terminal (claude -p, or a program drives it), so there is \
                 none to show",
            ),
            Self::Background => f.write_str(
                "it runs in the background, where no window shows it; claude agents lists it, and \
                 claude attach shows it in any terminal",
            ),
            Self::NoTerminal => f.write_str("it has no terminal any more"),
            Self::Console(tty) => write!(f, "it runs on the text console {tty}; switch to that"),
            Self::Remote => f.write_str("its terminal is on another machine, over SSH"),
            Self::NoDisplay => f.write_str("there is no display here"),
            Self::Unreachable(display, why) => write!(f, "the display {display} {why}"),
            Self::Wayland(app) => write!(
                f,
                "could not raise {app}: Wayland lets no program raise the window of another; \
                 switch to it yourself"
            ),
            Self::NoWindow(app, display) => {
                write!(f, "could not raise {app}: it has no window on {display}")
            }
            Self::Ambiguous(app, count) => write!(
                f,
                "could not raise {app}: it has {count} windows and does not tell which of them \
                 shows this session"
            ),
            Self::NoScript(app) => write!(
                f,
                "could not raise {app}: it takes no commands that say which window is meant"
            ),
            Self::Elsewhere(tty, why) => write!(f, "tmux shows it on {tty}, but {why}"),
            Self::Detached(attach, why) => {
                write!(
                    f,
                    "no window shows it, and {why}; attach to it with: {attach}"
                )
            }
            Self::Nested => {
                f.write_str("its terminal is a pane of another tmux server; switch to it yourself")
            }
            Self::NoOpener => f.write_str(
                "no terminal program was found to open one; name yours in settings.toml: \
                 [jump] terminal = [\"xterm\", \"-e\"]",
            ),
            Self::NoTmux => f.write_str("tmux was not found"),
            Self::Silent(why) => write!(f, "its tmux server {why}"),
        }
    }
}
