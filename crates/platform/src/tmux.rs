//! Asks tmux servers. Every question has a deadline.

use super::checked_program::RunError;
use super::listener::{ListenerRefusal, check_listener};
use super::programs::{ProgramSearch, absolute_folders, find_program};
use super::run::{ChildEnvironment, RunLimits, run_bounded};
use crate::pinned_socket::PinnedSocket;
use crate::trusted_path::{PathRefusal, SocketFolder, check_connect, check_tmux_folder};
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a server may take.
pub const TMUX_TIMEOUT: Duration = Duration::from_secs(1);
/// The most we take of an answer: a pane is one line of about 100 bytes.
const MAX_LIST_BYTES: u64 = 4 << 20;
/// The longest path that a socket may have on all systems, in bytes.
const MAX_SOCKET_PATH_BYTES: usize = 103;
/// The most we take of a pane: it has some thousand characters.
const MAX_PANE_BYTES: u64 = 1 << 20;

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum TmuxError {
    /// No such program.
    #[error("tmux is not installed")]
    NotInstalled,
    /// No server listens on the socket.
    #[error("no tmux server is running")]
    NoServer,
    /// The server has no such pane.
    #[error("the tmux pane no longer exists")]
    NoPane,
    /// The server did not answer within a second.
    #[error("tmux did not answer within 1 s")]
    NotResponding,
    /// The server answered something else.
    #[error("tmux failed: {0}")]
    Failed(String),
    /// Another user could listen there, or could change the program.
    #[error("tmux cannot be used: {0}")]
    Refused(PathRefusal),
    /// A program listens there that is not to be asked.
    #[error("tmux cannot be used: {0}")]
    Untrusted(ListenerRefusal),
    /// tmux could not be run.
    #[error("could not run tmux: {0}")]
    Io(#[from] io::Error),
}

/// The tmux program; see [`find_tmux`]. Where only one is found that others could change, that one:
/// whoever asks it is told why it is not run.
pub fn program(path: Option<&OsStr>) -> Option<PathBuf> {
    find_tmux(path).any()
}

/// Looks for the tmux program: in the search path, or where Homebrew and `MacPorts` put it, for an
/// app that is started from a desktop has a short search path.
pub fn find_tmux(path: Option<&OsStr>) -> ProgramSearch {
    let usual = [
        "/usr/local/bin",
        "/opt/homebrew/bin",
        "/opt/local/bin",
        "/usr/bin",
    ];
    let folders = absolute_folders(path).chain(usual.map(PathBuf::from));
    find_program("tmux", folders)
}

/// The sockets in a folder of tmux servers, which is to be the user's alone, as tmux demands.
///
/// # Errors
/// Names what another user could change of the folder or of the way to it.
pub fn sockets(folder: &Path) -> Result<Vec<PathBuf>, PathRefusal> {
    match check_tmux_folder(folder) {
        Ok(_) => {}
        Err(refusal) if refusal.is_missing() => return Ok(Vec::new()),
        Err(refusal) => return Err(refusal),
    }
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let is_socket = |e: &std::fs::DirEntry| e.file_type().is_ok_and(|t| t.is_socket());
    let mut found: Vec<_> = entries
        .flatten()
        .filter(is_socket)
        .map(|e| e.path())
        .collect();
    found.sort();
    Ok(found)
}

/// Where a server may be asked: nobody but the user can listen at this socket. `tmux -S` does not
/// look at that itself. Without links, unless that path is too long for a socket.
///
/// # Errors
/// Names what another user could change; a socket that is not there is one, too.
pub fn check_socket(socket: &Path) -> Result<PathBuf, PathRefusal> {
    let is_tmux_s_own = |folder: &OsStr| folder.as_encoded_bytes().starts_with(b"tmux-");
    let folder = match socket.parent().and_then(Path::file_name) {
        Some(name) if is_tmux_s_own(name) => SocketFolder::NoLink,
        _ => SocketFolder::Any,
    };
    let resolved = check_connect(socket, folder)?.resolved;
    let fits = resolved.as_os_str().len() <= MAX_SOCKET_PATH_BYTES;
    Ok(if fits { resolved } else { socket.to_path_buf() })
}

/// What `list-panes -a` says of all panes of a server.
pub async fn list_panes(tmux: &Path, socket: &Path, format: &str) -> Result<Vec<u8>, TmuxError> {
    ask(
        tmux,
        socket,
        &["list-panes", "-a", "-F", format],
        MAX_LIST_BYTES,
    )
    .await
}

/// What `list-clients` says of all clients of a server.
pub async fn list_clients(tmux: &Path, socket: &Path, format: &str) -> Result<Vec<u8>, TmuxError> {
    ask(
        tmux,
        socket,
        &["list-clients", "-F", format],
        MAX_LIST_BYTES,
    )
    .await
}

/// Shows a window in all clients of a session.
pub async fn select_window(
    tmux: &Path,
    socket: &Path,
    session: &str,
    window: &str,
) -> Result<(), TmuxError> {
    let target = format!("{session}:{window}");
    let question = ["select-window", "-t", &target];
    ask(tmux, socket, &question, MAX_LIST_BYTES).await.map(drop)
}

/// Makes a pane the active one of its window.
pub async fn select_pane(tmux: &Path, socket: &Path, pane: &str) -> Result<(), TmuxError> {
    let question = ["select-pane", "-t", pane];
    ask(tmux, socket, &question, MAX_LIST_BYTES).await.map(drop)
}

/// Shows a session in a client, which is named by its terminal.
pub async fn switch_client(
    tmux: &Path,
    socket: &Path,
    client: &str,
    session: &str,
) -> Result<(), TmuxError> {
    let question = ["switch-client", "-c", client, "-t", session];
    ask(tmux, socket, &question, MAX_LIST_BYTES).await.map(drop)
}

/// The title of a pane, in a line of its own, and then the text on its screen.
pub async fn capture_pane(tmux: &Path, socket: &Path, pane: &str) -> Result<Vec<u8>, TmuxError> {
    let title = ["display-message", "-p", "-t", pane, "#{pane_title}"];
    let text = ["capture-pane", "-p", "-t", pane];
    let both = [&title[..], &[";"], &text].concat();
    ask(tmux, socket, &both, MAX_PANE_BYTES).await
}

/// What a server tells of a pane, and what is on its screen, all of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneSnapshot {
    /// What is typed here goes to all panes of its window.
    pub synchronized: bool,
    /// It shows its past, and keys steer that.
    pub in_mode: bool,
    /// Its input is switched off.
    pub input_off: bool,
    /// Its terminal device.
    pub tty: String,
    /// Column and row.
    pub cursor: (u32, u32),
    /// Its lines from the top, without what is blank at their ends.
    pub lines: Vec<String>,
}

