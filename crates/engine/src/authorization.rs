//! What is known of a process that asks for something: gathered here, judged by
//! [`trusty_fleet::authorization`].
//!
//! *Invariant:* nothing here runs on the engine's loop.

mod own_programs;

use crate::scan;
use own_programs::OwnPrograms;
use std::env;
use std::io;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use trusty_fleet::authorization::{
    AnswerPolicy, CallerIdentity, LivingSession, PeerFacts, PeerProgram, ProcessMark,
};
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_platform::process_executable::process_executable;
use trusty_platform::sys;
use trusty_records::settings::Settings;
use trusty_wire::environment::Environment;
use trusty_wire::process_tracer::{
    ConnectedPeer, ConnectedProcess, ProcessTracer, SESSION_VARIABLES,
};

/// How long the facts of a caller may take to gather. A caller that is not known by then is
/// refused.
const GATHER_TIMEOUT: Duration = Duration::from_secs(2);

/// What tells that a session started this process. Sessions are looked for only where something
/// could name one: a terminal, or a variable.
pub async fn mark_of_this_process(env: &Environment, settings: &Settings) -> Option<ProcessMark> {
    let tracer = settings.tracer(env).ok()?;
    if let Some(mark) = tracer.own_mark(&[]) {
        return Some(mark);
    }
    let own = sys::stat(std::process::id()).ok().flatten();
    let has_terminal = own.is_none_or(|own| own.terminal != 0);
    let is_named = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !has_terminal && !SESSION_VARIABLES.into_iter().any(is_named) {
        return None;
    }
    let seen = scan::scan_once(env, settings).await.ok()?;
    tracer.own_mark(&LivingSession::from_snapshot(&seen.snapshot()))
}

/// Knows callers, and what the settings allowed them when the engine started.
#[derive(Debug, Clone)]
pub struct CallerRegister {
    tracer: ProcessTracer,
    policy: AnswerPolicy,
    programs: OwnPrograms,
}

impl CallerRegister {
    /// For an engine that starts now with these settings: what they say of answers later counts
    /// from the next start.
    ///
    /// # Errors
    ///
    /// The machine does not tell what identity is made of.
    pub fn new(env: &Environment, settings: &Settings) -> io::Result<Self> {
        Ok(Self {
            tracer: settings.tracer(env)?,
            policy: settings.answer_policy,
            programs: OwnPrograms::beside_this(),
        })
    }

    /// What the settings allowed when the engine started.
    pub fn policy(&self) -> AnswerPolicy {
        self.policy
    }

    /// Everything that is known of a peer; one that cannot be known within 2 s is not.
    pub async fn caller(
        &self,
        peer: ConnectedPeer,
        sessions: Vec<LivingSession>,
    ) -> CallerIdentity {
        let register = self.clone();
        let gathered = spawn_blocking(move || match &*peer {
            Ok(peer) => register.identify_caller(peer, &sessions),
            Err(e) => CallerIdentity::Unknown(e.to_string()),
        });
        match timeout(GATHER_TIMEOUT, gathered).await {
            Ok(Ok(caller)) => caller,
            Ok(Err(_)) => CallerIdentity::Unknown("identifying the calling process failed".into()),
            Err(_) => CallerIdentity::Unknown(format!(
                "identifying the calling process timed out ({} s)",
                GATHER_TIMEOUT.as_secs()
            )),
        }
    }

    fn identify_caller(
        &self,
        peer: &ConnectedProcess,
        sessions: &[LivingSession],
    ) -> CallerIdentity {
        let connected_with = peer.executable;
        let peer = &peer.identity;
        let executable = process_executable(peer.pid);
        // A program that hands its connection on and becomes another one is not that one.
        if executable.as_ref().ok().map(|executable| executable.file) != connected_with {
            let told = "the calling process has changed its program since it connected";
            return CallerIdentity::Unknown(told.into());
        }
        let facts = PeerFacts {
            process: ProcessKey {
                pid: peer.pid,
                start: StartTime(peer.start),
            },
            program: match &executable {
                Ok(executable) => self.programs.program(executable),
                Err(_) => PeerProgram::Other,
            },
            executable: executable.ok().map(|executable| executable.path),
            mark: self.tracer.find_mark(peer.pid, sessions),
            terminal: self.tracer.terminal(peer.pid, sessions),
        };
        // All of this was read by its pid: it counts only if that is still the same process.
        match peer.confirm(sys::living_start) {
            Ok(()) => CallerIdentity::Process(Box::new(facts)),
            Err(e) => CallerIdentity::Unknown(e.to_string()),
        }
    }
}
