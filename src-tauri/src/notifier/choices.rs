//! What a choice on a notice does.

use super::server::NoticeChoice;
use crate::{log, popover, session_actions};
use tauri::AppHandle;
use trusty_daemon::AppSessions;
use trusty_fleet::SessionId;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::notice::NoticeSlot;
use trusty_fleet::request::{Answer, RequestId};

/// Does what was chosen, aside. Where it cannot be done, the popover shows the session, and its
/// row says why.
pub(super) fn choose(
    app: &AppHandle,
    engine: &AppSessions,
    slot: NoticeSlot,
    choice: NoticeChoice,
) {
    let NoticeSlot::Session(id) = slot else {
        popover::open(app, popover::WindowLocation::Corner, None);
        return;
    };
    let (app, engine) = (app.clone(), engine.clone());
    tauri::async_runtime::spawn(async move {
        let done = match choice {
            NoticeChoice::Show => {
                session_actions::ignore_uncertain_tab(engine.jump_to(id).await).map_err(Into::into)
            }
            NoticeChoice::Approve(request) => answer(&engine, id, &request, Answer::Allow {}).await,
            NoticeChoice::Deny(request) => {
                answer(&engine, id, &request, Answer::Deny { message: None }).await
            }
        };
        if let Err(e) = done {
            log::line(&format!("failed to act on a notification: {e}"));
            popover::open(&app, popover::WindowLocation::Corner, Some(id));
        }
    });
}

/// Answers exactly this request; another one that was asked since is not touched.
async fn answer(
    engine: &AppSessions,
    id: SessionId,
    request: &RequestId,
    answer: Answer,
) -> anyhow::Result<()> {
    let channel = AnswerChannel::Notification;
    Ok(engine.answer(id, request, answer, channel).await?)
}
