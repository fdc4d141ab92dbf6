//! What version 0.1.0 left behind or still runs keeps working: settings, pause records, hooks and
//! the command. The files in `compatibility/` were written by 0.1.0.
#![cfg(target_os = "linux")]

use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_platform::sys;
use trusty_tests::trusty::{configure, list, run, serve, session_of, status_word_of};
use trusty_tests::wait::until;
use trusty_tests::{LocalApi, Signal, StandIn, TestHome, Value, WAIT_TIMEOUT};

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compatibility");
    fs::read_to_string(folder.join(name)).expect("a fixture")
}

/// Puts a pause record of 0.1.0 in place, as if written for this session.
fn leave_record(home: &TestHome, session: &StandIn, name: &str) {
    let process = session.process();
    let client = json!({"pid": process.pid, "start": process.start_ticks});
    let machine = sys::machine().expect("readable");
    let id = machine.session_id(ProcessKey {
        pid: process.pid,
        start: StartTime(process.start_ticks),
    });
    let mut record: Value = serde_json::from_str(&fixture(name)).expect("JSON");
    record["session"] = json!(id.to_string());
    record["boot"] = json!(machine.boot);
    record["domain"] = json!(machine.domain());
    if record["means"]["Stop"].is_object() {
        record["means"]["Stop"]["group"] = json!([client]);
    }
    record["client"] = client;
    let folder = home.xdg_data().join("trusty/paused");
    fs::create_dir_all(&folder).expect("the records' folder");
    // 0.1.0 leaves the lock of a paused session beside its record.
    fs::write(folder.join(format!("{id}.lock")), "").expect("a lock");
    let file = folder.join(format!("{id}.json"));
    fs::write(file, record.to_string()).expect("a record");
}

fn records(home: &TestHome) -> usize {
    let folder = home.xdg_data().join("trusty/paused");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_record = |e: &fs::DirEntry| e.path().extension().is_some_and(|e| e == "json");
    entries.filter(is_record).count()
}

fn listed_session(home: &TestHome, session: &StandIn) -> Value {
    session_of(&list(home), session.process().pid).expect("listed")
}

#[test]
fn a_session_that_0_1_0_has_stopped_is_paused_and_resumed() {
    let home = TestHome::new();
    let session = StandIn::start(&home);
    session.write_status(r#""status":"busy""#);
    assert!(session.process().signal(Signal::STOP));
    leave_record(&home, &session, "stopped.json");
    let told = listed_session(&home, &session);
    assert_eq!(status_word_of(&told), "Paused");
    assert_eq!(told["pause_summary"], "was answering");
    let resumed = run(&home, ["resume", &session.pid_argument()]);
    assert!(resumed.status.success(), "{resumed:?}");
    assert_ne!(session.process().state(), Some('T'));
    assert_eq!(records(&home), 0);
}

/// 0.1.0 had no proof of a hold, so the session is not shown as paused; resuming it removes the
/// record nevertheless.
#[test]
fn a_hold_of_0_1_0_is_listed_and_resumed() {
    let home = TestHome::new();
    let session = StandIn::start(&home);
    session.write_status(r#""status":"busy""#);
    leave_record(&home, &session, "held.json");
    assert_ne!(status_word_of(&listed_session(&home, &session)), "Paused");
    let resumed = run(&home, ["resume", &session.pid_argument()]);
    assert!(resumed.status.success(), "{resumed:?}");
    assert_eq!(records(&home), 0);
}

/// Every setting of 0.1.0, switched on.
#[test]
fn settings_of_0_1_0_are_understood() {
    let home = TestHome::new();
    let switched: String = fixture("settings.toml")
        .lines()
        .filter(|line| !line.starts_with("# confine"))
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| is_setting(rest))
                .unwrap_or(line)
        })
        .fold(String::new(), |all, line| all + line + "\n");
    assert!(switched.contains("\nhold_agents = 5\n"), "{switched}");
    // `configure` writes the `[discovery]` table itself, before the text that follows here.
    let (head, rest) = switched.split_once("[discovery]\n").expect("a table");
    assert!(
        head.lines()
            .all(|line| line.starts_with('#') || line.is_empty())
    );
    assert_eq!(problems(&home, rest), "");
    let wrong = rest.replace("hold_agents = 5", "hold_agents = \"x\"");
    assert!(problems(&home, &wrong).contains("hold_agents"));
}

/// The problems that `trusty list` finds in these settings.
fn problems(home: &TestHome, settings: &str) -> String {
    configure(home, settings);
    let listed = list(home);
    let health = listed["health"].as_array().expect("health").iter();
    let wrong = health.filter(|problem| problem["source"] == "Settings");
    wrong
        .map(|problem| problem["message"].to_string())
        .collect()
}

