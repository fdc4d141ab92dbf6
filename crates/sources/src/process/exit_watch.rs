//! Waits for the exits of the watched processes, one task for each.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use tokio::task::{AbortHandle, JoinSet};
use trusty_fleet::identity::ProcessKey;

/// One task for each awaited process, and none for any other.
#[derive(Debug)]
pub(super) struct ExitWatch<W> {
    /// Returns once a process has exited, or fails if the system cannot report that.
    wait: W,
    tasks: JoinSet<(ProcessKey, bool)>,
    awaited: BTreeMap<ProcessKey, AbortHandle>,
    /// Processes whose exit the system could not report; the next poll finds it.
    failed: BTreeSet<ProcessKey>,
}

impl<W, F> ExitWatch<W>
where
    W: Fn(ProcessKey) -> F,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    pub(super) fn new(wait: W) -> Self {
        Self {
            wait,
            tasks: JoinSet::new(),
            awaited: BTreeMap::new(),
            failed: BTreeSet::new(),
        }
    }

    /// Waits for these processes, and no longer for any other: a process that a poll found ended may
    /// never be reported. macOS tells nothing of a process that was exiting when the wait began.
    pub(super) fn watch(&mut self, keys: &BTreeSet<ProcessKey>) {
        self.failed.retain(|key| keys.contains(key));
        self.awaited.retain(|key, task| {
            let is_wanted = keys.contains(key);
            if !is_wanted {
                task.abort();
            }
            is_wanted
        });
        for key in keys {
            if self.awaited.contains_key(key) || self.failed.contains(key) {
                continue;
            }
            let (key, exit) = (*key, (self.wait)(*key));
            let task = self.tasks.spawn(async move { (key, exit.await.is_ok()) });
            self.awaited.insert(key, task);
        }
    }

    /// The next awaited process that exits; never returns while none is awaited.
    pub(super) async fn next_exit(&mut self) -> ProcessKey {
        while let Some(ended) = self.tasks.join_next().await {
            // A task that was aborted.
            let Ok((key, is_reported)) = ended else {
                continue;
            };
            if self.awaited.remove(&key).is_none() {
                continue;
            }
            if is_reported {
                return key;
            }
            self.failed.insert(key);
        }
        std::future::pending().await
    }

    /// Waits anew for the processes whose exit could not be reported.
    pub(super) fn retry_failed(&mut self) {
        self.failed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tokio::sync::oneshot;
    use trusty_fleet::identity::StartTime;

    fn key(pid: u32) -> ProcessKey {
        let start = StartTime(1);
        ProcessKey { pid, start }
    }

    /// A system that never reports an exit, as macOS for a process that was exiting already.
    #[tokio::test]
    async fn a_process_that_a_poll_found_ended_is_no_longer_awaited() {
        let waits = Arc::new(Mutex::new(Vec::new()));
        let begun = Arc::clone(&waits);
        let mut exits = ExitWatch::new(move |_| {
            let (dropped, wait) = oneshot::channel::<()>();
            begun.lock().expect("unpoisoned").push(dropped);
            async move {
                let _ = wait.await;
                std::future::pending().await
            }
        });
        exits.watch(&[key(1), key(2)].into());
        assert_eq!((exits.tasks.len(), exits.awaited.len()), (2, 2));
        exits.watch(&[key(2)].into());
        assert_eq!(exits.awaited.len(), 1);
        let mut first = waits.lock().expect("unpoisoned").remove(0);
        // The wait is dropped, and with it what the system keeps for it.
        tokio::select! {
            () = first.closed() => {}
            _ = exits.next_exit() => panic!("no exit was reported"),
        }
        exits.watch(&[key(2)].into());
        assert_eq!(waits.lock().expect("unpoisoned").len(), 1, "no new wait");
    }

    #[tokio::test]
    async fn an_exit_is_reported_once() {
        let mut exits = ExitWatch::new(|key: ProcessKey| async move {
            match key.pid {
                1 => Ok(()),
                _ => std::future::pending().await,
            }
        });
        exits.watch(&[key(1), key(2)].into());
        assert_eq!(exits.next_exit().await, key(1));
        assert_eq!(exits.awaited.len(), 1);
    }

    #[tokio::test]
    async fn a_wait_that_failed_is_tried_again_after_the_next_poll() {
        let mut exits = ExitWatch::new(|key: ProcessKey| async move {
            match key.pid {
                1 => Err(io::ErrorKind::Other.into()),
                _ => Ok(()),
            }
        });
        exits.watch(&[key(1)].into());
        exits.watch(&[key(1), key(2)].into());
        assert_eq!(exits.next_exit().await, key(2));
        while exits.failed.is_empty() {
            exits.watch(&[key(1), key(2)].into());
            assert_eq!(exits.next_exit().await, key(2));
        }
        exits.watch(&[key(1)].into());
        assert_eq!(exits.tasks.len(), 0, "not before the next poll");
        exits.retry_failed();
        exits.watch(&[key(1)].into());
        assert_eq!(exits.tasks.len(), 1);
    }
}
