//! Whether a command may still begin: only before its deadline and while its caller waits.
//!
//! An engine that was stopped, or that slept with its machine, finds commands whose callers gave
//! up long ago. A command that has begun is finished or rolled back, whether its caller waits or
//! not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use trusty_platform::{clock, sys};
use trusty_wire::command_deadline::CommandDeadline;

/// Why a command was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandLapse {
    /// The deadline has passed.
    #[error(
        "the command could not begin before its deadline; nothing was done; run the command again"
    )]
    TooLate,
    /// The caller has hung up.
    #[error("the caller hung up before the command began; nothing was done")]
    CallerGone,
}

const LEASE_WAITING: u8 = 0;
const LEASE_BEGUN: u8 = 1;
const LEASE_LAPSED_TOO_LATE: u8 = 2;
const LEASE_LAPSED_CALLER_GONE: u8 = 3;

/// The right to begin one command. Clones share one state: the command begins once, or never.
#[derive(Debug, Clone)]
pub struct CommandLease {
    deadline: CommandDeadline,
    state: Arc<AtomicU8>,
}

/// What the caller of a command keeps while it waits; when dropped, the command lapses unless it
/// has begun.
#[derive(Debug)]
pub struct CallerWait(CommandLease);

impl CommandLease {
    /// A new lease, and the caller's part of it.
    pub fn new(deadline: CommandDeadline) -> (Self, CallerWait) {
        let state = Arc::new(AtomicU8::new(LEASE_WAITING));
        let lease = Self { deadline, state };
        (lease.clone(), CallerWait(lease))
    }

    /// Checks that the command may still begin, before anything is planned for it.
    ///
    /// # Errors
    /// Why the command may not begin. That is final.
    pub fn check(&self) -> Result<(), CommandLapse> {
        if self.deadline.is_past() {
            self.try_lapse(LEASE_LAPSED_TOO_LATE);
        }
        match self.state.load(Ordering::SeqCst) {
            LEASE_WAITING | LEASE_BEGUN => Ok(()),
            LEASE_LAPSED_CALLER_GONE => Err(CommandLapse::CallerGone),
            _ => Err(CommandLapse::TooLate),
        }
    }

    /// Begins the command; to be called right before its first step. After that it cannot lapse.
    ///
    /// # Errors
    /// Why the command may not begin; then no step may be taken.
    pub fn begin(&self) -> Result<(), CommandLapse> {
        self.check()?;
        let begun = self.state.compare_exchange(
            LEASE_WAITING,
            LEASE_BEGUN,
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
        match begun {
            Ok(_) | Err(LEASE_BEGUN) => Ok(()),
            Err(_) => self.check(),
        }
    }

    /// Lets the command lapse; returns `false` if it had begun or lapsed before.
    fn try_lapse(&self, into: u8) -> bool {
        let lapsed =
            self.state
                .compare_exchange(LEASE_WAITING, into, Ordering::SeqCst, Ordering::SeqCst);
        lapsed.is_ok()
    }
}

/// Returns once the deadline has passed.
async fn wait_until_past(deadline: CommandDeadline) {
    while !deadline.is_past() {
        let left = deadline.since_boot().saturating_sub(sys::since_boot());
        // Timers count whole milliseconds, and a deadline has not passed at its very instant.
        clock::sleep(left.saturating_add(Duration::from_millis(1))).await;
    }
}

impl CallerWait {
    /// Returns once the command can no longer begin, because its deadline has passed; never if it
    /// has begun.
    pub async fn wait_lapsed(&self) -> CommandLapse {
        wait_until_past(self.0.deadline).await;
        match self.0.check() {
            Err(lapse) => lapse,
            Ok(()) => std::future::pending().await,
        }
    }
}

impl Drop for CallerWait {
    fn drop(&mut self) {
        self.0.try_lapse(LEASE_LAPSED_CALLER_GONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later_deadline() -> CommandDeadline {
        CommandDeadline::of_command_sent_now()
    }

    fn past_deadline() -> CommandDeadline {
        CommandDeadline::from_boot_time(Duration::ZERO)
    }

    #[test]
    fn a_command_begins_while_its_caller_waits_and_is_then_beyond_recall() {
        let (lease, caller) = CommandLease::new(later_deadline());
        assert_eq!(lease.check(), Ok(()));
        assert_eq!(lease.begin(), Ok(()));
        drop(caller);
        assert_eq!(lease.check(), Ok(()));
    }

    #[test]
    fn a_command_whose_caller_hung_up_never_begins() {
        let (lease, caller) = CommandLease::new(later_deadline());
        drop(caller);
        assert_eq!(lease.check(), Err(CommandLapse::CallerGone));
        assert_eq!(lease.clone().begin(), Err(CommandLapse::CallerGone));
    }

    #[tokio::test]
    async fn a_command_past_its_deadline_never_begins_and_its_caller_is_told() {
        let (lease, caller) = CommandLease::new(past_deadline());
        assert_eq!(lease.begin(), Err(CommandLapse::TooLate));
        assert_eq!(caller.wait_lapsed().await, CommandLapse::TooLate);
    }

    #[tokio::test]
    async fn a_caller_is_told_at_the_deadline_while_the_command_still_waits_for_its_turn() {
        let soon = CommandDeadline::from_boot_time(sys::since_boot() + Duration::from_millis(5));
        let (lease, caller) = CommandLease::new(soon);
        assert_eq!(caller.wait_lapsed().await, CommandLapse::TooLate);
        assert_eq!(lease.begin(), Err(CommandLapse::TooLate));
    }

    #[test]
    fn a_deadline_that_passes_after_the_first_step_changes_nothing() {
        let (lease, _caller) = CommandLease::new(later_deadline());
        assert_eq!(lease.begin(), Ok(()));
        let late = CommandLease {
            deadline: past_deadline(),
            ..lease
        };
        assert_eq!(late.check(), Ok(()));
    }
}
