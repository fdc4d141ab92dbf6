use super::*;
use crate::transcript_record::decode;
use proptest::prelude::*;

const TURNS_SAMPLE: &str = include_str!("../samples/turns.jsonl");
const COMPACTED_SAMPLE: &str = include_str!("../samples/compacted.jsonl");

/// After all samples were written.
fn later_time() -> Timestamp {
    Timestamp::from_rfc3339("2026-11-23T00:00:00Z").expect("a time")
}

fn tracker_of_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> TurnTracker {
    let mut story = TurnTracker::default();
    for record in lines.into_iter().filter_map(|l| decode(l.as_bytes())) {
        story.apply_record(record, ConversationChain::Main, later_time());
    }
    story
}

fn facts_of_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> TranscriptFacts {
    tracker_of_lines(lines).transcript()
}

/// What is told once a line that holds `word` was written.
fn facts_until(sample: &'static str, word: &str) -> TranscriptFacts {
    let lines = sample.lines();
    let end = lines
        .clone()
        .position(|l| l.contains(word) && decode(l.as_bytes()).is_some());
    facts_of_lines(lines.take(end.unwrap_or_else(|| panic!("no {word}")) + 1))
}

fn parse_time(text: &str) -> Timestamp {
    Timestamp::from_rfc3339(&format!("2026-11-22T19:{text}Z")).expect("a time")
}

fn how(transcript: &TranscriptFacts) -> Option<TurnEndKind> {
    transcript.end.as_ref().map(|e| e.how.clone())
}

fn first_prompt(transcript: &TranscriptFacts) -> &str {
    transcript.prompt.as_ref().map_or("", |p| &p.text)
}

#[test]
fn a_turn_begins_calls_a_tool_and_ends() {
    let begun = facts_until(TURNS_SAMPLE, "\"content\":\"bash: touch made\"");
    assert_eq!(begun.turn_at, Some(parse_time("13:59.558")));
    assert_eq!(first_prompt(&begun), "bash: touch made");
    assert_eq!(
        begun.end.expect("of the turn before").at,
        parse_time("13:59.395")
    );

    let calls = facts_until(TURNS_SAMPLE, "\"command\":\"touch made\"");
    assert_eq!(calls.calls.len(), 1);
    let call = &calls.calls[0];
    assert_eq!(
        (call.tool.as_str(), call.detail.as_deref()),
        ("Bash", Some("touch made"))
    );
    assert_eq!(call.at, parse_time("14:00.120"));
    assert_eq!(calls.end, None, "the model went on");
    assert_eq!(calls.model.as_deref(), Some("claude-opus-5-5"));
    assert_eq!(calls.mode.as_deref(), Some("default"));
    assert_eq!(calls.branch, None, "HEAD is no branch");

    let run = facts_until(TURNS_SAMPLE, "\"is_error\":false");
    assert!(run.calls.is_empty());
    let over = facts_until(TURNS_SAMPLE, "\"durationMs\":1254");
    assert_eq!(how(&over), Some(TurnEndKind::Finished));
    assert!(over.end.expect("ended").at > over.turn_at.expect("begun"));
}

#[test]
fn a_refused_or_stopped_turn_is_interrupted() {
    let refused = facts_until(TURNS_SAMPLE, "interrupted by user for tool use");
    assert_eq!(how(&refused), Some(TurnEndKind::Interrupted));
    assert!(refused.calls.is_empty());
    let stopped = facts_until(TURNS_SAMPLE, "interrupted by user]");
    assert_eq!(how(&stopped), Some(TurnEndKind::Interrupted));
    assert_eq!(stopped.error, None);
}

#[test]
fn what_is_asked_while_a_turn_runs_begins_none() {
    let queued = facts_until(TURNS_SAMPLE, "\"type\":\"queued_command\"");
    assert_eq!(first_prompt(&queued), "say queued");
    assert_eq!(queued.turn_at, Some(parse_time("14:05.776")));
}

#[test]
fn an_error_ends_a_turn_and_stays() {
    let failed = facts_until(TURNS_SAMPLE, "\"isApiErrorMessage\":true");
    assert_eq!(how(&failed), Some(TurnEndKind::Failed));
    let error = failed.error.expect("told");
    assert_eq!(error.text, "API Error: 400 scripted 400");
    let later = facts_of_lines(TURNS_SAMPLE.lines());
    assert_eq!(later.error, Some(error));
    assert_eq!(
        later.model.as_deref(),
        Some("claude-opus-5-5"),
        "not the client's own"
    );
}

