//! Sees to it that what an engine that leads needs is there: its locks, its sockets, its file.

use super::folder_changes::{ChangeWaker, FolderChanges};
use super::{LeaderEvent, LeaderState, LeadershipState, lock_state};
use std::io;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;
use trusty_platform::open_files;

/// How often the places are checked where no change of them is told.
const CHECK_INTERVAL: Duration = Duration::from_secs(4);
/// How long after a change the places are checked, however much changes meanwhile.
const CHECK_DEBOUNCE: Duration = Duration::from_millis(200);
/// A lock that another engine holds must be held so at so many checks: a program that finds out
/// that it may not lead takes one for a moment.
const MAX_LOST_CHECKS: u32 = 4;

/// A thread that checks the places of an engine until it is dropped.
#[derive(Debug)]
pub(super) struct LeaderKeeper(ChangeWaker);

impl LeaderKeeper {
    /// Starts it; what it has to tell.
    pub(super) fn start_thread(
        state: &Arc<Mutex<LeaderState>>,
    ) -> io::Result<(Self, mpsc::UnboundedReceiver<LeaderEvent>)> {
        let changes = FolderChanges::new();
        let (tell, news) = mpsc::unbounded_channel();
        let waker = changes.waker();
        let state = Arc::downgrade(state);
        // A file system that hangs under a check holds up nobody else.
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

/// Checks until nobody leads here any more.
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
        // Whoever listened has ended: then so does this, at its next turn.
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
        // What changed before a folder was watched is found by a check, which follows at once.
        if lost == 0 && !aimed {
            changes.wait(CHECK_INTERVAL);
        }
        // Whoever removes a folder is done with it by then.
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
