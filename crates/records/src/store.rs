//! What outlasts us: the records of pauses, each a file of its own, written before anything is
//! done and removed after its end is confirmed.
//!
//! `<data>/paused/<session>.json` is a record, `<session>.lock` is locked by whoever works on it,
//! `<session>.<pid>.gate` is a hook that waits for its end. All are the owner's alone. Where a record
//! cannot be removed, a mark in the runtime folder ends it: see `released`.

mod leftovers;
mod release_marks;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trusty_fleet::SessionId;
use trusty_fleet::pause::{Gate, PauseRecord};
use trusty_platform::files::{self, FileReadError};
use trusty_platform::{paths, sys};
use trusty_wire::environment::Environment;

/// The largest record or gate that is read, in bytes.
const MAX_PAUSE_FILE_BYTES: u64 = 1 << 20;
/// The largest note of who has a lock that is read, in bytes: a pid.
const MAX_HOLDER_BYTES: u64 = 32;

/// Why a record could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The record cannot be written: then nothing may be done.
    #[error("failed to write {path}: {why}", path = .0.display(), why = .1)]
    Write(PathBuf, io::Error),
    /// The record cannot be read.
    #[error("{path}: {why}", path = .0.display(), why = .1)]
    Read(PathBuf, FileReadError),
    /// The file is not a pause record.
    #[error("{path} is not a pause record: {why}", path = .0.display(), why = .1)]
    Malformed(PathBuf, String),
    /// The record has a format that only newer versions know.
    #[error(
        "{path} was written by a newer version of Trusty Bar (format {form})",
        path = .0.display(), form = .1
    )]
    NewerFormat(PathBuf, u32),
}

impl StoreError {
    /// What to do about it, where that is more than to make the folder writable.
    pub fn recovery_hint(&self, id: SessionId) -> Option<String> {
        match self {
            Self::Write(..) => None,
            Self::Read(..) | Self::Malformed(..) | Self::NewerFormat(..) => {
                Some(format!("run `trusty resume {id} --force`"))
            }
        }
    }
}

/// Where the records are.
#[derive(Debug, Clone)]
pub struct PauseStore {
    folder: PathBuf,
    env: Arc<Environment>,
}

/// The form of the records that are written, and the latest that is understood.
pub const RECORD_FORM: u32 = 1;

