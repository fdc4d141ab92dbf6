//! Whether a process sees the same files and users as this process. A sandbox or a container has
//! namespaces of its own, so that a path it names may lead to a file of its own making.

/// Whether a process is in the user namespace and the mount namespace of this process; false if its
/// namespaces cannot be read.
#[cfg(target_os = "linux")]
pub fn shares_our_namespaces(pid: u32) -> bool {
    use std::fs::read_link;
    use std::io::ErrorKind;

    let is_shared = |kind: &str, may_lack: bool| match read_link(format!("/proc/self/ns/{kind}")) {
        Ok(ours) => read_link(format!("/proc/{pid}/ns/{kind}")).is_ok_and(|its| its == ours),
        // The kernel was built without user namespaces.
        Err(e) => may_lack && e.kind() == ErrorKind::NotFound,
    };
    is_shared("mnt", false) && is_shared("user", true)
}

/// Always true: macOS has no namespaces, so every process sees the same files and users.
#[cfg(not(target_os = "linux"))]
pub fn shares_our_namespaces(_pid: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_its_own_namespaces() {
        assert!(shares_our_namespaces(std::process::id()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_cannot_be_read_is_in_other_namespaces() {
        assert!(!shares_our_namespaces(u32::MAX));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_in_a_sandbox_is_in_other_namespaces() {
        use std::io::Read;
        use std::process::{Command, Stdio};
        for namespace in ["--user", "--mount"] {
            // The shell prints a line once it is inside, and ends with its input.
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", namespace]);
            command.args(["sh", "-c", "echo; read end"]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.stderr(Stdio::null()).spawn().expect("unshare runs");
            let mut said = [0];
            let begun = child.stdout.take().expect("piped").read(&mut said);
            if begun.expect("readable") == 0 {
                crate::skip::skip("this user may not make a user namespace");
                let _ = child.wait();
                return;
            }
            assert!(!shares_our_namespaces(child.id()), "{namespace}");
            drop(child.stdin.take());
            child.wait().expect("ended");
        }
    }
}
