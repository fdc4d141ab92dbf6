//! Recordings of the real Claude Code, replayed: what each shows is compared with what it showed
//! when it was made. `make recordings` makes them anew; `INSTA_UPDATE=always` accepts the new
//! states.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use trusty_engine::Engine;
use trusty_engine::recording::{
    ObservationRecorder, ParsedRecording, RecordingPrivacy, describe_timeline, read, timeline,
};
use trusty_fleet::view::Row;
use trusty_fleet::{SessionId, Snapshot};
use trusty_records::Settings;
use trusty_records::settings::Confinement;
use trusty_tests::wait::until;
use trusty_tests::{MANUAL_MODE_ARGS, TerminalShape, TestStage, WAIT_TIMEOUT, block_on};

/// The size limit of a recording that is kept, in bytes.
const MAX_RECORDING_BYTES: usize = 40 * 1024;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings")
}

/// All kept recordings by their names.
fn kept_recordings() -> BTreeMap<String, String> {
    let files = fs::read_dir(folder()).expect("the recordings");
    let paths = files.map(|file| file.expect("a file").path());
    let recordings = paths.filter(|path| path.extension() == Some(OsStr::new("jsonl")));
    recordings
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy();
            (name.into_owned(), fs::read_to_string(&path).expect("text"))
        })
        .collect()
}

fn shown_states(log: &ParsedRecording) -> String {
    let story = describe_timeline(log, &timeline(log));
    let lines: Vec<String> = story.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn each_recording_shows_what_it_showed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, text) in kept_recordings() {
        let log = read(text.as_bytes()).expect("a recording");
        assert_eq!(log.problems, [], "{name}");
        settings.bind(|| insta::assert_snapshot!(name.as_str(), shown_states(&log)));
    }
}

#[test]
fn recordings_are_small_and_tell_of_no_machine() {
    let kept = kept_recordings();
    assert!(!kept.is_empty(), "make some with: make recordings");
    for (name, text) in &kept {
        assert!(
            text.len() <= MAX_RECORDING_BYTES,
            "{name} has {} bytes",
            text.len()
        );
        let log = read(text.as_bytes()).expect("a recording");
        assert!(log.header.redacted, "{name}");
        assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{name}");
        assert!(!text.contains("/tmp/tb-"), "{name} names its home");
    }
    let snapshots = fs::read_dir(folder().join("snapshots")).expect("what they show");
    let names: BTreeSet<String> = snapshots
        .filter_map(|file| {
            let name = file.expect("a file").file_name();
            let name = name.to_str()?.strip_suffix(".snap")?;
            Some(name.to_owned())
        })
        .collect();
    assert_eq!(names, kept.into_keys().collect(), "one for each recording");
}

/// The states that an engine shows of each session, without repetitions.
type ShownStates = BTreeMap<SessionId, Vec<String>>;

fn collect_states(shown: &mut ShownStates, snapshot: &Snapshot) {
    for session in &snapshot.sessions {
        let row = Row::from_session(session, None);
        let words = shown.entry(session.id).or_default();
        let line = format!("{} {} {}", row.word, row.detail, row.why);
        if words.last() != Some(&line) {
            words.push(line);
        }
    }
}

#[test]
fn a_replay_shows_what_the_engine_showed() {
    let Some(stage) = TestStage::builder().build() else {
        return;
    };
    let env = stage.home.environment();
    let settings = Settings {
        confinement: Confinement::Confined,
        ..Settings::default()
    };
    let path = stage.home.path().join("recording.jsonl");
    let file = fs::File::create_new(&path).expect("a file");
    let (recorder, mut recording) =
        ObservationRecorder::start(&env, RecordingPrivacy::Full, file).expect("a recorder");
    let engine = Engine::start_recorded(&env, &settings, recorder).expect("an engine");
    let mut snapshots = engine.snapshots();
    let live = std::thread::spawn(move || {
        let mut shown = ShownStates::new();
        block_on(async {
            while snapshots.changed().await.is_ok() {
                collect_states(&mut shown, &snapshots.borrow_and_update());
            }
        });
        shown
    });
    let mut terminal = stage.open_idle(TerminalShape::TmuxBash, "work", &MANUAL_MODE_ARGS);
    terminal.attach();
    terminal.run_turn(WAIT_TIMEOUT, "stream 1s");
    terminal.submit("bash: touch made");
    terminal.approve();
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let client = terminal.client();
    terminal.submit("/exit");
    terminal.wait_end(WAIT_TIMEOUT, client);
    until(WAIT_TIMEOUT, "the end in the engine", || {
        let snapshot = engine.snapshot();
        let stopped = |s: &trusty_fleet::Session| s.pid == Some(client.pid) && !s.attached;
        snapshot.sessions.iter().any(stopped).then_some(())
    });
    drop(engine);
    let outcome = block_on(recording.wait_ended());
    assert!(outcome.problem.is_none(), "{outcome:?}");
    let live = live.join().expect("what was shown");

    let text = fs::read(&path).expect("a recording");
    let log = read(text.as_slice()).expect("a recording");
    let mut replayed = ShownStates::new();
    for moment in timeline(&log) {
        collect_states(&mut replayed, &moment.snapshot);
    }
    assert_eq!(live.len(), 1, "{live:#?}");
    // A live engine files observations that arrive close together at once, and so shows at most the
    // states of the replay.
    for (id, lines) in live {
        let mut all = replayed.get(&id).into_iter().flatten();
        for line in &lines {
            assert!(
                all.any(|l| l == line),
                "{line}\nlive: {lines:#?}\nreplayed: {replayed:#?}"
            );
        }
    }
}
