//! Each rule, and each reason to suppress news, in a test of its own.

use super::*;

#[test]
fn a_need_is_told_once_and_taken_back_when_it_is_met() {
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    assert_eq!(scene.see(5_000, vec![asks(1, 5_000, "touch a")]), []);
    assert_eq!(
        told(&scene.wait(60_000)),
        ["+1 s1 | Permission · Bash: touch a"]
    );
    assert_eq!(scene.see(60_000, vec![working(1, 60_000)]), []);
    assert_eq!(told(&scene.wait(61_000)), ["-1"]);
    assert_eq!(scene.wait(100_000), []);
    assert_eq!(scene.notices.due(), None);
    assert_eq!(scene.why(), []);
}

#[test]
fn every_kind_has_its_words() {
    for (session, body) in [
        (failed(1, 90_000), "Failed · API Error: 400"),
        (finished(1, 90_000), "Finished · ready for review"),
        (
            doing(1, Activity::BackgroundShell { since: at(90_000) }),
            "Finished · background shell running",
        ),
        (
            ended(1, 90_000, SessionEnd::Killed),
            "Stopped · killed or crashed",
        ),
        (
            ended(1, 90_000, SessionEnd::MidTurn),
            "Stopped · ended in the middle of a turn",
        ),
    ] {
        let mut scene = NoticeFixture::of(vec![working(1, 0)]);
        scene.see(90_000, vec![session]);
        assert_eq!(told(&scene.wait(95_000)), [format!("+1 s1 | {body}")]);
    }
}

#[test]
fn an_orderly_end_is_no_news() {
    for end in [SessionEnd::Exited, SessionEnd::Requested] {
        let mut scene = NoticeFixture::of(vec![working(1, 0)]);
        scene.see(90_000, vec![ended(1, 90_000, end)]);
        assert_eq!(scene.wait(95_000), []);
    }
    // The removal of a registry file may be observed after the exit; the end is orderly anyway.
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(90_000, vec![ended(1, 90_000, SessionEnd::Killed)]);
    scene.see(90_100, vec![ended(1, 90_000, SessionEnd::Exited)]);
    assert_eq!(scene.wait(95_000), []);
}

#[test]
fn what_was_told_of_an_end_outlasts_the_row() {
    let mut scene = NoticeFixture::of(vec![idle(1)]);
    scene.see(5_000, vec![ended(1, 5_000, SessionEnd::Killed)]);
    assert_eq!(scene.wait(65_000).len(), 1);
    assert_eq!(scene.see(65_000, Vec::new()), []);
    assert_eq!(scene.wait(600_000), []);
    // The notice stays until the user looks.
    scene.attention.popover_open = true;
    assert_eq!(told(&scene.decide()), ["-1"]);
    scene.see(600_001, Vec::new());
    assert_eq!(scene.wait(602_000), []);
    assert!(scene.notices.known.is_empty());
}

#[test]
fn an_end_that_was_held_back_is_told_though_its_row_is_gone() {
    let mut scene = NoticeFixture::of(vec![idle(1)]);
    scene.preferences.snoozed_until = Some(at(200_000));
    scene.see(5_000, vec![ended(1, 5_000, SessionEnd::Killed)]);
    assert_eq!(scene.wait(65_000), []);
    assert_eq!(scene.see(65_000, Vec::new()), []);
    assert_eq!(scene.wait(200_000), []);
    let words = "+1 s1 | Stopped · killed or crashed";
    assert_eq!(told(&scene.wait(210_000)), [words]);
    assert_eq!(scene.why(), [Suppressed::Snoozed]);
    // A user who opens the popover before that has seen the row.
    let mut scene = NoticeFixture::of(vec![idle(1)]);
    scene.preferences.snoozed_until = Some(at(200_000));
    scene.see(5_000, vec![ended(1, 5_000, SessionEnd::Killed)]);
    scene.wait(30_000);
    scene.attention.popover_open = true;
    assert_eq!(scene.decide(), []);
    scene.attention.popover_open = false;
    scene.see(65_000, Vec::new());
    assert_eq!(scene.wait(600_000), []);
    assert!(scene.notices.known.is_empty());
}

