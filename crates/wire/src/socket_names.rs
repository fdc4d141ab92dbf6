//! Where the sockets of an engine are.

use std::path::{Path, PathBuf};

/// The name of the API's socket.
pub const API_SOCKET: &str = "trusty.sock";

/// The socket's place in a runtime folder.
pub fn api_socket(runtime_dir: &Path) -> PathBuf {
    runtime_dir.join(API_SOCKET)
}
