//! Hands a file to the desktop; starts this program anew; leaves a program behind.

use super::sys;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Opens a file with the program its user has chosen for such files. Returns at once.
pub fn open(path: &Path) -> io::Result<()> {
    let mut child = Command::new(sys::OPENER)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Collected when it ends, which may be when the editor is closed.
    thread::Builder::new()
        .name("trusty-open".into())
        .spawn(move || child.wait())?;
    Ok(())
}

/// Starts a program that stays when we end, without our terminal; its pid. Returns at once.
pub fn leave(program: &Path, arguments: &[&OsStr]) -> io::Result<u32> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let pid = child.id();
    // Collected when it ends, if we are still there then.
    thread::Builder::new()
        .name("trusty-left".into())
        .spawn(move || child.wait())?;
    Ok(pid)
}

/// Marks a program that was started anew.
const AGAIN: &str = "TRUSTY_STARTED_AGAIN";
/// What stood in the way is given so long to go away.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs this program anew in this process's place, once. Returns only if it was that already, or
/// cannot.
pub fn start_again() -> io::Result<()> {
    if std::env::var_os(AGAIN).is_some() {
        return Ok(());
    }
    thread::sleep(PAUSE);
    let mut again = Command::new(std::env::current_exe()?);
    Err(again
        .args(std::env::args_os().skip(1))
        .env(AGAIN, "1")
        .exec())
}
