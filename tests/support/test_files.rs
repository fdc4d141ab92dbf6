//! Folders and pipes for tests. Without other modules: crates include this file for their own tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A folder that only its user can enter, removed when it is dropped.
pub fn private_tempdir() -> tempfile::TempDir {
    let private = fs::Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    builder.permissions(private).tempdir().expect("a folder")
}

/// A named pipe, which whoever opens it waits at.
#[expect(clippy::disallowed_methods, reason = "tests start programs")]
pub fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo").success());
}
