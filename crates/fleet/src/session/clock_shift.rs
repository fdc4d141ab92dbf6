//! Shifting the times of a session after the wall clock was set.

use super::{Activity, Session};
use std::time::{Duration, SystemTime};

/// The time moved by `nanos` nanoseconds; unchanged if the result is out of range.
pub(crate) fn shift_time(at: SystemTime, nanos: i64) -> SystemTime {
    let by = Duration::from_nanos(nanos.unsigned_abs());
    let moved = if nanos >= 0 {
        at.checked_add(by)
    } else {
        at.checked_sub(by)
    };
    moved.unwrap_or(at)
}

impl Session {
    /// The session with all times moved by `nanos` nanoseconds, so that ages are right against a
    /// wall clock that was set by the same amount.
    #[must_use]
    pub fn shifted_by(mut self, nanos: i64) -> Self {
        if nanos == 0 {
            return self;
        }
        let shift = |at: &mut SystemTime| *at = shift_time(*at, nanos);
        shift(&mut self.created_at);
        shift(&mut self.last_seen);
        self.paused_at.iter_mut().for_each(shift);
        if let Some(activity) = &mut self.activity {
            shift(activity.since_mut());
            if let Activity::Retrying {
                next_at: Some(next),
                ..
            } = activity
            {
                shift(next);
            }
        }
        if let Some(need) = &mut self.need {
            shift(&mut need.since);
        }
        if let Some(because) = &mut self.because {
            shift(&mut because.observed_at);
            shift(&mut because.since);
        }
        if let Some(pending) = &mut self.pending {
            shift(&mut pending.since);
        }
        if let Some(answered) = &mut self.answered {
            shift(&mut answered.at);
        }
        for request in &mut self.requests {
            shift(&mut request.since);
            request.until.iter_mut().for_each(shift);
        }
        for agent in &mut self.delegations {
            shift(&mut agent.since);
        }
        self
    }
}
