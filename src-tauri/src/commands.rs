//! The Tauri commands of the popover's page.
#![expect(
    clippy::needless_pass_by_value,
    reason = "Tauri fixes the form of a command"
)]

use crate::popover::{self, Popover};
use crate::session_actions::{self, QuitChoice};
use crate::{AppContext, log, notifier, platform};
use std::path::PathBuf;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};
use trusty_actions::{ActionError, mac_terminals};
use trusty_fleet::SessionId;
use trusty_fleet::action::Action;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::jump::JumpFailure;
use trusty_fleet::pause::PauseKind;
use trusty_fleet::request::{Answer, RequestId};
use trusty_fleet::view::{Card, ExplanationView, PopoverEvent, RemedyAction};
use trusty_integration::connect;
use trusty_platform::launch;

/// Registers the page, which has loaded, as the receiver of events.
#[tauri::command]
pub(crate) fn subscribe(popover: State<'_, Popover>, events: Channel<PopoverEvent>) {
    popover.subscribe(events);
}

/// Hides the popover, on Escape.
#[tauri::command]
pub(crate) fn hide(app: AppHandle) {
    popover::hide(&app);
}

/// Reports the height of the content, in CSS pixels.
#[tauri::command]
pub(crate) fn resize(app: AppHandle, height: f64) {
    popover::resize(&app, height);
}

/// Reports that the page has drawn the last event into its document.
#[tauri::command]
pub(crate) fn painted(app: AppHandle) {
    popover::painted(&app);
}

/// Reports that a frame of the page is on the screen.
#[tauri::command]
pub(crate) fn frame_shown(app: AppHandle) {
    popover::frame_shown(&app);
}

/// Why a session has its status; `None` if the session is gone.
#[tauri::command]
pub(crate) async fn why(app: AppHandle, id: SessionId) -> Option<ExplanationView> {
    app.state::<Popover>().explain(id).await
}

/// Opens the settings file in the user's editor; creates the file, with the defaults, if necessary.
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

/// Opens the settings file, creating it if necessary.
pub(crate) fn edit_settings(place: &AppContext) -> std::io::Result<()> {
    launch::open_text_file(&trusty_records::settings::ensure_file(&place.env)?)
}

/// Pauses a session; without a kind, in the best way that loses no work.
#[tauri::command]
pub(crate) async fn pause(app: AppHandle, id: SessionId, how: Option<PauseKind>) {
    // On failure the session's row shows the reason.
    let _ = session_actions::perform_action(&app, id, session_actions::pause_action(how)).await;
}

/// Resumes a session.
#[tauri::command]
pub(crate) async fn resume(app: AppHandle, id: SessionId) {
    // On failure the session's row shows the reason.
    let _ = session_actions::perform_action(&app, id, Action::Resume).await;
}

/// A request in full, ready to draw; `None` once the request is no longer pending. The error is a
/// sentence for the user: the request could not be read.
#[tauri::command]
pub(crate) async fn card(
    app: AppHandle,
    id: SessionId,
    request: RequestId,
) -> Result<Option<Card>, String> {
    let card = session_actions::card(&app, id, request).await;
    card.map_err(|e| e.to_string())
}

/// Answers a request. The error is a sentence for the user: the request is no longer pending, or
/// the answer does not fit.
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

/// Brings the terminal of a session to the front.
#[tauri::command]
pub(crate) async fn jump(app: AppHandle, id: SessionId) -> Result<(), JumpFailure> {
    let jumped = session_actions::jump(&app, id).await;
    jumped.map_err(|e| JumpFailure::new(e.code(), e.to_string()))
}

/// Asks a session to exit; a paused session never runs the work that was held back.
///
/// Returns why the session still runs, if the request was sent and the session did not exit. The
/// error is a sentence for the user: the request was not sent, or its outcome is unknown.
#[tauri::command]
pub(crate) async fn end(app: AppHandle, id: SessionId) -> Result<Option<String>, String> {
    match session_actions::perform_action(&app, id, Action::End).await {
        Ok(()) => Ok(None),
        Err(ActionError::DidNotExit(why)) => Ok(Some(why)),
        Err(e) => Err(e.to_string()),
    }
}

/// Kills a session that did not exit. The error is a sentence for the user.
#[tauri::command]
pub(crate) async fn kill(app: AppHandle, id: SessionId) -> Result<(), String> {
    let done = session_actions::perform_action(&app, id, Action::Kill).await;
    done.map_err(|e| e.to_string())
}

/// Pauses every session that loses no work by the pause.
#[tauri::command]
pub(crate) async fn pause_all(app: AppHandle) {
    session_actions::pause_all(&app).await;
}

/// Resumes every session whose row offers it.
#[tauri::command]
pub(crate) async fn resume_all(app: AppHandle) {
    session_actions::resume_all(&app).await;
}

/// Connects the hooks in these config folders. The error is a sentence for the user.
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

/// Carries out the remedy of a note or of a jump that failed.
#[tauri::command]
pub(crate) fn remedy(app: AppHandle, action: RemedyAction) {
    carry_out(&app, action);
}

/// Carries out a remedy, as the user chose in the popover or in the menu.
pub(crate) fn carry_out(app: &AppHandle, action: RemedyAction) {
    match action {
        RemedyAction::AllowNotifications => notifier::ask_user(app),
        RemedyAction::OpenNotificationSettings => platform::open_notification_settings(),
        RemedyAction::OpenAutomationSettings => {
            if let Err(e) = mac_terminals::open_automation_settings() {
                log::line(&format!("failed to open System Settings: {e}"));
            }
        }
    }
}

/// Exits the app, or asks first what to do with paused sessions.
#[tauri::command]
pub(crate) async fn quit(app: AppHandle) {
    session_actions::quit(&app).await;
}

/// Exits the app. If sessions should be resumed first and one cannot be, the app goes on: the error
/// says how many, and their rows say why.
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

/// Withdraws the question about quitting: the app goes on.
#[tauri::command]
pub(crate) fn stay(popover: State<'_, Popover>) {
    popover.clear_question();
}
