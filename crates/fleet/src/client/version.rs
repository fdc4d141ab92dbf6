//! What clients of a version can do.

/// Whether a client of this version can list its sessions (`agents --json`, from 2.1.145 on).
/// An older one would take the words for a prompt.
pub fn can_list(version: &str) -> bool {
    at_least(version, (2, 1, 145))
}

/// Whether a client of this version counts the timeout of a hook in milliseconds in 31 bits, and
/// gives up one with a longer timeout at once (measured, 2.1.160, 2.1.212 and 2.1.260; 2.1.280 does
/// not).
pub fn overflows_timers(version: &str) -> bool {
    !at_least(version, (2, 1, 280))
}

/// Whether a client of this version writes its status (from 2.1.120 on).
pub(crate) fn tells_status(version: &str) -> bool {
    at_least(version, (2, 1, 120))
}

fn at_least(version: &str, least: (u32, u32, u32)) -> bool {
    let mut parts = version
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= least
}
