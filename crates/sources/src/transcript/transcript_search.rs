//! Finds a transcript, `<dir>/projects/<folder>/<session id>.jsonl`, where `<folder>` is derived
//! from the path in which Claude Code was started.

use crate::folders::{MAX_FOLDER_NAME_UNITS, folder_name};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use trusty_fleet::Timestamp;
use trusty_fleet::observation::{TranscriptKey, TranscriptSelector};
use trusty_platform::clock;
use trusty_platform::folder_access::{FolderAccess, PathLookup};

/// The shortest time between two searches of all folders.
const SEARCH_INTERVAL: Duration = Duration::from_secs(5);
/// The limit for the folders in one search.
const MAX_PROJECT_FOLDERS: usize = 10_000;

/// The search for one transcript.
#[derive(Debug)]
pub(super) struct TranscriptSearch {
    projects: PathBuf,
    which: TranscriptSelector,
    name: String,
    /// Whether `name` is the whole name of the folder, not only its beginning.
    exact: bool,
    found: Option<PathBuf>,
    searched: Option<Instant>,
    /// The project folders, and when the folder above them had changed last. Kept because listing a
    /// folder raises an event for its watchers, of which this process is one.
    listed: Option<(SystemTime, Vec<PathBuf>)>,
}

/// The age from which the time of a folder is reliable: a younger folder may change again within
/// one step of the file clock.
const FOLDER_SETTLED_AGE: Duration = Duration::from_secs(1);

impl TranscriptSearch {
    pub(super) fn new(key: &TranscriptKey, access: &FolderAccess) -> Self {
        // Claude Code resolves symbolic links before it derives the name of the folder. A folder
        // that is not looked at counts as free of links, as the kernel reports folders.
        let cwd = match access.resolve(&key.cwd) {
            PathLookup::Resolved(cwd) => cwd,
            PathLookup::Missing | PathLookup::Guarded(_) => key.cwd.clone(),
        };
        let name = folder_name(&cwd);
        Self {
            projects: key.dir.join("projects"),
            which: key.which.clone(),
            exact: name.len() < MAX_FOLDER_NAME_UNITS,
            name,
            found: None,
            searched: None,
            listed: None,
        }
    }

    /// The folder of all transcripts of the config folder.
    pub(super) fn projects(&self) -> &Path {
        &self.projects
    }

    /// The folder in which the transcript is, or is expected.
    pub(super) fn folder(&self) -> PathBuf {
        let found = self.found.as_deref().and_then(Path::parent);
        found.map_or_else(|| self.expected_path(), Path::to_path_buf)
    }

    fn expected_path(&self) -> PathBuf {
        self.projects.join(&self.name)
    }

    /// The path of the transcript, if it exists. `named` are the ids of transcripts wanted by id,
    /// which the search for the newest one skips.
    pub(super) fn path(&mut self, named: &BTreeSet<String>) -> Option<PathBuf> {
        self.found = match self.which.clone() {
            TranscriptSelector::Session(id) => self.session(&id),
            TranscriptSelector::NewestSince(since) => self.newest_unnamed(since, named),
        };
        self.found.clone()
    }

    fn session(&mut self, id: &str) -> Option<PathBuf> {
        if !is_id(id) {
            return None;
        }
        let file = format!("{id}.jsonl");
        let there = |path: &PathBuf| path.symlink_metadata().is_ok();
        let expected = self.expected_path().join(&file);
        if self.exact && there(&expected) {
            return Some(expected);
        }
        if let Some(found) = self.found.take().filter(there) {
            return Some(found);
        }
        if !self.may_search() {
            return None;
        }
        let paths = self.folders().iter().map(|folder| folder.join(&file));
        paths.filter(there).max_by_key(|path| modified(path))
    }

