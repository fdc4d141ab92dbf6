//! The keeper: restores the locks, the sockets and the engine file of the leading engine.

use super::folder_changes::{ChangeWaker, FolderChanges};
use super::{LeaderEvent, LeaderState, LeadershipState, lock_state};
use std::io;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;
use trusty_platform::open_files;

/// How often the leader's files are checked where no change is reported.
const CHECK_INTERVAL: Duration = Duration::from_secs(4);
/// The delay between a change and its check, which limits checks while much changes.
const CHECK_DEBOUNCE: Duration = Duration::from_millis(200);
/// How many checks in a row must find a lock with another engine before leadership is lost. A
/// program that finds out that it may not lead holds a lock for a moment.
const MAX_LOST_CHECKS: u32 = 4;

/// The keeper's thread. Dropping this wakes the thread, which ends once leadership is released.
#[derive(Debug)]
pub(super) struct LeaderKeeper(ChangeWaker);

impl LeaderKeeper {
    /// Starts the thread; returns the channel of its events.
    pub(super) fn start_thread(
        state: &Arc<Mutex<LeaderState>>,
    ) -> io::Result<(Self, mpsc::UnboundedReceiver<LeaderEvent>)> {
        let changes = FolderChanges::new();
        let (tell, news) = mpsc::unbounded_channel();
        let waker = changes.waker();
        let state = Arc::downgrade(state);
        // A thread of its own, so that a file system that hangs during a check blocks nothing else.
        thread::Builder::new()
            .name("trusty-keeper".into())
            .spawn(move || run_keeper(&state, changes, &tell))?;
        Ok((Self(waker), news))
    }
}

impl Drop for LeaderKeeper {
    fn drop(&mut self) {
        self.0.wake();
    }
}

/// Checks until this engine no longer leads.
fn run_keeper(
    state: &Weak<Mutex<LeaderState>>,
    mut changes: FolderChanges,
    tell: &mpsc::UnboundedSender<LeaderEvent>,
) {
    let (mut problem, mut scarce, mut lost) = (None, false, 0);
    while let Some(state) = state.upgrade() {
        let (leadership, now, places) = {
            let mut state = lock_state(&state);
            if state.is_released {
                return;
            }
            let leadership = state.check();
            (leadership, state.problem.clone(), state.places.clone())
        };
        drop(state);
        lost = match leadership {
            LeadershipState::Held => 0,
            LeadershipState::Lost => lost + 1,
        };
        if lost >= MAX_LOST_CHECKS {
            let _ = tell.send(LeaderEvent::Lost);
            return;
        }
        // If the receiver is gone, this thread ends at its next turn.
        if now != problem {
            let _ = tell.send(LeaderEvent::Problem(now.clone()));
            problem = now;
        }
        let are_scarce = open_files::are_scarce();
        if are_scarce != scarce {
            let _ = tell.send(LeaderEvent::FilesScarce(are_scarce.then(few_files_left)));
            scarce = are_scarce;
        }
        let aimed = changes.set_folders(&[places.runtime_dir(), places.data_dir()]);
        // The next check follows at once, because a folder may have changed before it was watched.
        if lost == 0 && !aimed {
            changes.wait(CHECK_INTERVAL);
        }
        // Gives a program that removes a folder the time to finish.
        thread::sleep(CHECK_DEBOUNCE);
    }
}

fn few_files_left() -> String {
    let limit = open_files::soft_limit().map_or_else(String::new, |limit| format!(" of {limit}"));
    format!(
        "Trusty Bar has nearly reached the open-file limit{limit}; raise it (`ulimit -Hn`) and \
         restart Trusty Bar"
    )
}
