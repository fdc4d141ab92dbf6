//! What the popover and the menu do to sessions. A failure needs no word here: it comes back in
//! the row of its session.

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

/// An action takes no longer, unless something hangs.
const ACTION_TIMEOUT: Duration = Duration::from_secs(20);

/// What becomes of paused sessions when the app ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum QuitChoice {
    /// They stay paused: their records outlast us.
    Keep,
    /// They are resumed before.
    ResumeAll,
}

/// A pause; none takes the best kind that loses nothing.
pub(crate) fn pause_action(how: Option<PauseKind>) -> Action {
    Action::Pause(PauseOptions {
        how,
        note: None,
        by: Initiator::App,
    })
}

/// Does something to a session. Returns when it is done, refused or undone.
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

/// All of a request, ready to draw; none if nobody waits for its answer any more.
pub(crate) async fn card(
    app: &AppHandle,
    id: SessionId,
    request: RequestId,
) -> Result<Option<Card>, AnswerError> {
    let engine = app.state::<Popover>().engine().ok_or(AnswerError::Gone)?;
    let whole = engine.request(id, &request).await?;
    Ok(whole.map(|whole| whole.card))
}

/// Answers one request, and no other, as the user did in this channel.
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

/// How a jump went for whoever is not in the popover: that does not come over a terminal that is
/// in front, even where it is not certain which of its tabs is shown.
pub(crate) fn ignore_uncertain_tab(jumped: Result<(), JumpError>) -> Result<(), JumpError> {
    match jumped {
        Err(JumpError::Partly(_)) => Ok(()),
        done => done,
    }
}

/// Does something to every session whose button may do it, to all at once. How many were left.
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

/// Pauses all that lose nothing by it.
pub(crate) async fn pause_all(app: &AppHandle) {
    act_on_all(app, RowAction::can_pause, pause_action(None)).await;
}

/// Resumes all that were paused from here; how many were not.
pub(crate) async fn resume_all(app: &AppHandle) -> usize {
    act_on_all(app, RowAction::can_resume, Action::Resume).await
}

/// Ends the app. Where sessions are paused it asks first, once: whoever insists has answered.
pub(crate) async fn quit(app: &AppHandle) {
    wait_for_actions(app).await;
    let paused = !board(app).acting(RowAction::can_resume).is_empty();
    if !paused || app.state::<Popover>().ask_quit_again() {
        app.exit(0);
    } else {
        popover::ask(app, PopoverQuestion::Quit, None);
    }
}

/// Waits for what is being done to sessions: an app that ends meanwhile leaves half of it.
pub(crate) async fn wait_for_actions(app: &AppHandle) {
    let Some(engine) = app.state::<Popover>().engine() else {
        return;
    };
    let mut snapshots = engine.face().handle().snapshots();
    let settled =
        snapshots.wait_for(|s| !Board::from_snapshot(s, None).rows.iter().any(|r| r.pending));
    // What takes longer is seen to at the next start.
    let _ = tokio::time::timeout(ACTION_TIMEOUT, settled).await;
}

/// All sessions as they are now; the popover learns of that a moment later.
fn board(app: &AppHandle) -> Board {
    let popover = app.state::<Popover>();
    match popover.engine() {
        Some(engine) => Board::from_snapshot(&engine.face().handle().snapshot(), None),
        None => popover.board(),
    }
}
