//! Programs in a session of their own.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Starts a program as the leader of a session and process group of its own, without a controlling
/// terminal: an interactive shell takes the foreground of a terminal, or stops in its background.
pub fn in_own_session(command: &mut Command) -> &mut Command {
    #[expect(
        unsafe_code,
        reason = "what runs between fork and exec has no safe face"
    )]
    // SAFETY: between fork and exec, this makes one system call without arguments; it takes no lock
    // and allocates no memory.
    unsafe {
        command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?))
    }
}
