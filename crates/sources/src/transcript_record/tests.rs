use super::*;
use proptest::prelude::*;

const TRANSCRIPT_SAMPLES: [&str; 8] = [
    include_str!("../transcript/samples/agent.jsonl"),
    include_str!("../transcript/samples/agents.jsonl"),
    include_str!("../transcript/samples/cleared.jsonl"),
    include_str!("../transcript/samples/compacted.jsonl"),
    include_str!("../transcript/samples/plan.jsonl"),
    include_str!("../transcript/samples/resumed.jsonl"),
    include_str!("../transcript/samples/stopped.jsonl"),
    include_str!("../transcript/samples/turns.jsonl"),
];

fn lines() -> Vec<&'static str> {
    TRANSCRIPT_SAMPLES.iter().flat_map(|s| s.lines()).collect()
}

fn what(line: &str) -> RecordContent {
    decode(line.as_bytes()).expect("decodes").what
}

fn content_of(text: &str) -> RecordContent {
    let line = serde_json::json!({"type": "user", "message": {"content": text}});
    what(&line.to_string())
}

fn called(tool: &str, input: &str) -> Option<String> {
    let line = format!(
        r#"{{"type":"assistant","timestamp":"2026-11-22T19:14:00Z","message":{{"id":"m","model":"x",
        "content":[{{"type":"tool_use","id":"t","name":"{tool}","input":{input}}}]}}}}"#
    );
    match what(&line) {
        RecordContent::Answer(answer) => answer.calls[0].detail.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_large_is_not_parsed() {
    let cut = |line: &str| format!("{}, not JSON from here", &line[..line.len() - 1]);
    for line in lines() {
        let wanted = decode(line.as_bytes());
        let aside = is_aside(line.as_bytes());
        assert!(!aside || wanted.is_none());
        let kinds = [
            "\"type\":\"api-request",
            "\"type\":\"file-history",
            "\"type\":\"queue-operation",
            "{\"type\":\"prompt_snapshot",
            "{\"type\":\"skill_listing",
        ];
        if kinds.iter().any(|k| line.contains(k)) {
            assert!(is_aside(cut(line).as_bytes()), "{line}");
        }
    }
    let tool = r#"{"isSidechain":false,"message":{"content":[{"type":"tool_use","id":"t","name":"X","input":{"attachment":{"type":"mail"}}}]},"type":"assistant","timestamp":"2026-11-22T19:14:00Z"}"#;
    assert!(matches!(what(tool), RecordContent::Answer(a) if a.calls.len() == 1));
}

#[test]
fn people_are_told_from_machines() {
    let prompt = |text: &str| RecordContent::Turn(Some(text.into()));
    assert_eq!(content_of("fix it\nplease"), prompt("fix it…"));
    assert_eq!(content_of("\n \u{1b}[1m two  "), prompt("\u{fffd}[1m two"));
    assert_eq!(
        content_of(&"x".repeat(999)),
        prompt(&format!("{}…", "x".repeat(199)))
    );
    assert_eq!(
        content_of("<bash-input>ls</bash-input>"),
        RecordContent::Turn(None)
    );
    assert_eq!(
        content_of(
            "<command-message>go</command-message>\n<command-name>/go</command-name><command-args>a b</command-args>"
        ),
        prompt("/go a b")
    );
    assert_eq!(
        content_of("<command-name>/clear</command-name>"),
        RecordContent::CommandCalled
    );
    assert_eq!(
        content_of("<local-command-stdout></local-command-stdout>"),
        RecordContent::CommandRan
    );
    assert_eq!(
        content_of("<bash-stdout>x</bash-stdout>"),
        RecordContent::CommandRan
    );
    assert_eq!(
        content_of("[Request interrupted by user for tool use]"),
        RecordContent::Interrupted
    );
    assert_eq!(
        content_of("<system-reminder>x</system-reminder>"),
        RecordContent::Other
    );
    let notified = "<task-notification>\n<task-id>a1</task-id>\n<task-id>a2</task-id>\n<status>stopped</status><result><task-id>a3</task-id></result>";
    assert_eq!(
        content_of(notified),
        RecordContent::Ended {
            ids: vec!["a1".into(), "a2".into()],
            turn: true
        }
    );
    let blocks = r#"{"type":"user","message":{"content":[{"type":"text","text":"<ide_opened_file>a</ide_opened_file>"},{"type":"text","text":"do it"}]}}"#;
    assert_eq!(what(blocks), prompt("do it"));
    let picture = r#"{"type":"user","message":{"content":[{"type":"image"}]}}"#;
    assert_eq!(what(picture), RecordContent::Turn(None));
    for aside in ["isMeta", "isCompactSummary", "isVisibleInTranscriptOnly"] {
        let line = format!(r#"{{"type":"user","{aside}":true,"message":{{"content":"x"}}}}"#);
        assert_eq!(what(&line), RecordContent::Other);
    }
    let machine = r#"{"type":"user","origin":{"kind":"task-notification"},"message":{"content":"2 agents were stopped"}}"#;
    assert_eq!(what(machine), RecordContent::Turn(None));
}

#[test]
fn a_call_is_told_in_one_line() {
    let told = |tool: &str, input: &str| called(tool, input).unwrap_or_default();
    assert_eq!(
        told(
            "Bash",
            r#"{"command":"make all\nmake test","description":"d"}"#
        ),
        "make all…"
    );
    assert_eq!(
        told("Edit", r#"{"file_path":"/a/b/c.rs","old_string":"x"}"#),
        "c.rs"
    );
    assert_eq!(
        told("NotebookEdit", r#"{"notebook_path":"/a/n.ipynb"}"#),
        "n.ipynb"
    );
    assert_eq!(
        told("Agent", r#"{"description":"Job 1","prompt":"p"}"#),
        "Job 1"
    );
    assert_eq!(
        told(
            "AskUserQuestion",
            r#"{"questions":[{"question":"Which?"}]}"#
        ),
        "Which?"
    );
    assert_eq!(
        told("ExitPlanMode", "{\"plan\":\"# Plan\\n\\n1. Look.\"}"),
        "Plan…"
    );
    assert_eq!(
        told("WebFetch", r#"{"prompt":"p","url":"https://a.b"}"#),
        "https://a.b"
    );
    assert_eq!(told("Grep", r#"{"path":"/a","pattern":"x.*y"}"#), "x.*y");
    assert_eq!(told("mcp__a__b", r#"{"query":"who"}"#), "who");
    let long = "y".repeat(300);
    assert_eq!(
        told("Bash", &format!(r#"{{"command":"{long}"}}"#)),
        format!("{}…", "y".repeat(119))
    );
    assert_eq!(
        called("mcp__a__b", &format!(r#"{{"n":1,"text":"{long}"}}"#)),
        None
    );
    assert_eq!(called("Bash", "7"), None);
    assert_eq!(called("Edit", r#"{"file_path":7}"#), None);
}

#[test]
fn a_retry_is_understood() {
    let line = r#"{"type":"system","subtype":"api_error","level":"error","error":{"status":529},"retryInMs":1500.5,"retryAttempt":3,"maxRetries":10,"timestamp":"2026-11-22T19:14:00Z"}"#;
    let at = Timestamp::from_rfc3339("2026-11-22T19:14:01.5005Z");
    assert_eq!(
        what(line),
        RecordContent::Retry(RetryAttempt {
            at: Timestamp::from_rfc3339("2026-11-22T19:14:00Z").expect("a time"),
            attempt: 3,
            of: Some(10),
            next_at: at
        })
    );
    let odd = r#"{"type":"system","subtype":"api_error","retryInMs":-1,"retryAttempt":"x"}"#;
    assert_eq!(what(odd), RecordContent::Other);
}

#[test]
fn of_a_whole_request_only_its_time_is_taken() {
    let line = |source: &str| {
        format!(
            r#"{{"type":"api-request","sessionId":"s","id":"i","timestamp":"2026-11-22T14:25:05.719Z","version":"2.1.330","querySource":"{source}","shapeHash":"2f16","messages":[{{"text":"\"timestamp\":\"no\""#
        )
    };
    let record = decode(line("repl_main_thread").as_bytes()).expect("a record");
    assert_eq!(record.what, RecordContent::Requested);
    assert_eq!(
        record.at,
        Timestamp::from_rfc3339("2026-11-22T14:25:05.719Z")
    );
    assert_eq!(decode(line("agent:builtin").as_bytes()), None);
    assert_eq!(decode(br#"{"type":"api-request","x":1}"#), None);
}

#[test]
fn what_only_fills_a_prompt_is_not_repeated() {
    for (text, asked) in [
        ("go on", RecordContent::AskedBefore("go on".into())),
        ("<task-notification>", RecordContent::Other),
        ("! ls -la", RecordContent::Other),
        (
            "2 background agents were stopped by the user: \"A\".",
            RecordContent::Other,
        ),
    ] {
        let line = serde_json::json!({"type": "last-prompt", "lastPrompt": text}).to_string();
        assert_eq!(what(&line), asked);
    }
}

#[test]
fn wrong_types_are_missed() {
    for line in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"type":7}"#,
        r#"{"type":"user"}"#,
        r#"{"type":"user","message":7}"#,
        r#"{"type":"user","message":{"content":[7,{"type":"tool_result"}]}}"#,
        r#"{"type":"assistant"}"#,
        r#"{"type":"assistant","message":{"content":{}}}"#,
        r#"{"type":"assistant","timestamp":"x","message":{"content":[{"type":"tool_use","id":"t","name":"B"}],"usage":[]}}"#,
        r#"{"type":"system","subtype":[]}"#,
        r#"{"type":"attachment","attachment":{"type":"queued_command","prompt":[]}}"#,
        "\u{feff}{}",
        "{\"type\":\"user\",\"message\":{\"content\":\"\0\"}}",
    ] {
        let record = decode(line.as_bytes());
        let quiet = |what: &RecordContent| match what {
            RecordContent::Answer(answer) => answer.calls.is_empty() && answer.tokens.is_none(),
            other => *other == RecordContent::Other,
        };
        assert!(
            record.as_ref().is_none_or(|r| quiet(&r.what)),
            "{line}: {record:?}"
        );
    }
    let deep = format!(
        "{}{}",
        "{\"type\":\"user\",\"a\":".repeat(9000),
        "}".repeat(9000)
    );
    assert_eq!(decode(deep.as_bytes()), None);
}

proptest! {
    #[test]
    fn any_bytes_decode(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn any_cut_or_change_of_a_real_line_decodes(n in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), with in any::<u8>()) {
        let lines = lines();
        let mut bytes = lines[n.index(lines.len())].as_bytes().to_vec();
        let at = cut.index(bytes.len());
        let _ = decode(&bytes[..at]);
        let _ = decode(&bytes[at..]);
        bytes[at] = with;
        let _ = decode(&bytes);
    }
}
