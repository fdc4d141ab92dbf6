//! The search path of the user's login shell, for programs that are found nowhere else. The shell
//! runs once, on a thread of its own, in a session of its own without a terminal, and within
//! limits of time and output.

use crate::checked_program::checked_program;
use crate::programs::absolute_folders;
use crate::{child, clock, sys};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::time::Timespec;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a shell may take to read its files and to answer.
const LOGIN_SHELL_TIMEOUT: Duration = Duration::from_secs(5);
/// The limit for all that a shell and its files print, in bytes.
const MAX_SHELL_OUTPUT_BYTES: usize = 256 << 10;
/// The line before the search path, and the one after it: the shell's files may print as well.
const BEGIN_LINE: &str = "trusty-login-path-begin";
const END_LINE: &str = "trusty-login-path-end";
/// Set while the shell runs, so that a user's files can tell.
const RESOLVING_VARIABLE: &str = "TRUSTY_RESOLVING_PATH";

/// The user's login shell, and the environment in which it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginShell {
    /// The path of the shell, `$SHELL`.
    pub program: PathBuf,
    /// The shell's variables; no others are set.
    pub variables: Vec<(&'static str, OsString)>,
}

/// The search path of the login shell, shared by all clones, and asked for at most once.
#[derive(Debug, Clone, Default)]
pub struct LoginPath(Arc<LoginPathState>);

#[derive(Debug, Default)]
struct LoginPathState {
    answer: Mutex<LoginPathAnswer>,
    answered: Condvar,
}

#[derive(Debug, Default)]
enum LoginPathAnswer {
    #[default]
    NotAsked,
    Pending,
    Known(Vec<PathBuf>),
}

impl LoginPath {
    /// A search path that is known already, so that no shell is asked.
    pub fn known(folders: Vec<PathBuf>) -> Self {
        let path = Self::default();
        *path.lock() = LoginPathAnswer::Known(folders);
        path
    }

    /// The absolute folders of the search path, none of them while the shell has not answered. The
    /// first call starts the shell; none does if `shell` is `None`.
    pub fn folders(&self, shell: impl FnOnce() -> Option<LoginShell>) -> Vec<PathBuf> {
        let mut answer = self.lock();
        match &*answer {
            LoginPathAnswer::Known(folders) => return folders.clone(),
            LoginPathAnswer::Pending => return Vec::new(),
            LoginPathAnswer::NotAsked => {}
        }
        let Some(shell) = shell() else {
            return Vec::new();
        };
        let state = Self(Arc::clone(&self.0));
        let asking = thread::Builder::new()
            .name("trusty-login-path".into())
            .spawn(move || {
                let folders = ask_shell(&shell, LOGIN_SHELL_TIMEOUT).unwrap_or_default();
                *state.lock() = LoginPathAnswer::Known(folders);
                state.0.answered.notify_all();
            });
        *answer = match asking {
            Ok(_) => LoginPathAnswer::Pending,
            Err(_) => LoginPathAnswer::Known(Vec::new()),
        };
        Vec::new()
    }

    /// Whether the shell was asked and has not answered yet.
    pub fn is_pending(&self) -> bool {
        matches!(*self.lock(), LoginPathAnswer::Pending)
    }

