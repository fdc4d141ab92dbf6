//! Requests of sub-agents: to which agent each belongs.

use super::content::{said, transcript, with};
use super::requests::helper_asks;
use super::*;
use crate::observation::SubagentFacts;

#[test]
fn a_sub_agent_is_named_and_explained() {
    let delegated = SubagentFacts {
        agent_id: "a1".into(),
        agent_type: Some("Explore".into()),
        description: Some("Look around".into()),
        at: at(1_000),
        depth: 1,
        calls: vec![],
    };
    let mut told = said(800, vec![], None);
    told.delegations = vec![delegated];
    let unnamed = fleet(helper_asks()).snapshot(at(2_100)).sessions.remove(0);
    assert_eq!(unnamed.requests[0].agent.as_deref(), Some("Explore"));
    let facts = with(helper_asks(), vec![transcript(1_500, told)]);
    let why = fleet(facts)
        .explain(id(1, 7), at(2_100))
        .expect("a session");
    let session = &why.session;
    assert_eq!(session.status, SessionStatus::AwaitingApproval);
    assert_eq!(session.requests[0].agent.as_deref(), Some("Look around"));
    assert_eq!(session.requests[0].until, Some(at(7_000).into()));
    let need = session.need.as_ref().expect("a need");
    assert_eq!(need.agent.as_deref(), Some("Look around"));
    let because = session.because.as_ref().expect("a reason");
    assert_eq!(because.source, Source::Hook);
    assert!(because.text.contains("Look around"), "{}", because.text);
    assert_eq!(why.testimonies[0].source, Source::Hook);
}
