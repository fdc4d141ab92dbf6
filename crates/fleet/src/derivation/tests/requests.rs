//! The life of a request: made, held, released, over.

use super::content::{call, end, hook, life, said, transcript, with};
use super::*;
use crate::observation::{ControlPreferences, HoldDuration, HookEvent, HookEventKind, TurnEndKind};
use crate::request::{HookOutcome, PermissionRequest, RequestId, RequestKind, ToolCallHash};

pub(super) type RequestFacts = Vec<(i64, Fact)>;
/// A name, further facts about a request, and what is shown at each time.
type RequestScenarios = Vec<(&'static str, RequestFacts, Vec<(i64, &'static str)>)>;

/// The agent that asks; `None` for the main agent.
pub(super) type AskingAgent = Option<&'static str>;

pub(super) const MAIN_AGENT: AskingAgent = None;
const HELPER_AGENT: AskingAgent = Some("a1");

pub(super) fn asked(ms: i64, id: &str, agent: AskingAgent) -> (i64, Fact) {
    asked_for(ms, id, agent, "make")
}

fn asked_for(ms: i64, name: &str, agent: AskingAgent, input: &str) -> (i64, Fact) {
    let asking = PermissionRequest {
        id: RequestId(name.into()),
        session_id: "s".into(),
        kind: RequestKind::Permission,
        tool: "Bash".into(),
        detail: Some(name.into()),
        agent: agent.map(Into::into),
        agent_type: agent.map(|_| "Explore".into()),
        call: ToolCallHash(input.into()),
    };
    (ms, Fact::RequestHeld(id(1, 7), Box::new(asking)))
}

pub(super) fn over(ms: i64, name: &str, how: HookOutcome) -> (i64, Fact) {
    (
        ms,
        Fact::RequestEnded(id(1, 7), RequestId(name.into()), how),
    )
}

fn of(agent: AskingAgent, what: HookEventKind) -> HookEvent {
    HookEvent {
        agent: agent.map(Into::into),
        ..hook(what)
    }
}

pub(super) fn event(ms: i64, agent: AskingAgent, what: HookEventKind) -> (i64, Fact) {
    (ms, Fact::Hook(Box::new(of(agent, what))))
}

/// A call with this id and input is about to run.
pub(super) fn begins(ms: i64, agent: AskingAgent, name: &str, input: &str) -> (i64, Fact) {
    let mut call = call(ms, "Bash", "");
    call.id = name.into();
    let event = HookEvent {
        call: Some(ToolCallHash(input.into())),
        ..of(agent, HookEventKind::ToolStarting(call))
    };
    (ms, Fact::Hook(Box::new(event)))
}

fn ends(ms: i64, agent: AskingAgent, name: &str) -> (i64, Fact) {
    event(ms, agent, HookEventKind::ToolEnded { id: name.into() })
}

pub(super) fn wishes(hold: HoldDuration, hold_agents: HoldDuration) -> (i64, Fact) {
    let wishes = ControlPreferences {
        hold,
        hold_agents,
        ..ControlPreferences::default()
    };
    (0, Fact::Preferences(wishes))
}

/// The main agent asked at 2,000 ms, and the registry waits from 2,300 ms on.
pub(super) fn asks() -> RequestFacts {
    with(
        life(&[(900, "busy", ""), (2_300, "waiting", "permission prompt")]),
        vec![
            begins(1_900, MAIN_AGENT, "c1", "make"),
            asked(2_000, "main", MAIN_AGENT),
        ],
    )
}

/// A sub-agent asked at 2,000 ms while the registry says busy.
pub(super) fn helper_asks() -> RequestFacts {
    with(
        life(&[(900, "busy", "")]),
        vec![
            begins(1_900, HELPER_AGENT, "h1", "make"),
            asked(2_000, "helper", HELPER_AGENT),
        ],
    )
}

