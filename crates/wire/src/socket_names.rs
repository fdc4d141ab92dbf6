//! The names and paths of the local sockets, and how long a path may be.

use crate::hooks::HOOK_SOCKET;
use std::path::{Path, PathBuf};
use trusty_fleet::System;

/// The file name of the API's socket.
pub const API_SOCKET: &str = "trusty.sock";

/// The path of the API's socket in a runtime folder.
pub fn api_socket(runtime_dir: &Path) -> PathBuf {
    runtime_dir.join(API_SOCKET)
}

/// The path of a socket is longer than the system allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the path {path} has {length} bytes, but a socket's path may have {max}; {remedy}",
    path = .socket.display(), length = .socket.as_os_str().len(),
    max = max_path_bytes(*.system), remedy = length_remedy(*.system)
)]
pub struct LongSocketPath {
    /// The path of the socket.
    pub socket: PathBuf,
    /// The system, which sets the limit.
    pub system: System,
}

/// Checks that a system can bind both local sockets in a folder.
///
/// # Errors
/// Names the socket whose path is too long.
pub fn check_length(runtime_dir: &Path, system: System) -> Result<(), LongSocketPath> {
    let names = [API_SOCKET, HOOK_SOCKET];
    let sockets = names.map(|name| runtime_dir.join(name));
    let is_long = |socket: &PathBuf| socket.as_os_str().len() > max_path_bytes(system);
    match sockets.into_iter().find(is_long) {
        None => Ok(()),
        Some(socket) => Err(LongSocketPath { socket, system }),
    }
}

/// The longest path of a socket, in bytes: `sun_path` without its last byte, which is zero
/// (`sys/un.h` of Linux and of xnu).
fn max_path_bytes(system: System) -> usize {
    match system {
        System::Linux => 107,
        System::Mac => 103,
    }
}

fn length_remedy(system: System) -> &'static str {
    match system {
        System::Linux => "set XDG_RUNTIME_DIR or TMPDIR to a folder with a shorter path",
        System::Mac => "use a home folder with a shorter path",
    }
}
