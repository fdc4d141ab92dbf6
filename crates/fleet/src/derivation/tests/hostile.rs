//! Cases that a hostile review tried: lost hooks, strange screens, clocks that are set.

use super::content::{call, end, hook, in_pane, life, said, screen, transcript, with};
use super::*;
use crate::observation::{
    HookEventKind, ListedSession, RetryAttempt, ScreenContent, SubagentFacts, TurnEndKind,
};
use crate::time::WallClock;

fn heard(ms: i64, what: HookEventKind) -> (i64, Fact) {
    (ms, Fact::Hook(Box::new(hook(what))))
}

fn heard_of(ms: i64, agent: &str, what: HookEventKind) -> (i64, Fact) {
    let mut event = hook(what);
    event.agent = Some(agent.into());
    (ms, Fact::Hook(Box::new(event)))
}

/// The fact as a source reports it after the wall clock was set `ahead` by that much at `set`.
fn moved(fact: Fact, set: i64, ahead: i64) -> Fact {
    let mut clock = WallClock::default();
    clock.set(at(set), ahead);
    fact.dated_by(&clock, at(set + 100))
}

fn need(fleet: &Fleet, ms: i64) -> Option<crate::session::Need> {
    fleet.snapshot(at(ms)).sessions.remove(0).need
}

/// Reads a wanted pane every 2 s, as the engine does.
fn drive(facts: Vec<(i64, Fact)>, shows: &ScreenContent, from: i64, to: i64) -> Vec<(i64, String)> {
    let mut fleet = fleet(facts);
    let mut seen: Vec<(i64, String)> = vec![];
    let mut read = i64::MIN / 2;
    let mut ms = from;
    while ms <= to {
        let now = told(&fleet, ms);
        if seen.last().is_none_or(|(_, l)| *l != now) {
            seen.push((ms, now));
        }
        // The loop publishes, then tells the source what is wanted; the capture comes after that.
        if ms + 1 - read >= 2_000 && !fleet.source_demand(at(ms)).screens.is_empty() {
            fleet.handle_observation(Observation {
                at: at(ms),
                fact: screen(shows.clone()),
            });
            read = ms;
        }
        ms += 100;
    }
    seen
}

#[test]
fn a_dialog_read_from_its_pane_keeps_its_tool() {
    let facts = with(
        life(&[(900, "busy", ""), (2_000, "waiting", "permission prompt")]),
        vec![in_pane()],
    );
    let shows = ScreenContent::Permission {
        tool: Some("Bash".into()),
    };
    let seen = drive(facts, &shows, 3_000, 40_000);
    assert!(seen.len() <= 2, "{seen:?}");
}

#[test]
fn a_compaction_read_from_its_pane_stays_one() {
    let facts = with(
        life(&[(900, "idle", ""), (5_000, "busy", "")]),
        vec![
            in_pane(),
            transcript(1_000, said(100, vec![], end(800, TurnEndKind::Finished))),
        ],
    );
    let seen = drive(facts, &ScreenContent::Compacting, 8_000, 40_000);
    assert!(seen.len() <= 2, "{seen:?}");
}

#[test]
fn a_verdict_that_time_alone_changes_asks_to_be_woken() {
    let facts = with(
        life(&[(900, "busy", ""), (2_000, "waiting", "permission prompt")]),
        vec![
            in_pane(),
            (
                3_000,
                screen(ScreenContent::Permission {
                    tool: Some("Bash".into()),
                }),
            ),
        ],
    );
    let fleet = fleet(facts);
    assert_ne!(
        told(&fleet, 4_000),
        told(&fleet, 11_000),
        "the status changes with time alone"
    );
    assert!(fleet.poll_timeout(at(4_000)).is_some());
}

#[test]
fn a_second_dialog_is_not_told_as_the_first() {
    // Between two queued requests the registry does not leave `waiting`.
    let facts = with(
        life(&[(900, "busy", ""), (2_000, "waiting", "permission prompt")]),
        vec![
            in_pane(),
            (
                3_000,
                screen(ScreenContent::Permission {
                    tool: Some("Bash".into()),
                }),
            ),
        ],
    );
    let fleet = fleet(facts);
    // In doubt, so that a change of the dialog is noticed within 2 s.
    assert_eq!(fleet.source_demand(at(5_500)).screens.len(), 1);
}