/// What is shown, `*` where it can be answered; then what is to be held, whether shown or not.
fn told(facts: &RequestFacts, ms: i64) -> String {
    let seen = facts.iter().filter(|(seen, _)| *seen <= ms).cloned();
    let review = fleet(seen.collect()).review(at(ms));
    let session = &review.snapshot.sessions[0];
    let need = match &session.need {
        Some(need) => need.detail.clone().unwrap_or_else(|| "untold".into()),
        None => "-".into(),
    };
    let shown = session.requests.iter().map(|r| {
        let star = if r.held { "*" } else { "" };
        format!(" {}{star}", r.id)
    });
    let held = review.wanted.held.keys().map(|id| format!(" {id}"));
    format!(
        "{need} shows{} holds{}",
        shown.collect::<String>(),
        held.collect::<String>()
    )
}

pub(super) fn check(name: &str, facts: &RequestFacts, expected: &[(i64, &str)]) {
    for (ms, words) in expected {
        assert_eq!(told(facts, *ms), *words, "{name} at {ms}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn a_request_of_the_main_agent_lives_while_its_dialog_is_open() {
    let held = "main shows main* holds main";
    let hidden = "- shows holds main";
    let gone = "- shows holds";
    let alone = "untold shows holds";
    let table: RequestScenarios = vec![
        (
            "held",
            vec![],
            vec![(2_100, hidden), (2_400, held), (9_000_000, held)],
        ),
        (
            "the tool call has ended",
            vec![ends(4_000, MAIN_AGENT, "c1")],
            vec![(3_900, held), (4_100, alone)],
        ),
        (
            "another tool call has ended",
            vec![ends(4_000, MAIN_AGENT, "c2")],
            vec![(4_100, held)],
        ),
        (
            "a sub-agent's call has ended",
            vec![
                begins(1_800, HELPER_AGENT, "h1", "make"),
                ends(4_000, HELPER_AGENT, "h1"),
            ],
            vec![(4_100, held)],
        ),
        (
            "Claude Code hung up",
            vec![over(4_000, "main", HookOutcome::HungUp)],
            vec![(4_100, alone)],
        ),
        (
            "released to the terminal",
            vec![over(4_000, "main", HookOutcome::Released)],
            vec![(4_100, "main shows main holds")],
        ),
        (
            "answered in Trusty Bar: the registry follows",
            vec![
                over(4_000, "main", HookOutcome::Answered),
                says(4_400, 1, "busy", ""),
            ],
            vec![(3_900, held), (4_100, gone), (4_500, gone)],
        ),
        (
            "answered in Trusty Bar, and something else waits",
            vec![over(4_000, "main", HookOutcome::Answered)],
            vec![(5_400, gone), (5_600, alone)],
        ),
        (
            "the registry went on",
            vec![says(4_000, 1, "busy", "")],
            vec![(3_900, held), (4_100, gone)],
        ),
        (
            "Escape",
            vec![says(4_000, 1, "idle", "")],
            vec![(3_900, held), (4_400, gone)],
        ),
        (
            "the turn has ended",
            vec![event(
                4_000,
                MAIN_AGENT,
                HookEventKind::Stopped { agents: vec![] },
            )],
            vec![(4_100, alone)],
        ),
        (
            "a sub-agent has ended",
            vec![event(4_000, HELPER_AGENT, HookEventKind::AgentEnded)],
            vec![(4_100, held)],
        ),
        (
            "a newer prompt",
            vec![event(4_000, MAIN_AGENT, HookEventKind::Prompted)],
            vec![(4_100, alone)],
        ),
        (
            "the session has ended",
            vec![event(4_000, MAIN_AGENT, HookEventKind::SessionEnded)],
            vec![(4_100, alone)],
        ),
        (
            "the transcript shows an interruption",
            vec![transcript(
                4_300,
                said(1_000, vec![], end(4_000, TurnEndKind::Interrupted)),
            )],
            vec![(4_400, alone)],
        ),
        (
            "the transcript shows the end of the previous turn",
            vec![transcript(
                4_300,
                said(1_000, vec![], end(1_900, TurnEndKind::Finished)),
            )],
            vec![(4_400, held)],
        ),
        (
            "the transcript has the result",
            vec![transcript(
                4_300,
                crate::observation::TranscriptFacts {
                    results: vec!["c1".into()],
                    ..said(1_000, vec![], None)
                },
            )],
            vec![(4_400, alone)],
        ),
        (
            "the process has exited",
            vec![(4_000, Fact::ProcessExited(key(1, 7)))],
            vec![(4_100, gone)],
        ),
    ];
    for (name, more, expected) in table {
        check(name, &with(asks(), more), &expected);
    }
}

#[test]
fn a_registry_that_is_late_or_early_ends_nothing() {
    let asked_in =
        |words: &[(i64, &str, &str)]| with(life(words), vec![asked(2_000, "main", MAIN_AGENT)]);
    let held = "main shows main* holds main";
    let hidden = "- shows holds main";
    let dialog = "permission prompt";
    // Another dialog was open until just now: its end is written after the next request.
    let late = asked_in(&[
        (900, "waiting", dialog),
        (2_200, "busy", ""),
        (2_900, "waiting", dialog),
    ]);
    check(
        "late",
        &late,
        &[(2_100, held), (2_500, hidden), (60_000, held)],
    );
    // That dialog was answered at once, and the next request followed.
    let quick = asked_in(&[
        (900, "busy", ""),
        (1_500, "waiting", dialog),
        (1_900, "busy", ""),
        (2_900, "waiting", dialog),
    ]);
    check("quick", &quick, &[(2_100, hidden), (60_000, held)]);
    // The registry file says waiting before the hook reports.
    let early = asked_in(&[
        (900, "busy", ""),
        (1_900, "waiting", dialog),
        (9_000, "busy", ""),
    ]);
    check(
        "early",
        &early,
        &[(2_100, held), (8_900, held), (9_100, "- shows holds")],
    );
    // Another hook has answered the request: the registry never waits.
    let never = asked_in(&[(900, "busy", "")]);
    check(
        "never",
        &never,
        &[(3_000, hidden), (7_100, "- shows holds")],
    );
    let due = fleet(never).poll_timeout(at(3_000));
    assert_eq!(due.map(|(at, _)| at), Some(at(7_000)));
}

/// The registry may be far ahead of the hook on a busy machine.
#[test]
fn what_was_answered_in_its_terminal_does_not_come_back_with_the_next_dialog() {
    for waited_at in [1_990, 1_500] {
        let facts = with(
            life(&[
                (900, "busy", ""),
                (waited_at, "waiting", "permission prompt"),
                (3_000, "busy", ""),
                (3_600, "waiting", "permission prompt"),
            ]),
            vec![
                begins(1_400, MAIN_AGENT, "c1", "make"),
                asked(2_000, "main", MAIN_AGENT),
                asked_for(2_500, "helper", HELPER_AGENT, "ls"),
                over(3_500, "helper", HookOutcome::Released),
            ],
        );
        check("next", &facts, &[(60_000, "helper shows helper holds")]);
    }
}

#[test]
fn what_is_told_is_what_can_be_answered() {
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![
            asked_for(2_000, "old", HELPER_AGENT, "a"),
            over(7_010, "old", HookOutcome::Released),
            says(7_300, 1, "waiting", "permission prompt"),
            asked_for(8_000, "new", Some("a2"), "b"),
        ],
    );
    check("both", &facts, &[(9_000, "new shows old new* holds new")]);
}

#[test]
fn another_session_of_the_main_agent_ends_nothing_of_its_sub_agents() {
    for what in [HookEventKind::SessionStarted, HookEventKind::SessionEnded] {
        let facts = with(helper_asks(), vec![event(3_000, MAIN_AGENT, what)]);
        let held = "helper shows helper* holds helper";
        check("another", &facts, &[(3_500, held)]);
    }
}

#[test]
fn a_call_in_the_same_words_that_has_its_result_is_another_one() {
    let had = crate::observation::TranscriptFacts {
        results: vec!["c0".into()],
        ..said(900, vec![], None)
    };
    let facts = with(
        asks(),
        vec![
            begins(1_000, MAIN_AGENT, "c0", "make"),
            transcript(1_500, had),
        ],
    );
    check("again", &facts, &[(2_700, "main shows main* holds main")]);
}

#[test]
fn a_request_of_a_sub_agent_is_shown_by_its_hook_and_let_go_in_time() {
    let held = "helper shows helper* holds helper";
    let gone = "- shows holds";
    let table: RequestScenarios = vec![
        (
            "held until the limit, then shown in the terminal",
            vec![
                over(7_010, "helper", HookOutcome::Released),
                says(7_600, 1, "waiting", "permission prompt"),
            ],
            vec![
                (2_100, held),
                (6_900, held),
                (7_005, "helper shows helper holds"),
                (7_500, "helper shows helper holds"),
                (7_700, "helper shows helper holds"),
                (60_000, "helper shows helper holds"),
            ],
        ),
        (
            "answered in the terminal",
            vec![
                over(7_010, "helper", HookOutcome::Released),
                says(7_600, 1, "waiting", "permission prompt"),
                says(9_000, 1, "busy", ""),
            ],
            vec![(8_900, "helper shows helper holds"), (9_100, gone)],
        ),
        (
            "released, and no dialog appeared",
            vec![over(7_010, "helper", HookOutcome::Released)],
            vec![
                (8_400, "helper shows helper holds"),
                (8_600, gone),
                (60_000, gone),
            ],
        ),
        (
            "the tool call has ended",
            vec![ends(4_000, HELPER_AGENT, "h1")],
            vec![(4_100, gone)],
        ),
        (
            "the sub-agent has ended",
            vec![event(4_000, HELPER_AGENT, HookEventKind::AgentEnded)],
            vec![(4_100, gone)],
        ),
        (
            "another sub-agent has ended, the main agent is done and prompted again",
            vec![
                event(3_000, Some("a2"), HookEventKind::AgentEnded),
                event(
                    3_100,
                    MAIN_AGENT,
                    HookEventKind::Stopped {
                        agents: vec!["a1".into()],
                    },
                ),
                event(3_200, MAIN_AGENT, HookEventKind::Prompted),
                ends(3_300, Some("a2"), "h2"),
                says(3_400, 1, "idle", ""),
            ],
            vec![(4_100, held)],
        ),
        (
            "answered in Trusty Bar",
            vec![over(4_000, "helper", HookOutcome::Answered)],
            vec![(4_100, gone)],
        ),
    ];
    for (name, more, expected) in table {
        check(name, &with(helper_asks(), more), &expected);
    }
    let until = HoldDuration::UntilAnswered;
    let forever = with(helper_asks(), vec![wishes(until, until)]);
    check("without limit", &forever, &[(9_000_000, held)]);
    let due = fleet(helper_asks()).poll_timeout(at(2_500));
    assert_eq!(due.map(|(at, _)| at), Some(at(7_000)));
}

#[test]
fn one_request_ends_no_other() {
    // Two of one agent in the same words, two of other agents, all at once.
    let facts = with(
        life(&[(900, "busy", ""), (2_300, "waiting", "permission prompt")]),
        vec![
            wishes(HoldDuration::UntilAnswered, HoldDuration::UntilAnswered),
            begins(1_900, MAIN_AGENT, "c1", "make"),
            begins(1_910, MAIN_AGENT, "c2", "make"),
            begins(1_920, HELPER_AGENT, "h1", "make"),
            begins(1_930, Some("a2"), "h2", "make"),
            asked(2_000, "r1", MAIN_AGENT),
            asked(2_010, "r2", MAIN_AGENT),
            asked(2_020, "r3", HELPER_AGENT),
            asked(2_030, "r4", Some("a2")),
        ],
    );
    let all = ["r1", "r2", "r3", "r4"];
    let calls = [
        (MAIN_AGENT, "c1"),
        (MAIN_AGENT, "c2"),
        (HELPER_AGENT, "h1"),
        (Some("a2"), "h2"),
    ];
    for (n, (agent, call)) in calls.into_iter().enumerate() {
        let facts = with(facts.clone(), vec![ends(4_000, agent, call)]);
        let session = fleet(facts).snapshot(at(4_100)).sessions.remove(0);
        let left: Vec<&str> = session.requests.iter().map(|r| r.id.0.as_str()).collect();
        let expected: Vec<&str> = all
            .iter()
            .enumerate()
            .filter(|(m, _)| *m != n)
            .map(|(_, r)| *r)
            .collect();
        assert_eq!(left, expected, "{call}");
    }
    // A denied call is asked for again in the same words.
    let again = with(
        asks(),
        vec![
            over(3_000, "main", HookOutcome::Answered),
            says(3_300, 1, "busy", ""),
            begins(4_000, MAIN_AGENT, "c2", "make"),
            asked(4_100, "again", MAIN_AGENT),
            says(4_500, 1, "waiting", "permission prompt"),
        ],
    );
    check(
        "again",
        &again,
        &[(4_600, "again shows again* holds again")],
    );
    let ended = with(again, vec![ends(5_000, MAIN_AGENT, "c2")]);
    check("again, and ended", &ended, &[(5_100, "untold shows holds")]);
}

#[test]
fn only_who_can_be_asked_is_held() {
    let kinds: [fn(&mut RegistryEntry); 3] = [
        |e| e.kind = Some("bg".into()),
        |e| e.kind = Some("background".into()),
        |e| e.entrypoint = Some("sdk-cli".into()),
    ];
    for change in kinds {
        let mut entry = entry(7, "waiting", "permission prompt");
        change(&mut entry);
        let facts = with(
            asks(),
            vec![(2_400, Fact::Registry(file(1), Box::new(entry)))],
        );
        check("no user", &facts, &[(2_500, "main shows main holds")]);
        let session = fleet(facts).snapshot(at(2_500)).sessions.remove(0);
        let why = session.need.and_then(|n| n.elsewhere).expect("a reason");
        assert!(
            why.contains("headless") || why.contains("background"),
            "{why}"
        );
    }
    let unknown = fleet(vec![asked(2_000, "main", MAIN_AGENT)]);
    assert_eq!(
        unknown.source_demand(at(2_100)).held.len(),
        0,
        "an unknown session"
    );
    assert_eq!(
        unknown.answerable(id(1, 7), &RequestId("main".into()), at(2_100)),
        AnswerReadiness::NotPending
    );
}

#[test]
fn a_stopped_session_cannot_be_answered() {
    let facts = with(
        asks(),
        vec![pulse(3_000, 1, RunState::Stopped(StopSignal::Program))],
    );
    check("stopped", &facts, &[(3_100, "main shows main holds main")]);
    let fleet = fleet(facts);
    let main = RequestId("main".into());
    assert_eq!(
        fleet.answerable(id(1, 7), &main, at(2_900)),
        AnswerReadiness::Paused
    );
    let need = fleet.snapshot(at(3_100)).sessions.remove(0).need;
    let why = need.and_then(|n| n.elsewhere).expect("a reason");
    assert!(why.contains("resume"), "{why}");
    let mut fleet = fleet;
    let (_, fact) = pulse(4_000, 1, RunState::Running);
    fleet.handle_observation(Observation {
        at: at(4_000),
        fact,
    });
    assert_eq!(
        fleet.answerable(id(1, 7), &main, at(4_100)),
        AnswerReadiness::Ready
    );
}

#[test]
fn requests_are_forgotten_with_their_session() {
    let mut fleet = fleet(with(asks(), vec![(4_000, Fact::ProcessExited(key(1, 7)))]));
    fleet.prune(at(5_000));
    assert!(!fleet.evidence.requests.is_empty());
    fleet.prune(at(70_000));
    assert!(fleet.evidence.requests.is_empty());
}
