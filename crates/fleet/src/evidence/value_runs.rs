//! A value over time, as far back as a verdict needs.

use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Points that are older than this, counted from the newest, are thinned to the ends of their
/// runs. Facts that arrive out of order by less than this are still filed exactly.
const EXACT_WINDOW: Duration = Duration::from_secs(30);
/// The most points that are kept.
const MAX_POINTS: usize = 64;

/// The values of one subject, each with the time at which it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueHistory<T> {
    points: BTreeMap<Timestamp, T>,
}

impl<T> Default for ValueHistory<T> {
    fn default() -> Self {
        Self {
            points: BTreeMap::new(),
        }
    }
}

/// A stretch of time over which a value did not change, as far as was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueRun<'a, T> {
    /// The newest value of the run.
    pub value: &'a T,
    /// When the run was first seen.
    pub first: Timestamp,
    /// When the run was last seen.
    pub last: Timestamp,
}

impl<T: Ord + Clone> ValueHistory<T> {
    /// Files a value; of two values seen at the same time, the greater is kept.
    pub fn insert(&mut self, at: Timestamp, value: T) {
        match self.points.get_mut(&at) {
            Some(known) if *known < value => *known = value,
            Some(_) => {}
            None => {
                self.points.insert(at, value);
            }
        }
        self.drop_oldest();
    }

    /// The newest value, and when it was seen.
    pub fn newest(&self) -> Option<(Timestamp, &T)> {
        self.points.last_key_value().map(|(at, value)| (*at, value))
    }

    /// The first time, not before `at`, at which any value was seen.
    pub fn first_from(&self, at: Timestamp) -> Option<Timestamp> {
        self.points.range(at..).next().map(|(at, _)| *at)
    }

    /// When any value was first seen, as far back as is on file.
    pub fn first_seen(&self) -> Option<Timestamp> {
        self.points.first_key_value().map(|(at, _)| *at)
    }

    /// The runs of values for which `same` gives the same key, newest first.
    pub fn runs<'a, K: PartialEq>(
        &'a self,
        same: impl Fn(&T) -> K + 'a,
    ) -> impl Iterator<Item = ValueRun<'a, T>> {
        let mut points = self.points.iter().rev().peekable();
        std::iter::from_fn(move || {
            let (last, value) = points.next()?;
            let kind = same(value);
            let mut first = *last;
            while let Some((at, _)) = points.next_if(|(_, v)| same(v) == kind) {
                first = *at;
            }
            Some(ValueRun {
                value,
                first,
                last: *last,
            })
        })
    }

    fn drop_oldest(&mut self) {
        let Some(newest) = self.points.last_key_value().map(|(at, _)| *at) else {
            return;
        };
        let points: Vec<_> = self.points.iter().map(|(at, v)| (*at, v.clone())).collect();
        for three in points.windows(3) {
            let old = newest.since(three[1].0) > EXACT_WINDOW;
            if old && three[0].1 == three[1].1 && three[1].1 == three[2].1 {
                self.points.remove(&three[1].0);
            }
        }
        while self.points.len() > MAX_POINTS {
            self.points.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn runs_are_told_newest_first_with_their_ends() {
        let mut runs = ValueHistory::default();
        for (ms, v) in [(1, 'a'), (2, 'a'), (3, 'b'), (5, 'a'), (9, 'a')] {
            runs.insert(at(ms), v);
        }
        let told: Vec<_> = runs
            .runs(|v| *v)
            .map(|r| (*r.value, r.first.as_millis(), r.last.as_millis()))
            .collect();
        assert_eq!(told, [('a', 5, 9), ('b', 3, 3), ('a', 1, 2)]);
    }

    #[test]
    fn the_order_of_filing_does_not_matter() {
        let points = [(1, 'a'), (2, 'b'), (2, 'a'), (7, 'a'), (7, 'c')];
        let file = |order: Vec<(i64, char)>| {
            let mut runs = ValueHistory::default();
            for (ms, v) in order {
                runs.insert(at(ms), v);
            }
            runs
        };
        let forward = file(points.to_vec());
        let backward = file(points.iter().rev().copied().collect());
        assert_eq!(forward, backward);
    }

    #[test]
    fn a_long_life_costs_little() {
        let mut runs = ValueHistory::default();
        for n in 0..100_000 {
            runs.insert(at(n * 5_000), 'a');
        }
        assert!(runs.points.len() <= 10, "{} points", runs.points.len());
        assert_eq!(runs.runs(|v| *v).next().map(|r| r.first), Some(at(0)));
        for n in 0..1_000 {
            runs.insert(at(600_000_000 + n), if n % 2 == 0 { 'a' } else { 'b' });
        }
        assert!(runs.points.len() <= MAX_POINTS);
    }
}
