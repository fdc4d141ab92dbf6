//! Compares what was shown of one process with what was true of it.

use super::measure::{
    ChangeKind, ChangeLag, DetailShare, ScenarioEvidence, ScenarioFigures, WrongSpan, since,
};
use super::state::{TruthState, names};
use super::timeline::{ProcessTruth, TrueChange};
use super::witness::RegistryWord;
use std::time::{Duration, SystemTime};
use trusty_tests::Value;
use trusty_tests::trusty::{session_of, status_word_of};

/// How late a need may be shown before it counts as missed.
const MAX_NEED_DELAY: Duration = Duration::from_secs(2);

/// How much of Claude Code's own delay is excused: it is no fault of the product's, however slow
/// the machine (2.6 s at a load of nine on two cores). A registry word that comes later than this
/// belongs to another change.
const MAX_CLIENT_DELAY: Duration = Duration::from_secs(5);
/// How long the product may take after Claude Code's own registry word: 20 ms of that are ours.
const MAX_PRODUCT_DELAY: Duration = Duration::from_millis(150);
/// The same for a rest, which has to last 0.3 s before it is believed.
const MAX_PRODUCT_REST_DELAY: Duration = Duration::from_millis(450);

/// Judges what was shown of one process.
pub(crate) struct ProcessJudge<'a> {
    began: SystemTime,
    story: &'a ProcessTruth,
    shown: Vec<ShownState>,
    end: Duration,
    words: Vec<RegistryWord>,
    /// The latest time at which each change may be shown.
    windows: Vec<Duration>,
}

impl<'a> ProcessJudge<'a> {
    pub(crate) fn new(evidence: &ScenarioEvidence<'_>, story: &'a ProcessTruth) -> Self {
        let began = evidence.began;
        let shown = evidence.lines.iter().map(|(at, line)| {
            let session = session_of(line, story.pid);
            ShownState {
                at: since(began, *at),
                state: TruthState::shown(session.as_ref()),
                session,
            }
        });
        let words = evidence.words.iter().filter(|w| w.pid == story.pid);
        let words = words.cloned().collect();
        let mut judge = Self {
            began,
            story,
            shown: shown.collect(),
            end: since(began, story.end),
            words,
            windows: Vec::new(),
        };
        let windows = judge.changes().iter().map(|c| judge.window(c));
        judge.windows = windows.collect();
        judge
    }

    /// The latest time at which a change may be shown.
    fn window(&self, change: &TrueChange) -> Duration {
        let rest = ChangeKind::of(change.right[0]) == ChangeKind::Rest;
        let grace = if rest {
            MAX_PRODUCT_REST_DELAY
        } else {
            MAX_PRODUCT_DELAY
        };
        let own = self.to(change) + change.tolerance;
        let client = self.client(change);
        client.map_or(own, |word| own.max(self.to(change) + word + grace))
    }

    /// How late Claude Code's own registry word for a change was.
    fn client(&self, change: &TrueChange) -> Option<Duration> {
        let from = self.from(change);
        let words = self.words.iter();
        let mut later = words
            .map(|w| (since(self.began, w.at), w))
            .filter(|(at, _)| *at >= from);
        let (at, _) = later.find(|(_, word)| change.right.iter().any(|s| word.says(*s)))?;
        let late = at.saturating_sub(self.to(change));
        (late <= MAX_CLIENT_DELAY).then_some(late)
    }

