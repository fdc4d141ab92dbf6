//! Every decoder of bytes that other programs write; none may panic or hang on any input.
//!
//! `make fuzz` searches for inputs that break a decoder; `tests/corpus.rs` runs all inputs kept in
//! `fuzz/corpus`.

use serde_json::{Value, json};
use std::path::Path;
use trusty_engine::recording;
use trusty_engine::requests::decide;
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_fleet::request::Answer;
use trusty_fleet::snapshot::HealthIssue;
use trusty_fleet::{SessionId, Timestamp};
use trusty_platform::darwin;
use trusty_records::settings::Settings;
use trusty_sources::{hook, listing, registry, screen, tmux, transcript, transcript_record};

/// A decoder's entry point for arbitrary bytes.
pub type DecoderFn = fn(&[u8]);

/// All decoders, by the name that a target and its corpus folder share.
pub const FUZZED_DECODERS: [(&str, DecoderFn); 13] = [
    ("hook", hook),
    ("listing", listing),
    ("lstart", lstart),
    ("procargs", procargs),
    ("procinfo", procinfo),
    ("recording", recording),
    ("registry", registry),
    ("report", report),
    ("screen", screen),
    ("settings", settings),
    ("time", time),
    ("tmux", tmux),
    ("transcript", transcript),
];

/// Decodes a recording and derives its timeline.
pub fn recording(bytes: &[u8]) {
    if let Ok(log) = recording::read(bytes) {
        let _ = recording::describe_timeline(&log, &recording::timeline(&log));
    }
}

/// Decodes a hook's input, and builds answers to the request in it.
pub fn hook(bytes: &[u8]) {
    let _ = hook::decode(bytes, Some(1), Timestamp::default());
    let own = ProcessKey {
        pid: 1,
        start: StartTime(1),
    };
    let session = SessionId::default();
    if let Some(asked) = hook::decode_asked(bytes, session, own) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let answers = vec![vec![text.clone()]];
        for answer in [
            Answer::Allow {},
            Answer::Always { suggestion: 0 },
            Answer::Deny {
                message: Some(text),
            },
            Answer::Choose { answers },
        ] {
            if let Ok(said) = decide(&asked.content, &answer) {
                assert!(said["hookSpecificOutput"]["decision"]["behavior"].is_string());
            }
        }
    }
}

/// Decodes Claude Code's own list of sessions.
pub fn listing(bytes: &[u8]) {
    let _ = listing::decode(bytes);
}

/// Decodes the start time of a process as macOS's ps prints it.
pub fn lstart(bytes: &[u8]) {
    let _ = darwin::lstart::decode_start_second(&String::from_utf8_lossy(bytes));
}

/// Decodes the arguments and the environment of a process of macOS.
pub fn procargs(bytes: &[u8]) {
    if let Some(words) = darwin::procargs::decode_start_words(bytes) {
        assert!(words.argv.iter().all(|word| !word.is_empty()));
    }
}

/// Decodes the structures and paths that macOS gives of a process.
pub fn procinfo(bytes: &[u8]) {
    use darwin::{bsdinfo, paths};
    let _ = bsdinfo::decode_bsd_info(bytes, 1);
    let _ = bsdinfo::decode_short_info(bytes, 1);
    let _ = bsdinfo::decode_name(bytes);
    let _ = bsdinfo::decode_short_name(bytes);
    let timebase = bsdinfo::MachTimebase {
        numerator: 125,
        denominator: 3,
    };
    let _ = bsdinfo::decode_task_info(bytes, timebase);
    let _ = paths::decode_terminal_name(bytes);
    for path in [
        paths::decode_executable_path(bytes),
        paths::decode_current_folder(bytes),
    ] {
        assert!(path.is_none_or(|path| path.is_absolute()));
    }
}

/// Decodes the text of a pane: without a version of Claude Code, with each version whose screens
/// differ, and with an invalid one.
pub fn screen(bytes: &[u8]) {
    for version in [
        None,
        Some("2.0.77"),
        Some("2.1.90"),
        Some("2.1.330"),
        Some("x"),
    ] {
        let _ = screen::decode(bytes, version);
    }
}

/// Decodes a registry file.
pub fn registry(bytes: &[u8]) {
    let _ = registry::decode(bytes);
}

/// Reads a report and replays it.
pub fn report(bytes: &[u8]) {
    if let Ok(parsed) = trusty_report::read::parse_report(bytes) {
        let replayed = trusty_report::replay::replay_report(&parsed.report);
        assert!(replayed.explanations.len() <= replayed.snapshot.sessions.len());
    }
}

/// Parses the settings file.
pub fn settings(bytes: &[u8]) {
    let settings = Settings::parse(&String::from_utf8_lossy(bytes), Path::new("/home/user"));
    assert!(settings.config_dirs.iter().all(|dir| dir.is_absolute()));
}

/// Decodes a time on the wire, as text or as the older object; writing and reading it again gives
/// the same time.
pub fn time(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let forms = [
        Value::from(&*text),
        serde_json::from_slice(bytes).unwrap_or_default(),
    ];
    for since in forms {
        let wire = json!({"source": "Tmux", "subject": "", "message": "", "since": since});
        if let Ok(health) = serde_json::from_value::<HealthIssue>(wire)
            && let Ok(written) = serde_json::to_value(&health)
        {
            let again: HealthIssue = serde_json::from_value(written).expect("what we wrote");
            assert_eq!(again, health);
        }
    }
}

/// Decodes a reply of tmux.
pub fn tmux(bytes: &[u8]) {
    let _ = tmux::decode(bytes);
}

/// Decodes the lines of a transcript, and a sub-agent's own description file.
pub fn transcript(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let _ = transcript_record::decode(line);
    }
    let _ = transcript::decode_about(bytes);
}
