//! What hooks cost a session: the hook program against an empty one, and a tool call of the real
//! Claude Code with and without hooks.

use super::{WAIT_TIMEOUT, ms, percentile, row};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use trusty_tests::trusty::{environment_variables, program, serve};
use trusty_tests::{
    ApiEvent, ApiEventKind, MANUAL_MODE_ARGS, StageBuilder, TerminalShape, TestHome, TestStage,
};

const HOOK_PAYLOAD: &str = r#"{"session_id":"s","transcript_path":"/t.jsonl","hook_event_name":"PreToolUse","tool_name":"Bash","tool_use_id":"t","tool_input":{"command":"make all","description":"builds all"}}"#;
const TURN_COUNT: usize = 15;

pub(super) fn run() {
    let home = TestHome::new();
    let alone = over_an_empty_process(&home);
    row(
        "a hook over an empty process, no engine",
        &ms(alone),
        "≤ 3 ms",
    );
    let serving = serve(&home);
    let told = over_an_empty_process(&home);
    row("a hook over an empty process, told", &ms(told), "≤ 3 ms");
    drop(serving);
}

/// The median of the hook program less that of an empty one, started in turn.
fn over_an_empty_process(home: &TestHome) -> Duration {
    let hook = program("trusty-hook");
    let time = |command: &mut Command| {
        let begun = Instant::now();
        let mut child = command
            .env_clear()
            .envs(environment_variables(home))
            .env("CLAUDE_PID", std::process::id().to_string())
            .stdin(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut input = child.stdin.take().expect("piped");
        // An empty program reads nothing.
        let _ = input.write_all(HOOK_PAYLOAD.as_bytes());
        drop(input);
        assert!(child.wait().expect("ends").success());
        begun.elapsed()
    };
    let (mut ours, mut empty) = (Vec::new(), Vec::new());
    for _ in 0..300 {
        empty.push(time(&mut Command::new("/bin/true")));
        ours.push(time(Command::new(&hook).arg("PreToolUse")));
    }
    percentile(&mut ours, 50).saturating_sub(percentile(&mut empty, 50))
}

/// The time from the end of the answer that calls a tool to the request with the tool's result.
pub(super) fn with_client() {
    let without = tool_call(TestStage::builder());
    row("a tool call of the client, no hooks", &ms(without), "-");
    let connected = tool_call(TestStage::builder().hooks());
    row("the same, connected, no engine", &ms(connected), "-");
    let told = tool_call(TestStage::builder().hooks().engine());
    row("the same, connected, told", &ms(told), "-");
}

fn tool_call(builder: StageBuilder<'_>) -> Duration {
    let stage = builder.open(TerminalShape::PtyDirect, "work", &MANUAL_MODE_ARGS);
    let stage = stage.expect("Claude Code");
    let mut times: Vec<Duration> = (0..TURN_COUNT)
        .filter_map(|n| {
            let prompt = format!("bash: echo {n}");
            stage.terminal.run_turn(WAIT_TIMEOUT, &prompt);
            let events = stage.api.events();
            let at = |kind: ApiEventKind, step: usize| {
                let is = |e: &&ApiEvent| (e.kind, e.step, &*e.prompt) == (kind, step, &prompt);
                events.iter().find(is).map(|e| e.at)
            };
            let (asked, answered) = (
                at(ApiEventKind::MessageStop, 0)?,
                at(ApiEventKind::Requested, 1)?,
            );
            answered.duration_since(asked).ok()
        })
        .collect();
    assert_eq!(times.len(), TURN_COUNT, "each turn calls one tool");
    percentile(&mut times, 50)
}
