//! The name and path of the API's socket.

use std::path::{Path, PathBuf};

/// The file name of the API's socket.
pub const API_SOCKET: &str = "trusty.sock";

/// The path of the API's socket in a runtime folder.
pub fn api_socket(runtime_dir: &Path) -> PathBuf {
    runtime_dir.join(API_SOCKET)
}