#[test]
fn a_detached_session_of_an_unknown_word_is_looked_up_too() {
    let mut newer = entry(7, "dreaming", "");
    newer.version = Some("2.2.0".into());
    let mut p = process(1, 7);
    p.exe = Some("/opt/claude".into());
    let facts = vec![
        (0, Fact::Process(Box::new(p))),
        (900, Fact::Registry(file(1), Box::new(newer))),
        (
            950,
            Fact::Panes("/tmp/tmux-1000/default".into(), vec![pane(1, "work", 0)]),
        ),
    ];
    let fleet = fleet(facts);
    assert_eq!(told(&fleet, 2_000), "Detached unknown");
    assert_eq!(fleet.source_demand(at(2_000)).lists.len(), 1);
}

#[test]
fn a_compaction_that_fails_is_not_told_for_ever() {
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![
            heard(950, HookEventKind::Prompted),
            heard(1_000, HookEventKind::Compacting),
            heard(
                60_000,
                HookEventKind::ToolStarting(call(60_000, "Bash", "make")),
            ),
        ],
    );
    check(facts, 61_000, "Active Working");
}

#[test]
fn a_sub_agents_compaction_is_its_own() {
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![
            heard(950, HookEventKind::Prompted),
            transcript(2_100, said(900, vec![call(1_900, "Bash", "make")], None)),
            heard_of(3_000, "a1", HookEventKind::Compacting),
        ],
    );
    check(facts, 4_000, "Active Working");
}

#[test]
fn an_escaped_compaction_is_not_told_of_the_next_shell_command() {
    let facts = with(
        life(&[(900, "busy", ""), (5_000, "idle", ""), (20_000, "busy", "")]),
        vec![heard(1_000, HookEventKind::Compacting)],
    );
    check(facts, 20_500, "Active Working");
}

#[test]
fn a_sub_agent_stopped_with_escape_does_not_haunt() {
    // Escape fires no hook; the files show that no sub-agent runs.
    let facts = with(
        life(&[(900, "busy", ""), (9_000, "idle", ""), (20_000, "busy", "")]),
        vec![
            heard(950, HookEventKind::Prompted),
            heard_of(
                2_000,
                "a1",
                HookEventKind::AgentStarted { agent_type: None },
            ),
            transcript(
                9_100,
                said(900, vec![], end(9_000, TurnEndKind::Interrupted)),
            ),
            heard(20_000, HookEventKind::Prompted),
            transcript(20_100, said(20_000, vec![], None)),
        ],
    );
    let s = fleet(facts).snapshot(at(60_000)).sessions.remove(0);
    assert_eq!(
        s.active_delegations, 0,
        "{:?} {:?}",
        s.delegations, s.activity
    );
}

#[test]
fn of_two_queued_requests_the_one_on_screen_is_told() {
    let ask = |tool: &str| HookEventKind::PermissionAsked {
        tool: tool.into(),
        detail: None,
    };
    let facts = with(
        life(&[(900, "busy", ""), (2_000, "waiting", "permission prompt")]),
        vec![
            heard_of(1_900, "a1", ask("Bash")),
            heard_of(2_500, "a2", ask("Write")),
        ],
    );
    // a1's dialog is on screen ("1 of 2").
    let n = need(&fleet(facts), 4_000).expect("a need");
    assert_ne!(n.tool.as_deref(), Some("Write"));
}

#[test]
fn a_key_is_no_trust_dialog_where_the_pane_shows_work() {
    let facts = vec![
        alive(0, 1),
        in_pane(),
        (300, Fact::RegistryKey(file(1))),
        (20_000, screen(ScreenContent::Busy)),
    ];
    check(facts, 21_000, "Active Working inferred");
}

