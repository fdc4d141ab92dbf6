//! What transcripts, hooks, panes and Claude Code's list add to the registry.

use super::*;
use crate::explanation::TestimonyOutcome;
use crate::observation::{
    DatedText, HookEvent, HookEventKind, RetryAttempt, ScreenContent, ScreenReading, SubagentFacts,
    ToolCall, TranscriptFacts, TranscriptKey, TranscriptSelector, TurnEnd, TurnEndKind,
};
use crate::terminal::PaneKey;
use crate::time::WallClock;

pub(super) fn call(ms: i64, tool: &str, detail: &str) -> ToolCall {
    ToolCall {
        id: tool.into(),
        tool: tool.into(),
        detail: (!detail.is_empty()).then(|| detail.into()),
        at: at(ms),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "reads as the field it fills")]
pub(super) fn end(ms: i64, how: TurnEndKind) -> Option<TurnEnd> {
    Some(TurnEnd { at: at(ms), how })
}

pub(super) fn said(turn: i64, calls: Vec<ToolCall>, end: Option<TurnEnd>) -> TranscriptFacts {
    TranscriptFacts {
        turn_at: Some(at(turn)),
        calls,
        end,
        ..TranscriptFacts::default()
    }
}

pub(super) fn transcript(ms: i64, said: TranscriptFacts) -> (i64, Fact) {
    let key = TranscriptKey {
        dir: "/home/dev/.claude".into(),
        cwd: "/home/dev/api".into(),
        which: TranscriptSelector::Session("s".into()),
    };
    (ms, Fact::Transcript(key, Box::new(said)))
}

pub(super) fn hook(what: HookEventKind) -> HookEvent {
    HookEvent {
        session_id: "s".into(),
        pid: Some(1),
        transcript: None,
        agent: None,
        call: None,
        what,
    }
}

pub(super) fn screen(shows: ScreenContent) -> Fact {
    let pane = PaneKey {
        server: "/tmp/tmux-1000/default".into(),
        pane: "%1".into(),
    };
    let screen = ScreenReading {
        shows: Some(shows),
        title_busy: None,
    };
    Fact::Screen(pane, screen)
}

fn heard(ms: i64, what: HookEventKind) -> (i64, Fact) {
    (ms, Fact::Hook(Box::new(hook(what))))
}

pub(super) fn in_pane() -> (i64, Fact) {
    let socket = PathBuf::from("/tmp/tmux-1000/default");
    (150, Fact::Panes(socket, vec![pane(1, "work", 1)]))
}

fn agent(ms: i64, description: &str, calls: Vec<ToolCall>) -> SubagentFacts {
    SubagentFacts {
        agent_id: description.into(),
        agent_type: Some("general-purpose".into()),
        description: Some(description.into()),
        at: at(ms),
        depth: 1,
        calls,
    }
}

/// The only session that follows from these facts.
fn doing(facts: Vec<(i64, Fact)>, now: i64) -> Session {
    let mut sessions = fleet(facts).snapshot(at(now)).sessions;
    assert_eq!(sessions.len(), 1);
    sessions.remove(0)
}

/// A live process whose registry says these words in turn.
pub(super) fn life(words: &[(i64, &str, &str)]) -> Vec<(i64, Fact)> {
    let told = words
        .iter()
        .map(|(ms, status, waiting)| says(*ms, 1, status, waiting));
    std::iter::once(alive(0, 1)).chain(told).collect()
}

pub(super) fn with(mut facts: Vec<(i64, Fact)>, more: Vec<(i64, Fact)>) -> Vec<(i64, Fact)> {
    facts.extend(more);
    facts
}

#[test]
fn a_tool_at_work_is_named() {
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![transcript(
            1_500,
            said(800, vec![call(1_400, "Bash", "cargo test")], None),
        )],
    );
    let session = doing(facts, 2_000);
    assert_eq!(
        session.activity,
        Some(Activity::Working {
            tool: Some("Bash".into()),
            detail: Some("cargo test".into()),
            since: at(900).into(),
        })
    );
}

