//! Whether the operator of a caller's terminal is found.

use super::*;

#[test]
fn processes_that_cannot_be_listed_leave_the_operator_unknown() {
    let denied = io::Error::from(io::ErrorKind::PermissionDenied);
    let operator = terminal_operator(Err(denied), |_| None);
    let reason = "permission denied".to_owned();
    assert_eq!(operator, TerminalOperator::Unknown(reason));
}

#[cfg(target_os = "linux")]
mod with_terminals {
    use super::super::tests::{session, tracer};
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::process::{Child, Command, Stdio};

    const PTY_FLAGS: OpenptFlags = OpenptFlags::RDWR
        .union(OpenptFlags::NOCTTY)
        .union(OpenptFlags::CLOEXEC);

    /// A child process that is killed and reaped on drop.
    struct OwnChild(Child);

    impl Drop for OwnChild {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Starts a process whose controlling terminal is the slave of this master.
    fn process_on_terminal(master: &OwnedFd) -> OwnChild {
        let terminal = ioctl_tiocgptpeer(master, PTY_FLAGS).expect("the slave");
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "sh", "-c", "echo; exec sleep 60"])
            .stdin(terminal)
            .stdout(Stdio::piped());
        let mut process = OwnChild(command.spawn().expect("setsid"));
        let output = process.0.stdout.as_mut().expect("piped");
        output.read_exact(&mut [0]).expect("the ready line");
        process
    }

    fn open_master() -> OwnedFd {
        let master = openpt(PTY_FLAGS).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        master
    }

    #[test]
    fn a_session_that_holds_the_master_of_a_terminal_operates_it() {
        let master = open_master();
        let peer = process_on_terminal(&master);
        let mut holder = Command::new("sleep");
        holder.arg("60").stdin(master.try_clone().expect("cloned"));
        let holder = OwnChild(holder.spawn().expect("sleep"));
        let tracer = tracer();
        let sessions = [session(&tracer, holder.0.id(), None)];
        assert_eq!(tracer.find_mark(peer.0.id(), &sessions), None);
        let operator = |sessions: &[LivingSession]| {
            let terminal = tracer.terminal(peer.0.id(), sessions);
            let terminal = terminal.expect("the process has a terminal");
            assert!(terminal.foreground, "{terminal:?}");
            terminal.operator
        };
        assert_eq!(operator(&[]), TerminalOperator::Unmarked);
        let TerminalOperator::Marked(mark) = operator(&sessions) else {
            panic!("no session was found to operate the terminal");
        };
        assert_eq!((mark.pid, mark.id), (sessions[0].pid, sessions[0].id));
    }
}
