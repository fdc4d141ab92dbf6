//! Measures what is shown against what is true.

use super::judge::ProcessJudge;
use super::state::TruthState;
use super::timeline::{ChangeSignal, ProcessTruth};
use super::witness::RegistryWord;
use std::time::{Duration, SystemTime};
use trusty_tests::trusty::WatchLine;

/// A kind of change, for the table of latencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ChangeKind {
    Start,
    /// The first prompt after a start, timed from the painting of that prompt.
    Prompt,
    Working,
    Need,
    Rest,
    Stopped,
    Other,
}

impl ChangeKind {
    pub(crate) const ALL_KINDS: [Self; 7] = [
        Self::Start,
        Self::Prompt,
        Self::Working,
        Self::Need,
        Self::Rest,
        Self::Stopped,
        Self::Other,
    ];

    pub(crate) fn of(state: TruthState) -> Self {
        match state {
            TruthState::Starting => Self::Start,
            TruthState::Working => Self::Working,
            TruthState::Idle | TruthState::Finished | TruthState::Failed => Self::Rest,
            TruthState::Stopped => Self::Stopped,
            state if state.is_need() => Self::Need,
            _ => Self::Other,
        }
    }
}

/// How long after a change it was shown; `shown` is none if it never was.
#[derive(Debug, Clone)]
pub(crate) struct ChangeLag {
    pub toward: ChangeKind,
    pub told: ChangeSignal,
    pub shown: Option<Duration>,
    /// How long after the change Claude Code's own registry file said so, if it did.
    pub client: Option<Duration>,
}

/// A span in which something false was shown.
#[derive(Debug, Clone)]
pub(crate) struct WrongSpan {
    pub pid: u32,
    pub from: Duration,
    pub to: Duration,
    pub shown: TruthState,
    /// All that would have been right at some time within the span.
    pub right: Vec<TruthState>,
}

impl WrongSpan {
    pub(crate) fn time(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

/// For how long a detail that a good source reports was shown.
#[derive(Debug, Clone)]
pub(crate) struct DetailShare {
    pub what: &'static str,
    pub told: Duration,
    pub of: Duration,
}

/// The figures of one scenario. Times count from its beginning.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScenarioFigures {
    pub observed: Duration,
    pub words: Vec<String>,
    pub wrong: Vec<WrongSpan>,
    pub missed: Vec<String>,
    pub false_needs: Vec<String>,
    pub lags: Vec<ChangeLag>,
    pub shares: Vec<DetailShare>,
}

impl ScenarioFigures {
    pub(crate) fn wrong_time(&self) -> Duration {
        self.wrong.iter().map(WrongSpan::time).sum()
    }

    pub(crate) fn lags(&self, told: ChangeSignal) -> Vec<Duration> {
        let of_this = self.lags.iter().filter(|l| l.told == told);
        of_this.filter_map(|l| l.shown).collect()
    }
}

/// What a scenario is judged by.
pub(crate) struct ScenarioEvidence<'a> {
    pub began: SystemTime,
    pub stories: &'a [ProcessTruth],
    pub lines: Vec<WatchLine>,
    pub words: Vec<RegistryWord>,
}

pub(crate) fn measure(evidence: &ScenarioEvidence<'_>) -> ScenarioFigures {
    let mut all = ScenarioFigures::default();
    for story in evidence.stories {
        ProcessJudge::new(evidence, story).judge(&mut all);
    }
    strangers(evidence, &mut all);
    all
}

/// The time since the beginning.
pub(crate) fn since(began: SystemTime, at: SystemTime) -> Duration {
    at.duration_since(began).unwrap_or_default()
}

/// Notes rows of processes that are no sessions of this scenario.
fn strangers(evidence: &ScenarioEvidence<'_>, all: &mut ScenarioFigures) {
    let (began, lines) = (evidence.began, &evidence.lines);
    let Some(end) = evidence.stories.iter().map(|s| s.end).max() else {
        return;
    };
    let end = since(began, end);
    for (n, (at, line)) in lines.iter().enumerate() {
        let from = since(began, *at);
        let to = lines.get(n + 1).map_or(end, |(at, _)| since(began, *at));
        for session in line["sessions"].as_array().into_iter().flatten() {
            let pid = session["pid"].as_u64().and_then(|p| u32::try_from(p).ok());
            let known = evidence.stories.iter().any(|s| Some(s.pid) == pid);
            if !known && from < end {
                all.wrong.push(WrongSpan {
                    pid: pid.unwrap_or(0),
                    from,
                    to: to.min(end),
                    shown: TruthState::shown(Some(session)),
                    right: vec![TruthState::Absent],
                });
            }
        }
    }
}
