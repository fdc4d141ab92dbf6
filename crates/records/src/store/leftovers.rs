//! Removes what killed programs of Trusty Bar left beside the records.

use super::{LockAttempt, PauseStore, StoreError, read, remove};
use std::collections::BTreeSet;
use trusty_fleet::SessionId;
use trusty_fleet::pause::PauseRecord;
use trusty_platform::leftover_files::{half_written_by, is_gone, named_pid};

/// A file beside the records that may be left over.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LeftoverFile {
    /// `<session>.json.<pid>.new`, `<session>.<pid>.gate.<pid>.new`: not written to the end.
    Unfinished,
    /// `<session>.<pid>.gate`: the gate of a hook that waited.
    Gate,
    /// `<session>.lock`
    Lock,
}

impl LeftoverFile {
    /// Parses a file name into the session, the kind of file, and the process that made it if the
    /// name has its pid.
    fn parse_name(name: &str) -> Option<(SessionId, Self, Option<u32>)> {
        let (id, rest) = name.split_once('.')?;
        let id = SessionId(id.parse().ok()?);
        if rest == "lock" {
            return Some((id, Self::Lock, None));
        }
        if let Some(pid) = named_pid(rest, "", ".gate") {
            return Some((id, Self::Gate, Some(pid)));
        }
        let (whole, pid) = half_written_by(rest)?;
        let is_ours = whole == "json" || named_pid(whole, "", ".gate").is_some();
        is_ours.then_some((id, Self::Unfinished, Some(pid)))
    }
}

impl PauseStore {
    /// Removes unfinished files and, where there is no record, locks and gates. Files that a living
    /// process may need stay, and so does every file of a session whose lock is held. Records whose
    /// pause has ended are removed, too.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub fn clean_leftovers(&self) -> Result<(), StoreError> {
        let named = |name: &str| Some((name.to_owned(), LeftoverFile::parse_name(name)?));
        let left = self.listed_names(named)?;
        let sessions: BTreeSet<SessionId> = left.iter().map(|(_, (id, ..))| *id).collect();
        for id in sessions {
            let has_record = self.path(id).symlink_metadata().is_ok();
            let of_session = left.iter().filter(|(_, (other, ..))| *other == id);
            let due: Vec<&String> = of_session
                .filter(|(_, (_, kind, pid))| {
                    pid.is_none_or(is_gone) && (*kind == LeftoverFile::Unfinished || !has_record)
                })
                .map(|(name, _)| name)
                .collect();
            if due.is_empty() {
                continue;
            }
            // A process that works on the session has the lock and may need its files.
            let LockAttempt::Locked(lock) = self.lock(id)? else {
                continue;
            };
            for name in due {
                remove(&self.folder.join(name))?;
            }
            if self.path(id).symlink_metadata().is_err() {
                remove(&self.lock_path(id))?;
            }
            drop(lock);
        }
        self.clean_released()
    }

    /// Removes records of pauses that ended while nothing could be written.
    fn clean_released(&self) -> Result<(), StoreError> {
        let named = |name: &str| Some(SessionId(name.strip_suffix(".json")?.parse().ok()?));
        for id in self.listed_names(named)? {
            let has_ended = |record: &PauseRecord| self.is_released(record);
            let record = read::<PauseRecord>(&self.path(id)).ok().flatten();
            if record.as_ref().is_some_and(has_ended)
                && let LockAttempt::Locked(_lock) = self.lock(id)?
            {
                self.remove(id)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;
    use trusty_wire::environment::Environment;

    /// Above the largest pid that any system assigns.
    const GONE_PID: u32 = 4_194_305;

    fn store(root: &Path) -> PauseStore {
        PauseStore::from_env(&Environment {
            home: root.to_path_buf(),
            ..Environment::default()
        })
    }

    fn names(store: &PauseStore) -> Vec<String> {
        let entries = fs::read_dir(store.folder()).expect("listed").flatten();
        let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_program_left_beside_the_records_is_removed() {
        let root = tempfile::tempdir().expect("folder");
        let store = store(root.path());
        let own = std::process::id();
        let id = SessionId::default();
        store.make_folder().expect("folder");
        let kept = [
            format!("{id}.json.{own}.new"),
            format!("{id}.{own}.gate"),
            // Names that Trusty Bar does not use.
            format!("{id}.json.{GONE_PID}.new.txt"),
            format!("{id}.json.0{GONE_PID}.new"),
            format!("{id}.toml.{GONE_PID}.new"),
            format!("notes.json.{GONE_PID}.new"),
            "notes.lock".to_owned(),
        ];
        let gone = [
            format!("{id}.json.{GONE_PID}.new"),
            format!("{id}.{GONE_PID}.gate"),
            format!("{id}.{GONE_PID}.gate.{GONE_PID}.new"),
            format!("{id}.lock"),
            format!("{}.lock", SessionId::default()),
        ];
        for name in kept.iter().chain(&gone) {
            fs::write(store.folder().join(name), "x").expect("written");
        }
        store.clean_leftovers().expect("cleaned");
        let mut kept = kept.to_vec();
        kept.sort();
        assert_eq!(names(&store), kept);
    }

    #[test]
    fn what_belongs_to_a_record_or_is_worked_on_stays() {
        let root = tempfile::tempdir().expect("folder");
        let store = store(root.path());
        let (recorded, locked) = (SessionId::default(), SessionId::default());
        store.make_folder().expect("folder");
        let mut kept = vec![
            format!("{recorded}.json"),
            format!("{recorded}.lock"),
            format!("{recorded}.{GONE_PID}.gate"),
            format!("{locked}.json.{GONE_PID}.new"),
            format!("{locked}.lock"),
        ];
        let half = format!("{recorded}.json.{GONE_PID}.new");
        for name in kept.iter().chain([&half]) {
            fs::write(store.folder().join(name), "{}").expect("written");
        }
        let lock = store.lock(locked).expect("a lock");
        assert!(matches!(lock, LockAttempt::Locked(_)), "{lock:?}");
        store.clean_leftovers().expect("cleaned");
        kept.sort();
        assert_eq!(names(&store), kept, "only the unfinished record is removed");
        drop(lock);
        store.clean_leftovers().expect("cleaned");
        assert_eq!(names(&store).len(), 3);
    }

    #[test]
    fn without_a_folder_nothing_is_left_over() {
        let root = tempfile::tempdir().expect("folder");
        store(root.path()).clean_leftovers().expect("nothing to do");
        assert!(!root.path().join("trusty").exists());
    }
}
