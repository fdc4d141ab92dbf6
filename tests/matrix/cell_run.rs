//! A cell from its beginning to its end.

use crate::cell::{ClientState, Kind, MatrixCell, stops_tools};
use crate::stage::MatrixFixture;
use std::time::Duration;

/// How long a pause lasts.
const PAUSE_DURATION: Duration = Duration::from_secs(5);

/// Pauses for 5 s, resumes, and checks that nothing differs from a run without a pause.
pub(crate) fn pass(cell: MatrixCell) {
    let stage = MatrixFixture::open(cell);
    stage.begin();
    stage.pause();
    during(&stage);
    stage.resume();
    after(&stage);
    stage.finish();
    stage.is_sound();
}

fn during(stage: &MatrixFixture) {
    let cell = stage.cell;
    let held_later = cell.kind == Kind::Hold
        && matches!(cell.state, ClientState::Permission | ClientState::Question);
    if !held_later {
        stage.wait_paused();
    }
    if cell.kind == Kind::Hold && cell.state == ClientState::Idle {
        stage.terminal.submit("say held");
    }
    let lines = stage.lines();
    std::thread::sleep(PAUSE_DURATION);
    if stops_tools(cell.kind) {
        assert_eq!(stage.lines(), lines, "lines written during the pause");
    }
    if cell.kind == Kind::Hold {
        assert!(!stage.made("held"), "the tool was held");
        assert!(!stage.was_asked("say held"), "the prompt was held");
    }
    if held_later {
        let session = stage.session();
        assert_eq!(session["status"], "AwaitingApproval", "{session}");
        assert_eq!(session["pause"]["kind"], "Hold", "{session}");
    } else {
        stage.wait_paused();
    }
}

fn after(stage: &MatrixFixture) {
    match (stage.cell.kind, stage.cell.state) {
        (Kind::Interrupt, _) => {
            stage.wait_answered("continue");
        }
        (Kind::Hold, ClientState::Idle) => {
            stage.wait_answered("say held");
        }
        _ => {}
    }
}
