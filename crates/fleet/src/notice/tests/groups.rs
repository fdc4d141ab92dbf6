//! News of many sessions at once, and notification servers that come and go.

use super::*;

fn all(ns: std::ops::Range<u128>, make: impl Fn(u128) -> Session) -> Vec<Session> {
    ns.map(make).collect()
}

#[test]
fn two_are_told_apart_and_three_together() {
    let mut scene = NoticeFixture::of(all(1..4, |n| working(n, 0)));
    let mut sessions = all(1..3, |n| asks(n, 1_000, "make"));
    sessions.push(working(3, 0));
    scene.see(1_000, sessions);
    assert_eq!(scene.wait(2_500).len(), 2);
    let three = all(1..4, |n| asks(n, 1_000, "make"));
    assert_eq!(scene.see(2_500, three.clone()), []);
    assert_eq!(
        told(&scene.wait(20_000)),
        ["-1", "-2", "+* 3 sessions need you | s1, s2, s3"]
    );
    // One need is met, and later another: the notice is amended every two seconds at most.
    let mut rest = three.clone();
    rest[1] = working(2, 20_000);
    scene.see(20_000, rest.clone());
    assert_eq!(
        told(&scene.wait(21_000)),
        ["~* 2 sessions need you | s1, s3"]
    );
    rest[0] = working(1, 21_000);
    scene.see(21_000, rest.clone());
    assert_eq!(scene.wait(22_000), []);
    assert_eq!(told(&scene.wait(30_000)), ["~* 1 session needs you | s3"]);
    rest[2] = working(3, 30_000);
    scene.see(30_000, rest);
    assert_eq!(told(&scene.wait(31_000)), ["-*"]);
    assert_eq!(scene.notices.due(), None);
}

#[test]
fn a_hundred_at_once_are_one() {
    let mut scene = NoticeFixture::of(all(0..100, |n| working(n, 0)));
    scene.see(1_000, all(0..100, |n| asks(n, 1_000, "make")));
    assert_eq!(
        told(&scene.wait(60_000)),
        ["+* 100 sessions need you | s0, s1, s2 and 97 more"]
    );
    // All are answered one after the other within ten seconds.
    let mut steps = Vec::new();
    for done in 1..=100 {
        let mut sessions = all(0..done, |n| working(n, 60_000));
        sessions.extend(all(done..100, |n| asks(n, 1_000, "make")));
        steps.extend(scene.see(60_000 + i64::try_from(done).expect("few") * 100, sessions));
    }
    steps.extend(scene.wait(100_000));
    assert!(steps.len() <= 7, "{:?}", told(&steps));
    assert_eq!(
        steps.last(),
        Some(&NoticeStep::Withdraw(NoticeSlot::Several))
    );
}

#[test]
fn a_hundred_within_ten_seconds_do_not_flood() {
    let mut scene = NoticeFixture::of(all(0..100, |n| working(n, 0)));
    let mut steps = Vec::new();
    for asked in 1..=100 {
        let mut sessions = all(0..asked, |n| asks(n, 1_000, "make"));
        sessions.extend(all(asked..100, |n| working(n, 0)));
        steps.extend(scene.see(1_000 + i64::try_from(asked).expect("few") * 100, sessions));
    }
    steps.extend(scene.wait(60_000));
    // Two single notices, which are withdrawn, then a shared one, amended every two seconds.
    assert!(steps.len() <= 11, "{:?}", told(&steps));
    let shown = scene.notices.shown.keys().collect::<Vec<_>>();
    assert_eq!(shown, [&NoticeSlot::Several]);
    assert!(
        told(&steps)
            .last()
            .is_some_and(|t| t.contains("100 sessions need you"))
    );
}

#[test]
fn kinds_are_counted_apart() {
    let mut scene = NoticeFixture::of(all(1..6, |n| working(n, 0)));
    scene.see(
        90_000,
        vec![
            finished(1, 90_000),
            finished(2, 90_000),
            ended(3, 90_000, SessionEnd::Killed),
            failed(4, 90_000),
            asks(5, 90_000, "make"),
        ],
    );
    assert_eq!(
        told(&scene.wait(95_000)),
        ["+* 1 session needs you · 1 failed · 1 stopped · 2 finished | s5, s1, s2 and 2 more"]
    );
}

