//! What the popover asks for.
#![expect(
    clippy::needless_pass_by_value,
    reason = "Tauri fixes the form of a command"
)]

use crate::popover::{self, Popover};
use crate::session_actions::{self, QuitChoice};
use crate::{AppContext, log};
use std::path::PathBuf;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};
use trusty_actions::ActionError;
use trusty_fleet::SessionId;
use trusty_fleet::action::Action;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::pause::PauseKind;
use trusty_fleet::request::{Answer, RequestId};
use trusty_fleet::view::{Card, ExplanationView, PopoverEvent};
use trusty_integration::connect;
use trusty_platform::launch;

/// The popover is loaded and listens.
#[tauri::command]
pub(crate) fn subscribe(popover: State<'_, Popover>, events: Channel<PopoverEvent>) {
    popover.subscribe(events);
}

/// Escape.
#[tauri::command]
pub(crate) fn hide(app: AppHandle) {
    popover::hide(&app);
}

/// The content is this high, in CSS pixels.
#[tauri::command]
pub(crate) fn resize(app: AppHandle, height: f64) {
    popover::resize(&app, height);
}

/// What the page was told is in its document.
#[tauri::command]
pub(crate) fn painted(app: AppHandle) {
    popover::painted(&app);
}

/// A frame of the page is on the screen.
#[tauri::command]
pub(crate) fn frame_shown(app: AppHandle) {
    popover::frame_shown(&app);
}

/// Why a session is what it is; none if it is gone.
#[tauri::command]
pub(crate) async fn why(app: AppHandle, id: SessionId) -> Option<ExplanationView> {
    app.state::<Popover>().explain(id).await
}

/// Opens the settings file in the user's editor; makes it, with its defaults, if it is not there.
#[tauri::command]
pub(crate) async fn open_settings(
    app: AppHandle,
    place: State<'_, AppContext>,
) -> Result<(), String> {
    popover::hide(&app);
    edit_settings(&place).map_err(|e| {
        let told = format!("failed to open the settings file: {e}");
        log::line(&told);
        told
    })
}

/// Opens the settings file.
pub(crate) fn edit_settings(place: &AppContext) -> std::io::Result<()> {
    launch::open(&trusty_records::settings::ensure_file(&place.env)?)
}

/// Pauses a session; without a kind, in the best way that loses nothing.
#[tauri::command]
pub(crate) async fn pause(app: AppHandle, id: SessionId, how: Option<PauseKind>) {
    // Why it was not done is told by its row.
    let _ = session_actions::perform_action(&app, id, session_actions::pause_action(how)).await;
}

/// Resumes a session.
#[tauri::command]
pub(crate) async fn resume(app: AppHandle, id: SessionId) {
    // Why it was not done is told by its row.
    let _ = session_actions::perform_action(&app, id, Action::Resume).await;
}

/// All of a request, ready to draw; none if nobody waits for its answer any more. Fails in words:
/// it could not be read.
#[tauri::command]
pub(crate) async fn card(
    app: AppHandle,
    id: SessionId,
    request: RequestId,
) -> Result<Option<Card>, String> {
    let card = session_actions::card(&app, id, request).await;
    card.map_err(|e| e.to_string())
}

/// Answers a request. Fails in words: nobody waits for it any more, or it does not fit.
#[tauri::command]
pub(crate) async fn answer(
    app: AppHandle,
    id: SessionId,
    request: RequestId,
    answer: Answer,
) -> Result<(), String> {
    let done = session_actions::answer(&app, id, request, answer, AnswerChannel::Popover).await;
    done.map_err(|e| e.to_string())
}

/// Brings the terminal of a session to the front. Fails in words.
#[tauri::command]
pub(crate) async fn jump(app: AppHandle, id: SessionId) -> Result<(), String> {
    session_actions::jump(&app, id)
        .await
        .map_err(|e| e.to_string())
}

/// Ends a session; a paused one never runs what it was kept from. Why it stays, if it was asked to
/// end and did not; fails in words where it was not asked, or nobody knows.
#[tauri::command]
pub(crate) async fn end(app: AppHandle, id: SessionId) -> Result<Option<String>, String> {
    match session_actions::perform_action(&app, id, Action::End).await {
        Ok(()) => Ok(None),
        Err(ActionError::DidNotExit(why)) => Ok(Some(why)),
        Err(e) => Err(e.to_string()),
    }
}

/// Kills a session that did not end. Fails in words.
#[tauri::command]
pub(crate) async fn kill(app: AppHandle, id: SessionId) -> Result<(), String> {
    let done = session_actions::perform_action(&app, id, Action::Kill).await;
    done.map_err(|e| e.to_string())
}

/// Pauses all that lose nothing by it.
#[tauri::command]
pub(crate) async fn pause_all(app: AppHandle) {
    session_actions::pause_all(&app).await;
}

/// Resumes all.
#[tauri::command]
pub(crate) async fn resume_all(app: AppHandle) {
    session_actions::resume_all(&app).await;
}

/// Connects the hooks of these config folders.
#[tauri::command]
pub(crate) async fn connect_hooks(app: AppHandle, dirs: Vec<PathBuf>) -> Result<(), String> {
    let engine = app.state::<Popover>().engine();
    let running = engine
        .map(|engine| engine.face().handle().snapshot())
        .unwrap_or_default();
    let done = tauri::async_runtime::spawn_blocking(move || {
        let env = &app.state::<AppContext>().env;
        dirs.iter()
            .try_for_each(|dir| connect(env, dir, &running).map(drop))
    });
    let told = done.await.map_err(|e| e.to_string());
    let told = told.and_then(|done| done.map_err(|e| e.to_string()));
    if let Err(e) = &told {
        log::line(&format!("failed to connect the hooks: {e}"));
    }
    told
}

/// Ends the app, or asks what is to become of paused sessions.
#[tauri::command]
pub(crate) async fn quit(app: AppHandle) {
    session_actions::quit(&app).await;
}

/// Ends the app. Where something cannot be resumed that should be, it goes on, and the rows say
/// why.
#[tauri::command]
pub(crate) async fn leave(app: AppHandle, how: QuitChoice) -> Result<(), String> {
    session_actions::wait_for_actions(&app).await;
    let left = match how {
        QuitChoice::Keep => 0,
        QuitChoice::ResumeAll => session_actions::resume_all(&app).await,
    };
    match left {
        0 => app.exit(0),
        1 => {
            return Err(
                "1 session could not be resumed; see its row, or choose Keep paused".to_owned(),
            );
        }
        n => {
            return Err(format!(
                "{n} sessions could not be resumed; see their rows, or choose Keep paused"
            ));
        }
    }
    Ok(())
}

/// The app does not end after all.
#[tauri::command]
pub(crate) fn stay(popover: State<'_, Popover>) {
    popover.clear_question();
}
