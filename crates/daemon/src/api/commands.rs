//! The commands of the API: actions on a session, answers, and reports of attention.

use super::deadline::{self, DEADLINE_DESCRIPTION, DeadlineHeader};
use super::extract::{self, AnsweredInHeader, JsonBody, PathSessionId};
use super::problem::{PROBLEM_CONTENT_TYPE, ProblemResponse};
use super::responses::{
    self, AnswerDelivered, AttentionNoted, BodyNotJson, BodyTooLarge, BodyTooSlow,
    CallerNotAllowed, DeadlinePassed, JsonNotAccepted, SessionPaused, SessionResumed,
    SessionStopped, TerminalRaised, UnknownSession,
};
use axum::Extension;
use axum::extract::State;
use trusty_actions::ActionError;
use trusty_actions::jump::JumpError;
use trusty_client::api_types::{AnswerRequest, AttentionRequest, PauseRequest, StopRequest};
use trusty_engine::EngineHandle;
use trusty_engine::requests::AnswerError;
use trusty_fleet::SessionId;
use trusty_fleet::action::{Action, PauseOptions, Refusal};
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::jump::JumpObstacle;
use trusty_fleet::observation::FocusEvent;
use trusty_fleet::pause::Initiator;
use trusty_fleet::problem::Problem;
use trusty_wire::command_deadline::CommandDeadline;
use trusty_wire::process_tracer::ConnectedPeer;

