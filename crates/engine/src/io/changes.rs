//! Waits for changes of a folder, without a runtime.

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// Where changes are not told, they are looked for so often.
const LOOK: Duration = Duration::from_millis(250);

/// Tells when something in a folder changes.
#[derive(Debug)]
pub struct Changes {
    /// Tells for as long as it lives; none where the system refuses.
    watcher: Option<RecommendedWatcher>,
    told: mpsc::Receiver<()>,
}

impl Changes {
    /// Of this folder, from now on.
    pub fn of(folder: &Path) -> Self {
        let (tell, told) = mpsc::channel();
        let handle = move |event: notify::Result<Event>| {
            // Whoever looks at the folder opens it, which is a change to nobody.
            let looked = event.is_ok_and(|e| matches!(e.kind, EventKind::Access(_)));
            if !looked {
                // Nobody may be waiting any more.
                let _ = tell.send(());
            }
        };
        let watcher = notify::recommended_watcher(handle).and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let watcher = watcher.ok();
        Self { watcher, told }
    }

    /// Returns once something has changed, and after `most` at the latest. It may return early.
    pub fn wait(&self, most: Duration) {
        if self.watcher.is_none() {
            std::thread::sleep(most.min(LOOK));
            return;
        }
        if self.told.recv_timeout(most).is_ok() {
            while self.told.try_recv().is_ok() {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::clock;
    use std::fs;

    #[test]
    fn a_change_ends_the_wait_and_a_look_does_not() {
        let dir = tempfile::tempdir().expect("folder");
        let file = dir.path().join("a");
        fs::write(&file, "1").expect("write");
        let changes = Changes::of(dir.path());
        fs::read(&file).expect("read");
        changes.wait(Duration::from_millis(1));
        let (long, begun) = (Duration::from_mins(1), clock::instant());
        fs::remove_file(&file).expect("removed");
        changes.wait(long);
        assert!(begun.elapsed() < long, "told, not timed out");
        let nowhere = Changes::of(&dir.path().join("none"));
        assert!(nowhere.watcher.is_none());
        nowhere.wait(long);
        assert!(begun.elapsed() < long, "looks for itself");
    }
}
