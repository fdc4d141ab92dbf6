//! Where facts are filed: the fleet, and the recording of what it is told.

use crate::recording::{Mark, Recorder};
use trusty_fleet::{Fleet, Observation, Timestamp};

/// A fleet whose every observation may be written down.
#[derive(Debug)]
pub struct Desk {
    /// All sessions.
    pub fleet: Fleet,
    recorder: Option<Recorder>,
}

impl Desk {
    /// Files into `fleet`, and tells `recorder` of it.
    pub fn new(fleet: Fleet, recorder: Option<Recorder>) -> Self {
        Self { fleet, recorder }
    }

    /// Files one observation.
    pub fn file(&mut self, observation: Observation) {
        if let Some(recorder) = &mut self.recorder {
            recorder.note(&observation);
        }
        self.fleet.handle_observation(observation);
    }

    /// Notes what point the engine has come to.
    pub fn mark(&mut self, at: Timestamp, mark: Mark) {
        if let Some(recorder) = &mut self.recorder {
            recorder.mark(at, mark);
        }
    }
}
