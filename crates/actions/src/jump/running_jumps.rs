//! Jumps that are under way: whoever asks for one of them again waits for the same, so that no
//! second terminal is opened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use trusty_fleet::SessionId;

/// Jumps that are under way. Clones share them.
#[derive(Debug, Clone)]
pub struct RunningJumps<T>(Arc<Mutex<JumpOutcomes<T>>>);

type JumpOutcomes<T> = BTreeMap<SessionId, watch::Receiver<Option<T>>>;

impl<T> Default for RunningJumps<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

enum JumpRole<T> {
    Runner(watch::Sender<Option<T>>),
    Waiter(watch::Receiver<Option<T>>),
}

impl<T: Clone> RunningJumps<T> {
    /// Goes there, or waits for whoever does already: how that went.
    pub async fn run_or_wait(&self, id: SessionId, jump: impl Future<Output = T>) -> T {
        loop {
            match self.role_in(id) {
                JumpRole::Runner(over) => {
                    let done = jump.await;
                    over.send_replace(Some(done.clone()));
                    return done;
                }
                JumpRole::Waiter(mut outcome) => {
                    // One that broke off is not waited for.
                    if let Ok(done) = outcome.wait_for(Option::is_some).await
                        && let Some(done) = done.clone()
                    {
                        return done;
                    }
                }
            }
        }
    }

    fn role_in(&self, id: SessionId) -> JumpRole<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, outcome| outcome.has_changed().is_ok());
        if let Some(outcome) = all.get(&id) {
            return JumpRole::Waiter(outcome.clone());
        }
        let (over, outcome) = watch::channel(None);
        all.insert(id, outcome);
        JumpRole::Runner(over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_second_one_waits_for_the_first() {
        let jumps = RunningJumps::default();
        let (one, other) = (SessionId::new(), SessionId::new());
        let (arrive, arrived) = oneshot::channel();
        let first = jumps.run_or_wait(one, async { arrived.await.unwrap_or("nowhere") });
        let second = jumps.run_or_wait(one, async { "twice" });
        let (first, second, ()) = tokio::join!(first, second, async {
            assert_eq!(jumps.run_or_wait(other, async { "beside" }).await, "beside");
            arrive.send("there").expect("waited for");
        });
        assert_eq!((first, second), ("there", "there"));
        assert_eq!(jumps.run_or_wait(one, async { "again" }).await, "again");
    }

    #[tokio::test]
    async fn one_that_broke_off_is_not_waited_for() {
        let jumps = RunningJumps::default();
        let id = SessionId::new();
        let mut broken = Box::pin(jumps.run_or_wait(id, pending()));
        assert!(begun_and_waiting(&mut broken).await);
        let second = jumps.run_or_wait(id, async { "second" });
        let (second, ()) = tokio::join!(second, async { drop(broken) });
        assert_eq!(second, "second");
    }

    /// Whether a future waits still after it has begun.
    async fn begun_and_waiting<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            let waits = std::pin::Pin::new(&mut *future).poll(context).is_pending();
            std::task::Poll::Ready(waits)
        })
        .await
    }
}