fn is_setting(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

/// Byte for byte what the hooks of 0.1.0 send, and the reply that they wait for.
#[test]
fn hooks_of_0_1_0_are_heard_and_answered() {
    let home = TestHome::new();
    configure(&home, "[answers]\nprograms = true\n");
    let _serving = serve(&home);
    let local = LocalApi::for_home(&home);
    let session = StandIn::start(&home);
    session.waits();
    let pid = session.process().pid;
    let seen = || local.session(pid);
    until(WAIT_TIMEOUT, "the session", || seen().map(drop));

    let event = r#"{"hook_event_name":"Notification","session_id":"s","message":"waits"}"#;
    let taken = session.hook_connection().report(pid, event.as_bytes());
    assert_eq!(taken.expect("an answer"), "taken\n");

    let request = r#"{"hook_event_name":"PermissionRequest","session_id":"s","tool_name":"Bash","tool_input":{"command":"make"}}"#;
    let asked = session.hook_connection().ask(pid, request.as_bytes());
    let mut asked = asked.expect("taken");
    let line = asked.read_line().expect("a line");
    assert!(line.starts_with("held "), "{line}");

    let (id, hash) = until(WAIT_TIMEOUT, "the request", || {
        let session = seen()?;
        let request = session["requests"].as_array()?.first()?.clone();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some((text(&session["id"])?, text(&request["id"])?))
    });
    // The command of 0.1.0 sends no deadline and does not say where the user answered.
    let answer = json!({"request": hash, "answer": {"kind": "deny", "message": "no"}});
    let answered = std::thread::spawn({
        let (local, path) = (local.clone(), format!("/v1/sessions/{id}/answer"));
        move || local.post(&path, answer.to_string())
    });
    let handed: Value = serde_json::from_str(&asked.take_answer()).expect("JSON");
    assert_eq!(handed["hookSpecificOutput"]["decision"]["behavior"], "deny");
    let answered = answered.join().expect("asked");
    assert_eq!(answered.status, 204, "{answered:?}");
}

/// A program written for 0.1.0 finds every field in its place, meets no enum value that it cannot
/// know, and need send nothing new.
#[test]
fn the_local_api_fits_programs_written_for_0_1_0() {
    let earlier: Value = serde_json::from_str(&fixture("openapi.json")).expect("JSON");
    let now = serde_json::to_value(trusty_daemon::api::openapi()).expect("JSON");
    let mut broken = Vec::new();
    for part in ["paths", "components"] {
        compare(&earlier[part], &now[part], part, &mut broken);
    }
    assert_eq!(broken, [""; 0]);
}

/// The keys whose texts are for people, and may change.
const TEXT_KEYS: [&str; 3] = ["description", "summary", "title"];

fn compare(earlier: &Value, now: &Value, place: &str, broken: &mut Vec<String>) {
    match (earlier, now) {
        (Value::Object(earlier), Value::Object(fields)) => {
            for (key, value) in earlier
                .iter()
                .filter(|(key, _)| !TEXT_KEYS.contains(&key.as_str()))
            {
                let place = format!("{place}/{key}");
                match fields.get(key) {
                    Some(now) => compare(value, now, &place, broken),
                    None => broken.push(format!("{place} is gone")),
                }
            }
        }
        (Value::Array(earlier), Value::Array(_)) if place.ends_with("/parameters") => {
            compare_parameters(earlier, now, place, broken);
        }
        (Value::Array(before), Value::Array(after)) => {
            let texts = |all: &[Value]| all.iter().map(Value::to_string).collect::<BTreeSet<_>>();
            let is_words = before.iter().all(Value::is_string);
            if is_words && texts(before) != texts(after) || before.len() != after.len() {
                broken.push(format!("{place} is {now}, was {earlier}"));
            }
            if !is_words {
                for (at, (before, after)) in before.iter().zip(after).enumerate() {
                    compare(before, after, &format!("{place}/{at}"), broken);
                }
            }
        }
        _ if earlier == now => {}
        _ => broken.push(format!("{place} is {now}, was {earlier}")),
    }
}

fn compare_parameters(earlier: &[Value], now: &Value, place: &str, broken: &mut Vec<String>) {
    let now = now.as_array().map(Vec::as_slice).unwrap_or_default();
    for parameter in now {
        let place = format!("{place}/{}", parameter["name"]);
        let before = earlier.iter().find(|p| p["name"] == parameter["name"]);
        match before {
            Some(before) => compare(before, parameter, &place, broken),
            None if parameter["required"] == true => broken.push(format!("{place} is new")),
            None => {}
        }
    }
    if now.len() < earlier.len() {
        broken.push(format!("{place} has fewer"));
    }
}