#[test]
fn p4_neither_each_turn_nor_a_sub_agent_is_told() {
    let mut scene = NoticeFixture::of(vec![idle(1)]);
    // Turns of 50 s, one after the other; only the wait for an answer makes them long.
    for turn in 0..5 {
        let begun = turn * 200_000 + 1_000;
        scene.see(begun, vec![working(1, begun)]);
        let asked = begun + 25_000;
        scene.see(asked, vec![asks(1, asked, "make")]);
        scene.attention.front = [id(1)].into();
        assert_eq!(scene.wait(asked + 100_000), []);
        let answered = asked + 100_000;
        scene.see(answered, vec![working(1, answered)]);
        // Sub-agents come and go.
        for agents in [2, 1, 0] {
            let mut session = working(1, answered);
            session.active_delegations = agents;
            assert_eq!(scene.see(answered + 1_000, vec![session]), []);
        }
        scene.attention.front.clear();
        let done = answered + 25_000;
        scene.see(done, vec![finished(1, done)]);
        assert_eq!(scene.wait(done + 20_000), []);
        let turn = [Suppressed::TerminalFrontmost, Suppressed::TooShort];
        assert_eq!(scene.why(), turn);
        scene.see(
            done + 20_000,
            vec![doing(1, Activity::Idle { since: at(done) })],
        );
    }
    // A full minute of work counts, in one piece or two.
    let begun = 2_000_000;
    scene.see(begun, vec![working(1, begun)]);
    scene.see(begun + 30_000, vec![asks(1, begun + 30_000, "make")]);
    scene.see(begun + 30_100, vec![working(1, begun + 30_100)]);
    scene.see(begun + 60_200, vec![finished(1, begun + 60_200)]);
    assert_eq!(scene.wait(begun + 70_000).len(), 1);
}

#[test]
fn each_reason_has_its_name() {
    let long = |scene: &mut NoticeFixture| scene.see(90_000, vec![finished(1, 90_000)]);
    let told = |prepare: fn(&mut NoticeFixture)| {
        let mut scene = NoticeFixture::of(vec![working(1, 0)]);
        prepare(&mut scene);
        long(&mut scene);
        assert_eq!(scene.wait(95_000), []);
        scene.why()
    };
    assert_eq!(
        told(|s| s.attention.popover_open = true),
        [Suppressed::PopoverOpen]
    );
    assert_eq!(
        told(|s| s.attention.front = [id(1)].into()),
        [Suppressed::TerminalFrontmost]
    );
    assert_eq!(
        told(|s| s.preferences.snoozed_until = Some(at(200_000))),
        [Suppressed::Snoozed]
    );
    assert_eq!(
        told(|s| {
            s.preferences.quiet = Some(QuietHours {
                from: 11 * 60,
                to: 13 * 60,
            });
        }),
        [Suppressed::QuietHours]
    );
    assert_eq!(
        told(|s| s.preferences.off = [NoticeKind::Finished].into()),
        [Suppressed::KindOff]
    );
    assert_eq!(
        told(|s| s.preferences.finished_after = Duration::from_secs(91)),
        [Suppressed::TooShort]
    );
}

#[test]
fn what_was_there_before_is_no_news_but_a_need_is_told() {
    let mut scene = NoticeFixture::of(vec![
        finished(1, -5_000),
        failed(2, -5_000),
        ended(3, -5_000, SessionEnd::Killed),
        asks(4, -5_000, "make"),
    ]);
    assert_eq!(scene.why(), [Suppressed::NotNews; 3]);
    assert_eq!(
        told(&scene.wait(60_000)),
        ["+4 s4 | Permission · Bash: make"]
    );
    // The same for a session that is found later.
    scene.see(60_000, vec![finished(5, 50_000)]);
    assert_eq!(scene.why(), [Suppressed::NotNews]);
}

#[test]
fn programs_see_for_themselves() {
    let headless = |mut session: Session| {
        session.control = ControlModel::Sdk;
        session
    };
    let mut scene = NoticeFixture::of(vec![headless(working(1, 0))]);
    scene.see(90_000, vec![headless(finished(1, 90_000))]);
    assert_eq!(scene.wait(95_000), []);
    assert_eq!(scene.why(), [Suppressed::Headless]);
}

