//! Whether the process that answers as the engine is trusted.
//!
//! Every program of the user can write the file that says where the engine listens. A process that
//! a session started is not trusted as the engine, because no engine leads from there.

use crate::process_tracer::{ProcessTracer, connected_peer};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_platform::peer_identity::PeerIdentityError;

/// Why a process is not trusted as the engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineDoubt {
    /// A session started the process.
    #[error(
        "pid {listener} answers as Trusty Bar, but a session (pid {session}) started that process; \
         run `kill {listener}` to end the process"
    )]
    StartedBySession {
        /// The pid of the process that listens.
        listener: u32,
        /// The pid of that session's Claude Code.
        session: u32,
    },
    /// The process is another one than that which answered before.
    #[error(
        "another process (pid {listener}) has taken over as Trusty Bar since the command began; \
         run the command again"
    )]
    Replaced {
        /// The pid of the process that listens now.
        listener: u32,
    },
    /// The process that opened the socket has ended: the engine is just ending, or left the socket
    /// to another process.
    #[error("the process that opened Trusty Bar's socket has exited")]
    Ended,
    /// The system does not report which process listens; its error message.
    #[error("could not identify the process that answers as Trusty Bar: {0}")]
    Unknown(String),
}

/// Whether another process may take over as the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineContinuity {
    /// Another engine may take over.
    MayChange,
    /// The engine has to stay one process, so that what is shown and what is approved come from
    /// the same one.
    OneProcess,
}

/// Checks the processes that answer as the engine.
#[derive(Debug, Clone)]
pub struct EngineVetting {
    tracer: ProcessTracer,
    continuity: EngineContinuity,
    /// The process that was trusted last.
    vetted: Arc<Mutex<Option<ProcessKey>>>,
}

impl EngineVetting {
    /// Trusts no process that a session within this tracer's scope started.
    pub fn new(tracer: ProcessTracer, continuity: EngineContinuity) -> Self {
        Self {
            tracer,
            continuity,
            vetted: Arc::default(),
        }
    }

    /// The same check for work that outlasts one engine.
    #[must_use]
    pub fn allowing_change(&self) -> Self {
        Self {
            continuity: EngineContinuity::MayChange,
            ..self.clone()
        }
    }

    /// Checks the process at the other end of a connection.
    ///
    /// A process outside this pid namespace passes: no session within the namespace can have
    /// started it, and it cannot be traced.
    ///
    /// # Errors
    /// The process is not trusted.
    pub fn vet(&self, stream: impl AsFd) -> Result<(), EngineDoubt> {
        let peer = connected_peer(stream);
        let key = match &*peer {
            Ok(peer) => ProcessKey {
                pid: peer.identity.pid,
                start: StartTime(peer.identity.start),
            },
            Err(PeerIdentityError::OtherNamespace) => return Ok(()),
            Err(PeerIdentityError::Ended) => return Err(EngineDoubt::Ended),
            Err(e) => return Err(EngineDoubt::Unknown(e.to_string())),
        };
        let mut vetted = self.vetted.lock().unwrap_or_else(PoisonError::into_inner);
        match *vetted {
            Some(known) if known == key => return Ok(()),
            Some(_) if self.continuity == EngineContinuity::OneProcess => {
                return Err(EngineDoubt::Replaced { listener: key.pid });
            }
            _ => {}
        }
        if let Some(mark) = self.tracer.find_mark(key.pid, &[]) {
            return Err(EngineDoubt::StartedBySession {
                listener: key.pid,
                session: mark.pid,
            });
        }
        *vetted = Some(key);
        Ok(())
    }
}
