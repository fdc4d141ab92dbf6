//! Asks tmux servers. Every question has a deadline.

use super::run::{Bounds, Environment, RunError, run_bounded};
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a server may take.
pub const DEADLINE: Duration = Duration::from_secs(1);
/// The most we take of an answer: a pane is one line of about 100 bytes.
const MOST: u64 = 4 << 20;
/// The most we take of a pane: it has some thousand characters.
const MOST_SHOWN: u64 = 1 << 20;

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum TmuxError {
    /// No such program.
    #[error("tmux is not installed")]
    NotInstalled,
    /// The socket is a left-over: nobody listens.
    #[error("no server runs")]
    NoServer,
    /// It has no such pane (any more).
    #[error("has no such pane")]
    NoPane,
    /// It took too long.
    #[error("did not answer within 1 s")]
    Hangs,
    /// It answered something else.
    #[error("failed: {0}")]
    Failed(String),
    /// It could not be asked.
    #[error("could not be asked: {0}")]
    Io(#[from] io::Error),
}

/// The tmux program: in the search path, or where Homebrew and `MacPorts` put it, for an app
/// that is started from a desktop has a short search path.
pub fn program(path: Option<&OsStr>) -> Option<PathBuf> {
    let usual = [
        "/usr/local/bin",
        "/opt/homebrew/bin",
        "/opt/local/bin",
        "/usr/bin",
    ];
    let listed = path.into_iter().flat_map(std::env::split_paths);
    listed
        .chain(usual.map(PathBuf::from))
        .map(|dir| dir.join("tmux"))
        .find(|p| p.is_file())
}

/// The sockets in a folder of tmux servers.
pub fn sockets(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let is_socket = |e: &std::fs::DirEntry| e.file_type().is_ok_and(|t| t.is_socket());
    let mut found: Vec<_> = entries
        .flatten()
        .filter(is_socket)
        .map(|e| e.path())
        .collect();
    found.sort();
    found
}

/// What `list-panes -a` says of all panes of a server.
pub async fn list_panes(tmux: &Path, socket: &Path, format: &str) -> Result<Vec<u8>, TmuxError> {
    ask(tmux, socket, &["list-panes", "-a", "-F", format], MOST).await
}

/// The title of a pane, in a line of its own, and then the text on its screen.
pub async fn capture_pane(tmux: &Path, socket: &Path, pane: &str) -> Result<Vec<u8>, TmuxError> {
    let title = ["display-message", "-p", "-t", pane, "#{pane_title}"];
    let text = ["capture-pane", "-p", "-t", pane];
    let both = [&title[..], &[";"], &text].concat();
    ask(tmux, socket, &both, MOST_SHOWN).await
}

async fn ask(
    tmux: &Path,
    socket: &Path,
    question: &[&str],
    most: u64,
) -> Result<Vec<u8>, TmuxError> {
    // UTF-8, so that names come as they are.
    let mut arguments = vec![OsStr::new("-u"), OsStr::new("-S"), socket.as_os_str()];
    arguments.extend(question.iter().map(OsStr::new));
    let bounds = Bounds {
        time: DEADLINE,
        output: most,
    };
    let environment = Environment::OursWithout("TMUX");
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

impl From<RunError> for TmuxError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::NotFound => Self::NotInstalled,
            RunError::Late(_) => Self::Hangs,
            RunError::TooMuch(_) => Self::Failed(error.to_string()),
            RunError::Io(e) => Self::Io(e),
        }
    }
}
