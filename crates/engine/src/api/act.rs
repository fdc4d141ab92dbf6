//! What can be done to a session over the API.

use crate::engine::Handle;
use crate::hosts::ActionError;
use crate::jump::JumpError;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use trusty_fleet::SessionId;
use trusty_fleet::action::{Action, Refusal, Wish};
use trusty_fleet::jump::Obstacle;
use trusty_fleet::pause::{Asker, PauseKind};
use utoipa::ToSchema;

/// How a pause is wished for; every part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    /// The kind. Without one, the best that is possible and loses nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<PauseKind>,
    /// What to remember of it; shown with the session while it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who asks; without, a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Asker>,
}

/// How a session is to end; every part may be missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopRequest {
    /// Whether it may be killed (SIGKILL) if it does not end by itself (SIGTERM) within 5 s. What
    /// it has not written down yet is lost then.
    #[serde(default)]
    pub kill: bool,
}

/// Why something was not done (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// In short.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// In words that say what to do next.
    pub detail: String,
    /// A stable code: `already-paused`, `no-way`, …
    pub code: String,
}

/// Pauses a session. Answers when it is done and verified.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/pause",
    params(("id" = String, Path, description = "The session's id, a UUID")),
    request_body(content = PauseRequest, description = "May be empty"),
    responses(
        (status = 204, description = "It is paused, or will be before its next tool"),
        (status = 400, description = "The body is not understood", body = Problem),
        (status = 404, description = "No such session", body = Problem),
        (status = 409, description = "Refused", body = Problem),
        (status = 500, description = "A step failed; all was undone", body = Problem),
    )
)]
pub(super) async fn pause(
    State(handle): State<Handle>,
    Path(id): Path<SessionId>,
    body: Bytes,
) -> Response {
    let asked: PauseRequest = match read(&body) {
        Ok(asked) => asked,
        Err(problem) => return *problem,
    };
    let wish = Wish {
        how: asked.how,
        note: asked.note,
        by: asked.by.unwrap_or(Asker::Api),
    };
    act(&handle, id, Action::Pause(wish)).await
}

/// Ends the pause of a session. Answers when it runs again.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/resume",
    params(("id" = String, Path, description = "The session's id, a UUID")),
    responses(
        (status = 204, description = "It runs"),
        (status = 404, description = "No such session", body = Problem),
        (status = 409, description = "Refused", body = Problem),
        (status = 500, description = "A step failed", body = Problem),
    )
)]
pub(super) async fn resume(State(handle): State<Handle>, Path(id): Path<SessionId>) -> Response {
    act(&handle, id, Action::Resume).await
}

/// Ends a session with SIGTERM; a paused one never runs what it was kept from. One that does not
/// end is killed only if the body says so.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/stop",
    params(("id" = String, Path, description = "The session's id, a UUID")),
    request_body(content = StopRequest, description = "May be empty"),
    responses(
        (status = 204, description = "It has ended"),
        (status = 400, description = "The body is not understood", body = Problem),
        (status = 404, description = "No such session", body = Problem),
        (status = 409, description = "Refused", body = Problem),
        (status = 500, description = "It does not end", body = Problem),
    )
)]
pub(super) async fn stop(
    State(handle): State<Handle>,
    Path(id): Path<SessionId>,
    body: Bytes,
) -> Response {
    let asked: StopRequest = match read(&body) {
        Ok(asked) => asked,
        Err(problem) => return *problem,
    };
    let action = if asked.kill {
        Action::Kill
    } else {
        Action::End
    };
    act(&handle, id, action).await
}

/// Brings the terminal of a session to the front. Answers when it is there.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/jump",
    params(("id" = String, Path, description = "The session's id, a UUID")),
    responses(
        (status = 204, description = "It is in front"),
        (status = 404, description = "No such session", body = Problem),
        (status = 409, description = "There is no way to it", body = Problem),
        (status = 500, description = "A step failed", body = Problem),
    )
)]
pub(super) async fn jump(State(handle): State<Handle>, Path(id): Path<SessionId>) -> Response {
    handle.primed().await;
    let Err(e) = handle.jump(id).await else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let (status, title) = match &e {
        JumpError::Refused(Obstacle::Ended) => (StatusCode::NOT_FOUND, "No such session"),
        JumpError::Refused(_) => (StatusCode::CONFLICT, "Refused"),
        JumpError::Failed(_) | JumpError::Partly(_) | JumpError::Gone => {
            (StatusCode::INTERNAL_SERVER_ERROR, "Failed")
        }
    };
    problem(status, title, &e.to_string(), e.code())
}

/// What a body says; an empty one says nothing.
fn read<T: Default + DeserializeOwned>(body: &[u8]) -> Result<T, Box<Response>> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|e| {
        let detail = format!("the body is not understood: {e}");
        let status = StatusCode::BAD_REQUEST;
        Box::new(problem(status, "Bad request", &detail, "bad-request"))
    })
}

async fn act(handle: &Handle, id: SessionId, action: Action) -> Response {
    handle.primed().await;
    match handle.act(id, action).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(e) => {
            let (status, title) = match &e {
                ActionError::Refused(Refusal::Ended) => (StatusCode::NOT_FOUND, "No such session"),
                ActionError::Refused(_) | ActionError::Busy | ActionError::Changed(_) => {
                    (StatusCode::CONFLICT, "Refused")
                }
                ActionError::Store(_)
                | ActionError::Failed(_)
                | ActionError::Stays(_)
                | ActionError::Gone => (StatusCode::INTERNAL_SERVER_ERROR, "Failed"),
            };
            problem(status, title, &e.to_string(), e.code())
        }
    }
}

fn problem(status: StatusCode, title: &str, detail: &str, code: &str) -> Response {
    let body = Problem {
        title: title.to_owned(),
        status: status.as_u16(),
        detail: detail.to_owned(),
        code: code.to_owned(),
    };
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (
        status,
        kind,
        serde_json::to_string(&body).unwrap_or_default(),
    )
        .into_response()
}
