//! What is shown beside what is true.

use super::judge::Judge;
use super::state::State;
use super::timeline::{Story, Told};
use super::witness::Word;
use std::time::{Duration, SystemTime};
use trusty_tests::trusty::Line;

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Toward {
    Start,
    /// The first prompt of a start, timed from its being painted.
    Prompt,
    Working,
    Need,
    Rest,
    Stopped,
    Other,
}

impl Toward {
    pub(crate) const ALL: [Self; 7] = [
        Self::Start,
        Self::Prompt,
        Self::Working,
        Self::Need,
        Self::Rest,
        Self::Stopped,
        Self::Other,
    ];

    pub(crate) fn of(state: State) -> Self {
        match state {
            State::Starting => Self::Start,
            State::Working => Self::Working,
            State::Idle | State::Finished | State::Failed => Self::Rest,
            State::Stopped => Self::Stopped,
            state if state.is_need() => Self::Need,
            _ => Self::Other,
        }
    }
}

/// How long after a change it was shown; none if it never was.
#[derive(Debug, Clone)]
pub(crate) struct Lag {
    pub toward: Toward,
    pub told: Told,
    pub shown: Option<Duration>,
    /// How long after it the client itself said so in its file, if it did.
    pub client: Option<Duration>,
}

/// A span in which something false was shown.
#[derive(Debug, Clone)]
pub(crate) struct Wrong {
    pub pid: u32,
    pub from: Duration,
    pub to: Duration,
    pub shown: State,
    /// What would have been right at one time or another.
    pub right: Vec<State>,
}

impl Wrong {
    pub(crate) fn time(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

/// What a good source told of something finer.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    pub what: &'static str,
    pub told: Duration,
    pub of: Duration,
}

/// What came of one scenario. Times count from its beginning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    pub observed: Duration,
    pub words: Vec<String>,
    pub wrong: Vec<Wrong>,
    pub missed: Vec<String>,
    pub false_needs: Vec<String>,
    pub lags: Vec<Lag>,
    pub shares: Vec<Share>,
}

impl Measured {
    pub(crate) fn wrong_time(&self) -> Duration {
        self.wrong.iter().map(Wrong::time).sum()
    }

    pub(crate) fn lags(&self, told: Told) -> Vec<Duration> {
        let of_this = self.lags.iter().filter(|l| l.told == told);
        of_this.filter_map(|l| l.shown).collect()
    }
}

/// What there is to judge by.
pub(crate) struct Evidence<'a> {
    pub began: SystemTime,
    pub stories: &'a [Story],
    pub lines: Vec<Line>,
    pub words: Vec<Word>,
}

pub(crate) fn measure(evidence: &Evidence<'_>) -> Measured {
    let mut all = Measured::default();
    for story in evidence.stories {
        Judge::new(evidence, story).judge(&mut all);
    }
    strangers(evidence, &mut all);
    all
}

/// The time since the beginning.
pub(crate) fn since(began: SystemTime, at: SystemTime) -> Duration {
    at.duration_since(began).unwrap_or_default()
}

/// Rows of processes that are no sessions of this scenario.
fn strangers(evidence: &Evidence<'_>, all: &mut Measured) {
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
                all.wrong.push(Wrong {
                    pid: pid.unwrap_or(0),
                    from,
                    to: to.min(end),
                    shown: State::shown(Some(session)),
                    right: vec![State::Absent],
                });
            }
        }
    }
}
