//! What each version of Claude Code can do.

/// Whether this version can list its sessions (`agents --json`, since 2.1.145). An older one would
/// take the arguments for a prompt.
pub fn can_list(version: &str) -> bool {
    at_least(version, (2, 1, 145))
}

/// Whether this version counts a hook's timeout in milliseconds in 31 bits, so that a hook with a
/// longer timeout times out at once (measured: 2.1.160, 2.1.212 and 2.1.260 do, 2.1.280 does not).
pub fn overflows_timers(version: &str) -> bool {
    !at_least(version, (2, 1, 280))
}

/// Whether this version writes its status to the registry (since 2.1.120).
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
