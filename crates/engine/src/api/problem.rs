//! What the API answers when it does not do what it was asked (RFC 9457).

use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why something was not done (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem: `urn:trusty-bar:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// In short.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// In words that say what to do next.
    pub detail: String,
    /// A stable code: `already-paused`, `no-way`, …
    pub code: String,
}

impl Problem {
    /// A problem of this status.
    pub(super) fn new(status: StatusCode, title: &str, detail: &str, code: &str) -> Self {
        Self {
            kind: format!("urn:trusty-bar:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.to_owned(),
            code: code.to_owned(),
        }
    }

    /// The request itself is wrong.
    pub(super) fn bad_request(detail: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "Bad request",
            detail,
            "bad-request",
        )
    }

    /// No session has this id.
    pub(super) fn no_such_session() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "No such session",
            "no session has this id, or it has ended; GET /v1/sessions tells which there are",
            "no-such-session",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let body = serde_json::to_string(&self).unwrap_or_default();
        (status, kind, body).into_response()
    }
}

/// The answer of a problem.
pub(super) fn problem(status: StatusCode, title: &str, detail: &str, code: &str) -> Response {
    Problem::new(status, title, detail, code).into_response()
}

/// The answer at a place where nothing is.
pub(super) async fn nowhere(uri: Uri) -> Problem {
    let detail = format!(
        "nothing is at {}; GET /v1/openapi.json tells what there is",
        uri.path()
    );
    Problem::new(StatusCode::NOT_FOUND, "Not found", &detail, "not-found")
}

/// The answer to a method that a place does not know; `Allow` says which it does.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let detail = format!(
        "{} does not know {method}; the header Allow says what it knows",
        uri.path()
    );
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "Method not allowed",
        &detail,
        "method-not-allowed",
    )
}
