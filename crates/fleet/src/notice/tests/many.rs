//! Many at once, and servers that come and go.

use super::*;

fn all(ns: std::ops::Range<u128>, make: impl Fn(u128) -> Session) -> Vec<Session> {
    ns.map(make).collect()
}

#[test]
fn two_are_told_apart_and_three_together() {
    let mut scene = Scene::of(all(1..4, |n| working(n, 0)));
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
    // One is met, and later another: no more often than every two seconds.
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
    let mut scene = Scene::of(all(0..100, |n| working(n, 0)));
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
    assert_eq!(steps.last(), Some(&Step::Withdraw(Slot::Several)));
}

#[test]
fn a_hundred_within_ten_seconds_do_not_flood() {
    let mut scene = Scene::of(all(0..100, |n| working(n, 0)));
    let mut steps = Vec::new();
    for asked in 1..=100 {
        let mut sessions = all(0..asked, |n| asks(n, 1_000, "make"));
        sessions.extend(all(asked..100, |n| working(n, 0)));
        steps.extend(scene.see(1_000 + i64::try_from(asked).expect("few") * 100, sessions));
    }
    steps.extend(scene.wait(60_000));
    // Two of their own, which are taken back, and then one that is amended every two seconds.
    assert!(steps.len() <= 11, "{:?}", told(&steps));
    let shown = scene.notices.shown.keys().collect::<Vec<_>>();
    assert_eq!(shown, [&Slot::Several]);
    assert!(
        told(&steps)
            .last()
            .is_some_and(|t| t.contains("100 sessions need you"))
    );
}

#[test]
fn kinds_are_counted_apart() {
    let mut scene = Scene::of(all(1..6, |n| working(n, 0)));
    scene.see(
        90_000,
        vec![
            finished(1, 90_000),
            finished(2, 90_000),
            ended(3, 90_000, End::Killed),
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
    let mut scene = Scene::of(vec![working(1, 0), working(2, 0)]);
    scene.notices.unheard(None);
    scene.see(1_000, vec![asks(1, 1_000, "make"), working(2, 0)]);
    assert_eq!(scene.wait(90_000), []);
    scene.see(90_000, vec![asks(1, 1_000, "make"), finished(2, 90_000)]);
    assert_eq!(scene.wait(100_000), []);
    let at = |ms| Timestamp::from_millis(BEGIN + ms);
    scene.notices.heard(at(100_000));
    let mut told = told(&scene.decide());
    told.sort();
    assert_eq!(
        told,
        [
            "+1 s1 | Permission · Bash: make",
            "+2 s2 | Finished · ready for review"
        ]
    );
    // A server that starts again is told of open needs, once; what has happened it is not.
    scene.notices.heard(at(101_000));
    scene.now = 101_000;
    assert_eq!(
        super::told(&scene.decide()),
        ["+1 s1 | Permission · Bash: make"]
    );
    scene.notices.heard(at(102_000));
    assert_eq!(scene.decide(), []);
    scene.see(110_000, vec![working(1, 110_000), finished(2, 90_000)]);
    assert_eq!(scene.wait(120_000), []);
}

#[test]
fn what_no_server_took_is_told_to_the_next() {
    let mut scene = Scene::of(vec![working(1, 0)]);
    scene.see(1_000, vec![asks(1, 1_000, "make")]);
    assert_eq!(scene.wait(3_000).len(), 1);
    scene.notices.unheard(Some(Slot::Session(id(1))));
    assert_eq!(scene.wait(10_000), []);
    for turn in 0..2 {
        let now = Timestamp::from_millis(BEGIN + 10_000 + turn);
        scene.notices.heard(now);
        assert_eq!(scene.decide().len(), 1, "turn {turn}");
    }
}
