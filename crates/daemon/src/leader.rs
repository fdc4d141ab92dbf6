//! The right to lead: one engine of a user answers all faces and all hooks.
//!
//! An engine leads while it holds two locks. `engine.<boot id>.lock` in the data folder is the same
//! for every login, whatever the environment; `lock` in the runtime folder is the only one that
//! version 0.1.0 takes. The file `engine.<boot id>` says where the sockets are. While an engine
//! leads, its keeper restores whatever of this is removed or replaced. When the engine ends, it
//! removes its own files, and leaves alone what others have put in their place.

mod folder_changes;
mod keeper;

use keeper::LeaderKeeper;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;
use tokio::sync::mpsc;
use trusty_fleet::System;
use trusty_fleet::identity::ProcessKey;
use trusty_platform::file_identity::FileIdentity;
use trusty_platform::files::{self, WriteDurability};
use trusty_platform::folder_lock::FolderLock;
use trusty_platform::listening_socket::{ListeningSocket, SocketFeed};
use trusty_platform::open_files::SpareFiles;
use trusty_platform::trusted_path::{PrivateFolderError, TrustPolicy};
use trusty_platform::{paths, sys};
use trusty_wire::discovery::{EnginePlaces, EngineRecord, RUNTIME_LOCK};
use trusty_wire::hooks;
use trusty_wire::socket_names;
use trusty_wire::version;

/// Descriptors reserved for connections to the sockets when no other descriptor is left.
const SPARE_FILE_COUNT: usize = 6;
/// How long the release waits for a check of the leader's files that hangs.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often the release tries to take the lock meanwhile.
const RELEASE_POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Why this engine does not lead.
#[derive(Debug, thiserror::Error)]
pub enum LeadError {
    /// Another engine leads.
    #[error("another Trusty Bar or `trusty serve` is already running")]
    Taken,
    /// The runtime folder, a lock or a socket cannot be created.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The right to lead, with the sockets that belong to it; given up when dropped.
#[derive(Debug)]
pub struct Leader {
    pub(crate) right: LeaderRight,
    /// The connections to the API socket.
    pub(crate) api: SocketFeed,
    /// The connections to the hook socket.
    pub(crate) hooks: SocketFeed,
    places: EnginePlaces,
}

/// The right to lead; given up when dropped.
#[derive(Debug)]
pub(crate) struct LeaderRight {
    state: Arc<Mutex<LeaderState>>,
    keeper: Option<LeaderKeeper>,
}

/// A change in the right to lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeaderEvent {
    /// A problem with the leader's files, or none any more.
    Problem(Option<String>),
    /// The warning that few descriptors are left, or none any more.
    FilesScarce(Option<String>),
    /// Another engine leads now.
    Lost,
}

impl Leader {
    /// Takes the right to lead and listens on the sockets. No connection is answered yet.
    ///
    /// # Errors
    /// [`LeadError::Taken`] while another engine leads; [`LeadError::Io`] if the runtime folder,
    /// its lock or a socket cannot be created. A data folder that cannot be written is no error:
    /// the engine is then found through its runtime folder, and reports the problem as health.
    pub fn elect(places: &EnginePlaces) -> Result<Self, LeadError> {
        let spare = SpareFiles::reserve(SPARE_FILE_COUNT);
        // Another engine may still answer after its locks were removed, and one engine is enough.
        if places.has_other_leader() {
            return Err(LeadError::Taken);
        }
        places.check_socket_length().map_err(io::Error::other)?;
        let former_locks = places.take_former_locks().ok_or(LeadError::Taken)?;
        let runtime_lock = take_runtime_lock(places)?;
        let (data_lock, problem) = match take_data_lock(places) {
            Ok(lock) => (Some(lock), None),
            Err(LeadError::Taken) => return Err(LeadError::Taken),
            Err(LeadError::Io(e)) => (None, Some(data_folder_problem(places, &e))),
        };
        let api_path = socket_names::api_socket(places.runtime_dir());
        let (api_socket, api) = ListeningSocket::open(api_path, &spare)?;
        let hooks_path = places.runtime_dir().join(hooks::HOOK_SOCKET);
        let (hooks_socket, hooks) = ListeningSocket::open(hooks_path, &spare)?;
        let mut state = LeaderState {
            places: places.clone(),
            runtime_lock: Some(runtime_lock),
            data_lock,
            _former_locks: former_locks,
            sockets: vec![api_socket, hooks_socket],
            record: None,
            problem,
            is_released: false,
        };
        state.remove_stale();
        state.write_record();
        Ok(Self {
            right: LeaderRight {
                state: Arc::new(Mutex::new(state)),
                keeper: None,
            },
            api,
            hooks,
            places: places.clone(),
        })
    }