#[test]
fn commands_end_without_the_model() {
    let shell = facts_until(TURNS_SAMPLE, "<bash-input>");
    assert_eq!(shell.turn_at, Some(parse_time("14:37.076")));
    assert_eq!(first_prompt(&shell), "error 529 x2 then say ok");
    let ran = facts_until(TURNS_SAMPLE, "<bash-stdout>");
    assert!(
        ran.end.expect("of an earlier turn").at < parse_time("14:37"),
        "the model is asked"
    );
    assert_eq!(
        first_prompt(&facts_until(TURNS_SAMPLE, "<command-name>/hello")),
        "/hello"
    );
    let renamed = facts_until(TURNS_SAMPLE, "Session renamed to");
    assert_eq!(how(&renamed), Some(TurnEndKind::Command));
    let cleared = facts_until(
        include_str!("../samples/cleared.jsonl"),
        "\"command\":\"clear\"",
    );
    assert_eq!(
        (how(&cleared), cleared.turn_at),
        (Some(TurnEndKind::Command), None)
    );
}

#[test]
fn compaction_by_a_person_ends_and_by_the_client_does_not() {
    let compacted = facts_of_lines(TURNS_SAMPLE.lines());
    assert_eq!(how(&compacted), Some(TurnEndKind::Compacted));
    assert_eq!(compacted.tokens, Some(3115));
    let within = facts_until(COMPACTED_SAMPLE, "\"compact_boundary\"");
    assert_eq!(within.tokens, Some(2889));
    assert!(within.end.expect("of the turn before").at < within.turn_at.expect("begun"));
    let full = facts_until(COMPACTED_SAMPLE, "The context is full.");
    assert_eq!(full.tokens, Some(975_020));
    let on = facts_of_lines(COMPACTED_SAMPLE.lines());
    assert_eq!(
        (how(&on), on.mode.as_deref()),
        (Some(TurnEndKind::Finished), Some("acceptEdits"))
    );
}

#[test]
fn a_question_and_a_plan_are_told() {
    let question = facts_until(COMPACTED_SAMPLE, "AskUserQuestion");
    assert_eq!(question.calls[0].detail.as_deref(), Some("Which color?"));
    let plan = facts_of_lines(include_str!("../samples/plan.jsonl").lines());
    assert_eq!(plan.calls[0].tool, "ExitPlanMode");
    assert_eq!(plan.calls[0].detail.as_deref(), Some("Plan…"));
    assert_eq!(plan.mode.as_deref(), Some("plan"));
}

#[test]
fn a_note_about_an_earlier_process_begins_no_turn() {
    let lines = include_str!("../samples/resumed.jsonl").lines();
    let end = lines
        .clone()
        .position(|l| l.contains("queueTranscriptOnly"))
        .expect("noted");
    let resumed = tracker_of_lines(lines.take(end + 1));
    assert!(resumed.is_over());
    assert_eq!(
        resumed.ended_at("a73275471bcf20baf"),
        Some(parse_time("15:19.296"))
    );
    assert_eq!(
        resumed.ended_at("a33dfaa65ca04c56e"),
        Some(parse_time("15:19.296"))
    );
    assert!(resumed.ended_at("a1").is_none());
}

#[test]
fn a_turn_begun_by_an_agent_is_no_person_s() {
    let all = facts_of_lines(include_str!("../samples/agents.jsonl").lines());
    assert_eq!(first_prompt(&all), "agents 3 fg stream 3s");
    assert_eq!(all.turn_at, Some(parse_time("14:11.332")));
    assert!(all.calls.is_empty());
    let stopped = facts_of_lines(include_str!("../samples/stopped.jsonl").lines());
    assert_eq!(first_prompt(&stopped), "agents 2 bg stream 60s");
}

#[test]
fn from_any_line_on_it_is_the_same_in_the_end() {
    let whole = facts_of_lines(TURNS_SAMPLE.lines());
    let count = TURNS_SAMPLE.lines().count();
    for start in 0..count - 20 {
        let cut = facts_of_lines(TURNS_SAMPLE.lines().skip(start));
        assert_eq!(
            (&cut.end, &cut.calls),
            (&whole.end, &whole.calls),
            "from {start}"
        );
        assert_eq!(cut.tokens, whole.tokens);
    }
}