#[test]
fn an_open_request_of_a_hook_makes_an_unknown_wait_a_need() {
    let ask = HookEventKind::PermissionAsked {
        tool: "Bash".into(),
        detail: None,
    };
    for word in ["dialog open", "confirm tool use"] {
        let facts = with(
            life(&[(900, "busy", ""), (2_000, "waiting", word)]),
            vec![heard(1_990, ask.clone())],
        );
        let told = told(&fleet(facts), 4_000);
        assert!(told.starts_with("AwaitingApproval"), "{word}: {told}");
    }
}

#[test]
fn a_clock_set_forward_does_not_unfinish() {
    let hour = 3_600_000_000_000_i64;
    let over = said(900, vec![], end(8_990, TurnEndKind::Finished));
    let facts = with(
        life(&[(900, "busy", ""), (9_000, "idle", "")]),
        vec![transcript(9_100, over.clone())],
    );
    check(facts.clone(), 12_000, "Active Finished");
    // The clock is set an hour ahead, then a line without meaning is written.
    let mut later = over;
    later.mode = Some("plan".into());
    let (ms, fact) = transcript(20_000, later);
    let facts = with(
        facts,
        vec![
            (20_000, Fact::WallClock(hour)),
            (ms, moved(fact, 20_000, hour)),
        ],
    );
    check(facts, 21_000, "Active Finished");
}

#[test]
fn a_clock_set_forward_keeps_sub_agents() {
    let hour = 3_600_000_000_000_i64;
    let mut told = said(900, vec![], None);
    told.delegations = vec![SubagentFacts {
        agent_id: "a1".into(),
        agent_type: None,
        description: None,
        at: at(1_000),
        depth: 1,
        calls: vec![call(1_500, "Bash", "make")],
    }];
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![transcript(2_000, told.clone())],
    );
    let count =
        |facts: Vec<(i64, Fact)>, ms| fleet(facts).snapshot(at(ms)).sessions[0].active_delegations;
    assert_eq!(count(facts.clone(), 3_000), 1);
    told.mode = Some("plan".into());
    let (ms, fact) = transcript(20_000, told);
    let facts = with(
        facts,
        vec![
            (20_000, Fact::WallClock(hour)),
            (ms, moved(fact, 20_000, hour)),
        ],
    );
    assert_eq!(count(facts, 21_000), 1);
}

#[test]
fn a_clock_set_forward_keeps_a_registry_that_names_no_start() {
    // 2.1.90, and any version on a system without ticks.
    let hour = 3_600_000_000_000_i64;
    let e = |status: &str, name: &str| RegistryEntry {
        proc_start: None,
        started_at: Some(at(500)),
        name: Some(name.into()),
        ..entry(7, status, "")
    };
    let set = moved(
        Fact::Registry(file(1), Box::new(e("waiting", "b"))),
        20_000,
        hour,
    );
    let facts = vec![
        alive(0, 1),
        (900, Fact::Registry(file(1), Box::new(e("busy", "a")))),
        (20_000, Fact::WallClock(hour)),
        (20_000, set),
    ];
    let f = fleet(facts);
    assert_eq!(told(&f, 21_000), "Active MenuOpen inferred");
    assert_eq!(told(&f, 4_000_000), "Active MenuOpen inferred");
}

#[test]
fn two_processes_of_one_session_share_no_words_whatever_they_are() {
    let told_ = said(900, vec![call(1_000, "Bash", "make")], None);
    let mut other = process(2, 7);
    other.role = ProcessRole::Other;
    other.config_dir = Some(file(2).dir);
    let facts = vec![
        alive(0, 1),
        (0, Fact::Process(Box::new(other))),
        says(900, 1, "busy", ""),
        says(900, 2, "busy", ""),
        transcript(1_100, told_),
    ];
    let f = fleet(facts);
    let tools: Vec<_> = f
        .snapshot(at(2_000))
        .sessions
        .iter()
        .map(|s| format!("{:?}", s.activity))
        .collect();
    assert!(tools.iter().all(|t| !t.contains("Bash")), "{tools:?}");
}

