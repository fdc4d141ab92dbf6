//! Whether this machine can freeze sessions.

use crate::skip::skip;
use trusty_platform::sys::cgroup;

/// Whether there is a writable cgroup v2 to freeze processes in; skips the test if not.
#[track_caller]
pub fn can_freeze() -> bool {
    let able = cgroup::can_leave_cgroup(std::process::id());
    if !able {
        skip("no control group of version 2 is ours to freeze in");
    }
    able
}