#[test]
fn a_prompt_that_was_not_read_is_known_by_its_repetition() {
    let lines = TURNS_SAMPLE.lines();
    let repeated = "\"lastPrompt\":\"stream 20s\"";
    let start = lines
        .clone()
        .position(|l| l.contains(repeated))
        .expect("repeated");
    let cut = facts_of_lines(lines.skip(start).take(4));
    let prompt = cut.prompt.expect("known");
    assert_eq!(prompt.text, "stream 20s");
    assert_eq!(prompt.at, parse_time("14:25.954"), "at the latest");
    assert_eq!(cut.turn_at, None);
}

#[test]
fn a_retry_is_told_until_something_comes_of_it() {
    let prompt = r#"{"type":"user","timestamp":"2026-11-22T19:00:00Z","message":{"content":"go"}}"#;
    let retry = |n: u32| {
        format!(
            r#"{{"type":"system","subtype":"api_error","retryAttempt":{n},"maxRetries":10,"retryInMs":1000,"timestamp":"2026-11-22T19:00:0{n}Z"}}"#
        )
    };
    let (first, second) = (retry(1), retry(2));
    let trying = facts_of_lines([prompt, &second, &first]);
    let next = trying.retry.expect("told");
    assert_eq!(
        (next.attempt, next.of, next.next_at),
        (2, Some(10), Some(parse_time("00:03")))
    );
    let answer = r#"{"type":"assistant","timestamp":"2026-11-22T19:00:04Z","message":{"id":"m","stop_reason":null,"content":[]}}"#;
    assert_eq!(facts_of_lines([prompt, &first, answer]).retry, None);
    assert_eq!(
        facts_of_lines([&first, prompt]).retry.map(|r| r.attempt),
        Some(1)
    );
}

#[test]
fn an_answer_closes_the_calls_of_the_one_before() {
    let call = |n: u32, message: &str| {
        format!(
            r#"{{"type":"assistant","timestamp":"2026-11-22T19:00:0{n}Z","message":{{"id":"{message}","stop_reason":"tool_use","content":[{{"type":"tool_use","id":"t{n}","name":"Bash","input":{{"command":"c{n}"}}}}]}}}}"#
        )
    };
    let (one, two, three) = (call(1, "a"), call(2, "a"), call(3, "b"));
    let open = |lines: &[&String]| {
        let told = facts_of_lines(lines.iter().map(|l| l.as_str()));
        told.calls.into_iter().map(|c| c.id).collect::<Vec<_>>()
    };
    assert_eq!(open(&[&two, &one]), ["t1", "t2"]);
    assert_eq!(open(&[&one, &three, &two]), ["t3"]);
    let result = r#"{"type":"user","timestamp":"2026-11-22T19:00:04Z","message":{"content":[{"type":"tool_result","tool_use_id":"t2"}]}}"#.to_owned();
    assert_eq!(
        open(&[&result, &one, &two]),
        ["t1"],
        "a result may be written first"
    );
}

