use super::*;
use serde_json::{Value, json};

fn author(channel: AnswerChannel) -> AnswerAuthor {
    AnswerAuthor {
        channel,
        pid: Some(4242),
        executable: Some("/usr/bin/curl".into()),
        tty: Some("/dev/pts/7".into()),
        session: None,
    }
}

fn given(channel: AnswerChannel, answer: &Answer, changes: Vec<SettingsChange>) -> GivenAnswer {
    GivenAnswer::new(
        RequestId("ab".repeat(32)),
        answer,
        &author(channel),
        changes,
    )
}

fn folders() -> SettingsFolders<'static> {
    SettingsFolders {
        workdir: Path::new("/home/dev/src/api"),
        config: Path::new("/home/dev/.claude"),
    }
}

fn sentences(offer: &Value) -> Vec<String> {
    let changes = changes_of_offer(offer, folders());
    let home = Some(Path::new("/home/dev"));
    changes.iter().map(|change| change.sentence(home)).collect()
}

#[test]
fn a_row_says_for_a_minute_who_answered_outside_the_app() {
    let at = Timestamp::from_millis(1_000);
    let said = |answer: &GivenAnswer, ms: i64| {
        let shown = answer.visible_answer(at, Timestamp::from_millis(ms));
        shown.map(|answer| answer.sentence(None))
    };
    let allow = Answer::Allow {};
    let terminal = given(AnswerChannel::Terminal, &allow, vec![]);
    let program = given(AnswerChannel::Program, &allow, vec![]);
    let expected = "approved at a terminal, pts/7";
    assert_eq!(said(&terminal, 1_000).as_deref(), Some(expected));
    assert_eq!(said(&terminal, 60_999).as_deref(), Some(expected));
    assert_eq!(
        said(&terminal, 61_000),
        None,
        "no longer shown after a minute"
    );
    let expected = "approved by a program (curl, pid 4242)";
    assert_eq!(said(&program, 1_000).as_deref(), Some(expected));
    for click in [AnswerChannel::Popover, AnswerChannel::Notification] {
        assert_eq!(
            said(&given(click, &allow, vec![]), 1_000),
            None,
            "{click:?}"
        );
    }
    let mut unknown = given(
        AnswerChannel::Program,
        &Answer::Deny { message: None },
        vec![],
    );
    (unknown.pid, unknown.executable) = (None, None);
    assert_eq!(
        said(&unknown, 1_000).as_deref(),
        Some("denied by a program")
    );
}

#[test]
fn a_lasting_answer_says_which_rule_was_written_where_and_how_to_undo_it() {
    let rule = |destination: &str| {
        json!({
            "type": "addRules", "behavior": "allow", "destination": destination,
            "rules": [{"toolName": "Bash", "ruleContent": "npm test:*"}, {"toolName": "Read"}],
        })
    };
    for (destination, file) in [
        ("localSettings", "~/src/api/.claude/settings.local.json"),
        ("projectSettings", "~/src/api/.claude/settings.json"),
        ("userSettings", "~/.claude/settings.json"),
    ] {
        let line = |rule: &str| {
            format!(
                "Claude Code adds {rule} to permissions.allow in {file}; delete the entry there \
                 to undo"
            )
        };
        let expected = [line("Bash(npm test:*)"), line("Read")];
        assert_eq!(sentences(&rule(destination)), expected);
    }
    let mode = json!({"type": "setMode", "mode": "acceptEdits", "destination": "session"});
    let expected = "the session is in mode acceptEdits until it ends; press Shift+Tab in the \
                    terminal to change the mode";
    assert_eq!(sentences(&mode), [expected]);
    let folder = json!({
        "type": "addDirectories", "directories": ["/srv/data"], "destination": "userSettings",
    });
    let expected = "Claude Code adds /srv/data to permissions.additionalDirectories in \
                    ~/.claude/settings.json; delete the entry there to undo";
    assert_eq!(sentences(&folder), [expected]);
    for odd in [
        json!(7),
        json!({}),
        json!({"type": "new", "destination": "session"}),
    ] {
        assert_eq!(sentences(&odd), [""; 0], "{odd}");
    }
    // Shown for a click in the popover too: the user does not see there what Claude Code writes.
    let always = Answer::Always { suggestion: 0 };
    let changes = changes_of_offer(&rule("localSettings"), folders());
    let clicked = given(AnswerChannel::Popover, &always, changes);
    let at = Timestamp::from_millis(0);
    let shown = clicked.visible_answer(at, at).expect("shown");
    assert!(shown.sentence(None).starts_with("Claude Code adds Bash("));
}

#[test]
fn a_record_is_one_line_without_what_was_asked_or_answered() {
    let secret = "use the old one";
    let session = SessionId(uuid::Uuid::from_u128(7));
    let time = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    let answers = [
        (Answer::Allow {}, "approve"),
        (Answer::Always { suggestion: 1 }, "always"),
        (
            Answer::Deny {
                message: Some(secret.into()),
            },
            "deny",
        ),
        (
            Answer::Stop {
                message: Some(secret.into()),
            },
            "stop",
        ),
        (
            Answer::Choose {
                answers: vec![vec![secret.into()]],
            },
            "answer",
        ),
        (Answer::Release {}, "release"),
    ];
    for (answer, kind) in answers {
        let change = SettingsChange {
            value: secret.to_owned(),
            key: "permissions.allow".into(),
            file: None,
        };
        let given = given(AnswerChannel::Terminal, &answer, vec![change]);
        let record = given.record(session, time);
        let line = serde_json::to_string(&record).expect("valid JSON");
        let expected = json!({
            "time": "2027-01-15T08:00:00Z", "by": "terminal", "pid": 4242,
            "executable": "/usr/bin/curl", "tty": "/dev/pts/7", "session": session,
            "request": "ab".repeat(32), "kind": kind,
        });
        let read: Value = serde_json::from_str(&line).expect("valid JSON");
        assert_eq!(read, expected, "{kind}");
        assert!(!line.contains('\n') && !line.contains(secret), "{line}");
        let back: AnswerRecord = serde_json::from_str(&line).expect("an answer record");
        assert_eq!(back, record);
    }
}
