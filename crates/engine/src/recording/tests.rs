mod facts;
mod pause_facts;
mod reading;
mod redacting;
mod replaying;
mod writing;

use super::*;
use facts::{machine, rich};
use std::path::PathBuf;

/// The redaction of the machine and the home that [`rich`] speaks of.
fn redaction(privacy: RecordingPrivacy) -> RecordingRedactor {
    RecordingRedactor::new(privacy, machine(), [PathBuf::from("/home/alice")])
}

/// A recording of these facts, a second apart.
fn recorded(privacy: RecordingPrivacy, facts: Vec<trusty_fleet::Fact>) -> String {
    let redaction = redaction(privacy);
    let header = RecordingHeader {
        format: RECORDING_FORMAT.to_owned(),
        version: RECORDING_VERSION,
        trusty: "0.1.0".to_owned(),
        recorded_at: Timestamp::from_millis(0),
        machine: redaction.machine(),
        redacted: privacy == RecordingPrivacy::Redacted,
    };
    let mut lines = vec![serde_json::to_string(&header).expect("JSON")];
    for (second, fact) in (1..).zip(facts) {
        let at = Timestamp::from_millis(second * 1000);
        let line = RecordingLine::Observed(redaction.apply(Observation { at, fact }));
        lines.push(serde_json::to_string(&line).expect("JSON"));
    }
    lines.push(String::new());
    lines.join("\n")
}
