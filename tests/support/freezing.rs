//! Whether sessions can be frozen on this machine.

use crate::skip::skip;
use trusty_platform::sys::cgroup;

/// Whether control groups are ours to freeze processes in; if not, the test is skipped.
#[track_caller]
pub fn can_freeze() -> bool {
    let able = cgroup::can_leave_cgroup(std::process::id());
    if !able {
        skip("no control group of version 2 is ours to freeze in");
    }
    able
}
