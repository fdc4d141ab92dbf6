//! What rows and the menu say about requests.

use super::*;
use crate::request::{RequestId, RequestKind};
use crate::session::SessionRequest;

fn request(id: &str, held: bool, since: i64) -> SessionRequest {
    SessionRequest {
        id: RequestId(id.into()),
        kind: RequestKind::Permission,
        tool: "Bash".into(),
        detail: Some("ls".into()),
        agent: None,
        held,
        programs: false,
        until: None,
        since: time(since),
    }
}

fn asking(kind: NeedKind, requests: Vec<SessionRequest>) -> Session {
    let mut session = needing(7, "api", kind, 20);
    if let Some(need) = &mut session.need {
        need.tool = Some("Bash".into());
        need.detail = Some("rm -rf \u{202e}x".into());
    }
    Session {
        requests,
        ..session
    }
}

fn ask(session: &Session) -> Option<RowRequest> {
    Row::from_session(session, None).ask
}

#[test]
fn the_oldest_that_can_be_answered_here_is_asked_first() {
    let three = vec![
        request("old", false, 1),
        SessionRequest {
            agent: Some("general-purpose\u{1b}".into()),
            until: Some(time(9)),
            ..request("held", true, 2)
        },
        request("new", true, 3),
    ];
    let ask = ask(&asking(NeedKind::Permission, three)).expect("asks");
    assert_eq!(ask.request, Some(RequestId("held".into())));
    assert_eq!(ask.agent.as_deref(), Some("general-purpose\u{fffd}"));
    assert_eq!(
        (ask.more, ask.until, ask.elsewhere),
        (2, Some(time(9)), None)
    );
    let behind = ask.behind.iter().map(|one| one.request.0.as_str());
    assert_eq!(behind.collect::<Vec<_>>(), ["new"], "held requests");
}

#[test]
fn what_cannot_be_answered_here_says_why() {
    let mut session = asking(
        NeedKind::Permission,
        vec![request("a", false, 1), request("b", false, 2)],
    );
    let told = ask(&session).expect("asks");
    assert_eq!(told.request, Some(RequestId("a".into())));
    assert!(told.elsewhere.is_some_and(|why| why.contains("terminal")));
    if let Some(need) = &mut session.need {
        need.elsewhere = Some("hooks are not connected".into());
    }
    let told = ask(&session).expect("asks").elsewhere;
    assert_eq!(told.as_deref(), Some("hooks are not connected"));
    session.requests.clear();
    let told = ask(&session).expect("asks");
    assert_eq!((told.request, told.more), (None, 0));
    assert_eq!(told.elsewhere.as_deref(), Some("hooks are not connected"));
}

#[test]
fn only_a_session_that_waits_for_its_owner_asks() {
    for status in [
        SessionStatus::Active,
        SessionStatus::Paused,
        SessionStatus::Stopped,
    ] {
        let session = Session {
            requests: vec![request("a", true, 1)],
            ..session(1, "x", status)
        };
        assert_eq!(ask(&session), None, "{status:?}");
    }
}

#[test]
fn a_row_is_one_sentence_that_says_what_it_needs() {
    let told = |kind, tool: Option<&str>, detail: Option<&str>, agent: Option<&str>| {
        let mut session = needing(7, "api", kind, 20);
        if let Some(need) = &mut session.need {
            need.tool = tool.map(str::to_owned);
            need.detail = detail.map(str::to_owned);
            need.agent = agent.map(str::to_owned);
        }
        Row::from_session(&session, None).sentence
    };
    let (bash, agent) = (Some("Bash"), Some("general-purpose"));
    for (sentence, wanted) in [
        (
            told(NeedKind::Permission, bash, None, None),
            "api, needs permission to run Bash",
        ),
        (
            told(NeedKind::Permission, bash, Some("rm \u{202e}x"), agent),
            "api, needs permission to run Bash: rm \u{fffd}x, for general-purpose",
        ),
        (
            told(NeedKind::Permission, None, None, None),
            "api, needs permission",
        ),
        (
            told(NeedKind::Question, None, Some("Which?"), None),
            "api, has a question: Which?",
        ),
        (
            told(NeedKind::Plan, None, None, None),
            "api, has a plan for you to approve",
        ),
        (
            told(NeedKind::Trust, None, None, None),
            "api, waits for you to answer a dialog in the terminal",
        ),
    ] {
        assert_eq!(sentence, wanted);
    }
}

#[test]
fn the_menu_leads_to_the_card_and_says_no_but_never_yes() {
    let session = asking(NeedKind::Permission, vec![request("r", true, 1)]);
    let id = session.id;
    let items = |session: Session| match menu(&board(vec![session]), &MenuContext::default())
        .0
        .swap_remove(2)
    {
        MenuItem::Group(text, items) => (text, items),
        other => (format!("{other:?}"), Vec::new()),
    };
    let (text, listed) = items(session.clone());
    assert_eq!(text, "◆ api: permission");
    assert_eq!(
        listed[..3],
        [
            MenuItem::Label("Bash: rm -rf \u{fffd}x".into()),
            MenuItem::Choice("Review…".into(), MenuAction::Review(id)),
            MenuItem::Choice("Deny".into(), MenuAction::Deny(id, RequestId("r".into()))),
        ]
    );
    assert!(!format!("{listed:?}").contains("Approve"));
    let elsewhere = Session {
        requests: vec![request("r", false, 1)],
        ..session
    };
    let (_, listed) = items(elsewhere);
    assert_eq!(
        listed[0],
        MenuItem::Choice("Show".into(), MenuAction::Show(id))
    );
    assert!(!format!("{listed:?}").contains("Deny"));
}
