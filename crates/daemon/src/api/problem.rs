//! What the API answers when it does not do what it was asked (RFC 9457).

use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use trusty_fleet::problem::{Problem, ProblemCode};

/// The answer that carries a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProblemResponse(pub(super) Problem);

impl ProblemResponse {
    /// A problem of this code, with words that say what to do next.
    pub(super) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self(Problem::new(code, detail))
    }

    /// The request itself is wrong.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::BadRequest, detail)
    }

    /// The calling process may not do this; why, in words.
    pub(super) fn not_for_programs(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::NotForPrograms, detail)
    }

    /// No session has this id.
    pub(super) fn no_such_session() -> Self {
        Self::new(
            ProblemCode::NoSuchSession,
            "no session has this id, or the session has exited; GET /v1/sessions lists the \
             sessions",
        )
    }
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let body = serde_json::to_string(&problem).unwrap_or_default();
        (status, kind, body).into_response()
    }
}

/// The answer at a path where nothing is.
pub(super) async fn unknown_path(uri: Uri) -> ProblemResponse {
    let detail = format!(
        "nothing exists at {}; GET /v1/openapi.json describes the API",
        uri.path()
    );
    ProblemResponse::new(ProblemCode::NotFound, detail)
}

/// The answer to a method that a path does not support; `Allow` lists those that it does.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> ProblemResponse {
    let detail = format!(
        "{} does not support {method}; the header Allow lists the supported methods",
        uri.path()
    );
    ProblemResponse::new(ProblemCode::MethodNotAllowed, detail)
}
