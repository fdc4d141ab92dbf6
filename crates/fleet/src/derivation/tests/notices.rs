//! From the facts of sources to the notices that the user gets.

use super::requests::{MAIN_AGENT, event};
use super::*;
use crate::notice::{NoticeStep, NotificationState, RequestCards, UserContext as Looks};
use crate::observation::HookEventKind;
use std::collections::BTreeSet;

/// How often the user's app polls, in milliseconds.
const POLL_INTERVAL_MS: i64 = 100;

/// The notices that are delivered while these facts arrive, and when.
fn notices(mut facts: Vec<(i64, Fact)>, until: i64) -> Vec<(i64, String)> {
    facts.sort_by_key(|(ms, _)| *ms);
    let mut facts = facts.into_iter().peekable();
    let (mut fleet, mut notices) = (Fleet::new(machine()), NotificationState::default());
    let mut told = Vec::new();
    for ms in (500..until).step_by(usize::try_from(POLL_INTERVAL_MS).expect("the interval fits")) {
        while let Some((ms, fact)) = facts.next_if(|(due, _)| *due <= ms) {
            fleet.handle_observation(Observation { at: at(ms), fact });
        }
        let snapshot = fleet.snapshot(at(ms));
        notices.update_sessions(&snapshot, at(ms));
        let looks = Looks {
            popover_open: false,
            front: BTreeSet::new(),
            wall: at(ms).into(),
            minute: 0,
        };
        let cards = RequestCards::default();
        let decision = notices.decide(&snapshot, None, &cards, &looks, at(ms));
        told.extend(decision.steps.into_iter().map(|step| match step {
            NoticeStep::Deliver(_, notice) => (ms, notice.body),
            other => (ms, format!("{other:?}")),
        }));
    }
    told
}

#[test]
fn p4_the_end_of_a_sub_agent_or_of_a_turn_that_goes_on_is_not_told() {
    let helper = Some("a1");
    let mut facts = vec![
        alive(0, 1),
        says(100, 1, "idle", ""),
        event(1_000, MAIN_AGENT, HookEventKind::Prompted),
        says(1_100, 1, "busy", ""),
    ];
    for round in 1..=5 {
        let begun = round * 20_000;
        let starts = HookEventKind::AgentStarted {
            agent_type: Some("Explore".into()),
        };
        let agents = vec!["a1".to_owned()];
        facts.extend([
            event(begun, helper, starts),
            // The main agent is done for now, and continues when its sub-agent is done.
            event(begun + 3_000, MAIN_AGENT, HookEventKind::Stopped { agents }),
            event(begun + 9_000, helper, HookEventKind::AgentEnded),
            event(
                begun + 12_000,
                MAIN_AGENT,
                HookEventKind::Stopped { agents: vec![] },
            ),
        ]);
    }
    assert_eq!(notices(facts.clone(), 150_000), []);
    facts.push(event(
        150_000,
        MAIN_AGENT,
        HookEventKind::Stopped { agents: vec![] },
    ));
    facts.push(says(150_100, 1, "idle", ""));
    let told = notices(facts, 200_000);
    let [(when, body)] = &told[..] else {
        panic!("{told:?}");
    };
    assert!((150_800..152_000).contains(when), "{told:?}");
    assert!(body.starts_with("Finished"), "{body}");
}
