//! Opens files with the desktop's programs, starts programs that outlive us, and restarts this one.

use super::checked_program::{RunError, checked_program};
use super::child;
use super::programs::{absolute_folders, find_program};
use super::sys;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Opens a file with the program that the user has chosen for its type. Returns at once.
///
/// # Errors
/// The opener is missing, another user could change it, or it cannot be started.
pub fn open(path: &Path) -> io::Result<()> {
    let folders = std::env::var_os("PATH");
    let opener = Path::new(sys::FILE_OPENER);
    let opener = if opener.is_absolute() {
        Some(opener.to_path_buf())
    } else {
        find_program(sys::FILE_OPENER, absolute_folders(folders.as_deref())).any()
    };
    let opener = opener.ok_or(RunError::NotFound);
    let opener = opener.map_err(|e| io::Error::other(format!("{} {e}", sys::FILE_OPENER)))?;
    let mut command = child::command(&checked(&opener)?);
    command
        .arg0(&opener)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = sys::with_first_file_limit(&mut command).spawn()?;
    // Reaps the opener when it exits, which may be when the user closes the editor.
    thread::Builder::new()
        .name("trusty-launched".into())
        .spawn(move || child.wait())?;
    Ok(())
}

/// The path to execute for a program, if it may be executed; an error names the program.
fn checked(program: &Path) -> io::Result<PathBuf> {
    let failed = |e: RunError| match e {
        RunError::NotFound => io::ErrorKind::NotFound.into(),
        e => io::Error::other(format!("{} {e}", program.display())),
    };
    checked_program(program).map_err(failed)
}

/// Starts a program that outlives this process, in a process group of its own; returns its pid.
///
/// # Errors
/// The program is missing, another user could change it, or it cannot be started.
pub fn spawn_detached(program: &Path, arguments: &[&OsStr]) -> io::Result<u32> {
    let mut command = child::command(&checked(program)?);
    command
        .arg0(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let mut child = sys::with_first_file_limit(&mut command).spawn()?;
    let pid = child.id();
    // Reaps the program when it exits, if this process still runs then.
    thread::Builder::new()
        .name("trusty-detached".into())
        .spawn(move || child.wait())?;
    Ok(pid)
}

/// The exit status of a program that was started by [`spawn_detached_in`].
#[derive(Debug, Clone)]
pub struct DetachedProgram(Arc<Mutex<Option<bool>>>);

impl DetachedProgram {
    /// Whether the program succeeded; none while it runs.
    pub fn has_ended(&self) -> Option<bool> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As [`spawn_detached`], in a folder and with changed environment variables, where none removes a
/// variable; the result says how the program ended. A folder that does not exist is ignored.
///
/// # Errors
/// As [`spawn_detached`].
pub fn spawn_detached_in(
    program: &Path,
    arguments: &[&OsStr],
    folder: &Path,
    variables: &[(&str, Option<OsString>)],
) -> io::Result<DetachedProgram> {
    let mut command = child::command(&checked(program)?);
    command
        .arg0(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    if folder.is_dir() {
        command.current_dir(folder);
    }
    for (name, value) in variables {
        match value {
            Some(value) => child::set_variable(&mut command, name, value),
            None => {
                command.env_remove(name);
            }
        }
    }
    let mut child = sys::with_first_file_limit(&mut command).spawn()?;
    let left = DetachedProgram(Arc::default());
    let told = Arc::clone(&left.0);
    thread::Builder::new()
        .name("trusty-detached".into())
        .spawn(move || {
            let well = child.wait().is_ok_and(|status| status.success());
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(well);
        })?;
    Ok(left)
}

/// Set in the environment of a restarted program.
const RESTARTED_VARIABLE: &str = "TRUSTY_STARTED_AGAIN";
/// How long a restart waits for what prevented the first start to go away.
const RESTART_DELAY: Duration = Duration::from_millis(500);

/// Restarts this program in place of this process, once. Returns only if this process is restarted
/// already, or if the restart fails.
///
/// # Errors
/// This program's file is missing, another user could change it, or execve(2) fails.
pub fn start_again() -> io::Result<()> {
    if std::env::var_os(RESTARTED_VARIABLE).is_some() {
        return Ok(());
    }
    thread::sleep(RESTART_DELAY);
    let program = std::env::current_exe()?;
    let mut again = child::command(&checked(&program)?);
    Err(again
        .args(std::env::args_os().skip(1))
        .env(RESTARTED_VARIABLE, "1")
        .exec())
}