    /// The locations of this engine's locks, sockets and files.
    pub fn places(&self) -> &EnginePlaces {
        &self.places
    }
}

impl LeaderRight {
    /// Starts the keeper, which restores what is removed; returns the channel of its events.
    pub(crate) fn start_keeper(&mut self) -> io::Result<mpsc::UnboundedReceiver<LeaderEvent>> {
        let (keeper, news) = LeaderKeeper::start_thread(&self.state)?;
        self.keeper = Some(keeper);
        Ok(news)
    }
}

impl Drop for LeaderRight {
    fn drop(&mut self) {
        let tries = RELEASE_TIMEOUT.as_millis() / RELEASE_POLL_INTERVAL.as_millis();
        for _ in 0..tries {
            match self.state.try_lock() {
                Ok(mut state) => return state.release(),
                Err(TryLockError::Poisoned(state)) => return state.into_inner().release(),
                // A file system that hangs during a check must not keep the program from exiting.
                Err(TryLockError::WouldBlock) => std::thread::sleep(RELEASE_POLL_INTERVAL),
            }
        }
    }
}

/// Whether this engine still leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeadershipState {
    Held,
    /// Another engine holds one of the locks.
    Lost,
}

/// What a leading engine holds.
#[derive(Debug)]
struct LeaderState {
    places: EnginePlaces,
    runtime_lock: Option<FolderLock>,
    /// None if the data folder cannot be written.
    data_lock: Option<FolderLock>,
    /// The locks of engines of version 0.1.0 in folders that this version does not use, held so
    /// that no such engine starts beside this one.
    _former_locks: Vec<FolderLock>,
    sockets: Vec<ListeningSocket>,
    /// The engine file, if this engine wrote it.
    record: Option<FileIdentity>,
    problem: Option<String>,
    is_released: bool,
}

