mod app;
mod asking;
mod connect;
mod pausing;

use super::*;
use crate::explanation::{Explanation, Testimony, TestimonyOutcome};
use crate::identity::SessionId;
use crate::session::{
    Activity, Certainty, ClaudeInfo, ControlModel, Delegation, Need, NeedKind, Session,
    SessionHost, SessionStatus, Source, StatusReason,
};
use crate::snapshot::{HealthIssue, Snapshot};
use crate::time::Timestamp;
use std::path::Path;
use std::time::SystemTime;
use uuid::Uuid;

fn time(s: i64) -> SystemTime {
    Timestamp::from_millis(s * 1000).into()
}

fn session(n: u128, folder: &str, status: SessionStatus) -> Session {
    let id = SessionId(Uuid::from_u128(n));
    let mut s = Session::new(id, format!("/home/dev/{folder}"), ControlModel::Pty, None);
    s.origin = SessionHost::Native;
    s.status = status;
    s.pid = u32::try_from(n).ok();
    s.because = Some(StatusReason {
        source: Source::Registry,
        text: "Claude Code reports it".into(),
        observed_at: time(5),
        since: time(5),
        certainty: Certainty::Certain,
        until: String::new(),
    });
    s
}

fn doing(n: u128, folder: &str, activity: Activity) -> Session {
    Session {
        activity: Some(activity),
        ..session(n, folder, SessionStatus::Active)
    }
}

fn needing(n: u128, folder: &str, kind: NeedKind, since: i64) -> Session {
    let need = Need {
        kind,
        tool: None,
        detail: None,
        agent: None,
        elsewhere: None,
        since: time(since),
    };
    Session {
        need: Some(need),
        ..session(n, folder, SessionStatus::AwaitingApproval)
    }
}

fn snapshot(sessions: Vec<Session>) -> Snapshot {
    Snapshot {
        revision: 3,
        sessions,
        health: vec![],
        connections: vec![],
    }
}

fn board(sessions: Vec<Session>) -> Board {
    Board::from_snapshot(&snapshot(sessions), Some(Path::new("/home/dev")))
}

fn lines(board: &Board) -> Vec<String> {
    board
        .rows
        .iter()
        .map(|r| format!("{} | {} | {}", r.title, r.word, r.detail))
        .collect()
}

fn all_kinds() -> Vec<Session> {
    let working = Activity::Working {
        tool: None,
        detail: None,
        since: time(30),
    };
    vec![
        session(1, "gone", SessionStatus::Stopped),
        doing(2, "scratch", Activity::Idle { since: time(10) }),
        doing(3, "notes", Activity::Finished { since: time(50) }),
        session(4, "refactor", SessionStatus::Paused),
        doing(5, "core", working),
        needing(6, "docs", NeedKind::Question, 40),
        needing(7, "api", NeedKind::Permission, 20),
        session(8, "fresh", SessionStatus::Starting),
        session(9, "old", SessionStatus::Active),
    ]
}

#[test]
fn needs_come_first_then_work_then_the_rest() {
    let board = board(all_kinds());
    assert_eq!(
        lines(&board),
        [
            "api | Permission | waits for your answer",
            "docs | Question | has a question for you",
            "core | Working | ~/core",
            "notes | Finished | ready for review",
            "scratch | Idle | ~/scratch",
            "gone | Stopped | ~/gone",
            "refactor | Paused | Claude Code reports it",
            "fresh | Starting | ~/fresh",
            "old | Running | ~/old",
        ]
    );
    assert_eq!(board.summary, "2 need you · 1 working · 1 paused");
    assert_eq!(board.rows[0].sentence, "api, needs permission");
    assert_eq!(board.rows[0].why, "Permission: Claude Code reports it");
}

#[test]
fn each_status_has_a_shape_of_its_own() {
    let board = board(all_kinds());
    let mut shapes: Vec<String> = board
        .rows
        .iter()
        .map(|r| format!("{:?}", r.glyph))
        .collect();
    shapes.sort();
    shapes.dedup();
    assert_eq!(shapes.len(), board.rows.len());
}

#[test]
fn titles_are_told_apart() {
    let named = |n, name: &str, by_owner| {
        let claude = ClaudeInfo {
            name: Some(name.into()),
            named_by_owner: by_owner,
            ..ClaudeInfo::default()
        };
        Session {
            claude: Some(claude),
            ..doing(n, "api", Activity::Idle { since: time(10) })
        }
    };
    let rows = board(vec![
        named(1, "api-0d", false),
        named(2, "api-b9", false),
        named(3, "Release day", true),
        doing(4, "api", Activity::Idle { since: time(1) }),
    ]);
    let titles: Vec<_> = rows.rows.iter().map(|r| r.title.as_str()).collect();
    assert_eq!(titles, ["api (0d)", "api (b9)", "Release day", "api (4)"]);
    assert_eq!(rows.rows[0].sentence, "api (0d), Idle, ~/api");
}

