//! Folders and pipes for tests. Uses no other module of this crate, because other crates include
//! this file in their unit tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A temporary folder of mode 0700, removed when dropped.
pub fn private_tempdir() -> tempfile::TempDir {
    let private = fs::Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    builder.permissions(private).tempdir().expect("a folder")
}

/// Creates a named pipe, at which opening blocks until the other end is opened.
#[expect(clippy::disallowed_methods, reason = "tests start programs")]
pub fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo").success());
}
