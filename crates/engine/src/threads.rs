//! Threads with a runtime each, so that a blocked thread blocks no other.

use std::io;
use std::sync::OnceLock;
use std::thread;
use tokio::runtime;
use trusty_fleet::System;
use trusty_platform::open_files;
use trusty_platform::sys::CURRENT_SYSTEM;
use trusty_sources::Shutdown;

/// The limit of open files below which all threads share one runtime.
const MIN_FILES_FOR_OWN_RUNTIMES: u64 = 512;

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The machine's identity could not be read.
    #[error("failed to read the machine's identity: {0}; {hint}", hint = identity_hint(CURRENT_SYSTEM))]
    Machine(#[source] io::Error),
    /// A thread could not be started.
    #[error("failed to start a thread: {0}; the system is out of threads or memory")]
    Thread(#[source] io::Error),
}

/// What to do where the machine's identity cannot be read.
fn identity_hint(system: System) -> &'static str {
    match system {
        System::Linux => "is /proc mounted?",
        System::Mac => "run `sysctl kern.bootsessionuuid` to see why",
    }
}

/// Runs a future to its end on a thread of its own, so that a file system that hangs under one
/// source stops no other. The runtime is its own, too, unless few files may be open.
///
/// # Errors
/// If the thread or its runtime cannot be started.
pub fn spawn<F, T>(name: &str, future: F) -> Result<(), StartError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Future<Output = Shutdown>,
{
    let Some(runtime) = shared_runtime() else {
        return spawn_apart(name, future);
    };
    let body = move || {
        runtime.block_on(future());
    };
    let named = thread::Builder::new().name(name.to_owned());
    named.spawn(body).map(drop).map_err(StartError::Thread)
}

/// [`spawn`] on a runtime of its own, however few files may be open.
///
/// # Errors
/// As [`spawn`].
pub(crate) fn spawn_apart<F, T>(name: &str, future: F) -> Result<(), StartError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Future<Output = Shutdown>,
{
    let (ready, started) = std::sync::mpsc::channel();
    let body = move || match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let _ = ready.send(Ok(()));
            runtime.block_on(future());
        }
        Err(e) => {
            let _ = ready.send(Err(e));
        }
    };
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(StartError::Thread)?;
    // A thread that ends without a message has panicked before it could send one.
    started.recv().unwrap_or(Ok(())).map_err(StartError::Thread)
}

/// The runtime that drives the descriptors and timers of all threads where few files may be open. A
/// runtime takes four descriptors (measured), so one for each thread would leave none for sessions.
/// A thread that hangs still hangs alone; the others only wake later.
fn shared_runtime() -> Option<runtime::Handle> {
    static SHARED_RUNTIME: OnceLock<Option<runtime::Handle>> = OnceLock::new();
    let start = || {
        let few = open_files::soft_limit().is_some_and(|limit| limit < MIN_FILES_FOR_OWN_RUNTIMES);
        if !few {
            return None;
        }
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.ok()?;
        let handle = runtime.handle().clone();
        let drive = move || runtime.block_on(std::future::pending::<()>());
        let thread = thread::Builder::new().name("trusty-io".into()).spawn(drive);
        thread.ok().map(|_driven| handle)
    };
    SHARED_RUNTIME.get_or_init(start).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_gets_a_hint_that_exists_there() {
        assert!(identity_hint(System::Linux).contains("/proc"));
        assert!(!identity_hint(System::Mac).contains("/proc"));
        let error = StartError::Machine(io::ErrorKind::NotFound.into());
        assert!(error.to_string().ends_with(identity_hint(CURRENT_SYSTEM)));
    }
}
