//! Opens files with the desktop's programs, starts programs that outlive us, and restarts this one.

use super::checked_program::{RunError, checked_program};
use super::child;
use super::programs::{absolute_folders, find_program};
use super::sys;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use trusty_fleet::System;

/// The program of a Mac that opens files, addresses and apps.
pub const MAC_OPENER: &str = "/usr/bin/open";

/// How long the opener of a Mac may take to hand a file over; it exits at once.
const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of an opener's standard error is read, in bytes.
const MAX_COMPLAINT_BYTES: u64 = 1024;

/// What opens a file or an address, and how its end is to be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileOpener {
    program: &'static str,
    arguments: &'static [&'static str],
    /// Whether the opener exits once it has handed the file over, and fails if it could not. The
    /// one of Linux may run for as long as the editor does.
    exits_at_once: bool,
}

impl FileOpener {
    /// The opener for a text file in a system's desktop.
    fn for_text(system: System) -> Self {
        match system {
            // Without `-t`, a stock Mac has no app for .toml.
            System::Mac => Self {
                program: MAC_OPENER,
                arguments: &["-t"],
                exits_at_once: true,
            },
            System::Linux => Self::for_address(system),
        }
    }

    /// The opener for an address, such as a pane of the system's settings.
    fn for_address(system: System) -> Self {
        match system {
            System::Mac => Self {
                program: MAC_OPENER,
                arguments: &[],
                exits_at_once: true,
            },
            System::Linux => Self {
                program: "xdg-open",
                arguments: &[],
                exits_at_once: false,
            },
        }
    }

    fn path(&self) -> io::Result<PathBuf> {
        let opener = Path::new(self.program);
        if opener.is_absolute() {
            return Ok(opener.to_path_buf());
        }
        let folders = std::env::var_os("PATH");
        let found = find_program(self.program, absolute_folders(folders.as_deref())).any();
        found.ok_or_else(|| io::Error::other(format!("{} {}", self.program, RunError::NotFound)))
    }

    fn open(&self, what: &OsStr) -> io::Result<()> {
        let opener = self.path()?;
        let mut command = child::command(&checked(&opener)?);
        let complaints = if self.exits_at_once {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        command
            .arg0(&opener)
            .args(self.arguments)
            .arg(what)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(complaints);
        let mut child = sys::with_first_file_limit(&mut command).spawn()?;
        let (told, ended) = mpsc::channel();
        // Reaps the opener when it exits, which may be when the user closes the editor.
        thread::Builder::new()
            .name("trusty-launched".into())
            .spawn(move || {
                let mut complaint = Vec::new();
                if let Some(stderr) = child.stderr.take() {
                    // What could be read of a complaint is enough.
                    let _ = stderr.take(MAX_COMPLAINT_BYTES).read_to_end(&mut complaint);
                }
                let status = child.wait();
                // The receiver may have given up waiting.
                let _ = told.send((status, complaint));
            })?;
        if !self.exits_at_once {
            return Ok(());
        }
        match ended.recv_timeout(HAND_OVER_TIMEOUT) {
            Ok((Ok(status), complaint)) if !status.success() => {
                let said = String::from_utf8_lossy(&complaint);
                let line = said.lines().find(|line| !line.trim().is_empty());
                let told = line.map_or_else(|| status.to_string(), |line| line.trim().to_owned());
                Err(io::Error::other(format!("{}: {told}", self.program)))
            }
            Ok((Err(e), _)) => Err(e),
            // An opener that still runs has not failed.
            Ok((Ok(_), _)) | Err(_) => Ok(()),
        }
    }
}

/// Opens a text file with the user's editor. Returns at once on Linux; on a Mac, once the file is
/// handed over.
///
/// # Errors
/// The opener is missing, another user could change it, it cannot be started, or it says that no
/// program opens the file.
pub fn open_text_file(path: &Path) -> io::Result<()> {
    FileOpener::for_text(sys::CURRENT_SYSTEM).open(path.as_os_str())
}

/// Opens an address, such as a pane of the system's settings.
///
/// # Errors
/// As [`open_text_file`].
pub fn open_address(address: &str) -> io::Result<()> {
    FileOpener::for_address(sys::CURRENT_SYSTEM).open(OsStr::new(address))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_mac_opens_text_in_the_text_editor_and_linux_with_its_own_opener() {
        for (system, program, arguments, exits_at_once) in [
            (System::Mac, "/usr/bin/open", &["-t"][..], true),
            (System::Linux, "xdg-open", &[][..], false),
        ] {
            let opener = FileOpener::for_text(system);
            assert_eq!((opener.program, opener.arguments), (program, arguments));
            assert_eq!(opener.exits_at_once, exits_at_once, "{system:?}");
        }
        assert_eq!(FileOpener::for_address(System::Mac).arguments, [""; 0]);
    }

    /// An opener that runs a script; leaked, because the opener of a system is a constant.
    fn scripted(folder: &Path, script: &str) -> FileOpener {
        let program = folder.join("opener");
        fs::write(&program, script).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
        FileOpener {
            program: Box::leak(program.to_string_lossy().into_owned().into_boxed_str()),
            arguments: &["-t"],
            exits_at_once: true,
        }
    }

    #[test]
    fn an_opener_that_fails_is_reported_in_its_own_words() {
        let folder = crate::test_files::private_tempdir();
        let script = "#!/bin/sh\n[ \"$1 $2\" = '-t /settings.toml' ] || exit 9\n\
                      echo 'No application knows how to open it' >&2\nexit 1\n";
        let opener = scripted(folder.path(), script);
        let told = opener
            .open(OsStr::new("/settings.toml"))
            .expect_err("fails");
        assert!(
            told.to_string()
                .ends_with("opener: No application knows how to open it"),
            "{told}"
        );
        let opener = scripted(folder.path(), "#!/bin/sh\nexit 0\n");
        opener.open(OsStr::new("/settings.toml")).expect("opened");
        fs::remove_file(opener.program).expect("removed");
        opener
            .open(OsStr::new("/settings.toml"))
            .expect_err("missing");
    }
}
