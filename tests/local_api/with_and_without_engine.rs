//! `trusty` shows the same with and without an engine.

use crate::{LocalApiFixture, WAIT_TIMEOUT};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use trusty_fleet::{Session, SessionId};
use trusty_tests::trusty::{list, run, session_of, status_word_of};
use trusty_tests::wait::until;
use trusty_tests::{FakeApi, Signal, StandIn, TerminalShape, TestHome, TestTerminal, Value};

/// Fields that change with every scan, or that only a running engine knows. The kernel reports when
/// a process started since boot; as a time of day, that moves by milliseconds with each correction
/// of the clock.
const VOLATILE_FIELDS: [&str; 5] = [
    "last_seen",
    "usage",
    "observed_at",
    "connections",
    "created_at",
];
/// How far the clock may have been corrected between two scans.
const MAX_CLOCK_CORRECTION: Duration = Duration::from_secs(1);

/// When each session of a list was created.
fn created(list: &Value) -> BTreeMap<SessionId, SystemTime> {
    let sessions = list["sessions"].as_array().expect("sessions").iter();
    let read = |session: &Value| serde_json::from_value(session.clone()).expect("a session");
    sessions
        .map(|session| {
            let Session { id, created_at, .. } = read(session);
            (id, created_at)
        })
        .collect()
}

/// Removes what differs by nature.
fn substance(mut of: Value) -> Value {
    match &mut of {
        Value::Object(fields) => {
            // The kernel does not report since when a process is stopped.
            if fields
                .get("because")
                .is_some_and(|b| b["source"] == "Process")
            {
                fields.remove("paused_at");
                fields["because"]["since"].take();
            }
            fields.retain(|key, _| !VOLATILE_FIELDS.contains(&key.as_str()) && key != "revision");
            for value in fields.values_mut() {
                *value = substance(value.take());
            }
        }
        Value::Array(all) => {
            // Claude Code's own list may arrive after the first scan.
            all.retain(|entry| entry["source"] != "List");
            for value in all {
                *value = substance(value.take());
            }
        }
        _ => {}
    }
    of
}

/// What `trusty why` says of a session.
fn why(home: &TestHome, pid: u32) -> Value {
    let output = run(home, ["why", &pid.to_string(), "--json"]);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// As [`why`], once the engine reads no pane to settle a doubt that a starting Claude Code left.
fn why_without_screen(served: &LocalApiFixture, pid: u32) -> Value {
    until(WAIT_TIMEOUT, "no doubt that a pane is read for", || {
        let told = why(&served.home, pid);
        let mut testimonies = told["testimonies"].as_array()?.iter();
        let screen = testimonies.find(|said| said["source"] == "Screen")?;
        (screen["says"] == "not read").then_some(told.clone())
    })
}

#[test]
fn one_look_and_an_engine_tell_the_same() {
    let mut served = LocalApiFixture::start_with("");
    let busy = served.session();
    let asks = StandIn::start(&served.home);
    // Claude Code, too, writes since when a status holds.
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH);
    let stamp = stamp.expect("after 1970").as_millis();
    let since = |rest: &str| format!(r#""statusUpdatedAt":{stamp},"updatedAt":{stamp},{rest}"#);
    busy.write_status(&since(
        r#""status":"busy","name":"bus","nameSource":"user""#,
    ));
    asks.write_status(&since(
        r#""status":"waiting","waitingFor":"permission prompt","name":"pay","nameSource":"user""#,
    ));
    let stopped = StandIn::start(&served.home);
    stopped.write_status(&since(r#""status":"busy""#));
    until(WAIT_TIMEOUT, "both names", || {
        let told = served.api.sessions().to_string();
        (told.contains(r#""bus""#) && told.contains(r#""pay""#)).then_some(())
    });
    served.api.wait_word(&asks, "Permission");
    served.api.wait_word(&stopped, "Working");
    assert!(stopped.process().signal(Signal::STOP));
    served.api.wait_word(&stopped, "Paused");
    // And a session of the real Claude Code in a pane, where it is installed.
    let (api, folder) = (FakeApi::start(), served.home.project("shop"));
    let pane = trusty_tests::require_client().map(|_| {
        let pane = TestTerminal::open(TerminalShape::TmuxBash, &served.home, &api, &folder, &[]);
        pane.wait_status(WAIT_TIMEOUT, "idle");
        pane
    });
    let pids = [&busy, &asks, &stopped].map(|session| session.process().pid);
    let pids: Vec<u32> = pids
        .into_iter()
        .chain(pane.as_ref().map(|pane| pane.client().pid))
        .collect();
    until(WAIT_TIMEOUT, "the pane's session", || {
        let told = served.api.sessions();
        let Some(pane) = &pane else { return Some(()) };
        let shown = session_of(&told, pane.client().pid)?;
        (status_word_of(&shown) == "Idle").then_some(())
    });
    let told = list(&served.home);
    assert!(told["revision"].as_u64() > Some(0), "an engine was asked");
    assert_eq!(substance(told.clone()), substance(served.api.sessions()));
    let why_told: Vec<Value> = pids
        .iter()
        .map(|pid| why_without_screen(&served, *pid))
        .collect();
    assert!(served.serving.process().signal(Signal::TERM));
    served.serving.wait(WAIT_TIMEOUT);
    let alone = list(&served.home);
    assert_eq!(alone["revision"], 0, "nobody was asked");
    assert_eq!(substance(alone.clone()), substance(told.clone()));
    let (first, second) = (created(&told), created(&alone));
    for (id, at) in first {
        let apart = second[&id].duration_since(at);
        let apart = apart.unwrap_or_else(|e| e.duration());
        assert!(apart < MAX_CLOCK_CORRECTION, "{id}: {apart:?} apart");
    }
    for session in [&busy, &asks, &stopped] {
        assert!(session.status_word(&alone).is_some(), "{alone}");
    }
    for (pid, told) in pids.into_iter().zip(why_told) {
        assert_eq!(substance(why(&served.home, pid)), substance(told), "{pid}");
    }
}
