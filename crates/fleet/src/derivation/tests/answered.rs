//! What the row says about who answered a moment ago.

use super::*;
use crate::given_answer::{AnswerChannel, AnswerKind, GivenAnswer};
use crate::request::RequestId;
use crate::row::Row;
use serde_json::json;
use std::path::Path;

fn given(ms: i64, by: AnswerChannel, tty: Option<&str>) -> (i64, Fact) {
    let given = GivenAnswer {
        request: RequestId("ab".repeat(32)),
        kind: AnswerKind::Approve,
        by,
        pid: Some(9),
        executable: Some("/usr/bin/curl".into()),
        tty: tty.map(str::to_owned),
        changes: vec![],
    };
    (ms, Fact::Answered(id(1, 7), Box::new(given)))
}

fn fleet(facts: impl IntoIterator<Item = (i64, Fact)>) -> Fleet {
    let mut fleet = Fleet::new(machine());
    let lives = [alive(0, 1), says(100, 1, "busy", "")];
    for (ms, fact) in lives.into_iter().chain(facts) {
        fleet.handle_observation(Observation { at: at(ms), fact });
    }
    fleet
}

fn said(fleet: &Fleet, ms: i64) -> Option<String> {
    let snapshot = fleet.snapshot(at(ms));
    let row = Row::from_session(&snapshot.sessions[0], None);
    assert_eq!(
        row.answered.is_some(),
        snapshot.sessions[0].answered.is_some()
    );
    row.answered
}

#[test]
fn an_answer_given_outside_the_app_stands_in_the_row_for_a_minute_and_goes_by_itself() {
    let terminal = given(5_000, AnswerChannel::Terminal, Some("/dev/pts/7"));
    let fleet = fleet([terminal]);
    let expected = "approved at a terminal, pts/7";
    assert_eq!(said(&fleet, 5_000).as_deref(), Some(expected));
    assert_eq!(said(&fleet, 64_999).as_deref(), Some(expected));
    assert_eq!(said(&fleet, 65_000), None);
    // The row changes with time alone, without an observation.
    let (due, _) = fleet.poll_timeout(at(64_000)).expect("the row changes");
    assert_eq!(due, at(65_000));
    let snapshot = fleet.snapshot(at(6_000));
    let row = Row::from_session(&snapshot.sessions[0], None);
    assert!(row.sentence.contains(expected), "{}", row.sentence);
}

#[test]
fn the_newest_answer_counts_in_whatever_order_it_is_filed() {
    let terminal = || given(5_000, AnswerChannel::Terminal, Some("/dev/pts/7"));
    let program = || given(6_000, AnswerChannel::Program, None);
    let expected = "approved by a program (curl, pid 9)";
    for fleet in [
        fleet([terminal(), program()]),
        fleet([program(), terminal()]),
    ] {
        assert_eq!(said(&fleet, 7_000).as_deref(), Some(expected));
    }
    // A later click in the app is the newest answer, and the row says nothing of it.
    let clicked = given(6_000, AnswerChannel::Popover, None);
    assert_eq!(said(&fleet([terminal(), clicked]), 7_000), None);
}

#[test]
fn an_answer_is_forgotten_with_its_session() {
    let mut fleet = fleet([given(5_000, AnswerChannel::Program, None)]);
    fleet.handle_observation(Observation {
        at: at(6_000),
        fact: Fact::ProcessExited(key(1, 7)),
    });
    fleet.prune(at(6_000 + 600_000));
    assert_eq!(fleet.evidence.answers.len(), 0);
}

#[test]
fn a_lasting_answer_is_written_where_its_session_was_started() {
    let fleet = fleet([]);
    let offer = json!({
        "type": "addRules", "behavior": "allow", "destination": "localSettings",
        "rules": [{"toolName": "Bash", "ruleContent": "make"}],
    });
    let changes = fleet.changes_of_offer(id(1, 7), &offer, at(200));
    let file = changes[0].file.as_deref().map(Path::new);
    let expected = "/home/dev/api/.claude/settings.local.json";
    assert_eq!(file, Some(Path::new(expected)));
    assert_eq!(changes[0].value, "Bash(make)");
    assert_eq!(fleet.changes_of_offer(id(2, 7), &offer, at(200)), []);
}
