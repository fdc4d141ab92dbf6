//! Commands that an engine reads too late: no command runs after its caller has given up.

use crate::LocalApiFixture;
use crate::leader_election::{face, of, seen};
use rustix::time::{ClockId, clock_gettime};
use trusty_fleet::action::{Action, PauseOptions};
use trusty_fleet::pause::{Initiator, PauseKind};
use trusty_tests::socket_client::JSON_HEADER;
use trusty_tests::trusty::run;
use trusty_tests::{Signal, StandIn};

const PAUSE_BODY: &[u8] = br#"{"how": "Stop"}"#;
const KILL_BODY: &[u8] = br#"{"kill": true}"#;

fn is_stopped(session: &StandIn) -> bool {
    session.process().state() == Some('T')
}

/// Milliseconds on the clock of `Trusty-Deadline`.
fn boot_millis() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).expect("after boot");
    seconds * 1000 + u64::try_from(now.tv_nsec).expect("below a second") / 1_000_000
}

/// Sends, after all earlier requests, a resume, which is refused as `not-paused` unless a pause has
/// begun.
#[track_caller]
fn assert_no_pause_has_begun(served: &LocalApiFixture, session: &StandIn) {
    let path = served.path(session, "resume");
    let refused = served.api.send_request("POST", &path, "", b"");
    assert_eq!(refused.code(), "not-paused", "{refused:?}");
    assert!(!is_stopped(session));
}

#[test]
fn a_stopped_engine_does_nothing_later_for_callers_that_hung_up() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let id = served.id(&session);
    let engine = served.serving.process();
    for (command, body) in [("pause", PAUSE_BODY), ("stop", KILL_BODY)] {
        let path = format!("/v1/sessions/{id}/{command}");
        for deadline in [None, Some(boot_millis() + 60_000)] {
            assert!(engine.signal(Signal::STOP));
            let header = deadline.map(|at| format!("Trusty-Deadline: {at}\r\n"));
            let header = format!("{JSON_HEADER}{}", header.unwrap_or_default());
            let asked = served.api.try_send("POST", &path, &header, body);
            drop(asked.expect("asked"));
            assert!(engine.signal(Signal::CONT));
            assert_no_pause_has_begun(&served, &session);
            assert!(session.process().is_alive(), "{command}");
        }
    }
    // The same command from a caller that waits.
    let path = format!("/v1/sessions/{id}/stop");
    let done = served.api.post(&path, KILL_BODY);
    assert_eq!(done.status, 204, "{done:?}");
    assert!(!session.process().is_alive());
}

#[test]
fn a_command_past_its_deadline_is_refused_and_changes_nothing() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let id = served.id(&session);
    let commands = [
        (format!("/v1/sessions/{id}/pause"), PAUSE_BODY),
        (format!("/v1/sessions/{id}/resume"), b""),
        (format!("/v1/sessions/{id}/stop"), KILL_BODY),
        (format!("/v1/sessions/{id}/jump"), b""),
        ("/v1/attention".to_owned(), b""),
    ];
    let late = format!("Trusty-Deadline: {}\r\n", boot_millis() - 1);
    for (path, body) in &commands {
        let refused = served.api.send_request("POST", path, &late, body);
        assert_eq!(refused.status, 409, "{path}: {refused:?}");
        assert_eq!(refused.code(), "too-late", "{path}");
        let odd = "Trusty-Deadline: soon\r\n";
        let refused = served.api.send_request("POST", path, odd, body);
        assert_eq!(refused.status, 400, "{path}: {refused:?}");
    }
    assert_no_pause_has_begun(&served, &session);
    let soon = format!(
        "{JSON_HEADER}Trusty-Deadline: {}\r\n",
        boot_millis() + 60_000
    );
    let done = served
        .api
        .send_request("POST", &commands[0].0, &soon, PAUSE_BODY);
    assert_eq!(done.status, 204, "{done:?}");
    assert!(is_stopped(&session));
    let done = served.api.send_request("POST", &commands[1].0, &soon, b"");
    assert_eq!(done.status, 204, "{done:?}");
}

#[test]
fn a_command_behind_an_engine_that_hangs_is_carried_out_directly_and_once() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let pid = session.pid_argument();
    let engine = served.serving.process();
    assert!(engine.signal(Signal::STOP));
    let paused = run(&served.home, ["pause", &pid, "--how", "stop"]);
    let told = String::from_utf8_lossy(&paused.stderr).into_owned();
    assert_eq!(paused.status.code(), Some(0), "{told}");
    assert_eq!(told.matches("does not respond").count(), 1, "{told}");
    assert!(is_stopped(&session));
    let resumed = run(&served.home, ["resume", &pid]);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    assert!(!is_stopped(&session));
    assert!(engine.signal(Signal::CONT));
    assert_no_pause_has_begun(&served, &session);
    served.api.wait_word(&session, "Working");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_face_whose_engine_hangs_says_so_and_acts_directly() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let face = face(&served.home);
    let now = seen(&face, |s| of(s, &session).is_some()).await;
    let id = of(&now, &session).expect("listed").id;
    let engine = served.serving.process();
    assert!(engine.signal(Signal::STOP));
    let wish = PauseOptions {
        how: Some(PauseKind::Stop),
        note: None,
        by: Initiator::App,
    };
    face.act(id, Action::Pause(wish)).await.expect("paused");
    assert!(is_stopped(&session));
    let hangs = |health: &[trusty_fleet::snapshot::HealthIssue]| {
        health
            .iter()
            .any(|problem| problem.message.contains("does not respond"))
    };
    seen(&face, |s| hangs(&s.health)).await;
    face.act(id, Action::Resume).await.expect("resumed");
    assert!(!is_stopped(&session));
    assert!(engine.signal(Signal::CONT));
    assert_no_pause_has_begun(&served, &session);
    let now = seen(&face, |s| !hangs(&s.health)).await;
    let leads_itself = |p: &trusty_fleet::snapshot::HealthIssue| p.message.contains("hooks report");
    assert!(!now.health.iter().any(leads_itself), "{:?}", now.health);
}
