//! Requests in exactly the same words.

use super::content::{said, transcript, with};
use super::requests::{MAIN_AGENT, RequestFacts, asked, asks, begins, check, over};
use super::*;
use crate::request::HookOutcome;

fn results(ms: i64, ids: &[&str]) -> (i64, Fact) {
    let results = ids.iter().map(|id| (*id).to_owned()).collect();
    let said = crate::observation::TranscriptFacts {
        results,
        ..said(1_000, vec![], None)
    };
    transcript(ms, said)
}

#[test]
fn of_two_that_are_asked_at_once_in_the_same_words_one_is_answered() {
    let both = with(
        asks(),
        vec![
            begins(1_950, MAIN_AGENT, "c2", "make"),
            asked(2_050, "other", MAIN_AGENT),
        ],
    );
    for (answered, call, left) in [
        ("main", "c1", "other shows other* holds other"),
        ("other", "c2", "main shows main* holds main"),
    ] {
        let facts = with(
            both.clone(),
            vec![
                over(2_600, answered, HookOutcome::Answered),
                results(2_800, &[call]),
            ],
        );
        check(answered, &facts, &[(2_700, left), (60_000, left)]);
    }
}

#[test]
fn what_is_asked_again_in_the_same_words_is_another_request() {
    // After a denial, a model mostly tries the same call again at once.
    let again = vec![
        says(2_700, 1, "busy", ""),
        begins(3_000, MAIN_AGENT, "c2", "make"),
        asked(3_050, "again", MAIN_AGENT),
        says(3_100, 1, "waiting", "permission prompt"),
    ];
    let denied = over(2_600, "main", HookOutcome::Answered);
    let shown = "again shows again* holds again";
    let cases: [(&str, RequestFacts); 3] = [
        (
            "denied in Trusty Bar",
            vec![denied.clone(), results(2_800, &["c1"])],
        ),
        ("the transcript is late", vec![denied]),
        ("denied in the terminal", vec![results(2_800, &["c1"])]),
    ];
    for (name, more) in cases {
        let facts = with(asks(), [more, again.clone()].concat());
        check(name, &facts, &[(3_500, shown), (60_000, shown)]);
        let ended = with(facts, vec![results(9_000, &["c1", "c2"])]);
        check(name, &ended, &[(9_100, "untold shows holds")]);
    }
}