/// Held by whoever works on a pause, until dropped or until its process ends. Nothing is held where
/// nothing can be written and there is no file to hold.
#[derive(Debug)]
pub struct SessionLock(#[expect(dead_code, reason = "held, not used")] Option<File>);

/// What came of asking for the right to work on a session's pause.
#[derive(Debug)]
pub enum LockAttempt {
    /// It is ours.
    Locked(SessionLock),
    /// Another process has it: its pid, where it is told.
    Held(Option<u32>),
}

impl PauseStore {
    /// That of these surroundings.
    pub fn from_env(env: &Environment) -> Self {
        Self {
            folder: env.data_dir().join("paused"),
            env: Arc::new(env.clone()),
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
        let path = self.path(id);
        // A later form may be another one altogether, so its number is read by itself.
        match read::<RecordForm>(&path) {
            Ok(Some(RecordForm { version })) if version > RECORD_FORM => {
                Err(StoreError::NewerFormat(path, version))
            }
            Ok(_) => {
                let record = read::<PauseRecord>(&path)?;
                Ok(record.filter(|record| !self.is_released(record)))
            }
            Err(e) => Err(e),
        }
    }

    /// Moves a record that cannot be used aside, and tells where to.
    pub fn set_aside(&self, id: SessionId) -> Result<PathBuf, StoreError> {
        let (path, aside) = (self.path(id), self.kept_aside_path(id));
        match fs::rename(&path, &aside) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StoreError::Write(path, e)),
            _ => Ok(aside),
        }
    }

    /// Where a record that cannot be used is moved to.
    pub fn kept_aside_path(&self, id: SessionId) -> PathBuf {
        self.folder.join(format!("{id}.json.set-aside"))
    }

    /// Whose records there are. Those of other machines and containers are theirs to see to: here
    /// their sessions would seem to have ended.
    pub fn sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        let named = |name: &str| Some(SessionId(name.strip_suffix(".json")?.parse().ok()?));
        let mut found = self.listed_names(named)?;
        let machine = sys::machine().ok();
        found.retain(|id| match (self.read(*id), &machine) {
            (Ok(Some(record)), Some(us)) => us.shares_pids_with(record.domain.as_deref()),
            (Ok(None), _) => false,
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
        let gates = self.listed_names(named)?.into_iter();
        Ok(gates
            .filter_map(|pid| read(&self.gate_path(id, pid)).ok().flatten())
            .collect())
    }

    fn listed_names<T>(&self, named: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, StoreError> {
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
        self.write_json(&self.path(record.session), record)
    }

    /// Writes down that a hook waits.
    pub fn write_gate(&self, id: SessionId, gate: &Gate) -> Result<(), StoreError> {
        self.write_json(&self.gate_path(id, gate.process.pid), gate)
    }

    /// Removes a record, and the gates left beside it.
    pub fn remove(&self, id: SessionId) -> Result<(), StoreError> {
        let path = self.path(id);
        match remove(&path) {
            // Where nothing can be removed, an emptied record says as much: none, for every reader.
            Err(StoreError::Write(_, e)) if is_read_only(&e) => {
                return if truncate_record(&path).is_ok() {
                    Ok(())
                } else {
                    self.release(id)
                };
            }
            done => done?,
        }
        self.forget_release(id);
        // Whoever was ended while writing has left a part, and a hook that was, its mark.
        let left = |name: &str| {
            let rest = name.strip_prefix(&format!("{id}."))?;
            let is_left = [".new", ".gate"].iter().any(|end| rest.ends_with(end));
            is_left.then(|| name.to_owned())
        };
        for name in self.listed_names(left)? {
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

    /// The right to work on a session's pause. Where nothing can be written, the file that is
    /// there is locked as it is: what is paused can be resumed there, too.
    pub fn lock(&self, id: SessionId) -> Result<LockAttempt, StoreError> {
        let lock_path = self.lock_path(id);
        let failed = |e: io::Error| StoreError::Write(lock_path.clone(), e);
        match self.find_folder() {
            Err(e) if !is_read_only(&e) => return Err(failed(e)),
            _ => {}
        }
        loop {
            let Some((lock, path)) = self.open_lock(id).map_err(failed)? else {
                return Ok(LockAttempt::Locked(SessionLock(None)));
            };
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Ok(LockAttempt::Held(lock_holder(&lock_path)));
                }
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
            // Whoever had it may have removed the file meanwhile: then this is the lock of none.
            let ours = rustix::fs::fstat(&lock).map_err(|e| failed(e.into()))?;
            match rustix::fs::stat(&path) {
                Ok(there) if there.st_ino == ours.st_ino => {
                    if path == lock_path {
                        sign(&lock);
                    }
                    return Ok(LockAttempt::Locked(SessionLock(Some(lock))));
                }
                _ => {}
            }
        }
    }

    /// The file to be locked: the lock, else the record; nothing where there is neither, and none
    /// can be made.
    fn open_lock(&self, id: SessionId) -> io::Result<Option<(File, PathBuf)>> {
        let path = self.lock_path(id);
        let common = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = OFlags::CREATE | OFlags::RDWR | common;
        match rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(lock) => return Ok(Some((File::from(lock), path))),
            Err(e) if is_read_only(&e.into()) || e == Errno::NOENT => {}
            Err(e) => return Err(e.into()),
        }
        for path in [path, self.path(id)] {
            match rustix::fs::open(&path, OFlags::RDONLY | common, Mode::empty()) {
                Ok(lock) => return Ok(Some((File::from(lock), path))),
                // A link is no record, and nothing is left to be locked.
                Err(Errno::NOENT | Errno::LOOP) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(None)
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

    fn write_json(&self, path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
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

/// The one field that records of every form have.
#[derive(Deserialize)]
struct RecordForm {
    version: u32,
}

/// Whether nothing can be written at a place, or not by us.
fn is_read_only(e: &io::Error) -> bool {
    let number = e.raw_os_error().map(Errno::from_raw_os_error);
    // A refused path is of the kind `PermissionDenied`, too, and has no number.
    matches!(number, Some(Errno::ACCESS | Errno::PERM))
        || e.kind() == io::ErrorKind::ReadOnlyFilesystem
}

/// Writes into a lock who has it, for those who ask in vain. Without that they are told less.
fn sign(lock: &File) {
    let pid = std::process::id().to_string();
    let _ = rustix::fs::ftruncate(lock, 0);
    let _ = rustix::io::pwrite(lock, pid.as_bytes(), 0);
}

/// Who has a lock, as it says.
fn lock_holder(path: &Path) -> Option<u32> {
    let told = files::read_bounded(path, MAX_HOLDER_BYTES).ok()?;
    std::str::from_utf8(&told).ok()?.trim().parse().ok()
}

/// Takes a record's content away.
fn truncate_record(path: &Path) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    rustix::fs::open(path, flags | OFlags::NONBLOCK, Mode::empty())?;
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    match files::read_bounded(path, MAX_PAUSE_FILE_BYTES) {
        // What could not be removed was emptied.
        Ok(bytes) if bytes.is_empty() => Ok(None),
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Some(value)),
            Err(e) => Err(StoreError::Malformed(path.to_path_buf(), e.to_string())),
        },
        Err(FileReadError::Gone) => Ok(None),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn store(home: &Path) -> PauseStore {
        let env = Environment {
            home: home.into(),
            ..Environment::default()
        };
        PauseStore::from_env(&env)
    }

    #[test]
    fn a_lock_names_the_process_that_holds_it() {
        let home = tempfile::tempdir().expect("folder");
        let (store, id) = (store(home.path()), SessionId::new());
        let held = store.lock(id).expect("lockable");
        assert!(matches!(held, LockAttempt::Locked(_)));
        let again = store.lock(id).expect("lockable");
        let us = std::process::id();
        assert!(
            matches!(again, LockAttempt::Held(Some(pid)) if pid == us),
            "{again:?}"
        );
        drop(held);
        assert!(matches!(
            store.lock(id).expect("lockable"),
            LockAttempt::Locked(_)
        ));
    }

    #[test]
    fn a_record_of_a_later_form_is_not_acted_upon() {
        let home = tempfile::tempdir().expect("folder");
        let (store, id) = (store(home.path()), SessionId::new());
        store.make_folder().expect("made");
        fs::write(store.path(id), r#"{"version":99,"means":"other"}"#).expect("written");
        let told = store.read(id).expect_err("of a later form").to_string();
        assert!(told.contains("newer version"), "{told}");
        let aside = store.set_aside(id).expect("moved");
        assert!(aside.exists());
        assert_eq!(store.read(id).expect("gone"), None);
        assert_eq!(store.sessions().expect("readable"), []);
    }

    #[test]
    fn a_folder_without_leave_to_write_is_locked_and_emptied_as_it_is() {
        if rustix::process::geteuid().is_root() {
            crate::skip::skip("root may write whatever the modes are");
            return;
        }
        let home = tempfile::tempdir().expect("folder");
        let (store, id) = (store(home.path()), SessionId::new());
        store.make_folder().expect("made");
        fs::write(store.path(id), "{}").expect("written");
        let mode = |mode| {
            let modes = fs::Permissions::from_mode(mode);
            fs::set_permissions(store.folder(), modes).expect("changed");
        };
        mode(0o500);
        let locked = store.lock(id);
        let removed = store.remove(id);
        mode(0o700);
        assert!(matches!(locked.expect("lockable"), LockAttempt::Locked(_)));
        removed.expect("emptied");
        assert_eq!(store.read(id).expect("readable"), None);
        assert_eq!(store.sessions().expect("readable"), []);
    }
}