    fn newest_unnamed(&mut self, since: Timestamp, named: &BTreeSet<String>) -> Option<PathBuf> {
        let folders: Vec<PathBuf> = if self.exact {
            vec![self.expected_path()]
        } else {
            let beginning = self.name.clone();
            let begins = |folder: &&PathBuf| {
                let name = folder.file_name().and_then(|n| n.to_str());
                name.is_some_and(|n| n.starts_with(&beginning))
            };
            self.folders().iter().filter(begins).cloned().collect()
        };
        let files = folders
            .iter()
            .filter_map(|folder| fs::read_dir(folder).ok());
        let paths = files.flatten().flatten().map(|entry| entry.path());
        let ours = paths.filter(|path| {
            let stem = path
                .file_stem()
                .and_then(|s| s.to_str())
                .unwrap_or_default();
            path.extension().is_some_and(|e| e == "jsonl") && is_uuid(stem) && !named.contains(stem)
        });
        // When an older version resumes a session, it leaves an empty file of another name.
        let dated = ours.filter_map(|path| {
            let meta = path.symlink_metadata().ok()?;
            let written = meta.is_file() && meta.len() > 0;
            Some((meta.modified().ok().filter(|_| written)?, path))
        });
        dated
            .filter(|(at, _)| Timestamp::from(*at) >= since)
            .max()
            .map(|(_, path)| path)
    }

    fn may_search(&mut self) -> bool {
        let now = clock::instant();
        let due = self
            .searched
            .is_none_or(|at| now.duration_since(at) >= SEARCH_INTERVAL);
        if due {
            self.searched = Some(now);
        }
        due
    }

    fn folders(&mut self) -> &[PathBuf] {
        let changed = fs::metadata(&self.projects).and_then(|m| m.modified()).ok();
        let known = self.listed.as_ref().map(|(at, _)| *at);
        if known.is_none() || known != changed {
            let entries = fs::read_dir(&self.projects).into_iter().flatten();
            let all = entries
                .flatten()
                .map(|e| e.path())
                .take(MAX_PROJECT_FOLDERS)
                .collect();
            let settled = |at: &SystemTime| {
                let age = clock::wall().duration_since(*at);
                age.is_ok_and(|age| age > FOLDER_SETTLED_AGE)
            };
            let at = changed.filter(settled).unwrap_or(SystemTime::UNIX_EPOCH);
            self.listed = Some((at, all));
        }
        self.listed.as_ref().map_or(&[], |(_, all)| all)
    }
}

/// When a regular file was last written.
fn modified(path: &Path) -> Option<SystemTime> {
    let meta = path.symlink_metadata().ok()?;
    meta.is_file().then(|| meta.modified().ok())?
}

/// Whether an id is safe as a file name, so that it cannot lead to another folder.
fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !id.is_empty() && id.len() <= MAX_FOLDER_NAME_UNITS && id.chars().all(plain)
}

