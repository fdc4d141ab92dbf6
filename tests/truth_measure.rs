//! Tests the judge of `make truth` with truths and lines made by hand.
#![cfg(target_os = "linux")]

#[path = "truth/judge.rs"]
mod judge;
#[expect(dead_code, reason = "only the benchmark uses the rest")]
#[path = "truth/measure.rs"]
mod measure;
#[path = "truth/state.rs"]
mod state;
#[expect(dead_code, reason = "only the benchmark uses the rest")]
#[path = "truth/timeline.rs"]
mod timeline;
#[expect(dead_code, reason = "only the benchmark uses the rest")]
#[path = "truth/witness.rs"]
mod witness;

use measure::{ScenarioEvidence, ScenarioFigures, measure};
use serde_json::json;
use state::TruthState;
use std::time::{Duration, SystemTime};
use timeline::{ProcessTruth, SessionTruth, TimeWindow, TrueChange};
use trusty_tests::Value;
use witness::RegistryWord;

const TEST_PID: u32 = 7;
const END_MS: u64 = 20_000;

fn time_at(ms: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(ms)
}

/// A line of `trusty watch` with this session alone.
fn line(pid: u32, word: &str) -> Value {
    let session = match word {
        "Permission" | "Plan" => {
            json!({"pid": pid, "status": "AwaitingApproval", "need": {"kind": word}})
        }
        "Stopped" | "Paused" | "Starting" => json!({"pid": pid, "status": word}),
        _ => json!({"pid": pid, "status": "Active", "activity": {"kind": word}}),
    };
    json!({"sessions": [session]})
}

/// Judges truths, shown words and registry words; each lasts from its time on.
fn judged(
    truth: &[(u64, TruthState)],
    shown: &[(u64, &str)],
    words: &[(u64, &str)],
) -> ScenarioFigures {
    let mut changes = SessionTruth::default();
    for (ms, state) in truth {
        changes.tell(TrueChange::new(TimeWindow::at(time_at(*ms)), &[*state]));
    }
    let lines = shown
        .iter()
        .map(|(ms, word)| (time_at(*ms), line(TEST_PID, word)));
    let words = words.iter().map(|(ms, text)| RegistryWord {
        at: time_at(*ms),
        pid: TEST_PID,
        text: (*text).to_owned(),
    });
    measure(&ScenarioEvidence {
        began: time_at(0),
        stories: &[ProcessTruth {
            pid: TEST_PID,
            truth: changes,
            end: time_at(END_MS),
        }],
        lines: lines.collect(),
        words: words.collect(),
    })
}

fn wrong(measured: &ScenarioFigures) -> u128 {
    measured.wrong_time().as_millis()
}

const TURN_TRUTH: [(u64, TruthState); 3] = [
    (0, TruthState::Idle),
    (5_000, TruthState::Working),
    (10_000, TruthState::Finished),
];

#[test]
fn what_is_shown_within_the_window_is_right() {
    let shown = [(100, "Idle"), (5_400, "Working"), (10_400, "Finished")];
    let measured = judged(&TURN_TRUTH, &shown, &[]);
    assert_eq!(wrong(&measured), 0, "{:?}", measured.wrong);
    let lags: Vec<_> = measured.lags.iter().filter_map(|l| l.shown).collect();
    assert_eq!(lags, [100, 400, 400].map(Duration::from_millis));
    assert_eq!(measured.observed.as_millis(), 20_000);
}

#[test]
fn what_is_late_is_wrong_from_the_end_of_the_window_on() {
    let shown = [(0, "Idle"), (5_800, "Working"), (10_000, "Finished")];
    assert_eq!(wrong(&judged(&TURN_TRUTH, &shown, &[])), 300);
    // Claude Code's registry said so only then.
    let words = [(0, "idle"), (5_780, "busy"), (9_990, "idle")];
    assert_eq!(wrong(&judged(&TURN_TRUTH, &shown, &words)), 0);
}

