//! Every refusal is a problem (RFC 9457), on every path.

use crate::LocalApiFixture;
use trusty_tests::socket_client::{HttpResponse, JSON_HEADER};

const UNKNOWN_SESSION_ID: &str = "00000000-0000-4000-8000-000000000000";

#[track_caller]
fn is_problem(answer: &HttpResponse, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("application/problem+json"), "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["status"], status);
    assert_eq!(
        problem["type"],
        format!("urn:trusty-bar:problem:{code}").as_str()
    );
    for part in ["title", "detail"] {
        assert!(problem[part].as_str().is_some_and(|t| !t.is_empty()));
    }
    let version = answer.header("x-trusty-version");
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")), "{answer:?}");
}

#[test]
fn whatever_is_wrong_is_told_as_a_problem() {
    let served = LocalApiFixture::start();
    let of = |method: &str, path: &str, more: &str, body: &[u8]| {
        served.api.send_request(method, path, more, body)
    };
    is_problem(&of("GET", "/", "", b""), 404, "not-found");
    is_problem(&of("GET", "/v1/nothing", "", b""), 404, "not-found");
    is_problem(&of("GET", "/v1/sessions/", "", b""), 404, "not-found");
    for (method, path, allowed) in [
        ("DELETE", "/v1/sessions", "get,head"),
        ("POST", "/v1/events", "get,head"),
        ("GET", "/v1/attention", "post"),
        ("PUT", "/v1/sessions/x/pause", "post"),
    ] {
        let answer = of(method, path, "", b"");
        is_problem(&answer, 405, "method-not-allowed");
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
    let unhyphened = UNKNOWN_SESSION_ID.replace('-', "");
    for id in ["x", "%ff", "%00", unhyphened.as_str()] {
        for path in [
            format!("/v1/sessions/{id}"),
            format!("/v1/sessions/{id}/why"),
        ] {
            is_problem(&of("GET", &path, "", b""), 400, "bad-request");
        }
        let path = format!("/v1/sessions/{id}/pause");
        is_problem(&of("POST", &path, "", b""), 400, "bad-request");
    }
    let at = |rest: &str| format!("/v1/sessions/{UNKNOWN_SESSION_ID}{rest}");
    let hash = "0".repeat(64);
    for path in [at(""), at("/why"), at(&format!("/requests/{hash}"))] {
        is_problem(&of("GET", &path, "", b""), 404, "no-such-session");
    }
    is_problem(&of("GET", &at("/requests/0"), "", b""), 400, "bad-request");
    for verb in ["/pause", "/resume", "/stop"] {
        is_problem(&of("POST", &at(verb), "", b""), 404, "no-such-session");
    }
    let (pause, answer) = (at("/pause"), at("/answer"));
    is_problem(&of("POST", &pause, "", b"{}"), 415, "unsupported-body");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    is_problem(&of("POST", &pause, form, b"{}"), 415, "unsupported-body");
    for body in ["{", "[]", "{\"how\":\"Nap\"}", "{\"more\":1}"] {
        let body = body.as_bytes();
        is_problem(&of("POST", &pause, JSON_HEADER, body), 400, "bad-request");
    }
    let large = vec![b' '; 300 << 10];
    is_problem(
        &of("POST", &pause, JSON_HEADER, &large),
        413,
        "body-too-large",
    );
    is_problem(&of("POST", &answer, JSON_HEADER, b""), 400, "bad-request");
    let whole = format!(r#"{{"request":"{hash}","answer":{{"kind":"allow"}}}}"#);
    let told = of("POST", &answer, JSON_HEADER, whole.as_bytes());
    is_problem(&told, 404, "no-such-session");
    let short = whole.replace(&hash, "0");
    let told = of("POST", &answer, JSON_HEADER, short.as_bytes());
    is_problem(&told, 400, "bad-request");
    // An unknown field may have been meant to limit the answer.
    for kind in ["allow", "deny"] {
        let more = whole.replace("\"allow\"", &format!("\"{kind}\",\"once\":true"));
        let told = of("POST", &answer, JSON_HEADER, more.as_bytes());
        is_problem(&told, 400, "bad-request");
    }
    let html = "Accept: text/html\r\n";
    for path in ["/v1/sessions", "/v1/events", "/v1/openapi.json"] {
        is_problem(&of("GET", path, html, b""), 406, "not-acceptable");
    }
    is_problem(
        &of("GET", "/v1/events?looking=1", "", b""),
        400,
        "bad-request",
    );
}

#[test]
fn what_a_session_does_not_allow_is_refused_with_its_code() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let post = |command: &str, body: &str| served.api.post(&served.path(&session, command), body);
    is_problem(&post("resume", ""), 409, "not-paused");
    is_problem(&post("pause", r#"{"how":"Hold"}"#), 409, "impossible");
    let hash = "0".repeat(64);
    let whole = format!(r#"{{"request":"{hash}","answer":{{"kind":"allow"}}}}"#);
    is_problem(&post("answer", &whole), 409, "over");
    let gone = served.path(&session, &format!("requests/{hash}"));
    let gone = served.api.send_request("GET", &gone, "", b"");
    is_problem(&gone, 404, "no-such-request");
}

#[test]
fn one_session_and_the_engine_tell_of_themselves() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let id = served.id(&session);
    let one = served.api.get(&format!("/v1/sessions/{id}"));
    assert_eq!(one["pid"], session.process().pid);
    let health = served.api.get("/v1/health");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["pid"], served.serving.process().pid);
    assert_eq!(health["sessions"], 1);
    let told = health["health"].as_array().expect("a list");
    assert_eq!(told.len(), 1, "{health}");
    assert_eq!(told[0]["subject"], "answers.programs");
    assert!(health["since"].as_str().is_some_and(|t| t.ends_with('Z')));
    let path = "/v1/attention";
    let note = || served.api.send_request("POST", path, "", b"").status;
    assert_eq!(note(), 204);
    let whole = format!(r#"{{"session":"{id}"}}"#);
    assert_eq!(served.api.post(path, whole).status, 204);
    // A session that was looked at counts as seen in the very next list.
    for _ in 0..5 {
        session.write_status(r#""status":"busy""#);
        served.api.wait_word(&session, "Working");
        session.write_status(r#""status":"idle""#);
        served.api.wait_word(&session, "Finished");
        assert_eq!(note(), 204);
        let told = served.api.sessions();
        assert_eq!(
            session.status_word(&told).as_deref(),
            Some("Idle"),
            "{told}"
        );
    }
}