#[test]
fn a_paused_session_tells_its_need_when_it_is_resumed() {
    let paused = |since| Session {
        status: SessionStatus::Paused,
        ..asks(1, since, "make")
    };
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(5_000, vec![paused(5_000)]);
    assert_eq!(scene.wait(60_000), []);
    assert_eq!(scene.why(), [Suppressed::Paused]);
    scene.see(60_000, vec![asks(1, 5_000, "make")]);
    assert_eq!(scene.wait(61_000).len(), 1);
    // Delivered once: a pause neither resolves the need nor makes it new.
    scene.see(61_000, vec![paused(5_000)]);
    scene.see(70_000, vec![asks(1, 5_000, "make")]);
    assert_eq!(scene.wait(90_000), []);
}

#[test]
fn what_is_held_back_is_told_when_the_time_comes_if_it_still_holds() {
    let both = |at| vec![asks(1, at, "make"), finished(2, at)];
    let mut scene = NoticeFixture::of(vec![working(1, 0), working(2, 0)]);
    scene.preferences.snoozed_until = Some(at(200_000));
    scene.see(90_000, both(90_000));
    assert_eq!(scene.wait(150_000), []);
    scene.see(150_000, vec![asks(1, 90_000, "make"), idle(2)]);
    assert_eq!(
        told(&scene.wait(300_000)),
        ["+1 s1 | Permission · Bash: make"]
    );

    // Other preferences count at once, however they were learned.
    for begin in [
        |p: &mut NoticePreferences| p.snoozed_until = Some(at(200_000)),
        |p: &mut NoticePreferences| p.quiet = Some(QuietHours { from: 0, to: 1_439 }),
    ] {
        let mut scene = NoticeFixture::of(vec![working(1, 0)]);
        begin(&mut scene.preferences);
        scene.see(1_000, vec![asks(1, 1_000, "make")]);
        assert_eq!(scene.wait(20_000), []);
        scene.preferences = NoticePreferences::default();
        assert_eq!(scene.decide().len(), 1);
    }

    // At 6:59:30, quiet hours last another half minute.
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    let (from, to) = (22 * 60, 7 * 60);
    scene.preferences.quiet = Some(QuietHours { from, to });
    scene.attention.minute = to - 1;
    scene.see(1_000, vec![asks(1, 1_000, "make")]);
    assert_eq!(scene.wait(60_000), []);
    scene.attention.minute = to;
    assert_eq!(scene.wait(62_000).len(), 1);
    assert_eq!(scene.why(), [Suppressed::QuietHours]);
}

#[test]
fn a_clock_that_is_set_counts_within_ten_minutes() {
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    let (from, to) = (22 * 60, 7 * 60);
    scene.preferences.quiet = Some(QuietHours { from, to });
    scene.attention.minute = from;
    scene.see(1_000, vec![asks(1, 1_000, "make")]);
    assert_eq!(scene.wait(60_000), []);
    scene.attention.minute = to;
    assert_eq!(scene.wait(60_000 + 10 * 60_000).len(), 1);
}

#[test]
fn quiet_hours_may_last_over_midnight() {
    let night = QuietHours {
        from: 22 * 60,
        to: 7 * 60,
    };
    let noon = QuietHours {
        from: 12 * 60,
        to: 13 * 60,
    };
    let never = QuietHours { from: 60, to: 60 };
    for (hours, minute, left) in [
        (night, 22 * 60, Some(9 * 60)),
        (night, 0, Some(7 * 60)),
        (night, 7 * 60 - 1, Some(1)),
        (night, 7 * 60, None),
        (night, 22 * 60 - 1, None),
        (noon, 12 * 60, Some(60)),
        (noon, 13 * 60, None),
        (noon, 11 * 60 + 59, None),
        (never, 60, None),
        (never, 61, None),
    ] {
        assert_eq!(
            hours.time_left(minute),
            left.map(Duration::from_mins),
            "{minute}"
        );
    }
}

#[test]
fn what_resolves_itself_at_once_is_never_told() {
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    for turn in 1..50 {
        let begun = turn * 1_000;
        scene.see(begun, vec![asks(1, begun, "make")]);
        assert_eq!(scene.see(begun + 600, vec![working(1, begun + 600)]), []);
    }
    assert_eq!(scene.wait(100_000), []);
}

