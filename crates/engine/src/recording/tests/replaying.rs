use super::facts::{entry, file, process};
use super::*;
use trusty_fleet::Fact;
use trusty_fleet::observation::{ProcessSample, RunState};

/// A recording of a running client whose file says this at these milliseconds, and which ends
/// at the last.
fn log(look: i64, statuses: &[(i64, &str)], end: i64) -> ParsedRecording {
    let text = recorded(RecordingPrivacy::Full, Vec::new());
    let mut log = read(text.as_bytes()).expect("a recording");
    let seen = |ms, fact| {
        let at = Timestamp::from_millis(ms);
        RecordingLine::Observed(Observation { at, fact })
    };
    let mark = |ms, mark| {
        let at = Timestamp::from_millis(ms);
        RecordingLine::Mark { at, mark }
    };
    let mut running = process();
    running.pulse = ProcessSample {
        state: RunState::Running,
        ..running.pulse
    };
    running.tmux_socket = None;
    log.lines.push(seen(1000, Fact::Process(Box::new(running))));
    for (ms, status) in statuses {
        let entry = Box::new(entry(status));
        log.lines.push(seen(*ms, Fact::Registry(file(), entry)));
    }
    log.lines.push(mark(end, RecordingMark::End));
    let place = log.lines.iter().position(|l| match l {
        RecordingLine::Observed(o) => o.at > Timestamp::from_millis(look),
        RecordingLine::Mark { .. } => true,
    });
    let place = place.expect("the end");
    log.lines
        .insert(place, mark(look, RecordingMark::FirstScan));
    log
}

fn timeline_words(log: &ParsedRecording) -> Vec<(u128, String)> {
    let story = describe_timeline(log, &timeline(log));
    let told = story.into_iter().map(|t| (t.after.as_millis(), t.word));
    told.collect()
}

fn as_told(words: &[(u128, &str)]) -> Vec<(u128, String)> {
    let own = words.iter().map(|(ms, word)| (*ms, (*word).to_owned()));
    own.collect()
}

#[test]
fn the_first_look_is_shown_at_once_and_a_debounce_runs_off_between_lines() {
    let log = log(1500, &[(1200, "busy"), (5000, "idle")], 9000);
    // 300 ms after the word, and a millisecond for the engine's timer.
    assert_eq!(
        timeline_words(&log),
        as_told(&[(1500, "Working"), (5301, "Finished")])
    );
}

#[test]
fn a_flash_of_idle_is_not_seen() {
    let log = log(
        1500,
        &[(1200, "busy"), (5000, "idle"), (5060, "busy")],
        9000,
    );
    assert_eq!(timeline_words(&log), as_told(&[(1500, "Working")]));
}

#[test]
fn nothing_happens_after_the_end() {
    let log = log(1500, &[(1200, "busy"), (5000, "idle")], 5200);
    assert_eq!(timeline_words(&log), as_told(&[(1500, "Working")]));
}

#[test]
fn a_recording_that_ended_in_its_first_look_shows_what_was_seen() {
    let mut log = log(1500, &[(1200, "busy")], 1600);
    log.lines.truncate(2);
    assert_eq!(timeline_words(&log), as_told(&[(1200, "Working")]));
    log.lines.clear();
    assert_eq!(timeline(&log), []);
}

#[test]
fn an_ended_session_goes_after_its_minute() {
    let mut log = log(1500, &[(1200, "busy")], 90_000);
    let exit = RecordingLine::Observed(Observation {
        at: Timestamp::from_millis(2000),
        fact: Fact::ProcessExited(facts::key()),
    });
    log.lines.insert(3, exit);
    assert_eq!(
        timeline_words(&log),
        as_told(&[(1500, "Working"), (2000, "Stopped"), (62_001, "Gone")])
    );
}

#[test]
fn a_line_of_the_story_is_whole() {
    let log = log(1500, &[(1200, "busy")], 2000);
    let lines: Vec<String> = describe_timeline(&log, &timeline(&log))
        .iter()
        .map(ToString::to_string)
        .collect();
    let id = machine().session_id(facts::key()).to_string();
    let expected = format!(
        "     1.500  {}  secret-name  Working  /home/alice/code/shop  \
         because Claude Code reports busy",
        &id[..8]
    );
    assert_eq!(lines, [expected]);
}
