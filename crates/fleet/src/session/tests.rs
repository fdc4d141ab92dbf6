use super::*;
use serde_json::{Value, from_value, json, to_value};
use std::fmt::Debug;
use std::time::{Duration, UNIX_EPOCH};
use uuid::Uuid;

fn round<T: Serialize + for<'de> Deserialize<'de> + PartialEq + Debug>(value: &T, wire: &Value) {
    assert_eq!(to_value(value).expect("writes"), *wire);
    assert_eq!(from_value::<T>(wire.clone()).expect("reads"), *value);
}

fn time(s: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(s)
}

const SESSION_UUID: &str = "00000000-0000-0000-0000-000000000007";

fn id() -> SessionId {
    SessionId(Uuid::from_u128(7))
}

#[test]
fn every_word_has_its_form_on_the_wire() {
    round(&id(), &json!(SESSION_UUID));
    for (status, word) in [
        (SessionStatus::Starting, "Starting"),
        (SessionStatus::Active, "Active"),
        (SessionStatus::AwaitingApproval, "AwaitingApproval"),
        (SessionStatus::Detached, "Detached"),
        (SessionStatus::Paused, "Paused"),
        (SessionStatus::Stopped, "Stopped"),
    ] {
        round(&status, &json!(word));
    }
    round(&ControlModel::Tmux, &json!("Tmux"));
    round(&ControlModel::Pty, &json!("Pty"));
    round(&ControlModel::Sdk, &json!("Sdk"));
    round(&SessionHost::Tmux, &json!("tmux"));
    round(&SessionHost::Native, &json!("native"));
    assert_eq!(SessionHost::default(), SessionHost::Tmux);
    assert_ne!(SessionId::new(), SessionId::default());
    assert_eq!(SessionId::new().0.get_version_num(), 4);
}

#[test]
fn every_part_has_its_form_on_the_wire() {
    let since = time(1);
    let text = "1970-01-01T00:00:01Z";
    let (tool, detail) = (Some("Bash".to_owned()), Some("cargo test".to_owned()));
    round(
        &Activity::Working {
            tool,
            detail,
            since,
        },
        &json!({"kind": "Working", "tool": "Bash", "detail": "cargo test", "since": text}),
    );
    round(
        &Activity::Working {
            tool: None,
            detail: None,
            since,
        },
        &json!({"kind": "Working", "since": text}),
    );
    round(
        &Activity::Idle { since },
        &json!({"kind": "Idle", "since": text}),
    );
    round(
        &Activity::Finished { since },
        &json!({"kind": "Finished", "since": text}),
    );
    round(
        &Activity::BackgroundShell { since },
        &json!({"kind": "BackgroundShell", "since": text}),
    );
    round(
        &Activity::MenuOpen { since },
        &json!({"kind": "MenuOpen", "since": text}),
    );
    round(
        &Need {
            kind: NeedKind::Permission,
            tool: None,
            detail: None,
            agent: None,
            elsewhere: None,
            since,
        },
        &json!({"kind": "Permission", "since": text}),
    );
    round(&NeedKind::Question, &json!("Question"));
    let because = StatusReason {
        source: Source::Registry,
        text: "it says so".into(),
        observed_at: since,
        since,
        certainty: Certainty::Inferred,
        until: String::new(),
    };
    let wire = json!({"source": "Registry", "text": "it says so", "observed_at": text,
        "since": text, "certainty": "Inferred"});
    round(&because, &wire);
    round(&ClaudeInfo::default(), &json!({"named_by_owner": false}));
    let target = TmuxTarget {
        socket: "/tmp/x".into(),
        session: "work".into(),
        window: "@1".into(),
        pane: "%2".into(),
        clients: 1,
    };
    let terminal = SessionTerminal {
        app: None,
        tty: Some("/dev/pts/1".into()),
        tmux: Some(target),
    };
    let wire = json!({"tty": "/dev/pts/1", "tmux": {"socket": "/tmp/x", "session": "work",
        "window": "@1", "pane": "%2", "clients": 1}});
    round(&terminal, &wire);
    round(
        &ResourceUsage {
            cpu: 1.5,
            rss: 1 << 20,
        },
        &json!({"cpu": 1.5, "rss": 1_048_576}),
    );
}

