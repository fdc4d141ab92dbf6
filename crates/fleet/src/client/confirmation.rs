//! What is missing for a process to be confirmed as Claude Code.

use crate::text::clean;
use std::path::PathBuf;

/// Why a process is not confirmed as Claude Code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfirmationGap {
    /// A registry file that counts names the process, but the process runs this program.
    UnknownProgram(Option<PathBuf>),
    /// Only a registry file in this config folder names the process, which does not use it.
    ForeignFolder(PathBuf),
}

impl std::fmt::Display for ConfirmationGap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownProgram(Some(exe)) => write!(
                f,
                "a registry file names this process, but {} is not a known Claude Code program",
                clean(&exe.to_string_lossy())
            ),
            Self::UnknownProgram(None) => {
                f.write_str("a registry file names this process, but its program cannot be read")
            }
            Self::ForeignFolder(dir) => write!(
                f,
                "only a registry file in {} names this process, which does not use that config \
                 folder",
                clean(&dir.to_string_lossy())
            ),
        }
    }
}
