//! Which client a hook speaks for: decided by the processes above the peer of its connection, which
//! the kernel knows, and not by the number in its message, which anybody can write.

use tokio::net::UnixStream;
use trusty_fleet::identity::{MachineIdentity, ProcessKey};
use trusty_fleet::{SessionStatus, Snapshot};
use trusty_platform::peer_identity::PeerIdentity;
use trusty_platform::sys::{self, ProcessStat};

/// A longer chain of parents is a loop.
const MAX_ANCESTORS: usize = 32;

/// The peer of a connection and all processes above it, the peer first; empty where the peer has
/// gone or cannot be seen from this pid namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PeerAncestry(Vec<ProcessKey>);

impl PeerAncestry {
    /// Reads it now: a hook waits for its answer meanwhile, so neither it nor its client goes.
    pub(super) fn of_peer(stream: &UnixStream) -> Self {
        let Ok(peer) = PeerIdentity::of_socket(stream, sys::living_start) else {
            return Self::default();
        };
        let ancestry = Self::read(peer.pid, live_process);
        // All of this was read by its pid: it counts only if that is still the same process.
        match peer.confirm(sys::living_start) {
            Ok(()) => ancestry,
            Err(_) => Self::default(),
        }
    }

    /// Climbs from `pid` with `look`. A step counts only if the child still has that parent after
    /// the parent was read: a pid that was given away in between is nobody's parent.
    fn read(pid: u32, look: impl Fn(u32) -> Option<ProcessStat>) -> Self {
        let mut chain = Vec::new();
        let mut next = look(pid).map(|stat| (pid, stat));
        while let Some((pid, now)) = next.take() {
            let start = now.start;
            chain.push(ProcessKey { pid, start });
            let parent = now.parent;
            if parent <= 1 || chain.len() == MAX_ANCESTORS || chain.iter().any(|k| k.pid == parent)
            {
                break;
            }
            next = look(parent).map(|above| (parent, above));
            if look(pid).is_none_or(|again| (again.start, again.parent) != (start, parent)) {
                break;
            }
        }
        Self(chain)
    }

    /// The peer itself.
    pub(super) fn peer(&self) -> Option<ProcessKey> {
        self.0.first().copied()
    }

    /// The client that the peer speaks for: the nearest listed session above it, or the process
    /// that its message names if that one is above it and nearer still, for a client that has just
    /// started is not listed yet.
    ///
    /// A number that is not above the peer names nobody: a client in a pid namespace of its own
    /// tells the number it has there, and whoever else tells a wrong one is not to speak for that
    /// process. What is said counts for the listed session above the peer then, and where there is
    /// none for nobody: a hook is never the only proof of anything, and what it asks its terminal
    /// asks, too.
    pub(super) fn client(
        &self,
        named: Option<u32>,
        is_listed: impl Fn(ProcessKey) -> bool,
    ) -> Option<ProcessKey> {
        let speaks = |key: &&ProcessKey| Some(key.pid) == named || is_listed(**key);
        self.0.iter().find(speaks).copied()
    }
}

/// Whether a snapshot lists this very process as a session that lives.
pub(super) fn is_listed(snapshot: &Snapshot, machine: &MachineIdentity, key: ProcessKey) -> bool {
    let of_pid = |s: &&trusty_fleet::Session| s.pid == Some(key.pid);
    let mut found = snapshot.sessions.iter().filter(of_pid);
    found.any(|s| s.status != SessionStatus::Stopped && s.id == machine.session_id(key))
}

fn live_process(pid: u32) -> Option<ProcessStat> {
    sys::stat(pid).ok()?.filter(|stat| !stat.zombie)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use trusty_fleet::identity::StartTime;

    fn key(pid: u32) -> ProcessKey {
        let start = StartTime(u64::from(pid) * 10);
        ProcessKey { pid, start }
    }

    fn stat(pid: u32, parent: u32) -> ProcessStat {
        ProcessStat {
            start: key(pid).start,
            parent,
            group: pid,
            session: pid,
            foreground: 0,
            uid: 7,
            stopped: None,
            zombie: false,
            terminal: 0,
        }
    }

    /// A hook 9 below a shell 8, below a client 7, below a shell 6, below a client 5.
    fn nested_client() -> PeerAncestry {
        PeerAncestry::read(9, |pid| Some(stat(pid, pid - 1)).filter(|_| pid >= 5))
    }

    #[test]
    fn a_hook_speaks_for_the_nearest_client_above_it_whatever_number_it_tells() {
        let listed = |pids: &'static [u32]| move |k: ProcessKey| pids.contains(&k.pid);
        for (named, sessions, expected, why) in [
            (Some(7), &[5, 7][..], Some(7), "as it says"),
            (None, &[5, 7], Some(7), "the hook names no client"),
            (
                Some(5),
                &[5, 7],
                Some(7),
                "the hook names a client further up",
            ),
            (
                Some(3),
                &[3, 5, 7],
                Some(7),
                "the hook names a client that is not above it",
            ),
            (
                Some(3),
                &[3],
                None,
                "the hook names a client that is not above it, and has none",
            ),
            (Some(7), &[5], Some(7), "the client has just started"),
            (Some(7), &[], Some(7), "nothing was looked at yet"),
            (None, &[], None, "no client is known"),
        ] {
            let client = nested_client().client(named, listed(sessions));
            assert_eq!(client, expected.map(key), "{why}");
        }
        assert_eq!(nested_client().peer(), Some(key(9)));
        let unseen = PeerAncestry::default();
        assert_eq!(
            unseen.client(Some(7), |_| true),
            None,
            "the hook process cannot be seen"
        );
    }

    #[test]
    fn a_parent_that_was_replaced_while_it_was_read_is_none() {
        let reads = Cell::new(0);
        let chain = PeerAncestry::read(9, |pid| {
            reads.set(reads.get() + 1);
            // After the first look it has lost its parent, and another process has the number.
            let parent = if pid == 9 && reads.get() > 1 {
                1
            } else {
                pid - 1
            };
            Some(stat(pid, parent))
        });
        assert_eq!(chain, PeerAncestry(vec![key(9)]));
    }

    #[test]
    fn a_chain_of_parents_that_does_not_end_is_cut_off() {
        let ring = |pid: u32| Some(stat(pid, if pid == 2 { 4 } else { pid - 1 }));
        assert_eq!(
            PeerAncestry::read(4, ring),
            PeerAncestry(vec![key(4), key(3), key(2)])
        );
        let endless = PeerAncestry::read(1_000, |pid| Some(stat(pid, pid - 1)));
        assert_eq!(endless.0.len(), MAX_ANCESTORS);
    }

    #[tokio::test]
    async fn the_peer_of_a_connection_and_its_parents_are_read_from_the_kernel() {
        let (near, _far) = UnixStream::pair().expect("a pair");
        let chain = PeerAncestry::of_peer(&near).0;
        let pids: Vec<u32> = chain.iter().map(|k| k.pid).collect();
        let parent =
            rustix::process::getppid().map_or(0, |p| p.as_raw_nonzero().get().cast_unsigned());
        assert_eq!(pids.first(), Some(&std::process::id()));
        assert!(pids.get(1).is_none_or(|pid| *pid == parent), "{pids:?}");
    }
}
