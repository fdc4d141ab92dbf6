//! Runs programs to their end, with a timeout.

#![expect(
    clippy::disallowed_methods,
    reason = "the place that starts programs to their end"
)]

use crate::search_path::absolute_entries;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a running program is checked for its exit.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Runs a program to its end with all standard streams on `/dev/null`, and kills it after
/// `timeout`.
///
/// # Errors
/// As the program cannot be started; `TimedOut` if it was killed; `ExecutableFileBusy` if the file
/// stayed open for writing until the timeout.
pub fn run_to_end(program: &Path, arguments: &[&str], timeout: Duration) -> io::Result<ExitStatus> {
    let started = Instant::now();
    let mut child = loop {
        let mut command = Command::new(program);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", absolute_entries(&path));
        }
        let spawned = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match spawned {
            // A program that was just written may still be open in a child of another thread.
            Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy => {}
            spawned => break spawned?,
        }
        if started.elapsed() >= timeout {
            return Err(io::ErrorKind::ExecutableFileBusy.into());
        }
        thread::sleep(POLL_INTERVAL);
    };
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() >= timeout {
            child.kill()?;
            child.wait()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    const SHELL_PATH: &str = "/bin/sh";

    fn run(script: &str, timeout: Duration) -> io::Result<ExitStatus> {
        run_to_end(Path::new(SHELL_PATH), &["-c", script], timeout)
    }

    #[test]
    fn a_program_tells_how_it_ended() {
        let long = Duration::from_mins(1);
        assert!(run("exit 0", long).expect("runs").success());
        assert_eq!(run("exit 3", long).expect("runs").code(), Some(3));
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let late = run("while :; do sleep 1; done", Duration::from_millis(50));
        assert_eq!(late.expect_err("late").kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_file_that_may_not_be_run_is_told() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("program");
        fs::write(&file, "#!/bin/sh\n").expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("chmod");
        let told = run_to_end(&file, &[], Duration::from_secs(5)).expect_err("may not run");
        assert_eq!(told.kind(), io::ErrorKind::PermissionDenied);
    }
}
