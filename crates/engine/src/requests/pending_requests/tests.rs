use super::*;
use serde_json::{Map, json};
use trusty_fleet::authorization::{AnswerAuthor, AnswerChannel};
use trusty_fleet::given_answer::AnswerKind;
use trusty_fleet::request::{RequestKind, ToolCallHash};

type AnswerOutcome = oneshot::Receiver<Result<(), AnswerError>>;

fn session(n: u8) -> SessionId {
    let text = format!("00000000-0000-5000-8000-0000000000{n:02x}");
    SessionId(text.parse().expect("an id"))
}

fn id(name: &str) -> RequestId {
    RequestId(name.into())
}

fn hook_request(name: &str, weight: usize) -> HookRequest {
    let mut input = Map::new();
    input.insert("command".into(), json!("make"));
    HookRequest {
        asking: PermissionRequest {
            id: id(name),
            session_id: "s".into(),
            kind: RequestKind::Permission,
            tool: "Bash".into(),
            detail: None,
            agent: None,
            agent_type: None,
            call: ToolCallHash("f".into()),
        },
        content: RequestContent {
            tool: "Bash".into(),
            input,
            suggestions: vec![],
        },
        weight,
        unseen: None,
    }
}

fn hold_one(
    held: &mut PendingRequests,
    name: &str,
    weight: usize,
) -> (Option<HookOutcome>, mpsc::Receiver<HookReply>) {
    let (way, told) = mpsc::channel(2);
    let (_, over) = held.hold_request(session(1), hook_request(name, weight), way);
    (over, told)
}

fn answer(
    held: &mut PendingRequests,
    of: SessionId,
    name: &str,
    answer: &Answer,
) -> (Option<HookOutcome>, AnswerOutcome) {
    let (reply, given) = oneshot::channel();
    let author = AnswerAuthor::own_face(AnswerChannel::Popover);
    let told = GivenAnswer::new(id(name), answer, &author, vec![]);
    (held.answer(of, &id(name), answer, told, reply), given)
}

fn code(held: &mut PendingRequests, given: &mut AnswerOutcome) -> Option<&'static str> {
    held.send_replies();
    match given.try_recv() {
        Ok(Ok(())) => Some("ok"),
        Ok(Err(e)) => Some(e.code().as_str()),
        Err(_) => None,
    }
}

#[test]
fn an_answer_is_given_once_its_hook_has_handed_it_on() {
    let mut held = PendingRequests::default();
    let (over, mut told) = hold_one(&mut held, "a", 1);
    assert_eq!(over, None);
    let wanted = BTreeMap::from([(id("a"), None)]);
    assert_eq!(held.retain_wanted(&wanted, Timestamp::default()), []);
    assert!(matches!(told.try_recv(), Ok(HookReply::Held(None))));
    held.retain_wanted(&wanted, Timestamp::default());
    assert!(told.try_recv().is_err(), "it is told once");
    let (over, mut given) = answer(&mut held, session(1), "a", &Answer::Allow {});
    assert_eq!(
        (over, code(&mut held, &mut given)),
        (None, None),
        "on its way"
    );
    let Ok(HookReply::Last(FinalReply(bytes))) = told.try_recv() else {
        panic!("no word");
    };
    assert!(bytes.ends_with(b"}\n"));
    let (_, mut late) = answer(&mut held, session(1), "a", &Answer::Allow {});
    assert_eq!(
        code(&mut held, &mut late),
        Some("over"),
        "it is being answered"
    );
    held.retain_wanted(&BTreeMap::new(), Timestamp::default());
    let over = held.end_request(session(1), &id("a"), HookOutcome::Answered);
    assert!(
        given.try_recv().is_err(),
        "not before the snapshot shows it"
    );
    assert_eq!(
        (over, code(&mut held, &mut given)),
        (Some(HookOutcome::Answered), Some("ok"))
    );
    assert_eq!(
        held.end_request(session(1), &id("a"), HookOutcome::HungUp),
        None
    );
    assert_eq!(held.content(session(1), &id("a")), None);
}

