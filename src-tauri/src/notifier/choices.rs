//! What a choice on a notice does.

use super::server::Choice;
use crate::{Place, log, popover};
use tauri::{AppHandle, Manager};
use trusty_engine::{Handle, jump};
use trusty_fleet::SessionId;
use trusty_fleet::notice::Slot;
use trusty_fleet::observation::Attention;
use trusty_fleet::request::{Answer, RequestId};

/// Does what was chosen, aside. Where it cannot be done, the popover shows the session, and its
/// row says why.
pub(super) fn choose(app: &AppHandle, engine: &Handle, slot: Slot, choice: Choice) {
    let Slot::Session(id) = slot else {
        popover::open(app, popover::Place::Corner, None);
        return;
    };
    let (app, engine) = (app.clone(), engine.clone());
    tauri::async_runtime::spawn(async move {
        let done = match choice {
            Choice::Show => show(&app, &engine, id).await,
            Choice::Approve(request) => answer(&engine, id, &request, Answer::Allow {}).await,
            Choice::Deny(request) => {
                answer(&engine, id, &request, Answer::Deny { message: None }).await
            }
        };
        if let Err(e) = done {
            log::line(&format!("not done from the notice: {e}"));
            popover::open(&app, popover::Place::Corner, Some(id));
        }
    });
}

async fn show(app: &AppHandle, engine: &Handle, id: SessionId) -> anyhow::Result<()> {
    let snapshot = engine.snapshot();
    let session = snapshot.sessions.iter().find(|s| s.id == id);
    let session = session.ok_or_else(|| anyhow::anyhow!("its session is gone"))?;
    let terminal = engine.settings().borrow().terminal.clone();
    jump::jump(session, &app.state::<Place>().around, &terminal).await?;
    engine.attend(Attention::Terminal(id)).await;
    Ok(())
}

/// Answers exactly this request; another one that was asked since is not touched.
async fn answer(
    engine: &Handle,
    id: SessionId,
    request: &RequestId,
    answer: Answer,
) -> anyhow::Result<()> {
    Ok(engine.answer(id, request, answer).await?)
}
