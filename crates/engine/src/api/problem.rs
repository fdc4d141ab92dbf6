//! What the API answers when it does not do what it was asked (RFC 9457).

use crate::requests::NOT_FOR_PROGRAMS;
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
    /// One of the codes that are listed with this schema.
    pub code: String,
}

/// All codes, and what each means. A code keeps its meaning; there may come to be more.
pub(super) const PROBLEM_CODES: &[(&str, &str)] = &[
    ("already-paused", "it is paused already"),
    (
        "ambiguous-window",
        "several windows may show it, and nothing tells them apart",
    ),
    (
        "asks",
        "it asks something in its terminal, which is to be answered first",
    ),
    (
        "background",
        "it runs in the background, where no window shows it",
    ),
    (
        "bad-request",
        "the path, a parameter or the body is not understood",
    ),
    (
        "body-too-large",
        "the body is larger than any that is taken",
    ),
    ("busy", "another action on this session is in progress"),
    (
        "changed",
        "it was not as it was a moment before; nothing was done, or all was undone",
    ),
    ("console", "it runs on a text console"),
    (
        "display-unreachable",
        "the display does not do what is asked of it",
    ),
    ("does-not-end", "it was told to end and runs on"),
    ("failed", "a step failed; what could be undone was undone"),
    ("gone", "the engine has ended, or is about to"),
    ("headless", "it runs without a terminal"),
    (
        "impossible",
        "the kind of pause that was asked for is not possible here",
    ),
    (
        "loses-step",
        "it can only be interrupted, which has to be asked for by name",
    ),
    (
        "method-not-allowed",
        "the header Allow says which methods are known here",
    ),
    (
        "nested",
        "its tmux is shown within another tmux, which is not turned to it from here",
    ),
    (
        "no-display",
        "the engine has no display to show anything on",
    ),
    ("no-opener", "no program is known that opens a terminal"),
    (
        "no-script",
        "macOS knows no way to a window of its terminal",
    ),
    ("no-such-request", "nobody waits for this answer any more"),
    ("no-such-session", "no session has this id, or it has ended"),
    ("no-terminal", "it has no terminal any more"),
    ("no-tmux", "tmux is not installed"),
    ("no-way", "no kind of pause is possible here"),
    ("no-window", "its terminal has no window on this display"),
    (
        "not-acceptable",
        "the header Accept leaves out what is answered here",
    ),
    (
        NOT_FOR_PROGRAMS,
        "this process may not approve, answer or resume: a session started it, or it is neither \
         Trusty Bar nor `trusty` in your terminal",
    ),
    ("not-found", "nothing is at this path"),
    ("not-paused", "it is not paused"),
    ("over", "it was answered elsewhere, or let go"),
    (
        "partly",
        "its terminal is in front, but it is not known whether it shows the session",
    ),
    (
        "paused",
        "its session is paused; it takes no answer until it is resumed",
    ),
    ("paused-by-others", "it was not paused from here"),
    (
        "record-not-kept",
        "the record of the pause cannot be written; nothing was done",
    ),
    (
        "record-left",
        "the action succeeded, but the pause record could not be removed",
    ),
    ("remote", "its terminal is on another machine"),
    ("tmux-silent", "tmux did not answer"),
    (
        "too-late",
        "the command could not begin before its deadline; nothing was done",
    ),
    (
        "too-many-listeners",
        "too many event listeners; close one and try again",
    ),
    ("too-slow", "the body did not come in time"),
    (
        "unconfirmed",
        "the process is not confirmed to be Claude Code; pause or end it in its own terminal",
    ),
    ("unfit", "the answer does not fit what was asked"),
    ("unheard", "its client did not take the answer"),
    ("unread", "what it asks could not be read"),
    (
        "unsupported-body",
        "the body is not JSON, or not said to be",
    ),
    (
        "wayland",
        "Wayland lets no program raise the window of another",
    ),
];

impl Problem {
    /// A problem of this status.
    pub(super) fn new(status: StatusCode, title: &str, detail: &str, code: &str) -> Self {
        debug_assert!(
            PROBLEM_CODES.iter().any(|(known, _)| *known == code),
            "{code}"
        );
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

    /// The calling process may not do this; why, in words.
    pub(super) fn not_for_programs(detail: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Not for programs",
            detail,
            NOT_FOR_PROGRAMS,
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