#[test]
fn a_flicker_neither_takes_it_back_nor_repeats_it() {
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(1_000, vec![asks(1, 1_000, "make")]);
    assert_eq!(scene.wait(3_000).len(), 1);
    for turn in 0..20 {
        let at = 3_000 + turn * 1_000;
        assert_eq!(scene.see(at, vec![working(1, at)]), []);
        assert_eq!(scene.see(at + 500, vec![asks(1, at + 500, "make")]), []);
    }
    // After a longer absence, the notice is withdrawn; only another request is delivered again.
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(1_000, vec![holds(1, 1_000, "make", "a")]);
    assert_eq!(scene.wait(3_000).len(), 1);
    scene.see(3_000, vec![working(1, 3_000)]);
    assert_eq!(told(&scene.wait(5_000)), ["-1"]);
    scene.see(5_000, vec![holds(1, 5_000, "make", "a")]);
    assert_eq!(scene.wait(7_000), []);
    assert_eq!(scene.why(), [Suppressed::AlreadyTold]);
    scene.see(7_000, vec![working(1, 7_000)]);
    scene.wait(8_000);
    scene.see(8_000, vec![holds(1, 8_000, "make", "b")]);
    assert_eq!(scene.wait(9_000).len(), 1);
}

#[test]
fn words_that_come_later_amend_it_and_another_need_replaces_it() {
    let mut wordless = asks(1, 1_000, "");
    if let Some(need) = &mut wordless.need {
        (need.tool, need.detail) = (None, None);
    }
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(1_000, vec![wordless]);
    let first = scene.wait(2_000);
    assert_eq!(told(&first), ["+1 s1 | Permission · waits for your answer"]);
    let amended = scene.see(2_000, vec![asks(1, 1_000, "make")]);
    assert_eq!(told(&amended), ["~1 s1 | Permission · Bash: make"]);
    // A hook is found to hold the request, then releases it: still the same need.
    assert_eq!(scene.see(3_000, vec![holds(1, 1_000, "make", "a")]), []);
    assert_eq!(scene.see(4_000, vec![asks(1, 4_000, "make")]), []);
    // The next request in the queue: the registry says "waiting" throughout.
    let next = scene.see(5_000, vec![asks(1, 1_000, "rm -r build")]);
    assert_eq!(told(&next), ["-1"]);
    assert_eq!(
        told(&scene.wait(6_000)),
        ["+1 s1 | Permission · Bash: rm -r build"]
    );
}

#[test]
fn a_newer_kind_takes_the_place_of_the_older() {
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(90_000, vec![finished(1, 90_000)]);
    assert_eq!(scene.wait(95_000).len(), 1);
    let steps = scene.see(95_000, vec![ended(1, 95_000, SessionEnd::Killed)]);
    assert_eq!(told(&steps), ["-1"]);
    assert_eq!(
        told(&scene.wait(99_000)),
        ["+1 s1 | Stopped · killed or crashed"]
    );
}

#[test]
fn what_was_put_away_stays_away() {
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(1_000, vec![asks(1, 1_000, "make")]);
    assert_eq!(scene.wait(3_000).len(), 1);
    scene.notices.closed(NoticeSlot::Session(id(1)));
    assert_eq!(scene.see(3_000, vec![holds(1, 1_000, "make", "a")]), []);
    assert_eq!(scene.see(4_000, vec![working(1, 4_000)]), []);
    assert_eq!(scene.wait(60_000), []);
}

#[test]
fn what_is_asked_again_after_it_was_put_away_is_told_again() {
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(1_000, vec![asks(1, 1_000, "make")]);
    assert_eq!(scene.wait(3_000).len(), 1);
    scene.notices.closed(NoticeSlot::Session(id(1)));
    assert_eq!(scene.see(3_000, vec![working(1, 3_000)]), []);
    assert_eq!(scene.see(3_300, vec![asks(1, 3_300, "make")]), []);
    assert_eq!(scene.wait(10_000).len(), 1);
}

#[test]
fn a_glance_at_the_popover_takes_back_all_but_needs() {
    let mut scene = NoticeFixture::of(vec![working(1, 0), working(2, 0)]);
    scene.see(90_000, vec![asks(1, 90_000, "make"), failed(2, 90_000)]);
    assert_eq!(scene.wait(95_000).len(), 2);
    scene.attention.popover_open = true;
    assert_eq!(told(&scene.decide()), ["-2"]);
}