#[test]
fn a_long_pause_between_attempts_that_is_named_is_a_retry() {
    let mut t = said(900, vec![], None);
    t.retry = Some(RetryAttempt {
        at: at(5_000),
        attempt: 3,
        of: Some(10),
        next_at: Some(at(125_000)),
    });
    let facts = with(life(&[(900, "busy", "")]), vec![transcript(5_100, t)]);
    check(facts, 60_000, "Active Retrying");
}

#[test]
fn list_of_a_folder_tells_a_need_with_since_that_stays() {
    let mut newer = entry(7, "dreaming", "");
    newer.version = Some("2.2.0".into());
    let l = |ms| {
        (
            ms,
            Fact::Listed(
                "/home/dev/.claude".into(),
                vec![ListedSession {
                    pid: 1,
                    status: Some("waiting".into()),
                    waiting_for: Some("permission prompt".into()),
                    ..ListedSession::default()
                }],
            ),
        )
    };
    let facts = vec![
        alive(0, 1),
        (900, Fact::Registry(file(1), Box::new(newer))),
        l(10_000),
        l(25_000),
    ];
    let f = fleet(facts);
    assert_eq!(need(&f, 26_000).map(|n| n.since), Some(at(10_000).into()));
}

#[test]
fn a_flood_of_session_ids_is_bounded() {
    let told = (950, Fact::Hook(Box::new(hook(HookEventKind::Prompted))));
    let mut f = fleet(with(life(&[(900, "busy", "")]), vec![told]));
    for n in 0..20_000 {
        let mut e = hook(HookEventKind::Prompted);
        e.session_id = format!("s{n}");
        f.handle_observation(Observation {
            at: at(1_000),
            fact: Fact::Hook(Box::new(e)),
        });
    }
    f.prune(at(2_000));
    assert!(f.evidence.hooks.len() < 5_000, "{}", f.evidence.hooks.len());
    assert!(
        f.evidence.hooks.contains_key("s"),
        "the events of a live session are kept"
    );
}

#[test]
fn the_next_try_read_from_a_pane_does_not_move() {
    let shown = ScreenContent::Retrying {
        attempt: 4,
        of: 10,
        seconds: Some(8),
    };
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![in_pane(), (6_000, screen(shown))],
    );
    let fleet = fleet(facts);
    let next = |ms: i64| match fleet.snapshot(at(ms)).sessions.remove(0).activity {
        Some(Activity::Retrying { next_at, .. }) => next_at,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(6_100), next(9_100));
}

#[test]
fn a_call_that_a_hook_denied_does_not_run_on() {
    // PreToolUse fired and the call was denied: no PostToolUse. The transcript has the result.
    let mut t = said(900, vec![], None);
    t.newest_at = Some(at(2_500));
    t.retry = Some(RetryAttempt {
        at: at(5_000),
        attempt: 3,
        of: Some(10),
        next_at: None,
    });
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![
            heard(850, HookEventKind::Prompted),
            heard(
                2_000,
                HookEventKind::ToolStarting(call(2_000, "Bash", "rm -rf x")),
            ),
            transcript(5_100, t),
        ],
    );
    check(facts, 6_000, "Active Retrying");
}

#[test]
fn a_need_is_not_missed_after_the_clock_was_set_forward() {
    // No procStart in the kernel's unit: macOS, 2.1.90.
    let hour = 3_600_000_000_000_i64;
    let e = |status: &str, waiting: &str| RegistryEntry {
        proc_start: None,
        started_at: Some(at(500)),
        ..entry(7, status, waiting)
    };
    let set = moved(
        Fact::Registry(file(1), Box::new(e("waiting", "permission prompt"))),
        20_000,
        hour,
    );
    let facts = vec![
        alive(0, 1),
        (900, Fact::Registry(file(1), Box::new(e("busy", "")))),
        (20_000, Fact::WallClock(hour)),
        (20_000, set),
    ];
    check(facts, 4_000_000, "AwaitingApproval Permission -");
}

