//! One cell of the matrix: a kind of pause, in a terminal of some shape, while Claude Code is in
//! some state.

use std::fmt;
pub(crate) use trusty_fleet::pause::PauseKind as Kind;
use trusty_tests::TerminalShape;

/// Whether a kind of pause stops the commands that Claude Code runs, too.
pub(crate) fn stops_tools(kind: Kind) -> bool {
    matches!(kind, Kind::Freeze | Kind::Stop)
}

/// Whether a kind of pause should work in such a terminal.
pub(crate) fn fits(kind: Kind, shape: TerminalShape) -> bool {
    match kind {
        Kind::Freeze | Kind::Hold => true,
        Kind::Stop => !shape.is_tmux(),
        Kind::Suspend => shape.is_tmux() && shape.has_shell(),
        Kind::Interrupt => shape.is_tmux(),
    }
}

/// What Claude Code does when the pause begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ClientState {
    Streaming,
    Tool,
    Idle,
    HalfTyped,
    Permission,
    Question,
    Agents,
}

impl ClientState {
    pub(crate) const ALL_STATES: [Self; 7] = [
        Self::Streaming,
        Self::Tool,
        Self::Idle,
        Self::HalfTyped,
        Self::Permission,
        Self::Question,
        Self::Agents,
    ];

    /// Whether a turn runs and does not wait for the user.
    pub(crate) fn works(self) -> bool {
        matches!(self, Self::Streaming | Self::Tool | Self::Agents)
    }
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MatrixCell {
    pub(crate) shape: TerminalShape,
    pub(crate) kind: Kind,
    pub(crate) state: ClientState,
}

impl MatrixCell {
    /// All cells that should work.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for kind in Kind::ALL_KINDS {
            for shape in TerminalShape::ALL_SHAPES
                .into_iter()
                .filter(|s| fits(kind, *s))
            {
                let fits = |s: &ClientState| kind != Kind::Interrupt || s.works();
                for state in ClientState::ALL_STATES.into_iter().filter(fits) {
                    all.push(Self { shape, kind, state });
                }
            }
        }
        all
    }
}

impl fmt::Display for MatrixCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {:?}", self.kind.name(), self.shape, self.state)
    }
}
