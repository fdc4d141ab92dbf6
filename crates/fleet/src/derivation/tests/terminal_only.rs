//! Why a request can only be answered in the session's terminal.

use super::content::{life, with};
use super::requests::{MAIN_AGENT, RequestFacts, asks, event, helper_asks, over, wishes};
use super::*;
use crate::observation::{HoldDuration, HookEventKind, HookInstall};
use crate::request::HookOutcome;

#[test]
fn why_it_can_only_be_answered_in_its_terminal_is_said() {
    let connected = |state| (100, Fact::HookInstall("/home/dev/.claude".into(), state));
    let waits = || life(&[(900, "busy", ""), (2_300, "waiting", "permission prompt")]);
    let why = |facts: RequestFacts, ms: i64| {
        let session = fleet(facts).snapshot(at(ms)).sessions.remove(0);
        session.need.expect("a need").elsewhere
    };
    let said = |facts: RequestFacts, part: &str| {
        let words = why(facts, 9_000).expect("a reason");
        assert!(words.contains(part), "{words}");
    };
    said(waits(), "not connected");
    said(
        with(waits(), vec![connected(HookInstall::NotInstalled)]),
        "not connected",
    );
    said(
        with(waits(), vec![connected(HookInstall::Incomplete)]),
        "reconnect them",
    );
    let policy = || connected(HookInstall::Forbidden("disableAllHooks is set".into()));
    said(with(waits(), vec![policy()]), "disableAllHooks");
    let ran = vec![event(1_000, MAIN_AGENT, HookEventKind::Prompted), policy()];
    said(with(waits(), ran.clone()), "disableAllHooks");
    assert_eq!(
        why(with(waits(), ran), 2_400),
        None,
        "Claude Code may not have reloaded its settings, so that a hook may still report"
    );
    said(
        with(waits(), vec![connected(HookInstall::Connected)]),
        "has received none",
    );
    let heard = vec![
        connected(HookInstall::Connected),
        event(1_000, MAIN_AGENT, HookEventKind::Prompted),
    ];
    said(with(waits(), heard.clone()), "only in the terminal");
    let told = HookEventKind::PermissionAsked {
        tool: "Bash".into(),
        detail: None,
    };
    said(
        with(
            with(waits(), heard.clone()),
            vec![event(2_250, MAIN_AGENT, told)],
        ),
        "too large to show",
    );
    assert_eq!(
        why(with(waits(), heard), 2_400),
        None,
        "a hook may still report"
    );
    let own = || with(asks(), vec![connected(HookInstall::Connected)]);
    assert_eq!(why(own(), 9_000), None, "the hook is held");
    said(
        with(own(), vec![over(3_000, "main", HookOutcome::Released)]),
        "was returned to the terminal",
    );
    said(
        with(own(), vec![over(3_000, "main", HookOutcome::HungUp)]),
        "the hook exited",
    );
    let seconds = HoldDuration::Seconds;
    said(
        with(own(), vec![wishes(seconds(3), seconds(5))]),
        "after 3 s",
    );
    said(
        with(own(), vec![wishes(seconds(0), seconds(5))]),
        "answers.hold = 0",
    );
    let helper = with(
        helper_asks(),
        vec![
            connected(HookInstall::Connected),
            wishes(seconds(3), seconds(0)),
            says(2_500, 1, "waiting", "permission prompt"),
        ],
    );
    said(helper, "answers.hold_agents = 0");
}
