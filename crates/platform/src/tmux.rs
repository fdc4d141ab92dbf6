//! Queries and commands to tmux servers, each with a timeout.

use super::checked_program::RunError;
use super::listener::{ListenerRefusal, check_listener};
use super::run::{ChildEnvironment, RunLimits, run_bounded};
use crate::folder_access::{FolderAccess, PathLookup};
use crate::pinned_socket::PinnedSocket;
use crate::trusted_path::{PathRefusal, SocketFolder, check_connect, check_tmux_folder};
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a tmux server may take to respond.
pub const TMUX_TIMEOUT: Duration = Duration::from_secs(1);
/// The limit for a list in bytes; a pane is one line of about 100 bytes.
const MAX_LIST_BYTES: u64 = 4 << 20;
/// The longest socket path that all systems accept, in bytes.
const MAX_SOCKET_PATH_BYTES: usize = 103;
/// The limit for a pane's content in bytes; a pane has some thousand characters.
const MAX_PANE_BYTES: u64 = 1 << 20;

/// Why a tmux server gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum TmuxError {
    /// tmux is not installed.
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
    /// tmux failed with this message.
    #[error("tmux failed: {0}")]
    Failed(String),
    /// Another user could listen at the socket, or could change the program.
    #[error("tmux cannot be used: {0}")]
    Refused(PathRefusal),
    /// The process that listens at the socket runs as another user or in a container.
    #[error("tmux cannot be used: {0}")]
    Untrusted(ListenerRefusal),
    /// tmux could not be run.
    #[error("could not run tmux: {0}")]
    Io(#[from] io::Error),
}

/// The socket in the value of `$TMUX`, which is `socket,pid,session`; the path of the socket may
/// contain commas. `None` unless the path is absolute.
pub fn socket_in_variable(value: &OsStr) -> Option<PathBuf> {
    let socket = value.to_str()?.rsplitn(3, ',').nth(2)?;
    Some(PathBuf::from(socket)).filter(|path| path.is_absolute())
}

/// The one path by which a server is known: without links above the folder of its socket, as tmux
/// itself writes it into `$TMUX`. On macOS, `/tmp` is a link to `/private/tmp`. A path that may not
/// be looked at stays as it is.
pub fn server_path(socket: &Path, access: &FolderAccess) -> PathBuf {
    let resolve = |folder: &Path| match access.resolve(folder) {
        PathLookup::Resolved(folder) => Some(folder),
        PathLookup::Missing | PathLookup::Guarded(_) => None,
    };
    let resolved = match (socket.parent(), socket.file_name()) {
        // Whether tmux's own folder is a link is checked later.
        (Some(folder), Some(name)) if is_tmux_folder(folder) => {
            Some(server_folder(folder, access).join(name))
        }
        (Some(folder), Some(name)) => resolve(folder).map(|folder| folder.join(name)),
        _ => None,
    };
    resolved.unwrap_or_else(|| socket.to_path_buf())
}

/// The folder of tmux servers, without links above it.
pub fn server_folder(folder: &Path, access: &FolderAccess) -> PathBuf {
    let above = folder.parent().map(|above| access.resolve(above));
    match (above, folder.file_name()) {
        (Some(PathLookup::Resolved(above)), Some(name)) => above.join(name),
        _ => folder.to_path_buf(),
    }
}

/// Whether a folder has the name that tmux gives to its own.
fn is_tmux_folder(folder: &Path) -> bool {
    let name = folder.file_name();
    name.is_some_and(|name| name.as_encoded_bytes().starts_with(b"tmux-"))
}

/// The sockets in a folder of tmux servers, which has to be the user's alone, as tmux demands.
///
/// # Errors
/// Names what another user could change about the folder or a folder above it.
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

/// The path at which a tmux server may be used, if only the user can listen at this socket.
///
/// `tmux -S` does not check that itself. Links are resolved unless the result is too long for a
/// socket.
///
/// # Errors
/// Names what another user could change; also fails if no socket is there.
pub fn check_socket(socket: &Path) -> Result<PathBuf, PathRefusal> {
    let folder = match socket.parent() {
        Some(folder) if is_tmux_folder(folder) => SocketFolder::NoLink,
        _ => SocketFolder::Any,
    };
    let resolved = check_connect(socket, folder)?.resolved;
    let fits = resolved.as_os_str().len() <= MAX_SOCKET_PATH_BYTES;
    Ok(if fits { resolved } else { socket.to_path_buf() })
}