#[test]
fn a_whole_request_may_be_answered_right_here() {
    let long = "x".repeat(201);
    for (lines, whole) in [
        (vec!["touch a"], true),
        (vec!["a", "b", "c", "d"], true),
        (vec!["a", "b", "c", "d", "e"], false),
        (vec![&long[..200]], true),
        (vec![&long[..]], false),
        (vec!["two\nlines"], false),
        (vec!["\u{202e}hidden"], false),
        (vec!["cp א ב"], false),
        (vec![], false),
    ] {
        let mut scene = NoticeFixture::of(vec![working(1, 0)]);
        scene.cards = [card("a", &lines)].into();
        scene.see(1_000, vec![holds(1, 1_000, "touch a", "a")]);
        let asked = vec![(id(1), RequestId("a".into()))];
        assert_eq!(scene.notices.requests(&scene.snapshot), asked);
        let steps = scene.wait(3_000);
        let [NoticeStep::Deliver(_, notice)] = &steps[..] else {
            panic!("{steps:?}");
        };
        let answers = whole.then(|| RequestId("a".into()));
        assert_eq!(notice.answers, answers, "{lines:?}");
        if whole {
            let text = format!("Permission · Bash\n{}", lines.join("\n"));
            assert_eq!(notice.body, text);
        }
    }
    // The notice names the agent of the shown request, not that of an earlier one.
    let mut behind = holds(1, 1_000, "touch a", "a");
    let mut first = behind.requests[0].clone();
    (first.id, first.held, first.agent) = (RequestId("b".into()), false, Some("Reviewer".into()));
    behind.requests[0].agent = Some("Explorer".into());
    behind.requests.insert(0, first);
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.cards = [card("a", &["touch a"])].into();
    scene.see(1_000, vec![behind]);
    assert_eq!(
        told(&scene.wait(3_000)),
        ["+1 s1 | Permission · Bash (for Explorer)\ntouch a"]
    );
    // Labels precede what they name, and changed lines are marked as added or removed.
    let (id_a, mut change) = card("a", &["src/main.rs", "old", "new", "last"]);
    change.lines.insert(0, label("file"));
    change.lines[2].mark = LineMark::Removed;
    change.lines[3].mark = LineMark::Added;
    change.lines.push(label("empty"));
    change.lines.remove(4);
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.cards = [(id_a, change)].into();
    scene.see(1_000, vec![holds(1, 1_000, "x", "a")]);
    assert_eq!(
        told(&scene.wait(3_000)),
        ["+1 s1 | Permission · Bash\nfile: src/main.rs\n- old\n+ new\nempty:"]
    );
    // A request that no hook holds, or that cannot be shown in full, is answered elsewhere.
    let (_, mut unseen) = card("a", &["touch a"]);
    unseen.unseen = Some("a picture".into());
    let mut let_go = holds(1, 1_000, "touch a", "a");
    let_go.requests[0].held = false;
    let mut plan = holds(1, 1_000, "touch a", "a");
    plan.requests[0].kind = RequestKind::Plan;
    for (session, card) in [
        (holds(1, 1_000, "touch a", "a"), unseen),
        (let_go, card("a", &["touch a"]).1),
        (plan, card("a", &["touch a"]).1),
        (holds(1, 1_000, "touch a", "a"), card("b", &["touch a"]).1),
    ] {
        let mut scene = NoticeFixture::of(vec![working(1, 0)]);
        scene.cards = [(card.request.clone(), card)].into();
        scene.see(1_000, vec![session]);
        let steps = scene.wait(3_000);
        assert!(
            matches!(&steps[..], [NoticeStep::Deliver(_, notice)] if notice.answers.is_none()),
            "{steps:?}"
        );
    }
}

#[test]
fn words_are_bounded_and_steer_nothing() {
    let mut session = asks(1, 1_000, &"long ".repeat(100));
    session.workdir = format!("/home/dev/{}\u{202e}\n", "x".repeat(100));
    let mut scene = NoticeFixture::of(vec![working(1, 0)]);
    scene.see(1_000, vec![session]);
    let steps = scene.wait(3_000);
    let [NoticeStep::Deliver(_, notice)] = &steps[..] else {
        panic!("{steps:?}");
    };
    assert!(notice.title.chars().count() <= 61, "{}", notice.title);
    assert!(notice.body.chars().count() <= 161, "{}", notice.body);
    assert!(!notice.title.contains(['\u{202e}', '\n']));
}
