//! What outlasts us: the records of pauses, each a file of its own, written before anything is
//! done and removed after its end is confirmed.
//!
//! `<data>/paused/<session>.json` is a record, `<session>.lock` is locked by whoever works on it,
//! `<session>.<pid>.gate` is a hook that waits for its end. All are the owner's alone.

mod leftovers;

use crate::io::files::{self, ReadError};
use crate::io::paths;
use crate::io::sys;
use crate::surroundings::Surroundings;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use trusty_fleet::SessionId;
use trusty_fleet::pause::{Gate, PauseRecord};

/// The largest record or gate that is read, in bytes.
const BOUND: u64 = 1 << 20;

/// Why a record could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be written: then nothing may be done.
    #[error("failed to write {path}: {why}", path = .0.display(), why = .1)]
    Write(PathBuf, #[source] io::Error),
    /// It cannot be read.
    #[error("{path} {why}", path = .0.display(), why = .1)]
    Read(PathBuf, #[source] ReadError),
    /// It is not a record of ours.
    #[error("{path} is not a pause record: {why}; move it away", path = .0.display(), why = .1)]
    Strange(PathBuf, String),
}

/// Where the records are.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// Held by whoever works on a pause; let go when dropped, or when its process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not used")] OwnedFd);

impl Store {
    /// That of these surroundings.
    pub fn of(around: &Surroundings) -> Self {
        Self {
            folder: around.data_dir().join("paused"),
        }
    }

    /// The folder of the records, which may not exist yet.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The record's place.
    pub fn path(&self, id: SessionId) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    fn gate_path(&self, id: SessionId, pid: u32) -> PathBuf {
        self.folder.join(format!("{id}.{pid}.gate"))
    }

    /// The record of a session, if it has one.
    pub fn read(&self, id: SessionId) -> Result<Option<PauseRecord>, StoreError> {
        read(&self.path(id))
    }

    /// Whose records there are. Those of other machines and containers are theirs to see to: here
    /// their sessions would seem to have ended.
    pub fn sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        let named = |name: &str| Some(SessionId(name.strip_suffix(".json")?.parse().ok()?));
        let mut found = self.names(named)?;
        let machine = sys::machine().ok();
        found.retain(|id| match (self.read(*id), &machine) {
            (Ok(Some(record)), Some(us)) => us.shares_pids_with(record.domain.as_deref()),
            // What cannot be read is named by whoever wants to.
            _ => true,
        });
        Ok(found)
    }

    /// The hooks that say they wait for the end of a pause; some may have ended without a word.
    pub fn gates(&self, id: SessionId) -> Result<Vec<Gate>, StoreError> {
        let prefix = format!("{id}.");
        let named = |name: &str| {
            let pid = name.strip_prefix(&prefix)?.strip_suffix(".gate")?;
            pid.parse::<u32>().ok()
        };
        let gates = self.names(named)?.into_iter();
        Ok(gates
            .filter_map(|pid| read(&self.gate_path(id, pid)).ok().flatten())
            .collect())
    }

    fn names<T>(&self, named: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(StoreError::Read(self.folder.clone(), e.into())),
        };
        let found = entries.flatten().map(|e| e.file_name());
        Ok(found.filter_map(|name| named(name.to_str()?)).collect())
    }

    /// Writes a record, so that it is on disk when this returns.
    pub fn write(&self, record: &PauseRecord) -> Result<(), StoreError> {
        self.put(&self.path(record.session), record)
    }

    /// Writes down that a hook waits.
    pub fn write_gate(&self, id: SessionId, gate: &Gate) -> Result<(), StoreError> {
        self.put(&self.gate_path(id, gate.process.pid), gate)
    }

    /// Removes a record, and the gates left beside it.
    pub fn remove(&self, id: SessionId) -> Result<(), StoreError> {
        remove(&self.path(id))?;
        // Whoever was ended while writing has left a part, and a hook that was, its mark.
        let left = |name: &str| {
            let rest = name.strip_prefix(&format!("{id}."))?;
            let is_left = [".new", ".gate"].iter().any(|end| rest.ends_with(end));
            is_left.then(|| name.to_owned())
        };
        for name in self.names(left)? {
            remove(&self.folder.join(name))?;
        }
        remove(&self.lock_path(id))
    }

    /// Removes the mark of a hook that waits no longer.
    pub fn remove_gate(&self, id: SessionId, pid: u32) -> Result<(), StoreError> {
        remove(&self.gate_path(id, pid))
    }

    fn lock_path(&self, id: SessionId) -> PathBuf {
        self.folder.join(format!("{id}.lock"))
    }

    /// The right to work on a session's pause; none while somebody else does.
    pub fn lock(&self, id: SessionId) -> Result<Option<Lock>, StoreError> {
        let path = self.lock_path(id);
        let failed = |e: io::Error| StoreError::Write(path.clone(), e);
        self.find_folder().map_err(failed)?;
        loop {
            let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            let lock = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)
                .map_err(|e| failed(e.into()))?;
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(e) => return Err(failed(e.into())),
            }
            // Whoever had it may have removed the file meanwhile: then this is the lock of none.
            let ours = rustix::fs::fstat(&lock).map_err(|e| failed(e.into()))?;
            match rustix::fs::stat(&path) {
                Ok(there) if there.st_ino == ours.st_ino => return Ok(Some(Lock(lock))),
                _ => {}
            }
        }
    }

    /// Makes the folders, or closes them to others.
    fn make_folder(&self) -> io::Result<()> {
        let uid = rustix::process::getuid().as_raw();
        if let Some(data) = self.folder.parent() {
            paths::private_dir(data, uid)?;
        }
        paths::private_dir(&self.folder, uid)
    }

    /// Does the same for a session that is paused already: it can be resumed wherever its record
    /// is, as long as the record is the user's alone.
    fn find_folder(&self) -> io::Result<()> {
        let uid = rustix::process::getuid().as_raw();
        match self.make_folder() {
            Err(_) if paths::is_closed(&self.folder, uid).unwrap_or(false) => Ok(()),
            made => made,
        }
    }

    fn put(&self, path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
        let failed = |e: io::Error| StoreError::Write(path.to_path_buf(), e);
        let made = if path.exists() {
            self.find_folder()
        } else {
            self.make_folder()
        };
        made.map_err(failed)?;
        let bytes = serde_json::to_vec_pretty(value).map_err(|e| failed(e.into()))?;
        files::write_whole(path, &bytes).map_err(failed)
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    match files::read_bounded(path, BOUND) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Some(value)),
            Err(e) => Err(StoreError::Strange(path.to_path_buf(), e.to_string())),
        },
        Err(ReadError::Gone) => Ok(None),
        Err(e) => Err(StoreError::Read(path.to_path_buf(), e)),
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::Write(path.to_path_buf(), e))
        }
        _ => Ok(()),
    }
}