#[test]
fn without_a_server_all_waits_for_one() {
    let mut scene = NoticeFixture::of(vec![working(1, 0), working(2, 0)]);
    scene.notices.note_no_server(None);
    scene.see(1_000, vec![asks(1, 1_000, "make"), working(2, 0)]);
    assert_eq!(scene.wait(90_000), []);
    scene.see(90_000, vec![asks(1, 1_000, "make"), finished(2, 90_000)]);
    assert_eq!(scene.wait(100_000), []);
    let at = |ms| Timestamp::from_millis(BEGIN_MS + ms);
    scene.notices.note_new_server(at(100_000));
    let mut told = told(&scene.decide());
    told.sort();
    assert_eq!(
        told,
        [
            "+1 s1 | Permission · Bash: make",
            "+2 s2 | Finished · ready for review"
        ]
    );
    // A restarted server gets open needs once more, but no events.
    scene.notices.note_new_server(at(101_000));
    scene.now = 101_000;
    assert_eq!(
        super::told(&scene.decide()),
        ["+1 s1 | Permission · Bash: make"]
    );
    scene.notices.note_new_server(at(102_000));
    assert_eq!(scene.decide(), []);
    scene.see(110_000, vec![working(1, 110_000), finished(2, 90_000)]);
    assert_eq!(scene.wait(120_000), []);
}

#[test]
fn what_no_server_took_is_told_to_the_next() {
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(1_000, vec![asks(1, 1_000, "make")]);
    assert_eq!(scene.wait(3_000).len(), 1);
    scene
        .notices
        .note_no_server(Some(NoticeSlot::Session(id(1))));
    assert_eq!(scene.wait(10_000), []);
    for turn in 0..2 {
        let now = Timestamp::from_millis(BEGIN_MS + 10_000 + turn);
        scene.notices.note_new_server(now);
        assert_eq!(scene.decide().len(), 1, "turn {turn}");
    }
}

fn now(ms: i64) -> Timestamp {
    Timestamp::from_millis(BEGIN_MS + ms)
}

#[test]
fn what_a_server_refuses_is_offered_again_and_all_else_stays() {
    let all = |second| vec![asks(1, 1_000, "make"), second];
    let mut scene = NoticeFixture::of(vec![working(1, 0), working(2, 0)]);
    scene.see(1_000, all(working(2, 0)));
    assert_eq!(scene.wait(5_000).len(), 1);
    scene.see(5_000, all(asks(2, 5_000, "rm")));
    assert_eq!(told(&scene.wait(6_000)), ["+2 s2 | Permission · Bash: rm"]);
    let second = NoticeSlot::Session(id(2));
    scene.notices.note_refusal(second, now(6_000));
    assert_eq!(scene.wait(36_000), []);
    let again = told(&scene.wait(37_000));
    assert_eq!(again, ["+2 s2 | Permission · Bash: rm"]);
    // Refused again, and over before the next attempt; an earlier notice in the slot is withdrawn.
    scene.notices.note_refusal(second, now(37_000));
    scene.see(40_000, vec![working(1, 40_000), working(2, 40_000)]);
    assert_eq!(told(&scene.wait(90_000)), ["-1", "-2"]);
    assert_eq!(scene.notices.due(), None);
}

#[test]
fn what_was_taken_late_is_not_offered_again() {
    let slot = NoticeSlot::Session(id(1));
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(1_000, vec![asks(1, 1_000, "make")]);
    assert_eq!(scene.wait(5_000).len(), 1);
    scene.notices.note_refusal(slot, now(5_000));
    assert!(scene.notices.taken(slot));
    assert_eq!(scene.wait(90_000), []);
    scene.see(90_000, vec![working(1, 90_000)]);
    assert_eq!(told(&scene.wait(95_000)), ["-1"]);
    assert!(!scene.notices.taken(slot));
}