const PANE_STATE_FORMAT: &str = "#{pane_synchronized} #{pane_in_mode} #{?pane_input_off,1,0} #{cursor_x} \
                    #{cursor_y} #{pane_tty}";

/// Looks at a pane.
pub async fn read_pane(tmux: &Path, socket: &Path, pane: &str) -> Result<PaneSnapshot, TmuxError> {
    let told = ["display-message", "-p", "-t", pane, PANE_STATE_FORMAT];
    let text = ["capture-pane", "-p", "-t", pane];
    let both = [&told[..], &[";"], &text].concat();
    let answer = ask(tmux, socket, &both, MAX_PANE_BYTES).await?;
    let text = String::from_utf8_lossy(&answer);
    parse_look(&text).ok_or_else(|| TmuxError::Failed(text.chars().take(200).collect()))
}

fn parse_look(text: &str) -> Option<PaneSnapshot> {
    let mut lines = text.lines();
    let mut words = lines.next()?.splitn(6, ' ');
    let mut number = || words.next()?.parse::<u32>().ok();
    let (synchronized, in_mode, input_off) = (number()?, number()?, number()?);
    let cursor = (number()?, number()?);
    let tty = words.next().filter(|tty| !tty.is_empty())?.to_owned();
    Some(PaneSnapshot {
        synchronized: synchronized != 0,
        in_mode: in_mode != 0,
        input_off: input_off != 0,
        tty,
        cursor,
        lines: lines.map(|l| l.trim_end().to_owned()).collect(),
    })
}

