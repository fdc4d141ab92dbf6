//! Hands a file to the desktop.

use super::sys;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Opens a file with the program its user has chosen for such files. Returns at once.
pub fn open(path: &Path) -> io::Result<()> {
    let mut child = Command::new(sys::OPENER)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Collected when it ends, which may be when the editor is closed.
    std::thread::Builder::new()
        .name("trusty-open".into())
        .spawn(move || child.wait())?;
    Ok(())
}
