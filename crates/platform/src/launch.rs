//! Hands a file to the desktop; starts this program anew; leaves a program behind.

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

/// Opens a file with the program its user has chosen for such files. Returns at once.
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
    // Collected when it ends, which may be when the editor is closed.
    thread::Builder::new()
        .name("trusty-launched".into())
        .spawn(move || child.wait())?;
    Ok(())
}

/// What to execute for a program, if it may be executed; errors name it.
fn checked(program: &Path) -> io::Result<PathBuf> {
    let failed = |e: RunError| match e {
        RunError::NotFound => io::ErrorKind::NotFound.into(),
        e => io::Error::other(format!("{} {e}", program.display())),
    };
    checked_program(program).map_err(failed)
}

/// Starts a program that stays when we end, without our terminal; its pid. Returns at once.
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
    // Collected when it ends, if we are still there then.
    thread::Builder::new()
        .name("trusty-detached".into())
        .spawn(move || child.wait())?;
    Ok(pid)
}

/// A program that was left behind.
#[derive(Debug, Clone)]
pub struct DetachedProgram(Arc<Mutex<Option<bool>>>);

impl DetachedProgram {
    /// Whether all went well, once it has ended.
    pub fn has_ended(&self) -> Option<bool> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same, in this folder and with these variables instead of ours; none takes one away. What
/// becomes of it can be asked.
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

/// Marks a program that was started anew.
const RESTARTED_VARIABLE: &str = "TRUSTY_STARTED_AGAIN";
/// What stood in the way is given so long to go away.
const RESTART_DELAY: Duration = Duration::from_millis(500);

/// Runs this program anew in this process's place, once. Returns only if it was that already, or
/// cannot.
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
