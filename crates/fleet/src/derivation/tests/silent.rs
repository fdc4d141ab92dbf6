//! Versions of Claude Code that report no status, or none that is understood.

use super::content::{call, end, in_pane, life, said, screen, with};
use super::*;
use crate::observation::{
    ListedSession, ScreenContent, ScreenReading, TranscriptFacts, TranscriptKey,
    TranscriptSelector, TurnEndKind,
};
use crate::terminal::PaneKey;

#[test]
fn p18_an_unknown_screen_proves_nothing() {
    let nothing = Fact::Screen(
        PaneKey {
            server: "/tmp/tmux-1000/default".into(),
            pane: "%1".into(),
        },
        ScreenReading::default(),
    );
    let silent = || vec![alive(0, 1), in_pane()];
    check(
        with(silent(), vec![(20_000, nothing)]),
        21_000,
        "Active unknown",
    );
    // Where Claude Code reports a status, no screen is believed.
    let permission = || screen(ScreenContent::Permission { tool: None });
    let facts = with(
        life(&[(900, "busy", "")]),
        vec![in_pane(), (1_000, permission())],
    );
    check(facts, 2_000, "Active Working");
    // Where it reports none, the screen is all there is, for a moment.
    let facts = with(silent(), vec![(20_000, permission())]);
    check(
        facts.clone(),
        21_000,
        "AwaitingApproval Permission - inferred",
    );
    check(facts, 27_000, "Active unknown");
}

#[test]
fn a_silent_client_is_read_from_its_pane() {
    for (shows, expected) in [
        (ScreenContent::Trust, "AwaitingApproval Trust - inferred"),
        (
            ScreenContent::Question,
            "AwaitingApproval Question - inferred",
        ),
        (ScreenContent::Plan, "AwaitingApproval Plan - inferred"),
        (ScreenContent::Busy, "Active Working inferred"),
        (ScreenContent::Compacting, "Active Compacting inferred"),
        (ScreenContent::Idle, "Active Idle inferred"),
    ] {
        let facts = vec![alive(0, 1), in_pane(), (20_000, screen(shows))];
        check(facts, 21_000, expected);
    }
    let facts = vec![
        alive(0, 1),
        in_pane(),
        (20_000, screen(ScreenContent::Busy)),
        (22_000, screen(ScreenContent::Idle)),
    ];
    check(facts, 22_500, "Active Finished inferred");
}

#[test]
fn a_silent_client_is_read_from_its_transcript() {
    let key = TranscriptKey {
        dir: "/home/dev/.claude".into(),
        cwd: "/home/dev/api".into(),
        which: TranscriptSelector::NewestSince(at(0)),
    };
    let told = |said: TranscriptFacts| {
        let mut old = process(1, 7);
        old.config_dir = Some("/home/dev/.claude".into());
        vec![
            (100, Fact::Process(Box::new(old))),
            (9_000, Fact::Transcript(key.clone(), Box::new(said))),
        ]
    };
    check(
        told(said(8_000, vec![], None)),
        20_000,
        "Active Working inferred",
    );
    check(
        told(said(5_000, vec![], end(8_000, TurnEndKind::Finished))),
        20_000,
        "Active Finished inferred",
    );
    check(
        told(said(
            5_000,
            vec![call(6_000, "AskUserQuestion", "Which?")],
            None,
        )),
        20_000,
        "AwaitingApproval Question AskUserQuestion inferred",
    );
}

#[test]
fn an_unknown_word_is_looked_up_in_the_client_s_list() {
    let mut newer = entry(7, "dreaming", "");
    newer.version = Some("2.2.0".into());
    let registry = (900, Fact::Registry(file(1), Box::new(newer)));
    let facts = vec![alive(0, 1), registry];
    check(facts.clone(), 2_000, "Active unknown");
    let wanted = |facts| fleet(facts).source_demand(at(2_000)).lists;
    assert_eq!(wanted(facts.clone()), ["/home/dev/.claude".into()].into());
    let mut contained = process(1, 7);
    contained.contained = true;
    let contained = (50, Fact::Process(Box::new(contained)));
    assert_eq!(wanted(with(facts.clone(), vec![contained])), [].into());
    let list = |status: &str| {
        let listed = ListedSession {
            pid: 1,
            status: Some(status.into()),
            ..ListedSession::default()
        };
        (
            3_000,
            Fact::Listed("/home/dev/.claude".into(), vec![listed]),
        )
    };
    check(
        with(facts.clone(), vec![list("idle")]),
        4_000,
        "Active Idle inferred",
    );
    check(
        with(facts.clone(), vec![list("idle")]),
        40_000,
        "Active unknown",
    );
    check(with(facts, vec![list("dreaming")]), 4_000, "Active unknown");
}
