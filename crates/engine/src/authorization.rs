//! Gathers the facts of a calling process; [`trusty_fleet::authorization`] judges them.
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

/// How long gathering the facts of a caller may take. A caller that is not identified by then
/// counts as unknown.
const GATHER_TIMEOUT: Duration = Duration::from_secs(2);

/// The mark that shows that a session started this process. Scans for sessions only if the process
/// has a terminal or one of [`SESSION_VARIABLES`], by which a session could be named.
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

/// Identifies callers, and holds the answer policy of the engine's start.
#[derive(Debug, Clone)]
pub struct CallerRegister {
    tracer: ProcessTracer,
    policy: AnswerPolicy,
    programs: OwnPrograms,
}

impl CallerRegister {
    /// A register for an engine that starts with these settings. Later changes of the answer
    /// settings apply from the next start.
    ///
    /// # Errors
    ///
    /// If the machine's identity cannot be read.
    pub fn new(env: &Environment, settings: &Settings) -> io::Result<Self> {
        Ok(Self {
            tracer: settings.tracer(env)?,
            policy: settings.answer_policy,
            programs: OwnPrograms::beside_this(),
        })
    }

    /// The answer policy of the settings when the engine started.
    pub fn policy(&self) -> AnswerPolicy {
        self.policy
    }

    /// Identifies a peer; [`CallerIdentity::Unknown`] if that fails or takes longer than 2 s.
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
        // A process can connect and then exec another program, which must not inherit the first
        // one's rights.
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
        // The facts were read by pid, and count only if the pid still belongs to the same process.
        match peer.confirm(sys::living_start) {
            Ok(()) => CallerIdentity::Process(Box::new(facts)),
            Err(e) => CallerIdentity::Unknown(e.to_string()),
        }
    }
}
