//! What can be done to a session over the API.

use crate::engine::Handle;
use crate::hosts::ActionError;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use trusty_fleet::SessionId;
use trusty_fleet::action::{Action, Refusal, Wish};
use trusty_fleet::pause::{Asker, PauseKind};
use trusty_fleet::request::{Answer, RequestId};
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
    let asked: PauseRequest = match body.as_ref() {
        [] => PauseRequest::default(),
        bytes => match serde_json::from_slice(bytes) {
            Ok(asked) => asked,
            Err(e) => {
                let detail = format!("the body is not understood: {e}");
                return problem(
                    StatusCode::BAD_REQUEST,
                    "Bad request",
                    &detail,
                    "bad-request",
                );
            }
        },
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

/// Ends a session with SIGTERM; a paused one never runs what it was kept from.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/stop",
    params(("id" = String, Path, description = "The session's id, a UUID")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 404, description = "No such session", body = Problem),
        (status = 409, description = "Refused", body = Problem),
        (status = 500, description = "It does not end", body = Problem),
    )
)]
pub(super) async fn stop(State(handle): State<Handle>, Path(id): Path<SessionId>) -> Response {
    act(&handle, id, Action::End).await
}

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// Which request; one of the session's `requests`.
    pub request: RequestId,
    /// The answer.
    pub answer: Answer,
}

/// Answers what a session asks. Answers when its hook has handed the answer on.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/answer",
    params(("id" = String, Path, description = "The session's id, a UUID")),
    request_body(content = AnswerRequest),
    responses(
        (status = 204, description = "Its client was given the answer"),
        (status = 400, description = "The body is not understood", body = Problem),
        (status = 409, description = "It does not wait for this answer", body = Problem),
    )
)]
pub(super) async fn answer(
    State(handle): State<Handle>,
    Path(id): Path<SessionId>,
    body: Bytes,
) -> Response {
    let asked: AnswerRequest = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(e) => {
            let detail = format!("the body is not understood: {e}");
            return problem(
                StatusCode::BAD_REQUEST,
                "Bad request",
                &detail,
                "bad-request",
            );
        }
    };
    handle.primed().await;
    match handle.answer(id, &asked.request, asked.answer).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(e) => problem(StatusCode::CONFLICT, "Refused", &e.to_string(), e.code()),
    }
}

/// The whole of what a session asks, as its client wrote it.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/requests/{request}",
    params(
        ("id" = String, Path, description = "The session's id, a UUID"),
        ("request" = String, Path, description = "The request's id"),
    ),
    responses(
        (status = 200, description = "`tool`, `input` and `suggestions`", body = Object),
        (status = 404, description = "It is not held any more", body = Problem),
    )
)]
pub(super) async fn request(
    State(handle): State<Handle>,
    Path((id, request)): Path<(SessionId, RequestId)>,
) -> Response {
    handle.primed().await;
    match handle.request(id, &request).await {
        Some(content) => Json(content.as_ref().clone()).into_response(),
        None => problem(
            StatusCode::NOT_FOUND,
            "No such request",
            "it is not held any more",
            "over",
        ),
    }
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
                ActionError::Store(_) | ActionError::Failed(_) | ActionError::Gone => {
                    (StatusCode::INTERNAL_SERVER_ERROR, "Failed")
                }
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