#[test]
fn an_answer_is_recorded_once_its_client_took_it_and_never_before() {
    let kinds = |held: &mut PendingRequests| -> Vec<_> {
        let taken = held.drain_taken().into_iter();
        taken.map(|(of, given)| (of, given.kind)).collect()
    };
    let mut held = PendingRequests::default();
    let (_, _told) = hold_one(&mut held, "a", 1);
    let (_, _given) = answer(&mut held, session(1), "a", &Answer::Deny { message: None });
    assert_eq!(kinds(&mut held), [], "on its way");
    held.end_request(session(1), &id("a"), HookOutcome::Answered);
    assert_eq!(kinds(&mut held), [(session(1), AnswerKind::Deny)]);
    assert_eq!(kinds(&mut held), [], "once");
    for over in [HookOutcome::HungUp, HookOutcome::Released] {
        let (_, _told) = hold_one(&mut held, "b", 1);
        let (_, _given) = answer(&mut held, session(1), "b", &Answer::Allow {});
        held.end_request(session(1), &id("b"), over);
        assert_eq!(kinds(&mut held), [], "{over:?}");
    }
    let (_, _told) = hold_one(&mut held, "c", 1);
    let (_, _given) = answer(&mut held, session(1), "c", &Answer::Release {});
    assert_eq!(kinds(&mut held), [(session(1), AnswerKind::Release)]);
}

#[test]
fn an_answer_that_is_not_handed_on_is_none() {
    let mut held = PendingRequests::default();
    let (_, told) = hold_one(&mut held, "a", 1);
    let (_, mut given) = answer(&mut held, session(1), "a", &Answer::Allow {});
    held.end_request(session(1), &id("a"), HookOutcome::Released);
    assert_eq!(code(&mut held, &mut given), Some("unheard"));
    drop(told);
    let (_, told) = hold_one(&mut held, "c", 1);
    let (_, mut given) = answer(&mut held, session(1), "c", &Answer::Allow {});
    held.end_request(session(1), &id("c"), HookOutcome::HungUp);
    assert_eq!(
        code(&mut held, &mut given),
        Some("over"),
        "answered in its terminal"
    );
    drop(told);
    let (_, told) = hold_one(&mut held, "b", 1);
    drop(told);
    let (_, mut given) = answer(&mut held, session(1), "b", &Answer::Allow {});
    assert_eq!(
        code(&mut held, &mut given),
        Some("over"),
        "its hook has just gone"
    );
}

#[test]
fn only_the_one_that_is_meant_is_answered() {
    let mut held = PendingRequests::default();
    let (_, mut told) = hold_one(&mut held, "a", 1);
    for (of, name) in [(session(2), "a"), (session(1), "b")] {
        let (_, mut given) = answer(&mut held, of, name, &Answer::Allow {});
        assert_eq!(code(&mut held, &mut given), Some("over"));
        assert_eq!(held.content(of, &id(name)), None);
        assert_eq!(held.end_request(of, &id(name), HookOutcome::HungUp), None);
    }
    let none = Answer::Choose { answers: vec![] };
    let (_, mut given) = answer(&mut held, session(1), "a", &none);
    assert_eq!(code(&mut held, &mut given), Some("unfit"));
    assert!(told.try_recv().is_err(), "nothing was said");
    assert!(held.content(session(1), &id("a")).is_some());
    let (over, mut given) = answer(&mut held, session(1), "a", &Answer::Release {});
    assert_eq!(
        (over, code(&mut held, &mut given)),
        (Some(HookOutcome::Released), Some("ok"))
    );
    assert!(matches!(
        told.try_recv(),
        Err(mpsc::error::TryRecvError::Disconnected)
    ));
}