/// What is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TmuxKeystroke<'a> {
    /// A key by tmux's name for it: `Enter`, `C-z`
    Named(&'a str),
    /// These characters.
    Text(&'a str),
}

/// Presses keys in a pane, one after the other, all or none.
pub async fn send_keys(
    tmux: &Path,
    socket: &Path,
    pane: &str,
    keys: &[TmuxKeystroke<'_>],
) -> Result<(), TmuxError> {
    let mut question = Vec::new();
    for key in keys {
        if !question.is_empty() {
            question.push(";");
        }
        question.extend(["send-keys", "-t", pane]);
        match key {
            TmuxKeystroke::Named(name) => question.push(name),
            TmuxKeystroke::Text(text) => question.extend(["-l", "--", text]),
        }
    }
    ask(tmux, socket, &question, MAX_LIST_BYTES).await.map(drop)
}

async fn ask(
    tmux: &Path,
    socket: &Path,
    question: &[&str],
    most: u64,
) -> Result<Vec<u8>, TmuxError> {
    let socket = match check_socket(socket) {
        Ok(socket) => socket,
        Err(refusal) if refusal.is_missing() => return Err(TmuxError::NoServer),
        Err(refusal) => return Err(TmuxError::Refused(refusal)),
    };
    // What tmux connects to is what was checked, whatever takes the place of the socket meanwhile.
    let pinned = match PinnedSocket::open(&socket) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(TmuxError::NoServer),
        pinned => pinned?,
    };
    check_listener(pinned.path())?;
    let at = if changes_user(tmux) {
        &socket
    } else {
        pinned.path()
    };
    // UTF-8, so that names come as they are.
    let mut arguments = vec![OsStr::new("-u"), OsStr::new("-S"), at.as_os_str()];
    arguments.extend(question.iter().map(OsStr::new));
    let bounds = RunLimits {
        time: TMUX_TIMEOUT,
        output: most,
    };
    let environment = ChildEnvironment::OursWithout("TMUX");
    let ran = run_bounded(tmux, &arguments, environment, bounds).await?;
    if ran.success {
        return Ok(ran.output);
    }
    let told = String::from_utf8_lossy(&ran.complaint).trim().to_owned();
    let over = [
        "no server running",
        "error connecting",
        "server exited",
        "no sessions",
    ];
    if over.iter().any(|words| told.contains(words)) {
        return Err(TmuxError::NoServer);
    }
    if told.starts_with("can't find pane") {
        return Err(TmuxError::NoPane);
    }
    Err(TmuxError::Failed(told.chars().take(200).collect()))
}

/// Whether a program gets other rights than ours, with which it may not look at what we hold.
fn changes_user(program: &Path) -> bool {
    std::fs::metadata(program).is_ok_and(|meta| meta.mode() & 0o6000 != 0)
}

impl From<ListenerRefusal> for TmuxError {
    fn from(refusal: ListenerRefusal) -> Self {
        match refusal {
            ListenerRefusal::NotListening => Self::NoServer,
            ListenerRefusal::Busy => Self::NotResponding,
            refusal => Self::Untrusted(refusal),
        }
    }
}

impl From<RunError> for TmuxError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::NotFound => Self::NotInstalled,
            RunError::Late(_) => Self::NotResponding,
            RunError::Refused(refusal) => Self::Refused(refusal),
            RunError::TooMuch(_) => Self::Failed(error.to_string()),
            RunError::Io(e) => Self::Io(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_read() {
        let look = parse_look("0 1 0 5 2 /dev/pts/7\none  \n\n$ fg\n").expect("a look");
        let expected = PaneSnapshot {
            synchronized: false,
            in_mode: true,
            input_off: false,
            tty: "/dev/pts/7".into(),
            cursor: (5, 2),
            lines: vec!["one".into(), String::new(), "$ fg".into()],
        };
        assert_eq!(look, expected);
        for odd in ["", "0 0 0 5 2 \n", "0 0 x 5 2 /dev/pts/7", "0 0 0"] {
            assert_eq!(parse_look(odd), None, "{odd:?}");
        }
    }
}
