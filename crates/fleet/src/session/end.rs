//! The part of a session that tells how it ended.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the process of a session came to its end.
///
/// * `Asked`: it was ended from here
/// * `Left`: its client took leave at its prompt: it took its registry file away
/// * `MidTurn`: its client took leave in the middle of a turn: it was told to end, or its terminal
///   closed
/// * `Killed`: its client took no leave, its registry file is still there: it was killed, or it
///   crashed
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum End {
    /// It was ended from here.
    Asked,
    /// Its client took leave at its prompt: it took its registry file away.
    Left,
    /// Its client took leave in the middle of a turn: it was told to end, or its terminal closed.
    MidTurn,
    /// Its client took no leave, its registry file is still there: it was killed, or it crashed.
    Killed,
}
