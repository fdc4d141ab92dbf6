//! `trusty` is killed after each step of each plan; `trusty resume --all` repairs what is left.

use crate::cell::{ClientState, Kind, MatrixCell, fits};
use crate::stage::MatrixFixture;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use trusty_actions::PAUSE_STEPS;
use trusty_tests::trusty::trusty_killed_at;
use trusty_tests::{TerminalShape, stderr_text};

/// A step after which `trusty` is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StepKill {
    pub(crate) shape: TerminalShape,
    pub(crate) kind: Kind,
    pub(crate) step: &'static str,
}

impl StepKill {
    /// All steps of all plans, in each terminal they are for.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for kind in Kind::ALL_KINDS {
            let of_kind = PAUSE_STEPS.iter().filter(|(name, _)| *name == kind.name());
            let steps: Vec<&'static str> = of_kind.flat_map(|(_, steps)| *steps).copied().collect();
            assert!(!steps.is_empty(), "{kind:?} has no steps");
            for shape in TerminalShape::ALL_SHAPES
                .into_iter()
                .filter(|s| fits(kind, *s))
            {
                let comes = |step: &&&str| comes_by(shape, step);
                let steps = steps.iter().filter(comes);
                all.extend(steps.map(|step| Self { shape, kind, step }));
            }
        }
        all
    }

    /// The cell during which the kill happens.
    pub(crate) fn cell(self) -> MatrixCell {
        MatrixCell {
            shape: self.shape,
            kind: self.kind,
            state: ClientState::Streaming,
        }
    }
}

/// Whether a plan reaches the step in such a terminal: without a shell no shell is stopped, and the
/// root control group needs no process to keep it alive.
fn comes_by(shape: TerminalShape, step: &str) -> bool {
    let in_root = || {
        let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        groups.lines().any(|line| line == "0::/")
    };
    (shape.has_shell() || !step.contains(".shell-")) && (!step.contains(".keeper-") || !in_root())
}

impl fmt::Display for StepKill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "kill {} {:?} {}",
            self.kind.name(),
            self.shape,
            self.step
        )
    }
}

/// Kills at the step, repairs, and checks that nothing differs from a run without a pause.
pub(crate) fn pass(kill: StepKill) {
    let stage = MatrixFixture::open(kill.cell());
    stage.begin();
    let pid = stage.pid();
    let mut killed = die(
        &stage,
        &["pause", &pid, "--how", kill.kind.name()],
        kill.step,
    );
    if !killed {
        killed = die(&stage, &["resume", &pid], kill.step);
    }
    assert!(killed, "nothing came by the step {}", kill.step);
    stage.run_successfully(&["resume", "--all"]);
    stage.nothing_is_left();
    if kill.kind != Kind::Interrupt {
        stage.finish();
        stage.is_sound();
    }
}

/// Runs `trusty`, which kills itself when it reaches the step; returns whether it did.
fn die(stage: &MatrixFixture, arguments: &[&str], step: &str) -> bool {
    let mut command = trusty_killed_at(&stage.home, step);
    let done = command.args(arguments).output();
    let done = done.expect("trusty runs");
    let killed = done.status.signal() == Some(9);
    assert!(killed || done.status.success(), "{}", stderr_text(&done));
    killed
}
