//! The response that carries a problem (RFC 9457), and the fallbacks of the router.

use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use trusty_fleet::problem::{Problem, ProblemCode};

/// The content type of every problem (RFC 9457).
pub(super) const PROBLEM_CONTENT_TYPE: &str = "application/problem+json";

/// A response that carries a problem; the status is that of the problem's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProblemResponse(pub(super) Problem);

impl ProblemResponse {
    /// A problem of this code, with words that say what to do next.
    pub(super) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self(Problem::new(code, detail))
    }

    /// A problem of the request itself: its path, a parameter, a header or the body.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::BadRequest, detail)
    }
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, PROBLEM_CONTENT_TYPE)];
        let body = serde_json::to_string(&problem).unwrap_or_default();
        (status, kind, body).into_response()
    }
}

/// The response at a path that does not exist.
pub(super) async fn unknown_path(uri: Uri) -> ProblemResponse {
    let detail = format!(
        "nothing exists at {}; GET /v1/openapi.json describes the API",
        uri.path()
    );
    ProblemResponse::new(ProblemCode::NotFound, detail)
}

/// The response to a method that a path does not support; `Allow` lists the supported ones.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> ProblemResponse {
    let detail = format!(
        "{} does not support {method}; the header Allow lists the supported methods",
        uri.path()
    );
    ProblemResponse::new(ProblemCode::MethodNotAllowed, detail)
}