    /// Blocks while the shell is being asked, which takes five seconds at most.
    pub fn wait(&self) {
        let is_pending = |answer: &mut LoginPathAnswer| matches!(answer, LoginPathAnswer::Pending);
        let waited = self.0.answered.wait_while(self.lock(), is_pending);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, LoginPathAnswer> {
        self.0.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a login shell and returns the absolute folders of its search path; an error if the shell
/// may not be run, or does not answer within the limits.
fn ask_shell(shell: &LoginShell, timeout: Duration) -> io::Result<Vec<PathBuf>> {
    let program = checked_program(&shell.program).map_err(io::Error::other)?;
    let script = format!("echo; echo {BEGIN_LINE}; printenv PATH; echo {END_LINE}");
    let mut command = child::command(&program);
    command
        .arg0(&shell.program)
        .args(shell_flags(&shell.program))
        .arg(script)
        .env_clear();
    for (name, value) in &shell.variables {
        child::set_variable(&mut command, name, value);
    }
    command
        .env("TERM", "dumb")
        .env(RESOLVING_VARIABLE, "1")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = sys::in_own_session(&mut command).spawn()?;
    let output = match child.stdout.take() {
        Some(out) => read_answer(out, timeout),
        None => Err(io::ErrorKind::BrokenPipe.into()),
    };
    // The shell may still run, and what its files have started in the background with it. The child
    // is not reaped yet, so its number is still that of its group.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    child.wait()?;
    parse_answer(&output?).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The flags after which a shell runs a script as a login shell that also reads the files of an
/// interactive one. csh and tcsh accept `-l` only alone.
fn shell_flags(shell: &Path) -> &'static [&'static str] {
    match shell.file_name().and_then(OsStr::to_str) {
        Some("csh" | "tcsh") => &["-i", "-c"],
        _ => &["-l", "-i", "-c"],
    }
}

/// Reads until the answer is whole. A program that the shell's files have left in the background
/// may keep the pipe open for ever.
fn read_answer(mut out: ChildStdout, timeout: Duration) -> io::Result<Vec<u8>> {
    let started = clock::instant();
    let (mut output, mut piece) = (Vec::new(), [0_u8; 4096]);
    loop {
        let rest = timeout.saturating_sub(started.elapsed());
        let wait = Timespec::try_from(rest).map_err(io::Error::other)?;
        let mut files = [PollFd::new(&out, PollFlags::IN)];
        if poll(&mut files, Some(&wait))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let count = out.read(&mut piece)?;
        output.extend_from_slice(&piece[..count]);
        if count == 0 || parse_answer(&output).is_some() {
            return Ok(output);
        }
        if output.len() > MAX_SHELL_OUTPUT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
}

/// The absolute folders of the search path that stands between the two lines; none if the answer is
/// not whole.
fn parse_answer(output: &[u8]) -> Option<Vec<PathBuf>> {
    let mut lines = output.split_inclusive(|byte| *byte == b'\n');
    lines.find(|line| is_line(line, BEGIN_LINE))?;
    let path = lines.next()?.trim_ascii();
    let end = lines.next()?;
    let path = OsStr::from_bytes(path);
    is_line(end, END_LINE).then(|| absolute_folders(Some(path)).collect())
}

fn is_line(line: &[u8], text: &str) -> bool {
    line.ends_with(b"\n") && line.trim_ascii() == text.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn shell(folder: &Path, script: &str) -> LoginShell {
        let program = folder.join("zsh");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
        LoginShell {
            program,
            variables: vec![("PATH", "/usr/bin:/bin".into()), ("HOME", folder.into())],
        }
    }

    /// Runs the script that the shell was given, as a shell would.
    const RUN_SCRIPT: &str = r#"[ "$1 $2 $3" = "-l -i -c" ] && eval "$4""#;

    #[test]
    fn a_search_path_is_read_from_between_its_lines() {
        let answer = |output: &str| parse_answer(output.as_bytes());
        let whole = |path: &str| format!("motd\n{BEGIN_LINE}\n{path}\n{END_LINE}\n");
        let folders = |path: &str| answer(&whole(path)).expect("whole");
        assert_eq!(
            folders("/opt/homebrew/bin:bin::/usr/bin"),
            ["/opt/homebrew/bin", "/usr/bin"].map(PathBuf::from)
        );
        assert_eq!(folders(""), Vec::<PathBuf>::new());
        assert_eq!(
            answer(&whole("/a").replace('\n', "\r\n")),
            Some(vec!["/a".into()])
        );
        for broken in [
            "",
            "/usr/bin\n",
            &whole("/a")[..whole("/a").len() - 1],
            &whole("/a\nmore"),
            &whole("/a").replace(END_LINE, "end"),
            &format!("echo {BEGIN_LINE}; printenv PATH\n/a\n{END_LINE}\n"),
        ] {
            assert_eq!(answer(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_login_shell_is_asked_once_and_its_noise_is_passed_over() {
        let root = tempfile::tempdir().expect("folder");
        let noisy = format!(
            "echo hello; echo asked >> {}/log; PATH=/opt/tools:rel:/usr/bin:/bin; export PATH\n\
             {RUN_SCRIPT}",
            root.path().display()
        );
        let shell = shell(root.path(), &noisy);
        let path = LoginPath::default();
        assert_eq!(path.folders(|| None), Vec::<PathBuf>::new());
        assert!(!path.is_pending());
        path.folders(|| Some(shell.clone()));
        path.wait();
        let expected = ["/opt/tools", "/usr/bin", "/bin"].map(PathBuf::from);
        assert_eq!(path.clone().folders(|| Some(shell)), expected);
        let log = fs::read_to_string(root.path().join("log")).expect("log");
        assert_eq!(log, "asked\n");
    }

    #[test]
    fn a_shell_that_hangs_or_prints_without_end_is_killed_with_what_it_started() {
        let root = tempfile::tempdir().expect("folder");
        let ask = |script: &str, timeout| {
            ask_shell(&shell(root.path(), script), timeout).map_err(|e| e.kind())
        };
        let short = Duration::from_millis(100);
        assert_eq!(
            ask("sleep 600 & exec sleep 600", short),
            Err(io::ErrorKind::TimedOut)
        );
        let long = Duration::from_mins(1);
        let endless = "while :; do echo 0123456789012345678901234567890123456789; done";
        assert_eq!(ask(endless, long), Err(io::ErrorKind::FileTooLarge));
        assert_eq!(ask("exit 1", long), Err(io::ErrorKind::InvalidData));
        // The answer is whole although a program keeps the pipe open.
        let left = format!("sleep 600 &\n{RUN_SCRIPT}");
        assert_eq!(ask(&left, long), Ok(vec!["/usr/bin".into(), "/bin".into()]));
    }

    #[test]
    fn a_shell_that_others_could_change_is_not_run() {
        let root = tempfile::tempdir().expect("folder");
        let shell = shell(root.path(), RUN_SCRIPT);
        let open = fs::Permissions::from_mode(0o757);
        fs::set_permissions(&shell.program, open).expect("chmod");
        let reach = fs::Permissions::from_mode(0o755);
        fs::set_permissions(root.path(), reach).expect("chmod");
        let refused = ask_shell(&shell, Duration::from_mins(1)).expect_err("refused");
        assert!(refused.to_string().contains("chmod"), "{refused}");
    }

    #[test]
    fn the_shells_of_both_families_get_flags_that_they_accept() {
        assert_eq!(shell_flags(Path::new("/bin/zsh")), ["-l", "-i", "-c"]);
        assert_eq!(shell_flags(Path::new("/bin/tcsh")), ["-i", "-c"]);
    }
}
