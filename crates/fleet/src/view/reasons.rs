//! Why a session has its status, in words: the popover and the terminal show the same.

use crate::explanation::{Explanation, Testimony, TestimonyOutcome};
use crate::row::badges;
use crate::session::{Certainty, Source, StatusReason};
use crate::text::{capitalised, replace_hidden_chars};
use crate::time::rfc3339;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// Why a session has its status, ready to draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Reasons)]
pub struct ExplanationView {
    /// The reason: "Claude Code reports busy."; empty if nothing is known.
    pub sentence: String,
    /// What would change the status: "Changes when Claude Code exits."; empty if nothing is known.
    pub until: String,
    /// How Claude Code asks for permission: "Claude Code is in auto mode: …"; empty in the default
    /// mode.
    pub asks: String,
    /// What each source says: the one that decided first, silent ones last.
    pub lines: Vec<ReasonLine>,
}

/// What one source last said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonLine {
    /// The name of the source.
    pub source: String,
    /// The newest fact of the source.
    pub says: String,
    /// When the fact was observed; none if the source says nothing.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::option"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub observed_at: Option<SystemTime>,
    /// What the verdict made of the testimony.
    pub part: TestimonyOutcome,
    /// The same, in a word or two.
    pub word: String,
    /// Why the verdict made this of the testimony.
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
