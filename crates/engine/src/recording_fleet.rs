//! Where facts are filed: the fleet, and the recording of what it is told.

use crate::recording::{ObservationRecorder, RecordingMark};
use trusty_fleet::{Fleet, Observation, Timestamp};

/// A fleet whose every observation may be written down.
#[derive(Debug)]
pub struct RecordingFleet {
    /// All sessions.
    pub fleet: Fleet,
    recorder: Option<ObservationRecorder>,
}

impl RecordingFleet {
    /// Files into `fleet`, and tells `recorder` of it.
    pub fn new(fleet: Fleet, recorder: Option<ObservationRecorder>) -> Self {
        Self { fleet, recorder }
    }

    /// Files one observation.
    pub fn handle_observation(&mut self, observation: Observation) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record_observation(&observation);
        }
        self.fleet.handle_observation(observation);
    }

    /// Notes what point the engine has come to.
    pub fn write_mark(&mut self, at: Timestamp, mark: RecordingMark) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record_mark(at, mark);
        }
    }
}