#[test]
fn how_a_turn_ended_decides_what_follows() {
    let over = |turn, how, error: Option<&str>| {
        let mut told = said(turn, vec![], Some(TurnEnd { at: at(4_900), how }));
        told.error = error.map(|text| DatedText {
            at: at(4_900),
            text: text.into(),
        });
        with(
            life(&[(900, "busy", ""), (5_000, "idle", "")]),
            vec![transcript(5_100, told)],
        )
    };
    check(
        over(900, TurnEndKind::Finished, None),
        6_000,
        "Active Finished",
    );
    check(
        over(900, TurnEndKind::Compacted, None),
        6_000,
        "Active Finished",
    );
    check(
        over(900, TurnEndKind::Interrupted, None),
        6_000,
        "Active Idle",
    );
    check(over(900, TurnEndKind::Command, None), 6_000, "Active Idle");
    check(
        over(900, TurnEndKind::Failed, Some("API Error: 400")),
        6_000,
        "Active Failed",
    );
    // The end of the turn is read from the transcript a moment after the registry says idle.
    let late = with(
        over(900, TurnEndKind::Finished, None),
        vec![
            says(60_000, 1, "busy", ""),
            transcript(
                60_100,
                said(60_000, vec![], end(4_900, TurnEndKind::Finished)),
            ),
            says(61_000, 1, "idle", ""),
        ],
    );
    check(late.clone(), 61_500, "Active Working");
    let told = transcript(
        61_600,
        said(60_000, vec![], end(60_990, TurnEndKind::Finished)),
    );
    check(with(late.clone(), vec![told]), 61_700, "Active Finished");
    check(late, 62_000, "Active Idle");
    // A prompt that was taken back leaves no line: the newest turn is an earlier one.
    let mut undone = over(900, TurnEndKind::Finished, None);
    undone.extend([says(60_000, 1, "busy", ""), says(61_000, 1, "idle", "")]);
    undone.push((59_000, Fact::Attention(FocusEvent::Popover)));
    check(undone, 62_000, "Active Idle");
    // The next prompt is in the transcript before the registry says busy.
    let next = with(
        life(&[(900, "busy", ""), (5_000, "idle", "")]),
        vec![transcript(
            8_000,
            said(7_900, vec![], end(4_900, TurnEndKind::Finished)),
        )],
    );
    check(next, 8_100, "Active Finished");
    // So it is if that prompt comes while the end of the turn before would still be awaited.
    let at_once = with(
        over(900, TurnEndKind::Finished, None),
        vec![transcript(
            5_460,
            said(5_450, vec![], end(4_900, TurnEndKind::Finished)),
        )],
    );
    check(at_once, 5_500, "Active Finished");
    // A failure in an earlier process of a resumed session is over.
    let mut old = said(
        -90_000,
        vec![],
        Some(TurnEnd {
            at: at(-80_000),
            how: TurnEndKind::Failed,
        }),
    );
    old.error = None;
    let resumed = with(life(&[(900, "idle", "")]), vec![transcript(1_000, old)]);
    check(resumed, 2_000, "Active Idle");
}