/// The output of `list-panes -a` for all panes of a server.
///
/// # Errors
/// See [`TmuxError`]; a server that is gone is `NoServer`.
pub async fn list_panes(tmux: &Path, socket: &Path, format: &str) -> Result<Vec<u8>, TmuxError> {
    ask(
        tmux,
        socket,
        &["list-panes", "-a", "-F", format],
        MAX_LIST_BYTES,
    )
    .await
}

/// The output of `list-clients` for all clients of a server.
///
/// # Errors
/// See [`TmuxError`]; a server that is gone is `NoServer`.
pub async fn list_clients(tmux: &Path, socket: &Path, format: &str) -> Result<Vec<u8>, TmuxError> {
    ask(
        tmux,
        socket,
        &["list-clients", "-F", format],
        MAX_LIST_BYTES,
    )
    .await
}

/// Makes a window the current one of its session, in all clients that show the session.
///
/// # Errors
/// See [`TmuxError`]; a server that is gone is `NoServer`.
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
///
/// # Errors
/// See [`TmuxError`]; a pane that is gone is `NoPane`, a server that is gone `NoServer`.
pub async fn select_pane(tmux: &Path, socket: &Path, pane: &str) -> Result<(), TmuxError> {
    let question = ["select-pane", "-t", pane];
    ask(tmux, socket, &question, MAX_LIST_BYTES).await.map(drop)
}

/// Shows a session in a client, which is named by its terminal device.
///
/// # Errors
/// See [`TmuxError`]; a server that is gone is `NoServer`.
pub async fn switch_client(
    tmux: &Path,
    socket: &Path,
    client: &str,
    session: &str,
) -> Result<(), TmuxError> {
    let question = ["switch-client", "-c", client, "-t", session];
    ask(tmux, socket, &question, MAX_LIST_BYTES).await.map(drop)
}

/// The title of a pane on one line, followed by the text on its screen.
///
/// # Errors
/// See [`TmuxError`]; a pane that is gone is `NoPane`, a server that is gone `NoServer`.
pub async fn capture_pane(tmux: &Path, socket: &Path, pane: &str) -> Result<Vec<u8>, TmuxError> {
    let title = ["display-message", "-p", "-t", pane, "#{pane_title}"];
    let text = ["capture-pane", "-p", "-t", pane];
    let both = [&title[..], &[";"], &text].concat();
    ask(tmux, socket, &both, MAX_PANE_BYTES).await
}

/// The state of a pane and the text on its screen, at the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneSnapshot {
    /// Whether input goes to all panes of the window (`synchronize-panes`).
    pub synchronized: bool,
    /// Whether the pane is in a mode, such as copy mode, in which keys do not reach its program.
    pub in_mode: bool,
    /// Whether the pane's input is disabled.
    pub input_off: bool,
    /// The pane's terminal device.
    pub tty: String,
    /// The column and row of the cursor, from 0.
    pub cursor: (u32, u32),
    /// The lines of the screen from the top, without blanks at their ends.
    pub lines: Vec<String>,
}

const PANE_STATE_FORMAT: &str = "#{pane_synchronized} #{pane_in_mode} #{?pane_input_off,1,0} #{cursor_x} \
                    #{cursor_y} #{pane_tty}";

/// Reads a pane's state and text in one call.
///
/// # Errors
/// See [`TmuxError`]; a pane that is gone is `NoPane`, a server that is gone `NoServer`.
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

/// Input for a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TmuxKeystroke<'a> {
    /// A key by its tmux name, such as `Enter` or `C-z`.
    Named(&'a str),
    /// Literal characters.
    Text(&'a str),
}

/// Sends keys to a pane in one call, so that all or none arrive.
///
/// # Errors
/// See [`TmuxError`]; a pane that is gone is `NoPane`, a server that is gone `NoServer`.
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
    // tmux connects to the socket that was checked, even if another one takes its place meanwhile.
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
    // `-u` forces UTF-8, so that tmux does not replace characters in names.
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

/// Whether a program runs as another user or group (setuid, setgid), and so may not open the
/// descriptors of this process under `/proc`.
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
    fn a_variable_names_the_socket_of_its_server() {
        for (value, socket) in [
            ("/tmp/tmux-0/default,12,0", Some("/tmp/tmux-0/default")),
            ("/tmp/tmux-0/a,b,12,0", Some("/tmp/tmux-0/a,b")),
            ("tmux-0/default,12,0", None),
            ("/tmp/tmux-0/default", None),
            ("", None),
        ] {
            let expected = socket.map(PathBuf::from);
            assert_eq!(socket_in_variable(OsStr::new(value)), expected, "{value}");
        }
    }

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
