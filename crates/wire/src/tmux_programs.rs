//! The tmux program for each server: the one that the server itself executes, which has the
//! server's version and is found wherever it lies, else the one that is found as any program.

use crate::environment::Environment;
use crate::process_scope::{Confinement, ProcessScope};
use crate::process_tracer::ProcessTracer;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use trusty_fleet::System;
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_platform::file_identity::FileState;
use trusty_platform::listener::listening_process;
use trusty_platform::process_executable::process_executable;
use trusty_platform::programs::ProgramSearch;
use trusty_platform::sys;
use trusty_platform::trusted_path::check_execute;

/// The name of the program.
const TMUX_NAME: &str = "tmux";
/// Where the package managers of a Mac keep what the links in their folders of programs lead to.
const MAC_PROGRAM_STORES: [&str; 7] = [
    "/nix/store",
    "/opt/homebrew/Cellar",
    "/opt/local",
    "/opt/pkg",
    "/usr/bin",
    "/usr/local/Cellar",
    "/usr/local/bin",
];
/// The most servers whose programs are remembered.
const MAX_KNOWN_SERVERS: usize = 64;

/// Finds the tmux program for a server. Clones share what they know.
#[derive(Debug, Clone)]
pub struct TmuxPrograms(Arc<TmuxProgramSearch>);

#[derive(Debug)]
struct TmuxProgramSearch {
    env: Environment,
    tracer: Option<ProcessTracer>,
    /// The own program of each server, if that may be run.
    servers: Mutex<BTreeMap<ProcessKey, Option<PathBuf>>>,
}

impl TmuxPrograms {
    /// Searches in this environment.
    pub fn new(env: &Environment) -> Self {
        let tracer = sys::machine().ok().map(|machine| {
            let scope = ProcessScope {
                uid: machine.uid,
                // A session of another home folder is a session all the same.
                confinement: Confinement::Open,
                home: env.home.clone(),
                config_dirs: BTreeSet::new(),
            };
            ProcessTracer::new(machine, scope)
        });
        Self(Arc::new(TmuxProgramSearch {
            env: env.clone(),
            tracer,
            servers: Mutex::default(),
        }))
    }

    /// The program for the server of a socket. Connects to the socket and sends nothing; does not
    /// wait for a server that accepts no connections.
    pub fn for_server(&self, socket: &Path) -> ProgramSearch {
        match self.0.program_of_server(socket) {
            Some(program) => ProgramSearch {
                program: Some(program),
                refused: None,
            },
            None => self.search(),
        }
    }

    /// The program that is found without a server.
    pub fn search(&self) -> ProgramSearch {
        self.0.env.find_program(TMUX_NAME)
    }
}

impl TmuxProgramSearch {
    fn program_of_server(&self, socket: &Path) -> Option<PathBuf> {
        let peer = listening_process(socket).ok()?;
        let server = ProcessKey {
            pid: peer.pid,
            start: StartTime(peer.start),
        };
        let lock = || self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&server).cloned();
        let program = known.unwrap_or_else(|| {
            let program = self.executable(server.pid);
            let mut servers = lock();
            if servers.len() >= MAX_KNOWN_SERVERS {
                servers.clear();
            }
            servers.insert(server, program.clone());
            program
        });
        // An update may have removed or replaced the file since.
        program.filter(|program| check_execute(program).is_ok())
    }

    /// The file that a server executes, if the file is still the one that was started, no other
    /// user could change it, and no session has started the server: a session could let any program
    /// listen, and Trusty Bar would run that program, outside the session's sandbox. Where that
    /// cannot be found out, the file must lie among installed programs.
    fn executable(&self, pid: u32) -> Option<PathBuf> {
        let tracer = self.tracer.as_ref()?;
        let running = process_executable(pid).ok()?;
        let is_tmux = running
            .path
            .file_name()
            .is_some_and(|name| name == TMUX_NAME);
        let is_unchanged = FileState::of_target(&running.path).ok()? == running.file;
        let folders = self.env.program_folders();
        let is_safe = is_tmux
            && is_unchanged
            && may_lie_at(&running.path, self.env.system, &folders)
            && check_execute(&running.path).is_ok();
        (is_safe && tracer.find_mark(pid, &[]).is_none()).then_some(running.path)
    }
}

/// Whether the program of a server may lie at a path. macOS has no control groups and no pid
/// namespaces: a program that a sandboxed session has started and left behind has no mark there.
fn may_lie_at(path: &Path, system: System, folders: &[PathBuf]) -> bool {
    let is_in_store = || {
        let mut stores = MAC_PROGRAM_STORES.iter();
        stores.any(|store| path.starts_with(store))
    };
    match system {
        System::Linux => true,
        System::Mac => {
            is_in_store()
                || path
                    .parent()
                    .is_some_and(|at| folders.iter().any(|f| f == at))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_mac_only_an_installed_program_of_a_server_is_run() {
        let folders = ["/Users/dev/.local/bin", "/etc/profiles/per-user/dev/bin"];
        let folders = folders.map(PathBuf::from);
        for (path, may) in [
            ("/opt/homebrew/Cellar/tmux/3.5a/bin/tmux", true),
            ("/usr/local/Cellar/tmux/3.5a/bin/tmux", true),
            ("/nix/store/0c5b-tmux-3.5a/bin/tmux", true),
            ("/opt/local/bin/tmux", true),
            ("/Users/dev/.local/bin/tmux", true),
            ("/Users/dev/code/repository/tmux", false),
            ("/Users/dev/.local/bin/below/tmux", false),
            ("/private/tmp/claude/tmux", false),
            ("/opt/homebrew/Cellar2/tmux", false),
        ] {
            assert_eq!(
                may_lie_at(Path::new(path), System::Mac, &folders),
                may,
                "{path}"
            );
            assert!(
                may_lie_at(Path::new(path), System::Linux, &folders),
                "{path}"
            );
        }
    }
}
