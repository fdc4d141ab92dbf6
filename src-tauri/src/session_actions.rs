//! Actions of the popover, the menu and notifications on sessions. Failures of pause and resume are
//! not shown here: the session's row in the next board carries them.

use crate::log;
use crate::popover::{self, Popover};
use serde::Deserialize;
use std::time::Duration;
use tauri::{AppHandle, Manager};
use trusty_actions::ActionError;
use trusty_actions::jump::JumpError;
use trusty_engine::requests::AnswerError;
use trusty_fleet::SessionId;
use trusty_fleet::action::{Action, PauseOptions};
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::pause::{Initiator, PauseKind};
use trusty_fleet::request::{Answer, RequestId};
use trusty_fleet::view::{Board, Card, PopoverQuestion, RowAction};

/// How long quitting waits for running actions; only an action that hangs takes longer.
const ACTION_TIMEOUT: Duration = Duration::from_secs(20);

/// What happens to paused sessions when the app exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum QuitChoice {
    /// They stay paused: their pause records outlast the app.
    Keep,
    /// They are resumed first.
    ResumeAll,
}

/// A pause by the app; without a kind, the best kind that loses no work.
pub(crate) fn pause_action(how: Option<PauseKind>) -> Action {
    Action::Pause(PauseOptions {
        how,
        note: None,
        by: Initiator::App,
    })
}

/// Performs an action on a session; completes when the action is done, refused or rolled back.
pub(crate) fn perform_action(
    app: &AppHandle,
    id: SessionId,
    action: Action,
) -> impl Future<Output = Result<(), ActionError>> + Send + use<> {
    let engine = app.state::<Popover>().engine();
    async move {
        let done = match engine {
            Some(engine) => engine.act(id, action).await,
            None => Err(ActionError::Gone),
        };
        if let Err(ActionError::Gone) = &done {
            log::line(&ActionError::Gone.to_string());
        }
        done
    }
}

/// A request in full, ready to draw; `None` once the request is no longer pending.
pub(crate) async fn card(
    app: &AppHandle,
    id: SessionId,
    request: RequestId,
) -> Result<Option<Card>, AnswerError> {
    let engine = app.state::<Popover>().engine().ok_or(AnswerError::Gone)?;
    let whole = engine.request(id, &request).await?;
    Ok(whole.map(|whole| whole.card))
}

/// Answers exactly this request as the user, through `channel`.
pub(crate) fn answer(
    app: &AppHandle,
    id: SessionId,
    request: RequestId,
    answer: Answer,
    channel: AnswerChannel,
) -> impl Future<Output = Result<(), AnswerError>> + Send + use<> {
    let engine = app.state::<Popover>().engine();
    async move {
        match engine {
            Some(engine) => engine.answer(id, &request, answer, channel).await,
            None => Err(AnswerError::Gone),
        }
    }
}

/// Brings the terminal of a session to the front.
pub(crate) fn jump(
    app: &AppHandle,
    id: SessionId,
) -> impl Future<Output = Result<(), JumpError>> + Send + use<> {
    let engine = app.state::<Popover>().engine();
    async move {
        match engine {
            Some(engine) => engine.jump_to(id).await,
            None => Err(JumpError::Gone),
        }
    }
}

/// The outcome of a jump for a user who is not in the popover. An uncertain tab counts as success:
/// the popover must not cover a terminal that is already in front.
pub(crate) fn ignore_uncertain_tab(jumped: Result<(), JumpError>) -> Result<(), JumpError> {
    match jumped {
        Err(JumpError::Partly(_)) => Ok(()),
        done => done,
    }
}

/// Performs an action on every session whose row offers the action, on all at once; returns how
/// many failed.
pub(crate) async fn act_on_all(
    app: &AppHandle,
    may: fn(&RowAction) -> bool,
    action: Action,
) -> usize {
    let ids = board(app).acting(may);
    let begun: Vec<_> = ids
        .into_iter()
        .map(|id| {
            let (app, action) = (app.clone(), action.clone());
            tauri::async_runtime::spawn(
                async move { perform_action(&app, id, action).await.is_ok() },
            )
        })
        .collect();
    let mut left = 0;
    for one in begun {
        left += usize::from(!one.await.unwrap_or(false));
    }
    left
}

/// Pauses every session that loses no work by the pause.
pub(crate) async fn pause_all(app: &AppHandle) {
    act_on_all(app, RowAction::can_pause, pause_action(None)).await;
}

/// Resumes every session that Trusty Bar paused; returns how many could not be resumed.
pub(crate) async fn resume_all(app: &AppHandle) -> usize {
    act_on_all(app, RowAction::can_resume, Action::Resume).await
}

/// Exits the app. With paused sessions the popover asks first; a second Quit while the question is
/// open exits.
pub(crate) async fn quit(app: &AppHandle) {
    wait_for_actions(app).await;
    let paused = !board(app).acting(RowAction::can_resume).is_empty();
    if !paused || app.state::<Popover>().ask_quit_again() {
        app.exit(0);
    } else {
        popover::ask(app, PopoverQuestion::Quit, None);
    }
}

/// Waits until no action is running: an app that exits in the middle leaves an action half done.
pub(crate) async fn wait_for_actions(app: &AppHandle) {
    let Some(engine) = app.state::<Popover>().engine() else {
        return;
    };
    let mut snapshots = engine.face().handle().snapshots();
    let settled =
        snapshots.wait_for(|s| !Board::from_snapshot(s, None).rows.iter().any(|r| r.pending));
    // The next start recovers whatever takes longer.
    let _ = tokio::time::timeout(ACTION_TIMEOUT, settled).await;
}

/// The current board; the popover receives the same one a moment later.
fn board(app: &AppHandle) -> Board {
    let popover = app.state::<Popover>();
    match popover.engine() {
        Some(engine) => Board::from_snapshot(&engine.face().handle().snapshot(), None),
        None => popover.board(),
    }
}
