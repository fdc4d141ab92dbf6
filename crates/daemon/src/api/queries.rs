//! The queries of the API: sessions, requests, the engine's health, the API's description.

use super::extract::{PathRequestId, PathSessionId};
use super::problem::{PROBLEM_CONTENT_TYPE, ProblemResponse};
use super::responses::{
    self, EngineHealthBody, ExplanationBody, JsonNotAccepted, SessionBody, SnapshotBody,
    UnknownSession, WholeRequestBody,
};
use super::{ApiState, EngineRun};
use crate::session_access::whole_request;
use axum::Json;
use axum::extract::State;
use trusty_client::api_types::EngineHealth;
use trusty_engine::EngineHandle;
use trusty_fleet::Session;
use trusty_fleet::problem::{Problem, ProblemCode};
use trusty_wire::version::TRUSTY_VERSION;

/// All sessions, and what is wrong with the sources.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    tag = "sessions",
    responses(SnapshotBody, JsonNotAccepted,)
)]
pub(super) async fn sessions(State(handle): State<EngineHandle>) -> SnapshotBody {
    handle.wait_first_snapshot().await;
    SnapshotBody(handle.snapshot().as_ref().clone())
}

/// One session.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}",
    tag = "sessions",
    params(("id" = String, Path, format = Uuid, description = "The session's id")),
    responses(
        SessionBody,
        (status = 400, description = "The id is not a UUID", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        UnknownSession,
        JsonNotAccepted,
    )
)]
pub(super) async fn session(
    State(handle): State<EngineHandle>,
    id: PathSessionId,
) -> Result<SessionBody, ProblemResponse> {
    handle.wait_first_snapshot().await;
    find(&handle, &id).map(SessionBody)
}

/// Why a session is what it is: what every source last said of it, and which one won.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/why",
    tag = "sessions",
    params(("id" = String, Path, format = Uuid, description = "The session's id")),
    responses(
        ExplanationBody,
        (status = 400, description = "The id is not a UUID", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        UnknownSession,
        JsonNotAccepted,
    )
)]
pub(super) async fn why(
    State(handle): State<EngineHandle>,
    PathSessionId(id): PathSessionId,
) -> Result<ExplanationBody, ProblemResponse> {
    handle.wait_first_snapshot().await;
    let explanation = handle.explain(id).await;
    explanation
        .map(ExplanationBody)
        .ok_or_else(responses::no_such_session)
}

/// A request that a hook holds, whole: what an answer would apply to.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/requests/{request}",
    tag = "sessions",
    params(
        ("id" = String, Path, format = Uuid, description = "The session's id"),
        ("request" = String, Path, pattern = "^[0-9a-f]{64}$",
            description = "The request's id, as the session lists it"),
    ),
    responses(
        WholeRequestBody,
        (status = 400, description = "An id is invalid", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        (status = 404, description = "No such session, or the request is no longer pending",
            body = Problem, content_type = PROBLEM_CONTENT_TYPE),
        JsonNotAccepted,
    )
)]
pub(super) async fn request(
    State(handle): State<EngineHandle>,
    id: PathSessionId,
    PathRequestId(asked): PathRequestId,
) -> Result<WholeRequestBody, ProblemResponse> {
    handle.wait_first_snapshot().await;
    find(&handle, &id)?;
    let whole = whole_request(&handle, id.0, &asked).await;
    whole.map(WholeRequestBody).ok_or_else(|| {
        ProblemResponse::new(
            ProblemCode::NoSuchRequest,
            "the request is no longer pending; the session lists its pending requests",
        )
    })
}

/// How the engine is: its version, its process, and what is wrong with its sources. Answers at
/// once, also before the first look at the machine is over.
#[utoipa::path(
    get,
    path = "/v1/health",
    tag = "engine",
    responses(EngineHealthBody, JsonNotAccepted,)
)]
pub(super) async fn health(
    State(ApiState { handle, about, .. }): State<ApiState>,
) -> EngineHealthBody {
    let snapshot = handle.snapshot();
    let EngineRun { since, .. } = *about;
    EngineHealthBody(EngineHealth {
        version: TRUSTY_VERSION.to_owned(),
        pid: std::process::id(),
        since,
        sessions: snapshot.sessions.len(),
        health: snapshot.health.clone(),
        answers: Some(handle.answer_policy().into()),
    })
}

/// This description, in version 3.1 of its standard.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    tag = "engine",
    responses(
        (status = 200, description = "The description of the API", body = Object),
        JsonNotAccepted,
    )
)]
pub(super) async fn description() -> Json<utoipa::openapi::OpenApi> {
    Json(super::openapi())
}

fn find(handle: &EngineHandle, id: &PathSessionId) -> Result<Session, ProblemResponse> {
    let snapshot = handle.snapshot();
    let found = snapshot.sessions.iter().find(|s| s.id == id.0);
    found.cloned().ok_or_else(responses::no_such_session)
}
