//! What is wrong with the files of this source, told once.

use std::collections::BTreeMap;
use std::path::Path;
use trusty_fleet::Fact;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;

/// What is wrong, and what of that is still to be told.
#[derive(Debug, Default)]
pub(super) struct TranscriptProblems {
    known: BTreeMap<String, String>,
    news: Vec<Fact>,
}

impl TranscriptProblems {
    /// A file or folder cannot be read.
    pub(super) fn note_failure(&mut self, path: &Path, words: String) {
        let subject = path.display().to_string();
        if self.known.get(&subject) != Some(&words) {
            self.known.insert(subject.clone(), words.clone());
            self.news.push(health(subject, Some(words)));
        }
    }

    /// It can be read, or nobody wants to any more.
    pub(super) fn note_recovery(&mut self, path: &Path) {
        if self.known.is_empty() {
            return;
        }
        let subject = path.display().to_string();
        if self.known.remove(&subject).is_some() {
            self.news.push(health(subject, None));
        }
    }

    /// Nothing below a path is looked at any more.
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

    /// What has changed since last asked.
    pub(super) fn drain_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.news)
    }
}

fn health(subject: String, words: Option<String>) -> Fact {
    let source = Source::Transcript;
    Fact::Health(HealthKey { source, subject }, words)
}
