//! A fleet whose observations can be recorded.

use crate::recording::{ObservationRecorder, RecordingMark};
use trusty_fleet::{Fleet, Observation, Timestamp};

/// A fleet that passes each observation to a recorder, if it has one.
#[derive(Debug)]
pub struct RecordingFleet {
    /// The fleet, to read and to plan from; observations go through
    /// [`RecordingFleet::handle_observation`].
    pub fleet: Fleet,
    recorder: Option<ObservationRecorder>,
}

impl RecordingFleet {
    /// A fleet whose observations go to `recorder`, too.
    pub fn new(fleet: Fleet, recorder: Option<ObservationRecorder>) -> Self {
        Self { fleet, recorder }
    }

    /// Records an observation, then files it.
    pub fn handle_observation(&mut self, observation: Observation) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record_observation(&observation);
        }
        self.fleet.handle_observation(observation);
    }

    /// Records that the engine reached a point.
    pub fn write_mark(&mut self, at: Timestamp, mark: RecordingMark) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record_mark(at, mark);
        }
    }
}