#[test]
fn p5_sub_agents_at_work_are_work() {
    // The main agent's turn is over; the registry says busy as long as sub-agents run.
    let mut told = said(900, vec![], end(2_000, TurnEndKind::Finished));
    told.delegations = vec![
        agent(
            1_200,
            "read the docs",
            vec![call(1_500, "Read", "README.md")],
        ),
        agent(1_300, "run the tests", vec![]),
    ];
    let session = doing(
        with(
            life(&[(900, "busy", "")]),
            vec![transcript(2_100, told.clone())],
        ),
        600_000,
    );
    assert_eq!(session.active_delegations, 2);
    assert_eq!(session.delegations[0].tool.as_deref(), Some("Read"));
    assert!(
        matches!(&session.activity, Some(Activity::Working { detail: Some(d), .. }) if d == "2 sub-agents"),
        "{session:?}"
    );
    // Hooks correct the count; the registry's idle ends all, whatever files were left behind.
    let mut ended = hook(HookEventKind::AgentEnded);
    ended.agent = Some("run the tests".into());
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![
            transcript(2_100, told.clone()),
            (2_200, Fact::Hook(Box::new(ended))),
        ],
    );
    assert_eq!(doing(facts, 3_000).active_delegations, 1);
    let facts = with(
        life(&[(900, "busy", ""), (5_000, "idle", "")]),
        vec![transcript(2_100, told)],
    );
    let session = doing(facts, 6_000);
    assert_eq!(
        (session.active_delegations, session.delegations.len()),
        (0, 0)
    );
}

#[test]
fn what_a_dialog_asks_for_is_told_where_it_is_clear() {
    let waiting = |told: TranscriptFacts, more: Vec<(i64, Fact)>| {
        let facts = life(&[(900, "busy", ""), (2_000, "waiting", "permission prompt")]);
        doing(
            with(with(facts, vec![transcript(2_100, told)]), more),
            3_000,
        )
        .need
        .expect("a need")
    };
    let bash = || call(1_900, "Bash", "rm -r x");
    let need = waiting(said(900, vec![bash()], None), vec![]);
    assert_eq!(
        (need.kind, need.tool.as_deref()),
        (NeedKind::Permission, Some("Bash"))
    );
    assert_eq!(need.detail.as_deref(), Some("rm -r x"));
    let need = waiting(
        said(900, vec![call(1_900, "ExitPlanMode", "")], None),
        vec![],
    );
    assert_eq!(need.kind, NeedKind::Plan);
    let need = waiting(
        said(900, vec![call(1_900, "AskUserQuestion", "Which?")], None),
        vec![],
    );
    assert_eq!(need.kind, NeedKind::Question);
    // A sub-agent asks.
    let mut told = said(900, vec![], None);
    told.delegations = vec![
        agent(1_000, "tidy up", vec![bash()]),
        agent(1_000, "read", vec![]),
    ];
    let need = waiting(told.clone(), vec![]);
    assert_eq!(
        (need.tool.as_deref(), need.agent.as_deref()),
        (Some("Bash"), Some("tidy up"))
    );
    // Two have open calls: one runs, one waits, and only a hook can tell which.
    told.delegations[1].calls = vec![call(1_800, "Write", "a.rs")];
    let need = waiting(told.clone(), vec![]);
    assert_eq!((need.tool, need.agent), (None, None));
    let mut asks = hook(HookEventKind::PermissionAsked {
        tool: "Write".into(),
        detail: Some("a.rs".into()),
    });
    asks.agent = Some("read".into());
    let need = waiting(told, vec![(1_990, Fact::Hook(Box::new(asks)))]);
    assert_eq!(
        (need.tool.as_deref(), need.agent.as_deref()),
        (Some("Write"), Some("read"))
    );
}

#[test]
fn p6_a_need_ends_with_the_registry_s_word() {
    let asked = heard(
        1_990,
        HookEventKind::PermissionAsked {
            tool: "Bash".into(),
            detail: None,
        },
    );
    let facts = with(
        life(&[(900, "busy", ""), (2_000, "waiting", "permission prompt")]),
        vec![
            asked.clone(),
            transcript(2_100, said(900, vec![call(1_900, "Bash", "x")], None)),
        ],
    );
    check(facts.clone(), 8_999, "AwaitingApproval Permission Bash");
    // Answered in the terminal: no hook reports that, and the call still has no result.
    let answered = with(facts, vec![says(9_000, 1, "busy", "")]);
    check(answered, 9_000, "Active Working");
    // Denied in the terminal: no hook reports that either.
    let refused = with(
        life(&[
            (900, "busy", ""),
            (2_000, "waiting", "permission prompt"),
            (9_000, "idle", ""),
        ]),
        vec![
            asked,
            transcript(
                9_100,
                said(900, vec![], end(9_000, TurnEndKind::Interrupted)),
            ),
        ],
    );
    check(refused, 9_200, "Active Idle");
}

