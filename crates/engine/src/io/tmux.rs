//! Asks tmux servers. Every question has a deadline.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// How long a server may take.
pub const DEADLINE: Duration = Duration::from_secs(1);
/// The most we take of an answer: a pane is one line of about 100 bytes.
const MOST: usize = 4 << 20;

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum TmuxError {
    /// No such program.
    #[error("tmux is not installed")]
    NotInstalled,
    /// The socket is a left-over: nobody listens.
    #[error("no server runs")]
    NoServer,
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
    let mut command = Command::new(tmux);
    command
        // UTF-8, so that names come as they are, and no configuration of a new server.
        .args(["-u", "-S"])
        .arg(socket)
        .args(["list-panes", "-a", "-F", format])
        .env_remove("TMUX")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(DEADLINE, command.output()).await {
        Err(_) => return Err(TmuxError::Hangs),
        Ok(Err(e)) if e.kind() == io::ErrorKind::NotFound => return Err(TmuxError::NotInstalled),
        Ok(output) => output?,
    };
    if output.status.success() {
        let mut bytes = output.stdout;
        bytes.truncate(MOST);
        return Ok(bytes);
    }
    let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let over = [
        "no server running",
        "error connecting",
        "server exited",
        "no sessions",
    ];
    if over.iter().any(|words| told.contains(words)) {
        return Err(TmuxError::NoServer);
    }
    Err(TmuxError::Failed(told.chars().take(200).collect()))
}