fn lock_state(state: &Mutex<LeaderState>) -> MutexGuard<'_, LeaderState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LeaderState {
    /// Restores what was removed, and retakes locks whose files are no longer in place.
    fn check(&mut self) -> LeadershipState {
        if self.is_released {
            return LeadershipState::Held;
        }
        self.problem = None;
        if !self
            .runtime_lock
            .as_ref()
            .is_some_and(FolderLock::is_in_place)
        {
            match take_runtime_lock(&self.places) {
                Ok(lock) => self.runtime_lock = Some(lock),
                Err(LeadError::Taken) => return LeadershipState::Lost,
                Err(LeadError::Io(e)) => {
                    let folder = self.places.runtime_dir().display();
                    self.problem = Some(format!(
                        "the sockets in {folder} were removed and could not be recreated: {e}"
                    ));
                    return LeadershipState::Held;
                }
            }
        }
        if !self.data_lock.as_ref().is_some_and(FolderLock::is_in_place) {
            match take_data_lock(&self.places) {
                Ok(lock) => self.data_lock = Some(lock),
                Err(LeadError::Taken) => return LeadershipState::Lost,
                Err(LeadError::Io(e)) => self.problem = Some(data_folder_problem(&self.places, &e)),
            }
        }
        for socket in &mut self.sockets {
            if !socket.is_in_place()
                && let Err(e) = socket.listen()
            {
                let folder = self.places.runtime_dir().display();
                self.problem = Some(format!(
                    "a socket in {folder} was removed and could not be recreated: {e}"
                ));
            }
        }
        self.write_record();
        LeadershipState::Held
    }

    /// Writes the engine file, unless the one in place is this engine's.
    fn write_record(&mut self) {
        let path = self.places.record_path();
        let there = FileIdentity::of_path(&path).ok();
        if self.record.is_some() && self.record == there || self.data_lock.is_none() {
            return;
        }
        match put_record(&self.places, &path) {
            Ok(identity) => self.record = Some(identity),
            Err(e) => self.problem = Some(data_folder_problem(&self.places, &e)),
        }
    }

    /// Removes what killed engines have left behind: unfinished engine files of this boot, and all
    /// files of other boots whose lock is free.
    fn remove_stale(&self) {
        if self.data_lock.is_none() {
            return;
        }
        let folder = self.places.data_dir();
        let names = fs::read_dir(folder).into_iter().flatten().flatten();
        let names: Vec<String> = names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.starts_with("engine."))
            .collect();
        let own = self.places.record_path();
        let own = own.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let remove_parts = |record: &str| {
            let parts = names.iter().filter(|name| {
                let rest = name.strip_prefix(record);
                let ending = rest.and_then(|rest| rest.rsplit_once('.'));
                ending.is_some_and(|(pid, ending)| pid.starts_with('.') && ending == "new")
            });
            for part in parts {
                let _ = fs::remove_file(folder.join(part));
            }
        };
        remove_parts(own);
        let locks = names.iter().filter_map(|name| name.strip_suffix(".lock"));
        for record in locks.filter(|record| *record != own) {
            let path = folder.join(format!("{record}.lock"));
            if let Ok(Some(_lock)) = FolderLock::try_take(&path) {
                remove_parts(record);
                // A file that cannot be removed does no harm: its process belongs to another boot.
                let _ = fs::remove_file(folder.join(record));
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Gives up the right to lead, and removes the files that still belong to this engine.
    fn release(&mut self) {
        self.is_released = true;
        if let Some(identity) = self.record.take() {
            // If the folder was removed, so was the file.
            let _ = identity.remove_at(&self.places.record_path());
        }
        self.sockets.clear();
        self.data_lock = None;
        self.runtime_lock = None;
    }
}

fn take_runtime_lock(places: &EnginePlaces) -> Result<FolderLock, LeadError> {
    paths::private_dir(places.runtime_dir(), places.uid())?;
    let lock = FolderLock::try_take(&places.runtime_dir().join(RUNTIME_LOCK))?;
    lock.ok_or(LeadError::Taken)
}

fn take_data_lock(places: &EnginePlaces) -> Result<FolderLock, LeadError> {
    let made = make_data_folder(places);
    if let Err(PrivateFolderError::Refused(refusal)) = made {
        // In such a folder another user could hold or remove the lock.
        return Err(io::Error::from(PrivateFolderError::Refused(refusal)).into());
    }
    // An existing lock can be taken even on a file system that has become read-only.
    match FolderLock::try_take(&places.lock_path()) {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) if places.is_led_from_another_namespace() => {
            let told = "an engine in another container already uses this data folder";
            Err(io::Error::other(told).into())
        }
        Ok(None) => Err(LeadError::Taken),
        Err(e) => Err(made.err().map_or(e, io::Error::from).into()),
    }
}

fn make_data_folder(places: &EnginePlaces) -> Result<(), PrivateFolderError> {
    let policy = TrustPolicy {
        uid: places.uid(),
        ..TrustPolicy::current()
    };
    policy.make_private_folder(places.data_dir()).map(drop)
}

fn data_folder_problem(places: &EnginePlaces, error: &io::Error) -> String {
    let who = match places.system() {
        System::Linux => "hooks and programs with another XDG_RUNTIME_DIR",
        System::Mac => "hooks and programs",
    };
    format!(
        "could not write {} ({error}); {who} cannot find this engine; make the folder writable",
        places.record_path().display()
    )
}

/// Writes the engine file atomically; returns its identity.
fn put_record(places: &EnginePlaces, path: &Path) -> io::Result<FileIdentity> {
    let pid = std::process::id();
    let stat = sys::stat(pid)?.ok_or(io::ErrorKind::NotFound)?;
    let record = EngineRecord {
        socket_folder: places.runtime_dir().to_path_buf(),
        process: ProcessKey {
            pid,
            start: stat.start,
        },
        version: version::TRUSTY_VERSION.to_owned(),
        domain: places.machine().domain(),
    };
    let bytes = serde_json::to_vec(&record)?;
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{pid}.new"));
    // Left behind by an earlier write of this process that was interrupted.
    let _ = fs::remove_file(PathBuf::from(new));
    // The file need not outlast the boot, so it is not synced to disk.
    files::replace_file(path, WriteDurability::Unsynced, |file| {
        file.write_all(&bytes)?;
        FileIdentity::of_file(file)
    })
}

#[cfg(test)]
mod tests;
