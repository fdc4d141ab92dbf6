//! The responses of the API. Each type is what a handler or an extractor returns, and its doc
//! comment and status are what the API's description says of this response.

use super::problem::{PROBLEM_CONTENT_TYPE, ProblemResponse};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use trusty_client::api_types::{EngineHealth, WholeRequest};
use trusty_fleet::explanation::Explanation;
use trusty_fleet::problem::{Problem, ProblemCode};
use trusty_fleet::{Session, Snapshot};
use utoipa::IntoResponses;

/// Declares responses without a body.
macro_rules! no_content_responses {
    ($($(#[$text:meta])+ $name:ident;)*) => {$(
        $(#[$text])+
        #[derive(Debug, IntoResponses)]
        #[response(status = 204)]
        pub(super) struct $name;

        impl IntoResponse for $name {
            fn into_response(self) -> Response {
                StatusCode::NO_CONTENT.into_response()
            }
        }
    )*};
}

/// Declares responses whose body is a value as JSON.
macro_rules! json_responses {
    ($($(#[$text:meta])+ $name:ident($body:ty);)*) => {$(
        $(#[$text])+
        #[derive(Debug, IntoResponses)]
        #[response(status = 200)]
        pub(super) struct $name(pub(super) $body);

        impl IntoResponse for $name {
            fn into_response(self) -> Response {
                Json(self.0).into_response()
            }
        }
    )*};
}

/// Declares responses that carry a problem of one code. The derive needs the status as a literal;
/// a status that is not the code's does not compile.
macro_rules! problem_responses {
    ($($(#[$text:meta])+ $name:ident = $code:expr, $status:literal;)*) => {$(
        $(#[$text])+
        #[derive(Debug, IntoResponses)]
        #[response(status = $status, content_type = PROBLEM_CONTENT_TYPE)]
        pub(super) struct $name(Problem);

        const _: () = assert!($code.status() == $status, "the status of the code");

        impl $name {
            /// The problem, with words that say what to do next.
            pub(super) fn new(detail: impl Into<String>) -> Self {
                Self(Problem::new($code, detail))
            }
        }

        impl From<$name> for ProblemResponse {
            fn from(response: $name) -> Self {
                Self(response.0)
            }
        }

        impl IntoResponse for $name {
            fn into_response(self) -> Response {
                ProblemResponse::from(self).into_response()
            }
        }
    )*};
}

no_content_responses! {
    /// The session is paused, or will be before its next tool
    SessionPaused;
    /// The session is running
    SessionResumed;
    /// The session has exited
    SessionStopped;
    /// The terminal is in front
    TerminalRaised;
    /// Claude Code has the answer
    AnswerDelivered;
    /// Noted
    AttentionNoted;
}

json_responses! {
    /// The newest snapshot
    SnapshotBody(Snapshot);
    /// The session as it is now
    SessionBody(Session);
    /// What each source says
    ExplanationBody(Explanation);
    /// The whole request
    WholeRequestBody(WholeRequest);
    /// The engine is running
    EngineHealthBody(EngineHealth);
}

problem_responses! {
    /// The calling process may not do this
    CallerNotAllowed = ProblemCode::NotForPrograms, 403;
    /// No such session
    UnknownSession = ProblemCode::NoSuchSession, 404;
    /// The header Accept excludes application/json
    JsonNotAccepted = ProblemCode::NotAcceptable, 406;
    /// The header Accept excludes text/event-stream
    EventsNotAccepted = ProblemCode::NotAcceptable, 406;
    /// The body did not arrive in time
    BodyTooSlow = ProblemCode::TooSlow, 408;
    /// The deadline has passed
    DeadlinePassed = ProblemCode::TooLate, 409;
    /// The body is too large
    BodyTooLarge = ProblemCode::BodyTooLarge, 413;
    /// The body is not JSON
    BodyNotJson = ProblemCode::UnsupportedBody, 415;
    /// Too many event listeners
    TooManyListeners = ProblemCode::TooManyListeners, 503;
}

/// The problem of a session id that is not listed.
pub(super) fn no_such_session() -> ProblemResponse {
    let detail = "no session has this id, or the session has exited; GET /v1/sessions lists the \
                  sessions";
    UnknownSession::new(detail).into()
}