#[test]
fn a_session_goes_round() {
    let mut session = Session::new(id(), "/home/dev/api", ControlModel::Pty, None);
    session.created_at = time(1);
    session.last_seen = time(2);
    session.paused_at = Some(time(3) + Duration::from_millis(250));
    session.pause_summary = Some("Bash: cargo test".into());
    session.pid = Some(42);
    session.origin = SessionHost::Native;
    session.project_path = Some("/home/dev".into());
    let name = session.tmux_name.clone();
    round(
        &session,
        &json!({
            "id": SESSION_UUID, "workdir": "/home/dev/api", "status": "Starting", "control": "Pty",
            "active_delegations": 0, "tmux_name": name,
            "created_at": "1970-01-01T00:00:01Z", "last_seen": "1970-01-01T00:00:02Z",
            "project_path": "/home/dev", "paused_at": "1970-01-01T00:00:03.25Z",
            "pause_summary": "Bash: cargo test", "origin": "native", "pid": 42, "attached": true,
        }),
    );
}

#[test]
fn a_new_session_is_starting_and_named() {
    let before = SystemTime::now();
    let named = Session::new(
        id(),
        "/w",
        ControlModel::Tmux,
        Some(Path::new("/home/dev/My Api")),
    );
    assert_eq!(named.tmux_name, "tmpm-my-api");
    assert_eq!(
        named.project_path.as_deref(),
        Some(Path::new("/home/dev/My Api"))
    );
    assert_eq!(named.status, SessionStatus::Starting);
    assert_eq!(
        (named.origin, named.pid, named.active_delegations),
        (SessionHost::Tmux, None, 0)
    );
    assert!(named.created_at >= before && named.created_at == named.last_seen);
    let unnamed = Session::new(id(), "/w", ControlModel::Tmux, None);
    assert_eq!(unnamed.tmux_name, names::name_from_uuid(&id().0));
    let mut touched = unnamed.clone();
    touched.last_seen = time(0);
    touched.touch();
    assert!(touched.last_seen >= before);
    assert_eq!(touched.created_at, unnamed.created_at);
}

#[test]
fn older_json_still_reads() {
    let before = SystemTime::now();
    let legacy = json!({
        "id": SESSION_UUID, "workdir": "/w", "status": "Active", "control": "Tmux", "active_delegations": 2,
    });
    let session: Session = from_value(legacy.clone()).expect("reads");
    assert_eq!((session.origin, session.pid), (SessionHost::Tmux, None));
    assert_eq!(session.tmux_name, "");
    assert!(session.created_at >= before && session.last_seen >= before);
    assert_eq!(
        (session.paused_at, session.project_path, session.activity),
        (None, None, None)
    );
    assert!(session.attached);

    let mut parts = legacy.clone();
    parts["created_at"] = json!({"secs_since_epoch": 5, "nanos_since_epoch": 500_000_000});
    parts["last_seen"] = json!("1970-01-01T01:00:07+01:00");
    parts["paused_at"] = json!({"secs_since_epoch": 9, "nanos_since_epoch": 0});
    let session: Session = from_value(parts).expect("reads");
    assert_eq!(session.created_at, time(5) + Duration::from_millis(500));
    assert_eq!(
        (session.last_seen, session.paused_at),
        (time(7), Some(time(9)))
    );
    let written = to_value(&session).expect("writes");
    assert_eq!(written["created_at"], json!("1970-01-01T00:00:05.5Z"));

    let mut null = legacy.clone();
    null["paused_at"] = Value::Null;
    assert_eq!(from_value::<Session>(null).expect("reads").paused_at, None);
    for bad in [
        json!("yesterday"),
        json!(5),
        json!({"secs_since_epoch": u64::MAX}),
    ] {
        let mut wrong = legacy.clone();
        wrong["created_at"] = bad;
        assert!(from_value::<Session>(wrong).is_err());
    }
}