#[test]
fn a_plan_stays_one_until_the_registry_knows_of_the_answer() {
    let facts = with(
        life(&[(900, "busy", ""), (2_000, "waiting", "permission prompt")]),
        vec![
            heard(
                1_990,
                HookEventKind::PermissionAsked {
                    tool: "ExitPlanMode".into(),
                    detail: None,
                },
            ),
            heard(9_000, HookEventKind::ToolEnded { id: "x".into() }),
        ],
    );
    check(facts, 9_050, "AwaitingApproval Plan -");
}

#[test]
fn p3_an_idle_prompt_is_no_need() {
    // Claude Code's notification of an idle prompt is not even a fact; an old request is no need.
    let facts = with(
        life(&[(900, "busy", ""), (5_000, "idle", "")]),
        vec![
            heard(
                2_000,
                HookEventKind::PermissionAsked {
                    tool: "Bash".into(),
                    detail: None,
                },
            ),
            (6_000, Fact::Attention(FocusEvent::Popover)),
        ],
    );
    check(facts, 600_000, "Active Idle");
}

#[test]
fn p9_the_registry_s_word_is_enough_for_a_need() {
    let facts = life(&[(900, "busy", ""), (2_000, "waiting", "permission prompt")]);
    check(facts, 2_000, "AwaitingApproval Permission -");
}

#[test]
fn p17_silence_is_no_idleness() {
    let told = said(900, vec![], None);
    let facts = with(life(&[(900, "busy", "")]), vec![transcript(1_000, told)]);
    check(facts, 3_600_000, "Active Working");
}

#[test]
fn a_repeated_request_and_a_compaction_are_named() {
    let mut told = said(900, vec![], None);
    told.retry = Some(RetryAttempt {
        at: at(5_000),
        attempt: 3,
        of: None,
        next_at: None,
    });
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![in_pane(), transcript(5_100, told)],
    );
    check(facts.clone(), 6_000, "Active Retrying");
    assert_eq!(
        fleet(facts.clone()).source_demand(at(6_000)).screens.len(),
        1,
        "the pane shows the attempts"
    );
    check(facts.clone(), 60_000, "Active Working");
    let shown = ScreenContent::Retrying {
        attempt: 4,
        of: 10,
        seconds: Some(8),
    };
    let session = doing(with(facts, vec![(6_000, screen(shown))]), 6_500);
    assert!(
        matches!(
            session.activity,
            Some(Activity::Retrying {
                attempt: 4,
                of: Some(10),
                next_at: Some(_),
                ..
            })
        ),
        "{session:?}"
    );
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![heard(950, HookEventKind::Compacting)],
    );
    check(facts.clone(), 2_000, "Active Compacting");
    check(
        with(facts, vec![heard(1_500, HookEventKind::Compacted)]),
        2_000,
        "Active Working",
    );
}

#[test]
fn a_hook_leads_but_does_not_decide() {
    let facts = with(
        life(&[(900, "idle", "")]),
        vec![heard(5_000, HookEventKind::Prompted)],
    );
    check(facts.clone(), 5_100, "Active Working");
    // Another hook stopped the prompt: the registry never says busy.
    check(facts, 6_600, "Active Idle");
}

#[test]
fn two_processes_of_one_session_share_no_words() {
    let told = said(900, vec![call(1_000, "Bash", "make")], None);
    let facts = vec![
        alive(0, 1),
        alive(0, 2),
        says(900, 1, "busy", ""),
        says(900, 2, "idle", ""),
        transcript(1_100, told),
    ];
    check(facts, 2_000, "Active Working; Active Idle");
}

