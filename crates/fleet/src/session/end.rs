//! How a session ended.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the process of a session came to its end.
///
/// * `Asked`: Trusty Bar ended the session at the user's request
/// * `Left`: Claude Code exited at its prompt and removed its registry file
/// * `MidTurn`: Claude Code exited in the middle of a turn: it was told to exit, or its terminal
///   closed
/// * `Killed`: the registry file is still there: Claude Code was killed or crashed
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = End)]
pub enum SessionEnd {
    /// Trusty Bar ended the session at the user's request.
    #[serde(rename = "Asked")]
    Requested,
    /// Claude Code exited at its prompt and removed its registry file.
    #[serde(rename = "Left")]
    Exited,
    /// Claude Code exited in the middle of a turn: it was told to exit, or its terminal closed.
    MidTurn,
    /// The registry file is still there: Claude Code was killed or crashed.
    Killed,
}
