//! Extractors of a request's path, query, headers and body, each with the problem that refuses it.

use super::problem::ProblemResponse;
use super::responses::{
    BodyNotJson, BodyTooLarge, BodyTooSlow, EventsNotAccepted, JsonNotAccepted,
};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::time::Duration;
use tokio::time::timeout;
use trusty_client::api_types::{ANSWERED_IN_HEADER, API_EVENTS_PATH};
use trusty_fleet::SessionId;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::request::RequestId;

/// The largest body; an answer holds only what a person has typed.
pub(super) const MAX_BODY_BYTES: usize = 256 * 1024;
/// How long a body may take to arrive.
const BODY_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// The content type of every body, and of every response but events.
const JSON_CONTENT_TYPE: &str = "application/json";
/// The content type of events.
const EVENTS_CONTENT_TYPE: &str = "text/event-stream";
/// The length of a UUID with hyphens.
const UUID_CHARS: usize = 36;
/// The length of a SHA-256 in hexadecimal digits.
const HASH_HEX_CHARS: usize = 64;

/// The session id in a path.
pub(super) struct PathSessionId(pub(super) SessionId);

#[derive(Deserialize)]
struct SessionPathParams {
    id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for PathSessionId {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let Path(SessionPathParams { id }) = Path::from_request_parts(parts, state)
            .await
            .map_err(|e| ProblemResponse::bad_request(e.body_text()))?;
        let parsed = id.parse().ok().filter(|_| id.len() == UUID_CHARS);
        let parsed = parsed.ok_or_else(|| {
            ProblemResponse::bad_request("a session id is a UUID; GET /v1/sessions lists the ids")
        })?;
        Ok(Self(SessionId(parsed)))
    }
}

/// The request id in a path.
pub(super) struct PathRequestId(pub(super) RequestId);

#[derive(Deserialize)]
struct RequestPathParams {
    request: String,
}

impl<S: Send + Sync> FromRequestParts<S> for PathRequestId {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let Path(RequestPathParams { request }) = Path::from_request_parts(parts, state)
            .await
            .map_err(|e| ProblemResponse::bad_request(e.body_text()))?;
        request_id(RequestId(request)).map(Self)
    }
}

/// Checks the form of a request id.
///
/// # Errors
/// If the id is not 64 lower-case hexadecimal digits.
pub(super) fn request_id(id: RequestId) -> Result<RequestId, ProblemResponse> {
    let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if id.0.len() == HASH_HEX_CHARS && id.0.bytes().all(is_hex) {
        return Ok(id);
    }
    let told = "a request id is 64 hexadecimal digits; GET /v1/sessions lists the ids";
    Err(ProblemResponse::bad_request(told))
}

/// Where the user answered, as the caller claims; none without the header.
pub(super) struct AnsweredInHeader(pub(super) Option<AnswerChannel>);

impl<S: Send + Sync> FromRequestParts<S> for AnsweredInHeader {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ProblemResponse> {
        let Some(value) = parts.headers.get(ANSWERED_IN_HEADER) else {
            return Ok(Self(None));
        };
        let channel = value.to_str().ok().and_then(AnswerChannel::from_word);
        let told = "the header Trusty-Answered-In must be popover, notification, terminal or \
                    program";
        let channel = channel.ok_or_else(|| ProblemResponse::bad_request(told))?;
        Ok(Self(Some(channel)))
    }
}

/// The parameters of the query.
pub(super) struct QueryParams<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let query = Query::from_request_parts(parts, state).await;
        let Query(asks) = query.map_err(|e| ProblemResponse::bad_request(e.body_text()))?;
        Ok(Self(asks))
    }
}