#[test]
fn a_wall_clock_that_is_set_moves_no_age() {
    let hour = 3_600_000_000_000_i64;
    let mut later = entry(7, "busy", "");
    // An entry that was written after the clock was set an hour ahead, as the source reports it.
    later.status_updated_at = Some(at(5_000 + 3_600_000));
    let mut clock = WallClock::default();
    clock.set(at(4_000), hour);
    let set = Fact::Registry(file(1), Box::new(later)).dated_by(&clock, at(5_000));
    let facts = vec![
        alive(0, 1),
        says(900, 1, "idle", ""),
        (4_000, Fact::WallClock(hour)),
        (5_000, set),
    ];
    let session = doing(facts, 8_000);
    let wall = |ms: i64| SystemTime::from(at(ms)) + Duration::from_hours(1);
    assert_eq!(session.activity.map(|a| a.since()), Some(wall(5_000)));
    assert_eq!(session.created_at, wall(0));
}

#[test]
fn a_night_asleep_changes_nothing() {
    let night = 8 * 3_600_000;
    for (word, waiting, expected) in [
        ("busy", "", "Active Working"),
        (
            "waiting",
            "permission prompt",
            "AwaitingApproval Permission -",
        ),
        ("idle", "", "Active Idle"),
        ("shell", "", "Active BackgroundShell"),
    ] {
        let facts = life(&[(900, word, waiting)]);
        check(facts.clone(), 2_000, expected);
        check(facts, night, expected);
    }
}

#[test]
fn every_verdict_names_its_source_and_what_would_change_it() {
    let hooked = with(
        life(&[(900, "busy", ""), (2_000, "waiting", "permission prompt")]),
        vec![
            in_pane(),
            transcript(2_100, said(900, vec![call(1_900, "Bash", "x")], None)),
        ],
    );
    let fleet = fleet(hooked);
    let told = fleet
        .explain(id(1, 7), at(3_000))
        .expect("the session is listed");
    let parts: Vec<_> = told
        .testimonies
        .iter()
        .map(|t| (t.source, t.part))
        .collect();
    assert_eq!(
        parts,
        [
            (Source::Registry, TestimonyOutcome::Decided),
            (Source::Transcript, TestimonyOutcome::Added),
            (Source::Process, TestimonyOutcome::Heard),
            (Source::Tmux, TestimonyOutcome::Heard),
            (Source::Hook, TestimonyOutcome::Silent),
            (Source::Screen, TestimonyOutcome::Silent),
            (Source::List, TestimonyOutcome::Silent),
            (Source::Attention, TestimonyOutcome::Silent),
        ]
    );
    let because = told.session.because.expect("a reason");
    assert!(!because.until.is_empty());
    assert_eq!(told.testimonies[0].says, "waiting: permission prompt");
    assert!(fleet.explain(id(2, 7), at(3_000)).is_none());
}

#[test]
fn what_a_hook_of_another_process_tells_of_a_session_is_not_told_of_it() {
    let told_by = |pid: u32| {
        let event = HookEvent {
            session_id: "s".into(),
            pid: Some(pid),
            transcript: None,
            agent: None,
            call: None,
            what: HookEventKind::Prompted,
        };
        let mut fleet = Fleet::new(machine());
        let hook = (2_000, Fact::Hook(Box::new(event)));
        for (ms, fact) in [alive(0, 1), says(100, 1, "idle", ""), hook] {
            fleet.handle_observation(Observation { at: at(ms), fact });
        }
        let told = fleet
            .explain(id(1, 7), at(2_100))
            .expect("the session is listed");
        let mut hooks = told.testimonies.into_iter();
        let hook = hooks
            .find(|t| t.source == Source::Hook)
            .expect("a testimony of the hook");
        (hook.says, told.session.activity)
    };
    let idle = told_by(2);
    assert_eq!(idle.0, "nothing");
    assert!(matches!(idle.1, Some(Activity::Idle { .. })), "{idle:?}");
    assert_eq!(told_by(1).0, "prompt sent");
}
