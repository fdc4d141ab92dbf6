//! Why a row is what it is, in words: the popover and the terminal draw the same.

use crate::explanation::{Explanation, Testimony, TestimonyOutcome};
use crate::row::badges;
use crate::session::{Certainty, Source, StatusReason};
use crate::text::{capitalised, replace_hidden_chars};
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// Why a session is what it is, ready to draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Reasons)]
pub struct ExplanationView {
    /// "Claude Code reports busy."; empty if nothing is known.
    pub sentence: String,
    /// "Changes when Claude Code exits."; empty if nothing is known that would change the status.
    pub until: String,
    /// How Claude Code asks, where not before it acts: "Claude Code is in auto mode: …"; else empty.
    pub asks: String,
    /// What each source says: the one that decided first, the silent ones last.
    pub lines: Vec<ReasonLine>,
}

/// What one source last said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonLine {
    /// Its name.
    pub source: String,
    /// Its newest fact.
    pub says: String,
    /// When that was observed; none if it says nothing.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub observed_at: Option<SystemTime>,
    /// What came of it.
    pub part: TestimonyOutcome,
    /// The same in a word.
    pub word: String,
    /// Why that came of it.
    pub reason: String,
}

impl ExplanationView {
    /// Puts an explanation into words.
    pub fn from_explanation(explanation: &Explanation) -> Self {
        let because = explanation.session.because.as_ref();
        let until = because.map_or("", |b| b.until.as_str());
        Self {
            sentence: because.map_or_else(String::new, sentence),
            until: match until {
                "" => String::new(),
                until => replace_hidden_chars(&format!("Changes when {until}.")),
            },
            asks: badges::permission_sentence(&explanation.session),
            lines: explanation
                .testimonies
                .iter()
                .map(ReasonLine::from_testimony)
                .collect(),
        }
    }
}

impl ReasonLine {
    fn from_testimony(told: &Testimony) -> Self {
        Self {
            source: name(told.source).to_owned(),
            says: replace_hidden_chars(&told.says),
            observed_at: told.observed_at,
            part: told.part,
            word: outcome_word(told.part).to_owned(),
            reason: replace_hidden_chars(&told.reason),
        }
    }
}

fn sentence(because: &StatusReason) -> String {
    let sure = match because.certainty {
        Certainty::Certain => "",
        Certainty::Inferred => " (inferred)",
        Certainty::Unknown => " (no further information)",
    };
    replace_hidden_chars(&format!("{}{sure}.", capitalised(&because.text)))
}

fn name(source: Source) -> &'static str {
    match source {
        Source::Registry => "registry",
        Source::Process => "process",
        Source::Tmux => "tmux",
        Source::Settings => "settings",
        Source::Engine => "engine",
        Source::Transcript => "transcript",
        Source::Hook => "hooks",
        Source::Screen => "pane text",
        Source::List => "claude agents",
        Source::Attention => "you",
        Source::Pause => "pause record",
    }
}

fn outcome_word(part: TestimonyOutcome) -> &'static str {
    match part {
        TestimonyOutcome::Decided => "decided",
        TestimonyOutcome::Added => "detail",
        TestimonyOutcome::Heard => "no effect",
        TestimonyOutcome::Overruled => "overruled",
        TestimonyOutcome::Silent => "no data",
    }
}