#[test]
fn a_hostile_name_steers_nothing() {
    let mut s = doing(1, "x", Activity::Idle { since: time(1) });
    s.workdir = "/tmp/\x1b]0;owned\x07/\u{202e}evil".into();
    let row = &board(vec![s]).rows[0];
    assert_eq!(row.title, "\u{fffd}evil");
    assert_eq!(row.detail, "/tmp/\u{fffd}]0;owned\u{fffd}/\u{fffd}evil");
}

#[test]
fn what_is_not_certain_says_so() {
    let mut s = session(1, "x", SessionStatus::Active);
    s.attached = false;
    s.because.as_mut().expect("set").certainty = Certainty::Unknown;
    let row = Row::from_session(&s, None);
    assert!(row.inferred);
    assert_eq!(row.badges, ["Detached"]);
    assert_eq!(row.sentence, "x, Running, /home/dev/x, detached");
    let gone = Session {
        attached: false,
        ..session(1, "x", SessionStatus::Stopped)
    };
    assert!(Row::from_session(&gone, None).badges.is_empty());
}

#[test]
fn the_tray_says_the_most_urgent_thing() {
    let working = Activity::Working {
        tool: None,
        detail: None,
        since: time(30),
    };
    let idle = || doing(1, "a", Activity::Idle { since: time(1) });
    let glance = |sessions| Glance::from_board(&board(sessions));
    let expect = |glyph, count, tooltip: &str| Glance {
        glyph,
        count,
        tooltip: tooltip.into(),
    };
    assert_eq!(
        glance(vec![]),
        expect(TrayGlyph::Quiet, None, "No sessions")
    );
    assert_eq!(
        glance(vec![idle()]),
        expect(TrayGlyph::Quiet, None, "1 session, quiet")
    );
    let two = vec![idle(), doing(2, "b", Activity::Finished { since: time(1) })];
    assert_eq!(
        glance(two),
        expect(TrayGlyph::Quiet, None, "2 sessions, all quiet")
    );
    let busy = vec![idle(), doing(2, "b", working)];
    assert_eq!(glance(busy), expect(TrayGlyph::Working, None, "1 working"));
    let paused = vec![
        session(1, "a", SessionStatus::Paused),
        session(2, "b", SessionStatus::Stopped),
    ];
    assert_eq!(glance(paused), expect(TrayGlyph::Paused, None, "1 paused"));
    let needs = vec![idle(), needing(2, "b", NeedKind::Question, 1)];
    assert_eq!(
        glance(needs),
        expect(TrayGlyph::NeedsYou, Some(1), "1 needs you")
    );
    assert_eq!(glance(all_kinds()).count, Some(2));
}

#[test]
fn the_menu_is_complete() {
    let menu = menu(
        &board(vec![
            needing(1, "api", NeedKind::Permission, 20),
            doing(2, "scratch", Activity::Idle { since: time(10) }),
        ]),
        &MenuContext::default(),
    );
    let id = |n| SessionId(Uuid::from_u128(n));
    let choice = |text: &str, action| MenuItem::Choice(text.into(), action);
    let group = |text: &str, n| {
        let items = vec![
            choice("Show", MenuAction::Show(id(n))),
            choice("Open terminal", MenuAction::Jump(id(n))),
            choice("End…", MenuAction::End(id(n))),
        ];
        MenuItem::Group(text.into(), items)
    };
    assert_eq!(
        menu.0,
        [
            MenuItem::Label("1 needs you".into()),
            MenuItem::Separator,
            group("◆ api: permission", 1),
            group("scratch: idle", 2),
            MenuItem::Separator,
            MenuItem::Choice("Open Trusty Bar".into(), MenuAction::Open),
            MenuItem::Choice("Snooze notifications for 1 hour".into(), MenuAction::Snooze),
            MenuItem::Choice("Edit settings…".into(), MenuAction::Settings),
            MenuItem::Choice("Quit".into(), MenuAction::Quit),
        ]
    );
    let many = (1..=30).map(|n| doing(n, &"long".repeat(20), Activity::Idle { since: time(1) }));
    let long = super::menu(&board(many.collect()), &MenuContext::default());
    assert!(long.0.contains(&MenuItem::Label("and 20 more".into())));
    assert!(long.0.len() < 20);
    let snoozed = super::menu(
        &board(vec![]),
        &MenuContext {
            snoozed_until: Some(15 * 60 + 4),
            ..MenuContext::default()
        },
    )
    .0;
    let end = MenuItem::Choice("End snooze (until 15:04)".into(), MenuAction::EndSnooze);
    assert!(snoozed.contains(&end), "{snoozed:?}");
    assert!(!format!("{snoozed:?}").contains("Snooze notifications"));
}

#[test]
fn a_delta_leads_from_one_board_to_the_next() {
    let before = board(all_kinds());
    let mut sessions = all_kinds();
    sessions.remove(0);
    sessions[0].activity = Some(Activity::Idle { since: time(99) });
    sessions.push(session(20, "new", SessionStatus::Starting));
    let mut changed = snapshot(sessions);
    changed.revision = 4;
    changed.health.push(HealthIssue {
        source: Source::Tmux,
        subject: "/tmp/x".into(),
        message: "did not answer within 1 s".into(),
        since: time(1),
    });
    let after = Board::from_snapshot(&changed, Some(Path::new("/home/dev")));
    let delta = after.delta_from(&before);
    let ids: Vec<_> = delta.rows.iter().map(|r| r.title.as_str()).collect();
    assert_eq!(ids, ["scratch", "new"]);
    assert_eq!(before.apply(&delta), after);
    let nothing = after.delta_from(&after);
    assert!(nothing.rows.is_empty());
    assert_eq!(after.apply(&nothing), after);
}