/// The body as JSON; none if the body is empty or `null`.
pub(super) struct JsonBody<T>(pub(super) Option<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ProblemResponse> {
        let is_json = is_json(request.headers());
        let bytes = timeout(BODY_READ_TIMEOUT, Bytes::from_request(request, state)).await;
        let bytes = bytes
            .map_err(|_| too_slow())?
            .map_err(|e| -> ProblemResponse {
                if e.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    let detail = format!("the body is larger than {MAX_BODY_BYTES} bytes");
                    BodyTooLarge::new(detail).into()
                } else {
                    ProblemResponse::bad_request(e.body_text())
                }
            })?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        if !is_json {
            let detail = "the body must be JSON; send the header Content-Type: application/json";
            return Err(BodyNotJson::new(detail).into());
        }
        // Through a map, because serde accepts a list of values for a structure as well.
        let object = serde_json::from_slice::<Option<Map<String, Value>>>(&bytes);
        let read = object.and_then(|object| {
            let object = object.map(|object| with_whole_numbers(Value::Object(object)));
            object.map(serde_json::from_value).transpose()
        });
        read.map(Self)
            .map_err(|e| ProblemResponse::bad_request(format!("the body is invalid: {e}")))
    }
}

fn too_slow() -> BodyTooSlow {
    BodyTooSlow::new("the body did not arrive in time; send the body together with the headers")
}

/// The value with each whole number as an integer: in JSON, 1.0 and 1 are the same number.
fn with_whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            let whole = text.strip_suffix(".0").and_then(|text| text.parse().ok());
            Value::Number(whole.unwrap_or(number))
        }
        Value::Array(all) => all.into_iter().map(with_whole_numbers).collect(),
        Value::Object(all) => {
            let all = all.into_iter();
            all.map(|(k, v)| (k, with_whole_numbers(v))).collect()
        }
        other => other,
    }
}

impl<T> JsonBody<T> {
    /// The body of a request that requires one.
    ///
    /// # Errors
    /// If the body is empty or `null`.
    pub(super) fn require(self) -> Result<T, ProblemResponse> {
        self.0.ok_or_else(|| {
            ProblemResponse::bad_request(
                "a body is required; GET /v1/openapi.json describes the body",
            )
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let told = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    told.and_then(|v| v.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON_CONTENT_TYPE))
}

/// Refuses a request whose header `Accept` excludes the content type of the response.
pub(super) async fn acceptable(request: Request, next: Next) -> Response {
    let is_events = request.uri().path() == API_EVENTS_PATH;
    let kind = if is_events {
        EVENTS_CONTENT_TYPE
    } else {
        JSON_CONTENT_TYPE
    };
    if accepts(request.headers(), kind) {
        return next.run(request).await;
    }
    let detail = format!("only {kind} is available here, and the header Accept excludes it");
    if is_events {
        EventsNotAccepted::new(detail).into_response()
    } else {
        JsonNotAccepted::new(detail).into_response()
    }
}

fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let mut told = headers.get_all(header::ACCEPT).iter().peekable();
    if told.peek().is_none() {
        return true;
    }
    let whole = kind.split('/').next().unwrap_or_default();
    told.filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let named = name.is_empty()
                || name == "*/*"
                || name == kind
                || name.strip_suffix("/*") == Some(whole);
            let refused = |p: &str| {
                p.strip_prefix("q=")
                    .is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
            };
            named && !parts.any(refused)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_takes_the_answer_gets_one() {
        let accept = |told: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in told {
                headers.append(header::ACCEPT, value.parse().expect("a value"));
            }
            accepts(&headers, JSON_CONTENT_TYPE)
        };
        for told in [
            &[][..],
            &["*/*"],
            &["application/*;q=0.1"],
            &["text/html, Application/JSON"],
            &["text/html", "*/*;q=0.8"],
            &[""],
        ] {
            assert!(accept(told), "{told:?}");
        }
        for told in [
            &["text/html"][..],
            &["application/json;q=0"],
            &["image/*, text/*"],
        ] {
            assert!(!accept(told), "{told:?}");
        }
    }

    #[test]
    fn a_whole_number_may_be_written_as_a_fraction() {
        let read = |text| {
            let value = serde_json::from_str(text).expect("JSON");
            with_whole_numbers(value).to_string()
        };
        assert_eq!(
            read(r#"{"a":[105.0,-1.0,1.5,7]}"#),
            r#"{"a":[105,-1,1.5,7]}"#
        );
    }

    #[test]
    fn a_hash_is_a_hash() {
        assert!(request_id(RequestId("0f".repeat(32))).is_ok());
        for text in ["", "0f", &"0F".repeat(32), &"zz".repeat(32)] {
            assert!(request_id(RequestId(text.to_owned())).is_err(), "{text}");
        }
    }
}
