//! The deadline of a command: what the header says, else 10 s after the request was sent.

use super::problem::ProblemResponse;
use super::responses::DeadlinePassed;
use crate::http_connections::QuietSince;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use trusty_actions::lease::CommandLapse;
use trusty_client::api_types::DEADLINE_HEADER;
use trusty_platform::sys;
use trusty_wire::command_deadline::CommandDeadline;

/// The description of [`DEADLINE_HEADER`] in the API's document.
pub(super) const DEADLINE_DESCRIPTION: &str = "Latest moment at which the command may begin, in \
    milliseconds since boot (`CLOCK_BOOTTIME`, `mach_continuous_time`); if absent, 10 s after the \
    request was sent";

/// Refuses a command whose deadline has passed, before the body is read.
pub(super) async fn refuse_late_commands(mut request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    // Lets the connection poll its peer, which drops this request if the caller has hung up.
    tokio::task::yield_now().await;
    let quiet = request.extensions().get::<QuietSince>();
    let sent = quiet.map_or_else(sys::since_boot, QuietSince::since_boot);
    match deadline_of(request.headers(), sent) {
        Ok(deadline) if deadline.is_past() => too_late().into_response(),
        Ok(deadline) => {
            request.extensions_mut().insert(deadline);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

fn deadline_of(headers: &HeaderMap, sent: Duration) -> Result<CommandDeadline, ProblemResponse> {
    let mut named = headers.get_all(DEADLINE_HEADER).iter();
    let Some(value) = named.next() else {
        return Ok(CommandDeadline::of_command_sent_at(sent));
    };
    let text = value.to_str().unwrap_or_default();
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // The description gives the format `int64`.
    let millis = text.parse().ok().and_then(|n: i64| u64::try_from(n).ok());
    match millis.filter(|_| is_number && named.next().is_none()) {
        Some(millis) => Ok(CommandDeadline::from_boot_time(Duration::from_millis(
            millis,
        ))),
        None => Err(ProblemResponse::bad_request(
            "the header Trusty-Deadline must be one whole number: milliseconds since boot",
        )),
    }
}

/// The refusal of a command that could not begin before its deadline.
pub(super) fn too_late() -> DeadlinePassed {
    DeadlinePassed::new(CommandLapse::TooLate.to_string())
}

/// The deadline of a command, which [`refuse_late_commands`] has parsed.
pub(super) struct DeadlineHeader(pub(super) CommandDeadline);

impl<S: Send + Sync> FromRequestParts<S> for DeadlineHeader {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let found = parts.extensions.get::<CommandDeadline>().copied();
        Ok(Self(
            found.unwrap_or_else(CommandDeadline::of_command_sent_now),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use trusty_client::api_types::header_value;

    fn parse_values(values: &[&str]) -> Option<CommandDeadline> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_str(value).expect("a value");
            headers.append(DEADLINE_HEADER, value);
        }
        deadline_of(&headers, Duration::from_secs(7)).ok()
    }

    #[test]
    fn a_deadline_is_one_whole_number_or_ten_seconds_after_the_request() {
        let at = |millis| {
            Some(CommandDeadline::from_boot_time(Duration::from_millis(
                millis,
            )))
        };
        assert_eq!(parse_values(&["1234"]), at(1234));
        assert_eq!(parse_values(&["0"]), at(0));
        assert_eq!(parse_values(&[]), at(17_000));
        for odd in ["", "-1", "+1", "1.5", "soon", "99999999999999999999"] {
            assert_eq!(parse_values(&[odd]), None, "{odd}");
        }
        assert_eq!(parse_values(&["1", "2"]), None, "two deadlines");
        let sent = CommandDeadline::of_command_sent_now();
        let read = parse_values(&[&header_value(sent)]).expect("our own header");
        let lost = sent.since_boot().saturating_sub(read.since_boot());
        assert!(lost < Duration::from_millis(1), "{lost:?}");
    }
}
