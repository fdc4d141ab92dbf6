//! Whether the process that answers in the engine's place may be believed. The file that says where
//! an engine listens can be written by every program of the user; a process that a session started
//! is none, for an engine does not lead there.

use crate::process_tracer::{ProcessTracer, connected_peer};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_platform::peer_identity::PeerIdentityError;

/// Why a process is not believed to be the engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineDoubt {
    /// A session started it.
    #[error(
        "pid {listener} answers as Trusty Bar, but a session (pid {session}) started that process; \
         run `kill {listener}` to end the process"
    )]
    StartedBySession {
        /// The process that listens.
        listener: u32,
        /// The client of that session.
        session: u32,
    },
    /// Another process answers than the one that was asked before.
    #[error(
        "another process (pid {listener}) has taken over as Trusty Bar since the command began; \
         run the command again"
    )]
    Replaced {
        /// The process that listens now.
        listener: u32,
    },
    /// An engine that is just ending, or a socket that was left to another process.
    #[error("the process that opened Trusty Bar's socket has exited")]
    Ended,
    /// The system does not tell which process listens.
    #[error("could not identify the process that answers as Trusty Bar: {0}")]
    Unknown(String),
}

/// How long an engine has to stay the same process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineContinuity {
    /// Another engine may take its place.
    MayChange,
    /// What is shown and what is approved come from one process.
    OneProcess,
}

/// Vets the processes that answer as the engine.
#[derive(Debug, Clone)]
pub struct EngineVetting {
    tracer: ProcessTracer,
    continuity: EngineContinuity,
    /// The one that was vetted last.
    vetted: Arc<Mutex<Option<ProcessKey>>>,
}

impl EngineVetting {
    /// By the sessions that this tracer sees.
    pub fn new(tracer: ProcessTracer, continuity: EngineContinuity) -> Self {
        Self {
            tracer,
            continuity,
            vetted: Arc::default(),
        }
    }

    /// The same for what goes on longer than one engine.
    #[must_use]
    pub fn allowing_change(&self) -> Self {
        Self {
            continuity: EngineContinuity::MayChange,
            ..self.clone()
        }
    }

    /// Vets the process at the other end of a connection. One outside of this pid namespace was not
    /// started by a session within, and cannot be traced.
    ///
    /// # Errors
    ///
    /// It is not to be believed.
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