#[test]
fn sub_agents_follow_the_tool_that_runs_beside_them() {
    let agent = |n: usize| Delegation {
        id: n.to_string(),
        agent_type: None,
        description: None,
        since: time(1),
        tool: None,
        detail: None,
        depth: 1,
    };
    let detail = |tool: Option<&str>, line: Option<&str>, agents: usize| {
        let activity = Activity::Working {
            tool: tool.map(str::to_owned),
            detail: line.map(str::to_owned),
            since: time(1),
        };
        let session = Session {
            delegations: (0..agents).map(agent).collect(),
            ..doing(1, "core", activity)
        };
        Row::from_session(&session, None).detail
    };
    assert_eq!(
        detail(Some("Bash"), Some("cargo test"), 2),
        "Bash: cargo test · 2 sub-agents"
    );
    assert_eq!(detail(Some("Agent"), None, 1), "Agent · 1 sub-agent");
    assert_eq!(detail(Some("Bash"), Some("ls"), 0), "Bash: ls");
    assert_eq!(detail(None, Some("2 sub-agents"), 2), "2 sub-agents");
}

#[test]
fn reasons_say_the_verdict_its_end_and_every_source() {
    let mut s = doing(1, "core", Activity::Idle { since: time(1) });
    let because = s.because.as_mut().expect("set");
    because.text = "the pane title shows \u{1b}work".into();
    because.until = "Claude Code exits".into();
    because.certainty = Certainty::Inferred;
    let told = |source, says: &str, at: Option<i64>, part| Testimony {
        source,
        says: says.into(),
        observed_at: at.map(time),
        part,
        reason: "so it is".into(),
    };
    let line = |source: &str, says: &str, at: Option<i64>, part, word: &str| ReasonLine {
        source: source.into(),
        says: says.into(),
        observed_at: at.map(time),
        part,
        word: word.into(),
        reason: "so it is".into(),
    };
    let mut explanation = Explanation {
        session: s,
        testimonies: vec![
            told(Source::Registry, "busy", Some(5), TestimonyOutcome::Decided),
            told(
                Source::Hook,
                "\u{202e}Bash is about to run",
                Some(4),
                TestimonyOutcome::Added,
            ),
            told(Source::List, "not asked", None, TestimonyOutcome::Silent),
        ],
    };
    assert_eq!(
        ExplanationView::from_explanation(&explanation),
        ExplanationView {
            sentence: "The pane title shows \u{fffd}work (inferred).".into(),
            until: "Changes when Claude Code exits.".into(),
            asks: String::new(),
            lines: vec![
                line(
                    "registry",
                    "busy",
                    Some(5),
                    TestimonyOutcome::Decided,
                    "decided"
                ),
                line(
                    "hooks",
                    "\u{fffd}Bash is about to run",
                    Some(4),
                    TestimonyOutcome::Added,
                    "detail"
                ),
                line(
                    "claude agents",
                    "not asked",
                    None,
                    TestimonyOutcome::Silent,
                    "no data"
                ),
            ],
        }
    );
    explanation.session.because = None;
    let untold = ExplanationView::from_explanation(&explanation);
    assert_eq!(
        (untold.sentence, untold.until),
        (String::new(), String::new())
    );
}

#[test]
fn what_asks_in_another_way_or_not_at_all_is_said() {
    let draws = |control, mode: &str| {
        let mut session = session(1, "x", SessionStatus::Active);
        session.attached = true;
        session.control = control;
        session.claude = Some(ClaudeInfo {
            mode: Some(mode.to_owned()).filter(|mode| !mode.is_empty()),
            ..ClaudeInfo::default()
        });
        let row = Row::from_session(&session, None);
        let asks = ExplanationView::from_explanation(&Explanation {
            session,
            testimonies: vec![],
        })
        .asks;
        (row.badges.join(" "), asks)
    };
    for usual in ["", "default", "manual"] {
        assert_eq!(draws(ControlModel::Pty, usual), Default::default());
    }
    for (mode, badge, part) in [
        ("auto", "", "auto mode"),
        ("acceptEdits", "", "edits files"),
        ("plan", "", "plans"),
        ("bypassPermissions", "Bypass", "bypassed"),
        ("dontAsk", "", "denied"),
        ("new\u{202e}", "", "mode is new\u{fffd}."),
    ] {
        let (badges, asks) = draws(ControlModel::Pty, mode);
        assert_eq!(badges, badge, "{mode}");
        assert!(asks.contains(part), "{mode}: {asks}");
    }
    let (badges, asks) = draws(ControlModel::Sdk, "default");
    assert_eq!(badges, "Headless");
    assert!(asks.contains("cannot ask you"), "{asks}");
}