#[test]
fn a_turn_after_the_clock_was_set_back_is_told() {
    let line = |time: &str, rest: &str| {
        let text = format!(r#"{{"timestamp":"2026-11-22T{time}Z",{rest}}}"#);
        decode(text.as_bytes()).expect("decodes")
    };
    let at = |time: &str| Timestamp::from_rfc3339(&format!("2026-11-22T{time}Z")).expect("time");
    let ask = r#""type":"user","message":{"role":"user","content":"go"}"#;
    let before = [
        line("19:00:00.000", ask),
        line(
            "19:00:10.000",
            r#""type":"assistant","gitBranch":"b","message":{"id":"m1","model":"m","stop_reason":"end_turn","content":[{"type":"text","text":"done"}]}"#,
        ),
        line(
            "19:00:10.100",
            r#""type":"system","subtype":"turn_duration""#,
        ),
    ];
    let mut story = TurnTracker::default();
    for record in before {
        story.apply_record(record, ConversationChain::Main, at("19:00:11"));
    }
    let finished = story.clone();
    // A prompt that has waited is dated back, too, and the clock is as it was.
    let waited = r#""type":"attachment","attachment":{"type":"queued_command","prompt":"x"}"#;
    story.apply_record(
        line("18:00:00.000", waited),
        ConversationChain::Main,
        at("19:00:12"),
    );
    assert_eq!(story.transcript().newest_at, Some(at("19:00:10.100")));
    assert!(story.is_over());

    // The wall clock was set two hours back.
    let mut story = finished;
    story.apply_record(
        line("17:05:00.000", ask),
        ConversationChain::Main,
        at("17:05:01"),
    );
    assert!(!story.is_over());
    assert_eq!(story.transcript().turn_at, Some(at("17:05:00")));
    assert_eq!(
        story.transcript().branch.as_deref(),
        Some("b"),
        "nothing is lost"
    );
    let call = r#""type":"assistant","message":{"id":"m2","model":"m","stop_reason":"tool_use","content":[{"type":"tool_use","id":"toolu_9","name":"AskUserQuestion","input":{}}]}"#;
    story.apply_record(
        line("17:05:05.000", call),
        ConversationChain::Main,
        at("17:05:06"),
    );
    let told = story.transcript();
    assert_eq!((told.calls.len(), told.end), (1, None));
    assert_eq!(told.newest_at, Some(at("17:05:05")));
}

#[test]
fn a_client_whose_clock_is_ahead_is_followed_all_the_same() {
    let early = Timestamp::from_rfc3339("2026-11-22T00:00:00Z").expect("a time");
    let mut ahead = TurnTracker::default();
    for record in TURNS_SAMPLE.lines().filter_map(|l| decode(l.as_bytes())) {
        ahead.apply_record(record, ConversationChain::Main, early);
    }
    assert_eq!(ahead.transcript(), facts_of_lines(TURNS_SAMPLE.lines()));
}

#[test]
fn records_of_others_in_the_file_are_left_out() {
    let side = r#"{"type":"user","isSidechain":true,"timestamp":"2026-11-22T19:00:00Z","message":{"content":"go"}}"#;
    assert_eq!(facts_of_lines([side]), TranscriptFacts::default());
    let agent = include_str!("../samples/agent.jsonl");
    let mut own = TurnTracker::default();
    for record in agent.lines().filter_map(|l| decode(l.as_bytes())) {
        own.apply_record(record, ConversationChain::Side, later_time());
    }
    assert!(own.is_over());
}

#[test]
fn what_is_kept_is_bounded() {
    let mut many = TurnTracker::default();
    for n in 0..5_000 {
        let call = format!(
            r#"{{"type":"assistant","timestamp":"2026-11-22T19:00:00.{n:06}Z","message":{{"id":"m","content":[{{"type":"tool_use","id":"t{n}","name":"B"}}]}}}}"#
        );
        let result = format!(
            r#"{{"type":"user","timestamp":"2026-11-22T19:00:00Z","message":{{"content":[{{"type":"tool_result","tool_use_id":"r{n}"}}]}}}}"#
        );
        let ended = format!(
            r#"{{"type":"user","timestamp":"2026-11-22T19:00:00.{n:06}Z","message":{{"content":"<task-notification><task-id>a{n}</task-id><status>completed</status>"}}}}"#
        );
        for line in [call, result, ended] {
            let record = decode(line.as_bytes()).expect("decodes");
            many.apply_record(record, ConversationChain::Main, later_time());
        }
    }
    assert_eq!(many.calls.len(), MAX_KEPT_CALLS);
    assert_eq!(many.results.ids.len(), MAX_KEPT_RESULTS);
    assert_eq!(many.results.order.len(), MAX_KEPT_RESULTS);
    assert_eq!(many.ended.len(), MAX_ENDED_SUBAGENTS);
    assert!(many.ended_at("a4999").is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_order_of_lines_does_not_matter(seed in prop::collection::vec(any::<u32>(), 200)) {
        for sample in [TURNS_SAMPLE, COMPACTED_SAMPLE] {
            // What has no time is told by its place.
            let dated = |l: &&str| decode(l.as_bytes()).is_some_and(|r| r.at.is_some());
            let lines: Vec<&str> = sample.lines().filter(dated).collect();
            let mut mixed: Vec<(u32, &str)> = seed.iter().copied().cycle().zip(lines.iter().copied()).collect();
            mixed.sort_unstable();
            let mut whole = facts_of_lines(lines);
            let mut other = facts_of_lines(mixed.into_iter().map(|(_, l)| l));
            whole.mode = None;
            other.mode = None;
            prop_assert_eq!(whole, other);
        }
    }
}
