//! What a client runs at each of its events. It hands the payload to the running engine and is
//! done; without one it is done at once. While its session is held, the next tool and the next
//! prompt wait here.
//!
//! *Invariant:* whatever happens, it ends well and, but for a refusal that was decided, says
//! nothing: a hook that fails is shown in its user's conversation, or forbids a tool.

mod keep;

use std::ffi::OsString;
use std::path::PathBuf;

/// Does what the arguments after the program's name say: an event's name, or `keep` and a path.
pub fn run(mut arguments: impl Iterator<Item = OsString>) {
    let first = arguments.next().unwrap_or_default();
    if first == "keep"
        && let Some(record) = arguments.next()
    {
        keep::until_gone(&PathBuf::from(record));
    }
}