/// Whether a name is a UUID, as those of transcripts are and those of other files are not.
fn is_uuid(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    let digits = |part: &&str| part.bytes().all(|b| b.is_ascii_hexdigit());
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use trusty_fleet::System;

    const SESSION_ID: &str = "b6adf08c-67f9-4160-b13e-5c26fea070f5";
    const OTHER_SESSION_ID: &str = "6c334959-67f9-4160-b13e-5c26fea070f5";

    struct SearchFixture(tempfile::TempDir);

    impl SearchFixture {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("folder"))
        }

        fn root(&self) -> PathBuf {
            self.0.path().canonicalize().expect("root")
        }

        fn search(&self, cwd: &Path, which: TranscriptSelector) -> TranscriptSearch {
            let key = TranscriptKey {
                dir: self.root(),
                cwd: cwd.to_path_buf(),
                which,
            };
            TranscriptSearch::new(&key, &FolderAccess::new(System::Linux, self.root()))
        }

        fn transcript_path(&self, folder: &str, id: &str) -> PathBuf {
            let folder = self.root().join("projects").join(folder);
            fs::create_dir_all(&folder).expect("folder");
            let path = folder.join(format!("{id}.jsonl"));
            fs::write(&path, "{}\n").expect("file");
            path
        }
    }

    #[test]
    fn a_session_is_found_where_it_belongs_or_anywhere() {
        let place = SearchFixture::new();
        let home = place.root().join("real");
        fs::create_dir(&home).expect("real");
        symlink(&home, place.root().join("link")).expect("link");
        let which = TranscriptSelector::Session(SESSION_ID.into());
        let none = BTreeSet::new();
        let mut search = place.search(&place.root().join("link"), which.clone());
        assert_eq!(search.path(&none), None);
        let elsewhere = place.transcript_path("elsewhere", SESSION_ID);
        assert_eq!(search.path(&none), None, "not searched for again at once");
        let mut later = place.search(&home, which);
        assert_eq!(later.path(&none), Some(elsewhere));
        let expected = place.transcript_path(&folder_name(&home), SESSION_ID);
        assert_eq!(
            search.path(&none),
            Some(expected.clone()),
            "the link is followed"
        );
        assert_eq!(later.path(&none), Some(expected));
    }

    #[test]
    fn a_guarded_folder_of_a_session_is_not_resolved() {
        let place = SearchFixture::new();
        fs::create_dir_all(place.root().join("Documents/api")).expect("folders");
        symlink("api", place.root().join("Documents/link")).expect("link");
        let key = |cwd: &str| TranscriptKey {
            dir: place.root(),
            cwd: place.root().join(cwd),
            which: TranscriptSelector::Session(SESSION_ID.into()),
        };
        let expected = |system, cwd: &str| {
            let access = FolderAccess::new(system, place.root());
            let search = TranscriptSearch::new(&key(cwd), &access);
            let folder = search.folder();
            folder.file_name().expect("named").to_owned()
        };
        let named = |cwd: &str| folder_name(&place.root().join(cwd));
        let link = "Documents/link";
        assert_eq!(*expected(System::Linux, link), *named("Documents/api"));
        assert_eq!(*expected(System::Mac, link), *named(link), "not looked at");
        let api = "Documents/api";
        assert_eq!(*expected(System::Mac, api), *named(api));
    }

    #[test]
    fn a_long_name_is_found_by_a_search() {
        let place = SearchFixture::new();
        let cwd = PathBuf::from("/long".repeat(60));
        let name = folder_name(&cwd);
        let path = place.transcript_path(&format!("{name}-c6gz2v"), SESSION_ID);
        let mut search = place.search(&cwd, TranscriptSelector::Session(SESSION_ID.into()));
        assert_eq!(search.path(&BTreeSet::new()), Some(path.clone()));
        let epoch = TranscriptSelector::NewestSince(Timestamp::from_millis(0));
        assert_eq!(place.search(&cwd, epoch).path(&BTreeSet::new()), Some(path));
    }

    #[test]
    fn the_newest_is_one_nobody_asks_for_by_name() {
        let place = SearchFixture::new();
        let cwd = Path::new("/nowhere/at.all");
        let mut search = place.search(
            cwd,
            TranscriptSelector::NewestSince(Timestamp::from_millis(0)),
        );
        assert_eq!(search.path(&BTreeSet::new()), None);
        let path = place.transcript_path("-nowhere-at-all", SESSION_ID);
        for odd in ["agent-1", "summary", "6c334959-67f9"] {
            place.transcript_path("-nowhere-at-all", odd);
        }
        fs::write(
            place.transcript_path("-nowhere-at-all", OTHER_SESSION_ID),
            "",
        )
        .expect("empty");
        assert_eq!(search.path(&BTreeSet::new()), Some(path));
        assert_eq!(search.path(&BTreeSet::from([SESSION_ID.to_owned()])), None);
        let ahead = Timestamp::from(clock::wall() + Duration::from_mins(1));
        let mut later = place.search(cwd, TranscriptSelector::NewestSince(ahead));
        assert_eq!(later.path(&BTreeSet::new()), None, "written before");
    }

    #[test]
    fn an_id_names_no_other_file() {
        let place = SearchFixture::new();
        place.transcript_path("-a", OTHER_SESSION_ID);
        for odd in ["", "..", "../-a/x", "a/b", "/etc/passwd", "a\0"] {
            let mut search = place.search(Path::new("/a"), TranscriptSelector::Session(odd.into()));
            assert_eq!(search.path(&BTreeSet::new()), None, "{odd:?}");
        }
    }
}