#[test]
fn a_word_of_the_client_that_comes_much_later_excuses_nothing() {
    let truth = [(0, TruthState::Working), (5_000, TruthState::Failed)];
    let shown = [(0, "Working")];
    let measured = judged(&truth, &shown, &[(10_500, "idle")]);
    assert_eq!(wrong(&measured), 14_500);
    assert_eq!(measured.lags[1].shown, None);
}

#[test]
fn a_false_moment_counts() {
    let shown = [
        (0, "Idle"),
        (5_000, "Working"),
        (7_000, "Finished"),
        (7_120, "Working"),
        (10_000, "Finished"),
    ];
    let measured = judged(&TURN_TRUTH, &shown, &[]);
    assert_eq!(wrong(&measured), 120);
    assert_eq!(measured.false_needs.len(), 0);
}

#[test]
fn a_third_state_is_wrong_even_within_a_window() {
    let shown = [
        (0, "Idle"),
        (5_000, "Failed"),
        (5_200, "Working"),
        (10_000, "Finished"),
    ];
    assert_eq!(wrong(&judged(&TURN_TRUTH, &shown, &[])), 200);
}

#[test]
fn a_state_shorter_than_its_window_may_stay_unseen() {
    let truth = [
        (0, TruthState::Idle),
        (5_000, TruthState::Working),
        (5_300, TruthState::Finished),
    ];
    let measured = judged(&truth, &[(0, "Idle"), (5_700, "Finished")], &[]);
    assert_eq!(wrong(&measured), 200, "idle until 5.5 s is right");
    let measured = judged(&truth, &[(0, "Idle"), (5_450, "Finished")], &[]);
    assert_eq!(wrong(&measured), 0, "{:?}", measured.wrong);
}

const NEED_TRUTH: [(u64, TruthState); 3] = [
    (0, TruthState::Working),
    (5_000, TruthState::Permission),
    (10_000, TruthState::Working),
];

#[test]
fn a_need_that_is_never_shown_is_missed() {
    let measured = judged(&NEED_TRUTH, &[(0, "Working")], &[]);
    assert_eq!(measured.missed.len(), 1);
    assert_eq!(wrong(&measured), 4_500);
}

#[test]
fn a_need_that_is_shown_too_late_is_missed() {
    let shown = |ms| [(0, "Working"), (ms, "Permission"), (10_000, "Working")];
    assert_eq!(judged(&NEED_TRUTH, &shown(7_100), &[]).missed.len(), 1);
    assert_eq!(judged(&NEED_TRUTH, &shown(6_900), &[]).missed.len(), 0);
}

#[test]
fn a_need_of_another_kind_is_not_missed_but_wrong() {
    let shown = [(0, "Working"), (5_000, "Plan"), (10_000, "Working")];
    let measured = judged(&NEED_TRUTH, &shown, &[]);
    assert_eq!((measured.missed.len(), measured.false_needs.len()), (0, 0));
    assert_eq!(wrong(&measured), 5_000);
}

#[test]
fn a_need_that_is_none_is_false_once_each_time() {
    let shown = [
        (0, "Working"),
        (2_000, "Permission"),
        (2_100, "Working"),
        (5_000, "Permission"),
        (10_700, "Working"),
    ];
    let measured = judged(&NEED_TRUTH, &shown, &[]);
    assert_eq!(measured.false_needs.len(), 2, "{:?}", measured.false_needs);
    assert_eq!(wrong(&measured), 100 + 200);
}

#[test]
fn a_session_that_is_not_shown_is_wrong() {
    let measured = judged(&[(0, TruthState::Idle)], &[(15_000, "Idle")], &[]);
    assert_eq!(wrong(&measured), 14_500);
}

#[test]
fn a_row_of_a_stranger_is_wrong() {
    let measured = measure(&ScenarioEvidence {
        began: time_at(0),
        stories: &[ProcessTruth {
            pid: TEST_PID,
            truth: SessionTruth::default(),
            end: time_at(END_MS),
        }],
        lines: vec![
            (time_at(1_000), line(TEST_PID + 1, "Idle")),
            (time_at(1_500), json!({"sessions": []})),
        ],
        words: Vec::new(),
    });
    assert_eq!(wrong(&measured), 500);
}
