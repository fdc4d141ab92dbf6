//! The problems with the files of the transcript source, each reported once.

use std::collections::BTreeMap;
use std::path::Path;
use trusty_fleet::Fact;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;

/// The current problems, and the changes that are still to be reported.
#[derive(Debug, Default)]
pub(super) struct TranscriptProblems {
    known: BTreeMap<String, String>,
    news: Vec<Fact>,
}

impl TranscriptProblems {
    /// Notes that a file or folder cannot be read.
    pub(super) fn note_failure(&mut self, path: &Path, words: String) {
        let subject = path.display().to_string();
        if self.known.get(&subject) != Some(&words) {
            self.known.insert(subject.clone(), words.clone());
            self.news.push(health(subject, Some(words)));
        }
    }

    /// Notes that a path can be read again, or is no longer wanted.
    pub(super) fn note_recovery(&mut self, path: &Path) {
        if self.known.is_empty() {
            return;
        }
        let subject = path.display().to_string();
        if self.known.remove(&subject).is_some() {
            self.news.push(health(subject, None));
        }
    }

    /// Drops the problems of everything below a path that is no longer read.
    pub(super) fn forget_below(&mut self, below: &Path) {
        let gone: Vec<String> = self
            .known
            .keys()
            .filter(|subject| Path::new(subject).starts_with(below))
            .cloned()
            .collect();
        for subject in gone {
            self.note_recovery(Path::new(&subject));
        }
    }

    /// The changes since the last call.
    pub(super) fn drain_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.news)
    }
}

fn health(subject: String, words: Option<String>) -> Fact {
    let source = Source::Transcript;
    Fact::Health(HealthKey { source, subject }, words)
}