#[test]
fn a_question_open_in_a_menu_word() {
    // A permission hook of minutes ago says nothing about a new dialog.
    let ask = HookEventKind::PermissionAsked {
        tool: "Bash".into(),
        detail: None,
    };
    let facts = with(
        life(&[
            (900, "busy", ""),
            (2_000, "waiting", "permission prompt"),
            (9_000, "idle", ""),
            (60_000, "busy", ""),
            (61_000, "waiting", "permission prompt"),
        ]),
        vec![heard(1_990, ask)],
    );
    check(facts, 62_000, "AwaitingApproval Permission -");
}

#[test]
fn deadlines_lie_ahead() {
    // A verdict's deadline has to lie ahead, or the loop spins.
    let mut t = said(900, vec![], None);
    t.retry = Some(RetryAttempt {
        at: at(5_000),
        attempt: 3,
        of: None,
        next_at: Some(at(5_500)),
    });
    let facts = with(
        life(&[
            (900, "busy", ""),
            (2_000, "waiting", "permission prompt"),
            (4_000, "idle", ""),
            (4_100, "busy", ""),
        ]),
        vec![
            in_pane(),
            (4_500, screen(ScreenContent::Compacting)),
            transcript(5_100, t),
            heard(3_900, HookEventKind::Prompted),
        ],
    );
    let f = fleet(facts);
    for ms in 0..200_000 {
        if let Some((due, _)) = f.poll_timeout(at(ms)) {
            assert!(due > at(ms), "{ms}");
        }
    }
}

#[test]
fn only_a_client_is_run_for_its_list() {
    let mut newer = entry(7, "dreaming", "");
    newer.version = Some("2.2.0".into());
    let mut p = process(1, 7);
    p.role = ProcessRole::Other;
    p.exe = Some("/usr/bin/node".into());
    let facts = vec![
        (0, Fact::Process(Box::new(p))),
        (900, Fact::Registry(file(1), Box::new(newer))),
    ];
    let lists = fleet(facts).source_demand(at(2_000)).lists;
    assert!(lists.is_empty(), "{lists:?}");
}

#[test]
fn a_call_that_has_run_for_a_minute_is_not_what_is_asked_for() {
    let mut t = said(900, vec![], None);
    t.delegations = vec![SubagentFacts {
        agent_id: "a".into(),
        agent_type: None,
        description: Some("build".into()),
        at: at(1_000),
        depth: 1,
        calls: vec![call(1_500, "Bash", "make all")],
    }];
    // Another sub-agent asks; its line is not flushed yet.
    let facts = with(
        life(&[(900, "busy", ""), (60_000, "waiting", "permission prompt")]),
        vec![transcript(2_000, t)],
    );
    let n = need(&fleet(facts), 60_100).map(|n| n.detail);
    assert_ne!(n, Some(Some("make all".into())));
}

#[test]
fn ties_of_a_process_are_broken_by_content() {
    let mut other = process(1, 7);
    other.cwd = Some("/home/dev/other".into());
    let one = || (0, Fact::Process(Box::new(process(1, 7))));
    let two = || (0, Fact::Process(Box::new(other.clone())));
    let a = fleet(vec![one(), two()]).snapshot(at(10));
    let b = fleet(vec![two(), one()]).snapshot(at(10));
    assert_eq!(a, b);
}

#[test]
fn a_question_beside_a_running_sub_agent_keeps_its_words() {
    let mut t = said(900, vec![call(59_900, "AskUserQuestion", "Which?")], None);
    t.delegations = vec![SubagentFacts {
        agent_id: "a".into(),
        agent_type: None,
        description: Some("build".into()),
        at: at(1_000),
        depth: 1,
        calls: vec![call(1_500, "Bash", "make all")],
    }];
    let facts = with(
        life(&[(900, "busy", ""), (60_000, "waiting", "input needed")]),
        vec![transcript(60_100, t)],
    );
    let n = need(&fleet(facts), 61_000).and_then(|n| n.detail);
    assert_eq!(n.as_deref(), Some("Which?"));
}
