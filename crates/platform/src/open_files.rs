//! The limit of open files, and spare descriptors for work that must not fail for want of one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The most files that macOS grants where it reports no hard limit (`OPEN_MAX`).
const MAC_MAX_FILES: u64 = 10_240;
/// The most descriptors kept free for files that are open only for a moment.
const MAX_FREE_FILES: u64 = 64;

/// The limit as it was before [`raise_soft_limit`].
static FIRST_FILE_LIMIT: OnceLock<Rlimit> = OnceLock::new();

/// Raises the soft limit of open files to the hard one; returns the limit now in force, `None` for
/// unlimited.
///
/// # Errors
/// As setrlimit(2) fails; the old limit then stays in force.
pub fn raise_soft_limit() -> io::Result<Option<u64>> {
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none() || now.current == now.maximum {
        return Ok(now.current);
    }
    FIRST_FILE_LIMIT.get_or_init(|| now);
    let raise = |current| {
        let wanted = Rlimit {
            current,
            maximum: now.maximum,
        };
        setrlimit(Resource::Nofile, wanted).map(|()| current)
    };
    // macOS refuses a soft limit above what it can grant, even one below the hard limit.
    raise(now.maximum)
        .or_else(|e| {
            let most = now.maximum.map_or(MAC_MAX_FILES, |m| m.min(MAC_MAX_FILES));
            if now.current.is_some_and(|current| current < most) {
                raise(Some(most))
            } else {
                Err(e)
            }
        })
        .map_err(io::Error::from)
}

/// Sets the soft limit back to its value before [`raise_soft_limit`]. Async-signal-safe.
///
/// For programs that are started and outlive this process: many are slow or fail with a high limit.
///
/// # Errors
/// As setrlimit(2) fails.
pub fn restore_soft_limit() -> io::Result<()> {
    match FIRST_FILE_LIMIT.get() {
        Some(first) => Ok(setrlimit(Resource::Nofile, *first)?),
        None => Ok(()),
    }
}

/// The soft limit of open files; `None` for unlimited.
pub fn soft_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Whether a descriptor lies in the last quarter below the limit (at most the last 64).
///
/// A new descriptor gets the lowest free number, so one that lies there shows that few are left. A
/// caller that can do without a file that stays open then closes it again.
pub fn is_near_limit(file: impl AsFd) -> bool {
    let number = u64::try_from(file.as_fd().as_raw_fd()).unwrap_or(0);
    soft_limit().is_some_and(|limit| number + free_files(limit) >= limit)
}

/// Whether few descriptors are left, or none.
pub fn are_scarce() -> bool {
    match open_spare() {
        Ok(file) => is_near_limit(&file),
        Err(e) => is_exhausted(&e),
    }
}

/// Whether a call failed for want of a descriptor (EMFILE or ENFILE).
pub fn is_exhausted(error: &io::Error) -> bool {
    let exhausted = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    exhausted
        .iter()
        .any(|e| error.raw_os_error() == Some(e.raw_os_error()))
}

fn free_files(limit: u64) -> u64 {
    (limit / 4).min(MAX_FREE_FILES)
}

fn open_spare() -> io::Result<File> {
    File::open("/dev/null")
}

/// Descriptors kept open in reserve; each can be closed to make room for one that is needed.
#[derive(Debug, Clone)]
pub struct SpareFiles {
    state: Arc<Mutex<SpareState>>,
    number: usize,
}

#[derive(Debug, Default)]
struct SpareState {
    kept: Vec<File>,
    released: usize,
}

impl SpareFiles {
    /// Opens `number` spare descriptors, or as many as can be opened now.
    pub fn reserve(number: usize) -> Self {
        let spare = Self {
            state: Arc::default(),
            number,
        };
        spare.refill();
        spare
    }

    /// Closes one spare descriptor until the returned value is dropped; none if no spare is left.
    pub fn release_one(&self) -> Option<ReleasedFile> {
        let mut state = self.state();
        drop(state.kept.pop()?);
        state.released += 1;
        Some(ReleasedFile(self.clone()))
    }

    /// Reopens spare descriptors that were returned, or could not be opened before.
    pub fn refill(&self) {
        let mut state = self.state();
        while state.kept.len() + state.released < self.number {
            let Ok(file) = open_spare() else { return };
            state.kept.push(file);
        }
    }

    fn state(&self) -> MutexGuard<'_, SpareState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for one descriptor, from [`SpareFiles`]; returned when dropped.
#[derive(Debug)]
pub struct ReleasedFile(SpareFiles);

impl Drop for ReleasedFile {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.released = state.released.saturating_sub(1);
        drop(state);
        self.0.refill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        let raised = raise_soft_limit().expect("raised");
        assert_eq!(raised, getrlimit(Resource::Nofile).maximum);
        assert_eq!(soft_limit(), raised);
    }

    #[test]
    fn a_quarter_of_few_files_and_a_few_of_many_are_kept_free() {
        let free: Vec<u64> = [0, 64, 256, 1024, 1 << 20].map(free_files).into();
        assert_eq!(free, [0, 16, 64, 64, 64]);
    }

    #[test]
    fn spare_files_are_released_one_by_one_and_come_back() {
        let spare = SpareFiles::reserve(2);
        let first = spare.release_one();
        let second = spare.release_one();
        assert!(first.is_some() && second.is_some());
        assert!(spare.release_one().is_none());
        drop(first);
        let third = spare.release_one();
        assert!(third.is_some() && spare.release_one().is_none());
        drop(second);
        assert_eq!(spare.state().kept.len(), 1);
    }
}