/// Pauses a session. Answers when it is done, verified and listed.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/pause",
    tag = "actions",
    params(
        ("id" = String, Path, format = Uuid, description = "The session's id"),
        ("Trusty-Deadline" = Option<u64>, Header, description = DEADLINE_DESCRIPTION),
    ),
    request_body(content = Option<PauseRequest>, description = "Optional"),
    responses(
        SessionPaused,
        (status = 400, description = "The id, the deadline or the body is invalid", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        UnknownSession,
        JsonNotAccepted,
        BodyTooSlow,
        (status = 409, description = "Refused, or the deadline has passed", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        BodyTooLarge,
        BodyNotJson,
        (status = 500, description = "A step failed; all steps were rolled back", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
    )
)]
pub(super) async fn pause(
    State(handle): State<EngineHandle>,
    PathSessionId(id): PathSessionId,
    DeadlineHeader(deadline): DeadlineHeader,
    body: JsonBody<PauseRequest>,
) -> Result<SessionPaused, ProblemResponse> {
    let asked = body.0.unwrap_or_default();
    let wish = PauseOptions {
        how: asked.how,
        note: asked.note,
        by: asked.by.unwrap_or(Initiator::Api),
    };
    act(&handle, id, Action::Pause(wish), deadline).await?;
    Ok(SessionPaused)
}

/// Ends the pause of a session. Answers when it runs again and is listed so.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/resume",
    tag = "actions",
    params(
        ("id" = String, Path, format = Uuid, description = "The session's id"),
        ("Trusty-Deadline" = Option<u64>, Header, description = DEADLINE_DESCRIPTION),
    ),
    responses(
        SessionResumed,
        (status = 400, description = "The id or the deadline is invalid", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        CallerNotAllowed,
        UnknownSession,
        JsonNotAccepted,
        (status = 409, description = "Refused, or the deadline has passed", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        (status = 500, description = "A step failed", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
    )
)]
pub(super) async fn resume(
    State(handle): State<EngineHandle>,
    Extension(peer): Extension<ConnectedPeer>,
    PathSessionId(id): PathSessionId,
    DeadlineHeader(deadline): DeadlineHeader,
) -> Result<SessionResumed, ProblemResponse> {
    handle.wait_first_snapshot().await;
    let listed = handle.snapshot().sessions.iter().any(|s| s.id == id);
    if listed && let Some(refusal) = handle.resume_refusal(peer).await {
        return Err(CallerNotAllowed::new(refusal.to_string()).into());
    }
    act(&handle, id, Action::Resume, deadline).await?;
    Ok(SessionResumed)
}

/// Ends a session with SIGTERM; a paused one never runs what it was kept from. One that does not
/// end is killed only if the body says so.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/stop",
    tag = "actions",
    params(
        ("id" = String, Path, format = Uuid, description = "The session's id"),
        ("Trusty-Deadline" = Option<u64>, Header, description = DEADLINE_DESCRIPTION),
    ),
    request_body(content = Option<StopRequest>, description = "Optional"),
    responses(
        SessionStopped,
        (status = 400, description = "The id, the deadline or the body is invalid", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        UnknownSession,
        JsonNotAccepted,
        BodyTooSlow,
        (status = 409, description = "Refused, or the deadline has passed", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        BodyTooLarge,
        BodyNotJson,
        (status = 500, description = "The session does not exit", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
    )
)]
pub(super) async fn stop(
    State(handle): State<EngineHandle>,
    PathSessionId(id): PathSessionId,
    DeadlineHeader(deadline): DeadlineHeader,
    body: JsonBody<StopRequest>,
) -> Result<SessionStopped, ProblemResponse> {
    let action = if body.0.unwrap_or_default().kill {
        Action::Kill
    } else {
        Action::End
    };
    act(&handle, id, action, deadline).await?;
    Ok(SessionStopped)
}

/// Brings the terminal of a session to the front. Answers when it is there.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/jump",
    tag = "actions",
    params(
        ("id" = String, Path, format = Uuid, description = "The session's id"),
        ("Trusty-Deadline" = Option<u64>, Header, description = DEADLINE_DESCRIPTION),
    ),
    responses(
        TerminalRaised,
        (status = 400, description = "The id or the deadline is invalid", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        UnknownSession,
        JsonNotAccepted,
        (status = 409, description = "The terminal cannot be raised, or the deadline has passed",
            body = Problem, content_type = PROBLEM_CONTENT_TYPE),
        (status = 500, description = "A step failed", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
    )
)]
pub(super) async fn jump(
    State(handle): State<EngineHandle>,
    PathSessionId(id): PathSessionId,
    DeadlineHeader(deadline): DeadlineHeader,
) -> Result<TerminalRaised, ProblemResponse> {
    handle.wait_first_snapshot().await;
    let raised = handle.jump_before(id, deadline).await;
    raised.map(|()| TerminalRaised).map_err(|e| match e {
        JumpError::Refused(JumpObstacle::Ended) => responses::no_such_session(),
        JumpError::Lapsed(_) => deadline::too_late().into(),
        e => ProblemResponse::new(e.code(), e.to_string()),
    })
}

/// Answers a request that a hook holds. Returns once Claude Code has the answer and the request is
/// no longer listed as held.
#[utoipa::path(
    post,
    path = "/v1/sessions/{id}/answer",
    tag = "actions",
    params(
        ("id" = String, Path, format = Uuid, description = "The session's id"),
        ("trusty-answered-in" = Option<AnswerChannel>, Header,
            description = "Where the user answered; trusted only from the app and `trusty`"),
        ("Trusty-Deadline" = Option<u64>, Header, description = DEADLINE_DESCRIPTION),
    ),
    request_body(content = AnswerRequest, description = "The request and the answer"),
    responses(
        AnswerDelivered,
        (status = 400, description = "The id, the deadline or the body is invalid", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        CallerNotAllowed,
        UnknownSession,
        JsonNotAccepted,
        BodyTooSlow,
        (status = 409, description = "The request is no longer pending, or the deadline has passed", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        BodyTooLarge,
        BodyNotJson,
        (status = 422, description = "The answer does not fit the request", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        (status = 500, description = "Claude Code did not accept the answer", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
    )
)]
pub(super) async fn answer(
    State(handle): State<EngineHandle>,
    Extension(peer): Extension<ConnectedPeer>,
    PathSessionId(id): PathSessionId,
    AnsweredInHeader(said): AnsweredInHeader,
    DeadlineHeader(deadline): DeadlineHeader,
    body: JsonBody<AnswerRequest>,
) -> Result<AnswerDelivered, ProblemResponse> {
    let AnswerRequest { request, answer } = body.require()?;
    let request = extract::request_id(request)?;
    handle.wait_first_snapshot().await;
    if !handle.snapshot().sessions.iter().any(|s| s.id == id) {
        return Err(responses::no_such_session());
    }
    let answered = handle
        .answer_for(peer, said, id, request, answer, deadline)
        .await;
    answered.map(|()| AnswerDelivered).map_err(|e| match e {
        AnswerError::Lapsed(_) => deadline::too_late().into(),
        e => ProblemResponse::new(e.code(), e.to_string()),
    })
}

/// Reports that the user has looked, which turns Finished into Idle.
#[utoipa::path(
    post,
    path = "/v1/attention",
    tag = "sessions",
    params(("Trusty-Deadline" = Option<u64>, Header, description = DEADLINE_DESCRIPTION)),
    request_body(content = Option<AttentionRequest>, description = "Optional"),
    responses(
        AttentionNoted,
        (status = 400, description = "The body is invalid", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        JsonNotAccepted,
        BodyTooSlow,
        DeadlinePassed,
        BodyTooLarge,
        BodyNotJson,
    )
)]
pub(super) async fn attention(
    State(handle): State<EngineHandle>,
    body: JsonBody<AttentionRequest>,
) -> AttentionNoted {
    let session = body.0.and_then(|asked| asked.session);
    let attention = session.map_or(FocusEvent::Popover, FocusEvent::Terminal);
    handle.report_attention(attention).await;
    AttentionNoted
}

async fn act(
    handle: &EngineHandle,
    id: SessionId,
    action: Action,
    deadline: CommandDeadline,
) -> Result<(), ProblemResponse> {
    handle.wait_first_snapshot().await;
    let done = handle.act_before(id, action, deadline).await;
    done.map_err(|e| match e {
        ActionError::Lapsed(_) => deadline::too_late().into(),
        ActionError::Refused(Refusal::Ended) => responses::no_such_session(),
        e => ProblemResponse::new(e.code(), e.to_string()),
    })
}