#[test]
fn what_is_not_wanted_is_let_go() {
    let mut held = PendingRequests::default();
    let (_, mut first) = hold_one(&mut held, "a", 1);
    let (_, mut second) = hold_one(&mut held, "b", 1);
    let until = Timestamp::from_millis(5_000);
    let wanted = BTreeMap::from([(id("b"), Some(until))]);
    let gone = held.retain_wanted(&wanted, Timestamp::from_millis(1_000));
    assert_eq!(gone, [(session(1), id("a"))]);
    assert!(matches!(
        first.try_recv(),
        Err(mpsc::error::TryRecvError::Disconnected)
    ));
    let four = Duration::from_secs(4);
    assert!(matches!(second.try_recv(), Ok(HookReply::Held(Some(left))) if left == four));
}

#[test]
fn a_hook_is_told_anew_how_long_it_is_held_and_there_is_room_for_the_answer() {
    let mut held = PendingRequests::default();
    let (_, mut told) = hold_one(&mut held, "a", 1);
    let keep = |held: &mut PendingRequests, until: Option<i64>, now: i64| {
        let wanted = BTreeMap::from([(id("a"), until.map(Timestamp::from_millis))]);
        assert_eq!(held.retain_wanted(&wanted, Timestamp::from_millis(now)), []);
    };
    keep(&mut held, Some(5_000), 1_000);
    // Longer, before it has read the first word.
    keep(&mut held, Some(60_000), 2_000);
    let seconds = |told: &mut mpsc::Receiver<HookReply>| match told.try_recv() {
        Ok(HookReply::Held(left)) => left.map(|left| left.as_secs()),
        other => panic!("{other:?}"),
    };
    assert_eq!(seconds(&mut told), Some(4));
    assert!(told.try_recv().is_err(), "one place stays free");
    keep(&mut held, Some(60_000), 3_000);
    assert_eq!(seconds(&mut told), Some(57));
    keep(&mut held, None, 4_000);
    let (_, mut given) = answer(&mut held, session(1), "a", &Answer::Allow {});
    assert_eq!(code(&mut held, &mut given), None, "on its way");
    assert_eq!(seconds(&mut told), None);
    assert!(matches!(told.try_recv(), Ok(HookReply::Last(_))));
}

#[test]
fn what_is_kept_is_bounded() {
    let mut held = PendingRequests::default();
    let mut ways = Vec::new();
    for n in 0..MAX_HELD_REQUESTS {
        let (over, way) = hold_one(&mut held, &n.to_string(), 1);
        assert_eq!(over, None);
        ways.push(way);
    }
    assert_eq!(
        hold_one(&mut held, "one more", 1).0,
        Some(HookOutcome::Released)
    );
    held.end_request(session(1), &id("0"), HookOutcome::HungUp);
    assert_eq!(
        hold_one(&mut held, "1", 1).0,
        Some(HookOutcome::Released),
        "it is held already"
    );
    assert_eq!(
        hold_one(&mut held, "large", MAX_HELD_BYTES).0,
        Some(HookOutcome::Released)
    );
    assert_eq!(
        hold_one(&mut held, "fits", MAX_HELD_BYTES + 1 - MAX_HELD_REQUESTS).0,
        None
    );
    assert_eq!(
        hold_one(&mut held, "more", 1).0,
        Some(HookOutcome::Released)
    );
}

#[test]
fn what_cannot_be_shown_is_denied_and_not_approved() {
    let mut held = PendingRequests::default();
    let (way, mut told) = mpsc::channel(2);
    let unseen = HookRequest {
        unseen: Some("it is too long".into()),
        ..hook_request("a", 1)
    };
    assert_eq!(held.hold_request(session(1), unseen, way).1, None);
    for approves in [Answer::Allow {}, Answer::Always { suggestion: 0 }] {
        let (over, mut given) = answer(&mut held, session(1), "a", &approves);
        assert_eq!(over, None);
        held.send_replies();
        let refused = given.try_recv().expect("told").expect_err("refused");
        assert_eq!(
            (refused.code().as_str(), refused.to_string()),
            ("unfit", "it is too long".to_owned())
        );
        assert!(told.try_recv().is_err(), "nothing is on its way");
    }
    let deny = Answer::Deny { message: None };
    let (over, _given) = answer(&mut held, session(1), "a", &deny);
    assert_eq!(over, None);
    assert!(matches!(told.try_recv(), Ok(HookReply::Last(_))));
}
