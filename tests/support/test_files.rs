//! Folders and pipes for tests. Uses no other module of this crate, because other crates include
//! this file in their unit tests.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

/// A temporary folder of mode 0700, removed when dropped.
pub fn private_tempdir() -> tempfile::TempDir {
    let private = fs::Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    builder.permissions(private).tempdir().expect("a folder")
}

/// The program that [`install_sleep`] compiles.
const SLEEP_SOURCE: &[u8] = b"#include <stdlib.h>\n#include <unistd.h>\n\
    int main(int count, char **words) { return (int)sleep(atoi(words[count - 1])); }\n";

/// Installs a program that sleeps for as many seconds as its last argument says: a copy of
/// `sleep`. macOS terminates copies of its own programs and hides their environment, so the
/// program is compiled there.
#[expect(clippy::disallowed_methods, reason = "tests start programs")]
pub fn install_sleep(path: &Path) {
    if cfg!(target_os = "linux") {
        fs::copy("/bin/sleep", path).expect("copied");
        return;
    }
    let mut command = std::process::Command::new("cc");
    command.args(["-x", "c", "-", "-o"]).arg(path);
    let mut compiler = command.stdin(Stdio::piped()).spawn().expect("cc runs");
    let mut input = compiler.stdin.take().expect("piped");
    input.write_all(SLEEP_SOURCE).expect("written");
    drop(input);
    assert!(compiler.wait().expect("our child").success());
}

/// Creates a named pipe, at which opening blocks until the other end is opened.
#[expect(clippy::disallowed_methods, reason = "tests start programs")]
pub fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo").success());
}
