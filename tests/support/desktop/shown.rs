//! The times at which windows appear on the screen.

use super::program::OwnedProcess;
use crate::wait::{poll, until};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Records when the X server maps windows, until dropped.
pub struct WindowMapListener {
    _listener: OwnedProcess,
    times: Arc<Mutex<Vec<Instant>>>,
}

impl WindowMapListener {
    #[track_caller]
    pub(super) fn start(listener: &mut Command) -> Self {
        listener
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = listener.spawn().expect("xev is installed");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let times = Arc::<Mutex<Vec<Instant>>>::default();
        let noted = Arc::clone(&times);
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if line.starts_with("MapNotify") {
                    noted
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(Instant::now());
                }
            }
        });
        Self {
            _listener: OwnedProcess::from_child(child),
            times,
        }
    }

    /// Waits for the first window mapped after a point in time; returns when it was.
    #[track_caller]
    pub fn shown_after(&self, begun: Instant, deadline: Duration) -> Instant {
        until(deadline, "a window", || self.first_shown_since(begun))
    }

    /// Like [`shown_after`](Self::shown_after); `None` if no window was mapped by the deadline.
    pub fn shown_within(&self, begun: Instant, deadline: Duration) -> Option<Instant> {
        poll(deadline, || self.first_shown_since(begun))
    }

    fn first_shown_since(&self, begun: Instant) -> Option<Instant> {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.iter().find(|at| **at > begun).copied()
    }
}
