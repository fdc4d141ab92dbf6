//! Waits for a point in time, or for the end of a process.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub use linux::{sleep, wait_exit};
#[cfg(target_os = "macos")]
pub use macos::{sleep, wait_exit};

use std::time::Duration;

/// The longest time until a sleep whose timer stood still while the machine slept looks at the
/// clock again.
const SLEEP_CHECK_INTERVAL: Duration = Duration::from_secs(15);

/// Waits until `since_boot`, which includes sleep of the machine, has advanced by `duration`.
/// `pause` waits on a timer that may stand still while the machine sleeps; so the wait ends at most
/// 15 s late.
async fn sleep_in_pieces(
    duration: Duration,
    since_boot: impl Fn() -> Duration,
    mut pause: impl AsyncFnMut(Duration),
) {
    let end = since_boot().saturating_add(duration);
    let mut left = duration;
    loop {
        pause(left.min(SLEEP_CHECK_INTERVAL)).await;
        left = end.saturating_sub(since_boot());
        if left.is_zero() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::stat;
    use std::cell::RefCell;
    use trusty_fleet::identity::{ProcessKey, StartTime};

    /// The pauses of a sleep, where the n-th pause advances the clock by `slept[n]` more than its
    /// timer.
    async fn pauses(duration: Duration, slept: &[Duration]) -> Vec<Duration> {
        let now = RefCell::new(Duration::from_hours(1));
        let mut pauses = Vec::new();
        let since_boot = || *now.borrow();
        sleep_in_pieces(duration, since_boot, async |pause| {
            let slept = slept.get(pauses.len()).copied().unwrap_or_default();
            *now.borrow_mut() += pause + slept;
            pauses.push(pause);
        })
        .await;
        pauses
    }

    #[tokio::test]
    async fn a_sleep_ends_on_time_after_the_machine_has_slept() {
        let (long, piece) = (Duration::from_mins(1), SLEEP_CHECK_INTERVAL);
        assert_eq!(pauses(long, &[]).await, [piece; 4]);
        let short = Duration::from_secs(2);
        assert_eq!(pauses(short, &[]).await, [short]);
        assert_eq!(pauses(Duration::ZERO, &[]).await, [Duration::ZERO]);
        // The machine sleeps for an hour during the second piece.
        let slept = [Duration::ZERO, Duration::from_hours(1)];
        assert_eq!(pauses(long, &slept).await, [piece; 2]);
        let slept = [Duration::from_secs(40)];
        let rest = Duration::from_secs(5);
        assert_eq!(pauses(long, &slept).await, [piece, rest]);
    }

    #[tokio::test]
    async fn the_end_of_a_process_is_told() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep");
        let key = ProcessKey {
            pid: child.id(),
            start: stat(child.id()).expect("stat").expect("alive").start,
        };
        let other = ProcessKey {
            start: StartTime(key.start.0 + 1),
            ..key
        };
        wait_exit(other)
            .await
            .expect("another start time has already ended");
        let waiting = tokio::spawn(wait_exit(key));
        child.kill().expect("kill our own child");
        waiting.await.expect("no panic").expect("reported");
        child.wait().expect("collect");
        wait_exit(key).await.expect("reported at once");
    }
}