    fn changes(&self) -> &'a [TrueChange] {
        &self.story.truth.changes
    }

    fn from(&self, change: &TrueChange) -> Duration {
        since(self.began, change.at.from)
    }

    fn to(&self, change: &TrueChange) -> Duration {
        since(self.began, change.at.to)
    }

    pub(crate) fn judge(&self, all: &mut ScenarioFigures) {
        let Some(first) = self.changes().first() else {
            return;
        };
        let start = self.from(first);
        all.observed += self.end.saturating_sub(start);
        self.words(&mut all.words);
        self.spans(start, all);
        for (n, change) in self.changes().iter().enumerate() {
            self.lag(n, change, &mut all.lags);
            if change.right.iter().all(|s| s.is_need()) {
                let follows = n > 0 && self.changes()[n - 1].right.iter().all(|s| s.is_need());
                if !follows {
                    self.missed(change, n, &mut all.missed);
                }
            }
        }
        self.shares(&mut all.shares);
    }

    fn words(&self, words: &mut Vec<String>) {
        let seen = self.shown.iter().filter(|s| s.at <= self.end);
        let mut own: Vec<String> = seen
            .filter_map(|s| s.session.as_ref())
            .map(|session| {
                let sure = session["because"]["certainty"].as_str();
                match sure.filter(|sure| *sure != "Certain") {
                    Some(sure) => format!("{}({})", status_word_of(session), sure.to_lowercase()),
                    None => status_word_of(session),
                }
            })
            .collect();
        own.dedup();
        if !words.is_empty() {
            words.push("|".into());
        }
        words.append(&mut own);
    }

    /// What is shown at a time.
    fn at(&self, at: Duration) -> Option<&ShownState> {
        let after = self.shown.partition_point(|s| s.at <= at);
        after.checked_sub(1).map(|n| &self.shown[n])
    }

    /// All that may be shown at a time: what is true and, within the window of a change, what was
    /// true before the change and what the change passes through.
    fn right(&self, at: Duration) -> Vec<TruthState> {
        let mut right = Vec::new();
        let mut current: &[TruthState] = &[TruthState::Absent];
        let mut before: &[TruthState] = &[TruthState::Absent];
        for (change, window) in self.changes().iter().zip(&self.windows) {
            if self.from(change) <= at {
                current = &change.right;
            }
            if self.from(change) <= at && at < *window {
                right.extend(before.iter().chain(&change.right).chain(&change.passing));
            }
            before = &change.right;
        }
        right.extend(current);
        right
    }

    fn spans(&self, start: Duration, all: &mut ScenarioFigures) {
        let mut points: Vec<Duration> = self.shown.iter().map(|s| s.at).collect();
        points.extend(self.changes().iter().map(|c| self.from(c)));
        points.extend(&self.windows);
        points.extend([start, self.end]);
        points.retain(|p| (start..=self.end).contains(p));
        points.sort_unstable();
        points.dedup();
        let mut falsely = false;
        for pair in points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let middle = (from + to) / 2;
            let shown = self.at(middle).map_or(TruthState::Absent, |s| s.state);
            let right = self.right(middle);
            if !right.contains(&shown) {
                self.note(all, from, to, shown, &right);
            }
            let false_need = shown.is_need() && !right.iter().any(|s| s.is_need());
            if false_need && !falsely {
                let text = format!("{shown:?} at {:.3} s", from.as_secs_f64());
                all.false_needs.push(text);
            }
            falsely = false_need;
        }
    }

    fn note(
        &self,
        all: &mut ScenarioFigures,
        from: Duration,
        to: Duration,
        shown: TruthState,
        right: &[TruthState],
    ) {
        let pid = self.story.pid;
        let goes_on = |w: &&mut WrongSpan| w.pid == pid && w.to == from && w.shown == shown;
        if let Some(wrong) = all.wrong.last_mut().filter(goes_on) {
            wrong.to = to;
            add(&mut wrong.right, right);
            return;
        }
        let mut wrong = WrongSpan {
            pid,
            from,
            to,
            shown,
            right: Vec::new(),
        };
        add(&mut wrong.right, right);
        all.wrong.push(wrong);
    }

    fn lag(&self, n: usize, change: &TrueChange, lags: &mut Vec<ChangeLag>) {
        let before = n.checked_sub(1).map(|n| &self.changes()[n].right);
        let same = |s: &TruthState| before.is_some_and(|b| b.contains(s));
        if change.right.iter().any(same) {
            return;
        }
        let until = self.windows.get(n + 1).copied().unwrap_or(self.end);
        let from = self.from(change);
        let at_once = self
            .at(from)
            .is_some_and(|s| change.right.contains(&s.state));
        let later = self
            .shown
            .iter()
            .find(|s| s.at >= from && s.at < until && change.right.contains(&s.state));
        let lag = if at_once {
            Some(Duration::ZERO)
        } else {
            later.map(|s| s.at.saturating_sub(self.to(change)))
        };
        let starting = before.is_some_and(|b| b.contains(&TruthState::Starting));
        let toward = match ChangeKind::of(change.right[0]) {
            ChangeKind::Rest if starting => ChangeKind::Prompt,
            toward => toward,
        };
        lags.push(ChangeLag {
            toward,
            told: change.told,
            shown: lag,
            client: self.client(change),
        });
    }

    /// A need counts as shown whichever kind is shown; a false kind counts as wrong time.
    fn missed(&self, change: &TrueChange, n: usize, missed: &mut Vec<String>) {
        let later = &self.changes()[n + 1..];
        let end = later
            .iter()
            .find(|c| !c.right.iter().all(|s| s.is_need()))
            .map_or(self.end, |c| self.from(c));
        let (from, due) = (
            self.from(change),
            (self.to(change) + MAX_NEED_DELAY).max(self.windows[n]),
        );
        let already = self.at(from).is_some_and(|s| s.state.is_need());
        let shown = self
            .shown
            .iter()
            .find(|s| s.at >= from && s.at < end && s.state.is_need());
        let what = names(&change.right);
        let began = self.to(change).as_secs_f64();
        match shown {
            _ if already => {}
            Some(s) if s.at <= due => {}
            Some(s) => missed.push(format!(
                "{what} at {began:.3} s shown {:.1} s late",
                s.at.saturating_sub(from).as_secs_f64()
            )),
            None => missed.push(format!("{what} at {began:.3} s never shown")),
        }
    }

    fn shares(&self, shares: &mut Vec<DetailShare>) {
        for finer in &self.story.truth.finer {
            let from = since(self.began, finer.from);
            let until = since(self.began, finer.until).min(self.end);
            let mut points: Vec<Duration> = self.shown.iter().map(|s| s.at).collect();
            points.extend([from, until]);
            points.retain(|p| (from..=until).contains(p));
            points.sort_unstable();
            let told = points.windows(2).filter(|pair| {
                let session = self.at(pair[0]).and_then(|s| s.session.as_ref());
                session.is_some_and(|s| (finer.told)(s))
            });
            let told = told.map(|pair| pair[1].saturating_sub(pair[0])).sum();
            shares.push(DetailShare {
                what: finer.what,
                told,
                of: until.saturating_sub(from),
            });
        }
    }
}

fn add(states: &mut Vec<TruthState>, more: &[TruthState]) {
    for state in more {
        if !states.contains(state) {
            states.push(*state);
        }
    }
}

/// What was shown of one process from a time on.
struct ShownState {
    at: Duration,
    state: TruthState,
    session: Option<Value>,
}