#[test]
fn several_that_are_refused_are_offered_again_as_they_are_then() {
    let mut scene = NoticeFixture::of(all(1..4, |n| working(n, 0)));
    scene.see(1_000, all(1..4, |n| asks(n, 1_000, "make")));
    assert_eq!(scene.wait(5_000).len(), 1);
    scene.notices.note_refusal(NoticeSlot::Several, now(5_000));
    let mut rest = all(1..4, |n| asks(n, 1_000, "make"));
    rest[0] = working(1, 6_000);
    scene.see(6_000, rest);
    assert_eq!(scene.wait(35_000), []);
    assert_eq!(
        told(&scene.wait(90_000)),
        ["+* 2 sessions need you | s2, s3"]
    );
    // A new server gets refused notices too.
    scene.notices.note_refusal(NoticeSlot::Several, now(90_000));
    scene.notices.note_new_server(now(91_000));
    scene.now = 91_000;
    assert_eq!(scene.decide().len(), 2);
}

#[test]
fn ends_that_nobody_could_show_keep_their_words() {
    let mut scene = NoticeFixture::of(all(1..4, idle));
    scene.notices.note_no_server(None);
    scene.see(5_000, all(1..4, |n| ended(n, 5_000, SessionEnd::Killed)));
    assert_eq!(scene.wait(65_000), []);
    scene.see(65_000, Vec::new());
    assert_eq!(scene.wait(90_000), []);
    scene.notices.note_new_server(now(90_000));
    scene.now = 90_000;
    assert_eq!(
        told(&scene.decide()),
        ["+* 3 sessions stopped | s1, s2, s3"]
    );
}

#[test]
fn sessions_of_one_name_are_told_apart() {
    let pane = |n: u128, session: &str| {
        let mut one = asks(n, 1_000, "make");
        one.workdir = "/home/dev/api".into();
        one.pid = Some(u32::try_from(n).expect("small") + 100);
        let tmux = crate::session::TmuxTarget {
            socket: "/tmp/tmux".into(),
            session: session.into(),
            window: "@0".into(),
            pane: format!("%{n}"),
            clients: 0,
        };
        one.terminal = Some(crate::session::SessionTerminal {
            tmux: Some(tmux).filter(|t| !t.session.is_empty()),
            ..crate::session::SessionTerminal::default()
        });
        one
    };
    let titles = |sessions: Vec<Session>| -> Vec<String> {
        let mut scene = NoticeFixture::of(Vec::new());
        scene.see(1_000, sessions);
        let told = scene.wait(5_000).into_iter().map(|step| match step {
            NoticeStep::Deliver(_, notice) => notice.title,
            other => panic!("{other:?}"),
        });
        told.collect()
    };
    assert_eq!(titles(vec![pane(1, "work")]), ["api"]);
    let two = |a, b| titles(vec![pane(1, a), pane(2, b)]);
    assert_eq!(two("work", "play"), ["api (work)", "api (play)"]);
    assert_eq!(two("work", "work"), ["api (101)", "api (102)"]);
    assert_eq!(two("work", ""), ["api (work)", "api (102)"]);
    // A session that ended in good order needs no distinction.
    let mut left = pane(2, "");
    left.end = Some(SessionEnd::Exited);
    left.status = SessionStatus::Stopped;
    assert_eq!(titles(vec![pane(1, ""), left]), ["api"]);

    // A name that was delivered stays while other sessions come and go.
    let mut scene = NoticeFixture::of(Vec::new());
    scene.see(1_000, vec![pane(1, "work")]);
    assert_eq!(scene.wait(5_000).len(), 1);
    scene.see(5_000, vec![pane(1, "work"), pane(2, "play")]);
    let later = told(&scene.wait(9_000));
    assert_eq!(later, ["+2 api (play) | Permission · Bash: make"]);
    assert_eq!(scene.see(9_000, vec![pane(2, "play")]), []);
    assert_eq!(told(&scene.wait(20_000)), ["-1"]);
}
