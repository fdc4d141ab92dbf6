//! Every decoder of bytes that others write. Whatever they hold, none may panic or hang.
//!
//! `make fuzz` looks for bytes with which one does; `tests/corpus.rs` tries all that are kept in
//! `fuzz/corpus` each time.

use serde_json::{Value, json};
use std::path::Path;
use trusty_engine::recording;
use trusty_engine::requests::decide;
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_fleet::request::Answer;
use trusty_fleet::snapshot::HealthIssue;
use trusty_fleet::{SessionId, Timestamp};
use trusty_records::settings::Settings;
use trusty_sources::{hook, listing, registry, screen, tmux, transcript, transcript_record};

/// A decoder, fed with bytes.
pub type DecoderFn = fn(&[u8]);

/// All of them, by the names of their targets and of the folders of their corpora.
pub const FUZZED_DECODERS: [(&str, DecoderFn); 9] = [
    ("hook", hook),
    ("listing", listing),
    ("recording", recording),
    ("registry", registry),
    ("screen", screen),
    ("settings", settings),
    ("time", time),
    ("tmux", tmux),
    ("transcript", transcript),
];

/// A recording, and what the fleet makes of it.
pub fn recording(bytes: &[u8]) {
    if let Ok(log) = recording::read(bytes) {
        let _ = recording::describe_timeline(&log, &recording::timeline(&log));
    }
}

/// What a hook is given, and what is said to whatever it asks.
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

/// The client's own list.
pub fn listing(bytes: &[u8]) {
    let _ = listing::decode(bytes);
}

/// What a pane shows, to each of the clients that differ.
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

/// A registry file.
pub fn registry(bytes: &[u8]) {
    let _ = registry::decode(bytes);
}

/// The settings file.
pub fn settings(bytes: &[u8]) {
    let settings = Settings::parse(&String::from_utf8_lossy(bytes), Path::new("/home/user"));
    assert!(settings.config_dirs.iter().all(|dir| dir.is_absolute()));
}

/// A time on the wire, as text or as the older object. One that is read and written is the same.
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

/// What tmux answers.
pub fn tmux(bytes: &[u8]) {
    let _ = tmux::decode(bytes);
}

/// Lines of a transcript, and what a sub-agent's file of its own says.
pub fn transcript(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let _ = transcript_record::decode(line);
    }
    let _ = transcript::decode_about(bytes);
}
