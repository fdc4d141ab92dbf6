//! What the program believes about macOS, asked of a real one. Type-checked on Linux; only the Mac
//! workflow runs these tests (`.ci/macos/contracts`), and figures that nothing asserts begin with
//! `measured: `.
#![cfg(target_os = "macos")]

#[path = "mac_contracts/clocks.rs"]
mod clocks;
#[path = "mac_contracts/processes.rs"]
mod processes;
#[path = "mac_contracts/sockets.rs"]
mod sockets;
#[path = "mac_contracts/terminals.rs"]
mod terminals;
#[path = "mac_contracts/watching.rs"]
mod watching;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use trusty_tests::trusty::program;
use trusty_tests::{ProcessRef, TestHome};

/// The path of the native Claude Code below a home, and the link by which shells start it.
const NATIVE_PROGRAM: &str = ".local/share/claude/versions/2.1.330";
const NATIVE_LINK: &str = ".local/bin/claude";

/// Installs the stand-in for Claude Code as the native installer does; returns the link.
fn install_linked_client(home: &TestHome) -> PathBuf {
    let (real, link) = (
        home.path().join(NATIVE_PROGRAM),
        home.path().join(NATIVE_LINK),
    );
    for file in [&real, &link] {
        fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    }
    fs::copy(program("stand-in-client"), &real).expect("copied");
    symlink(&real, &link).expect("a link");
    link
}

/// Writes a registry file as Claude Code does on macOS, where the start is the text of `ps`.
fn write_mac_registry(home: &TestHome, process: ProcessRef, rest: &str) {
    let folder = home.config_dir().join("sessions");
    fs::create_dir_all(&folder).expect("a folder");
    let (pid, start) = (process.pid, lstart(process.pid));
    let text = format!(
        r#"{{"pid":{pid},"sessionId":"s","procStart":"{start}","pidDomain":"darwin","version":"2.1.330","kind":"interactive",{rest}}}"#
    );
    fs::write(folder.join(format!("{pid}.json")), text).expect("written");
}

/// The start of a process as Claude Code writes it: `ps -o lstart=` in UTC.
fn lstart(pid: u32) -> String {
    let pid = pid.to_string();
    command_text("/bin/ps", ["-o", "lstart=", "-p", &pid])
}

/// What a command prints in UTC and the C locale, without the line's end.
fn command_text(program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C").env("TZ", "UTC");
    let done = command.output().expect("the program runs");
    assert!(done.status.success(), "{program}: {done:?}");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// A path without links.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().expect("the path exists")
}

/// Prints a figure that nothing asserts.
#[expect(clippy::print_stdout, reason = "figures, with --nocapture")]
fn measured(figure: &str) {
    println!("measured: {figure}");
}
