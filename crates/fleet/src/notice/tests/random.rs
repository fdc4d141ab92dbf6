//! Random histories: no need is delivered twice, and no notice outlives its news.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What happens to one of a few sessions, and how long after the previous event.
#[derive(Debug, Clone)]
struct RandomEvent {
    who: usize,
    what: u8,
    after: i64,
}

fn happens() -> impl Strategy<Value = RandomEvent> {
    let after = prop_oneof![0..100_i64, 100..3_000_i64, 60_000..70_000_i64];
    (0..5_usize, 0..10_u8, after).prop_map(|(who, what, after)| RandomEvent { who, what, after })
}

proptest! {
    #[test]
    fn no_need_is_told_twice_and_none_that_is_over_stays(story in prop::collection::vec(happens(), 1..60)) {
        let mut sessions: Vec<Session> = (0..5).map(|n| working(n, 0)).collect();
        let mut scene = NoticeFixture::of(sessions.clone());
        let mut shown: BTreeMap<NoticeSlot, Notice> = BTreeMap::new();
        let mut heard: Vec<(NoticeSlot, RequestId)> = Vec::new();
        let mut now = 0;
        let mut requests = 0;
        for next in story {
            now += next.after;
            let n = u128::try_from(next.who).expect("few");
            scene.attention.popover_open = next.what == 9;
            let request = |r: i32| format!("request {r}");
            sessions[next.who] = match next.what {
                0 | 1 => working(n, now),
                2 => finished(n, now),
                3 => failed(n, now),
                4 => ended(n, now, SessionEnd::Killed),
                5 | 6 => { requests += 1; holds(n, now, &request(requests), &request(requests)) }
                // One of the last few requests comes back, whichever session it belonged to.
                7 => { let r = requests - requests % 3; holds(n, now, &request(r), &request(r)) }
                8 => Session { status: SessionStatus::Paused, ..sessions[next.who].clone() },
                _ => sessions[next.who].clone(),
            };
            let texts = (0..=requests).map(|r| { let r = request(r); card(&r, &[&r]) });
            scene.cards = texts.collect();
            let steps = scene.see(now, sessions.clone());
            check(&steps, &mut shown, &mut heard)?;
        }
        let last = now + 5_000;
        let steps = scene.wait(last);
        check(&steps, &mut shown, &mut heard)?;
        prop_assert_eq!(&shown, &scene.notices.shown);
        // Every notice of one session is true.
        for (slot, notice) in &shown {
            let NoticeSlot::Session(who) = slot else { continue };
            let session = sessions.iter().find(|s| s.id == *who).expect("a session of the snapshot");
            let so = match notice.kind {
                NoticeKind::Needs => session.need.is_some(),
                NoticeKind::Finished => matches!(session.activity, Some(Activity::Finished { .. })),
                NoticeKind::Failed => matches!(session.activity, Some(Activity::Failed { .. })),
                NoticeKind::Stopped => session.status == SessionStatus::Stopped,
            };
            prop_assert!(so, "{:?} of {:?}", notice, session);
            let asked = session.requests.first().map(|r| r.id.clone());
            prop_assert!(notice.kind != NoticeKind::Needs || notice.answers == asked);
        }
        // Once everything is over, no notice is left.
        let calm: Vec<Session> = (0..5).map(|n| working(n, last)).collect();
        let mut steps = scene.see(last, calm);
        steps.extend(scene.wait(last + 5_000));
        check(&steps, &mut shown, &mut heard)?;
        prop_assert!(shown.is_empty(), "{:?}", shown);
        prop_assert_eq!(scene.notices.due(), None);
    }
}

fn check(
    steps: &[NoticeStep],
    shown: &mut BTreeMap<NoticeSlot, Notice>,
    heard: &mut Vec<(NoticeSlot, RequestId)>,
) -> Result<(), TestCaseError> {
    for step in steps {
        match step {
            NoticeStep::Deliver(slot, notice) => {
                shown.insert(*slot, notice.clone());
                if let Some(request) = &notice.answers {
                    let one = (*slot, request.clone());
                    prop_assert!(!heard.contains(&one), "{:?} is told twice", one);
                    heard.push(one);
                }
            }
            NoticeStep::Amend(slot, notice) => {
                prop_assert!(shown.insert(*slot, notice.clone()).is_some());
            }
            NoticeStep::Withdraw(slot) => prop_assert!(shown.remove(slot).is_some()),
        }
    }
    Ok(())
}
