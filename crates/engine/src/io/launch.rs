//! Hands a file to the desktop; starts this program anew.

use super::sys;
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
