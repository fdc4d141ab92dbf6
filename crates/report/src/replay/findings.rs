//! What is wrong according to a report, each in words that say what to do where something can be
//! done.

mod installation;
mod sessions;

use super::DecodedEntries;
use super::kernel::ReportedKernel;
use crate::format::MachineReport;
use serde::Serialize;
use std::collections::BTreeMap;
use trusty_fleet::Snapshot;
use trusty_fleet::text::clean;
use trusty_fleet::unknown_words::{UnknownWord, unknown_words};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingArea {
    /// A registry file of Claude Code.
    Registry,
    /// A process.
    Process,
    /// A tmux server or a pane.
    Tmux,
    /// The hooks of a config folder, or the hook program.
    Hooks,
    /// The engine, its sockets and its folders.
    Engine,
    /// The settings file.
    Settings,
    /// Watching folders.
    Watching,
    /// A word of Claude Code.
    Words,
    /// What the user allowed, the bundle, the signature and the place of the icon.
    Mac,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ReportFinding {
    /// What the finding is about.
    pub area: FindingArea,
    /// The file, process, folder or server.
    pub subject: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl ReportFinding {
    /// A finding; hidden characters of a report that others wrote are replaced.
    fn new(area: FindingArea, subject: &str, message: &str) -> Self {
        Self {
            area,
            subject: clean(subject),
            message: clean(message),
        }
    }
}

/// An unknown word of Claude Code, and where it was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnknownWordUse {
    /// The word and its field.
    #[serde(flatten)]
    pub word: UnknownWord,
    /// The versions of Claude Code that used the word, sorted.
    pub versions: Vec<String>,
    /// How many registry files hold the word.
    pub count: usize,
}

/// Everything that is wrong, sorted by area, and the unknown words.
pub(super) fn find_problems(
    report: &MachineReport,
    kernel: &ReportedKernel<'_>,
    entries: &DecodedEntries,
    snapshot: &Snapshot,
) -> (Vec<ReportFinding>, Vec<UnknownWordUse>) {
    let words = count_unknown_words(entries);
    let mut found = sessions::find(report, kernel, entries, snapshot);
    found.extend(installation::find(report));
    found.extend(words.iter().map(unknown_word_finding));
    found.extend(snapshot.health.iter().map(|issue| {
        let area = match issue.source {
            trusty_fleet::session::Source::Tmux => FindingArea::Tmux,
            _ => FindingArea::Registry,
        };
        ReportFinding::new(area, &issue.subject, &issue.message)
    }));
    found.sort();
    found.dedup();
    (found, words)
}

fn count_unknown_words(entries: &DecodedEntries) -> Vec<UnknownWordUse> {
    let mut counted: BTreeMap<UnknownWord, UnknownWordUse> = BTreeMap::new();
    for entry in entries.values() {
        for word in unknown_words(entry) {
            if word.word == trusty_sources::registry::NOT_UNDERSTOOD_STATUS {
                continue;
            }
            let known = counted.entry(word.clone()).or_insert(UnknownWordUse {
                word,
                versions: Vec::new(),
                count: 0,
            });
            known.count += 1;
            known.versions.extend(entry.version.clone());
        }
    }
    let mut uses: Vec<UnknownWordUse> = counted.into_values().collect();
    for used in &mut uses {
        used.versions.sort();
        used.versions.dedup();
    }
    uses
}

fn unknown_word_finding(used: &UnknownWordUse) -> ReportFinding {
    let UnknownWord { field, word } = &used.word;
    let versions = match used.versions.as_slice() {
        [] => "Claude Code".to_owned(),
        versions => format!("Claude Code {}", versions.join(", ")),
    };
    let message =
        format!("{versions} writes {word:?}, which this version of Trusty Bar does not know");
    ReportFinding::new(FindingArea::Words, field, &message)
}
