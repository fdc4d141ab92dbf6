//! Claude Code's own registry, `<config>/sessions/<pid>.json`. Claude Code writes each file in
//! place, and leaves it behind when killed. The files are only read; the `.key` files beside them
//! hold secrets and are never opened.

mod decode;

pub use decode::decode;
pub use trusty_fleet::unknown_words::NOT_UNDERSTOOD_STATUS;

use super::watch::{SourceWatcher, WatchEvent, WatchedFolder};
use super::{ObservationSender, Shutdown, SourceConfig};
use crate::observation_source::{FactSink, ObservationSource, ScanProgress, ScanRound, ScanStage};
use decode::RegistryDecodeError;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};
use tokio::sync::watch::Receiver;
use trusty_fleet::Fact;
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::observation::{
    FolderFacts, FolderIdentity, FolderOrigin, HealthKey, RegistryEntry, RegistryFile,
};
use trusty_fleet::session::Source;
use trusty_platform::file_identity::FileIdentity;
use trusty_platform::files::{self, FileReadError};
use trusty_platform::trusted_path::{PathRefusal, check_folder};
use trusty_platform::{clock, sys};

/// The problem of a folder that does not answer, as on a file server that is gone.
const SILENT_FOLDER_MESSAGE: &str = "the folder did not respond within 1 s; its sessions may be \
                             out of date until the folder responds";
/// What a problem of the list of processes is about, in place of a folder.
const PROCESS_TABLE_SUBJECT: &str = "process table";
/// The limit for a registry file; a real one is smaller than 1 KiB.
const MAX_REGISTRY_FILE_BYTES: u64 = 64 * 1024;
/// The delays before a half-written file is read again; after the last one it counts as broken.
const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(120),
];

/// Distinguishes a changed file from one that was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RegistryStamp {
    inode: u64,
    len: u64,
    modified: SystemTime,
}

/// The age from which a stamp is reliable. The kernel dates files in steps of up to 10 ms, so two
/// writes within one step look the same.
const FILE_CLOCK_STEP: Duration = Duration::from_millis(100);

impl RegistryStamp {
    fn from_metadata(meta: &fs::Metadata) -> Self {
        let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Self {
            inode: meta.ino(),
            len: meta.len(),
            modified,
        }
    }

    /// Whether a later write would show in the stamp.
    fn is_settled(&self) -> bool {
        clock::wall()
            .duration_since(self.modified)
            .is_ok_and(|age| age > FILE_CLOCK_STEP)
    }
}

/// A file as it was last read.
#[derive(Debug)]
struct CachedEntry {
    stamp: RegistryStamp,
    settled: bool,
    /// The content last reported; `None` until a new file has been read whole.
    told: Option<RegistryEntry>,
}

/// Why the content of a file is unknown.
enum RegistryReadFailure {
    /// The file may be half written.
    Malformed(RegistryDecodeError),
    /// A later read may succeed, even if the file is the same.
    Unreadable(FileReadError),
}

/// Whether an unchanged stamp proves that a file is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StampTrust {
    Trusted,
    /// An event reported a change.
    Untrusted,
}

/// The registry folders, and what was read and reported of each file.
#[derive(Debug)]
pub struct RegistrySource {
    configured: BTreeSet<PathBuf>,
    /// Folders that live sessions name.
    named: BTreeSet<PathBuf>,
    read: BTreeMap<RegistryFile, CachedEntry>,
    keys: BTreeSet<RegistryFile>,
    /// Files to read again, and the number of attempts so far.
    half_written: BTreeMap<RegistryFile, usize>,
    broken: BTreeMap<String, String>,
    /// The facts last reported of each folder.
    told_folders: BTreeMap<PathBuf, FolderFacts>,
    /// Folders that are not read because other users could change their content.
    refused: BTreeSet<PathBuf>,
    /// Config folders that did not answer at the last scan.
    silent: BTreeSet<PathBuf>,
    list_folder: FolderLister,
}

/// Lists a folder, unless another user could change its content.
type FolderLister = fn(&Path) -> Result<io::Result<Vec<PathBuf>>, PathRefusal>;

fn list_folder(folder: &Path) -> Result<io::Result<Vec<PathBuf>>, PathRefusal> {
    match check_folder(folder) {
        Err(refusal) if refusal.is_distrust() => return Err(refusal),
        _ => {}
    }
    let entries = fs::read_dir(folder);
    Ok(entries.map(|entries| entries.flatten().map(|entry| entry.path()).collect()))
}

impl RegistrySource {
    /// Will read the registries of these config folders.
    pub fn new(dirs: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            configured: dirs.into_iter().collect(),
            named: BTreeSet::new(),
            read: BTreeMap::new(),
            keys: BTreeSet::new(),
            half_written: BTreeMap::new(),
            broken: BTreeMap::new(),
            told_folders: BTreeMap::new(),
            refused: BTreeSet::new(),
            silent: BTreeSet::new(),
            list_folder,
        }
    }

    /// Replaces the set of config folders that live sessions name, and returns whether any is new.
    /// Folders that no session names any more are not read again.
    pub fn set_named_folders(&mut self, named: &BTreeSet<PathBuf>) -> bool {
        let new = !named.iter().all(|dir| self.looks_into(dir));
        self.named.clone_from(named);
        new
    }

    fn reads_folder(&self, dir: &Path) -> bool {
        self.looks_into(dir) && !self.refused.contains(dir)
    }

    fn looks_into(&self, dir: &Path) -> bool {
        self.configured.contains(dir) || self.named.contains(dir)
    }

    fn dirs(&self) -> BTreeSet<PathBuf> {
        self.configured.union(&self.named).cloned().collect()
    }

    /// The folders that are read and whether the user or a session named each, as far as this has
    /// changed.
    pub fn identify(&mut self) -> Vec<Fact> {
        let dirs = self.dirs().into_iter();
        let now: BTreeMap<PathBuf, FolderFacts> = dirs
            .map(|dir| {
                let found =
                    files::with_folder_timeout(&dir, |dir| FileIdentity::of_target(dir).ok());
                let identity = found.map(|f| FolderIdentity {
                    device: f.device,
                    inode: f.inode,
                });
                let origin = if self.configured.contains(&dir) {
                    FolderOrigin::User
                } else {
                    FolderOrigin::Session
                };
                (dir, FolderFacts { identity, origin })
            })
            .collect();
        let news = now
            .iter()
            .filter(|(dir, facts)| self.told_folders.get(*dir) != Some(facts))
            .map(|(dir, facts)| Fact::ConfigFolder(dir.clone(), *facts));
        let news = news.collect();
        self.told_folders = now;
        news
    }

    /// Scans all folders and reads the files that changed. Files of dead processes are not even
    /// opened.
    pub fn scan(&mut self) -> Vec<Fact> {
        let processes = Path::new(PROCESS_TABLE_SUBJECT);
        let alive: BTreeSet<u32> = match sys::pids() {
            Ok(pids) => pids.into_iter().collect(),
            // All entries stay as they are: without the list of pids, no process is known to have
            // ended.
            Err(e) => {
                return self
                    .note_failure(processes, format!("could not list processes: {e}"))
                    .into_iter()
                    .collect();
            }
        };
        let mut facts: Vec<Fact> = self.note_recovery(processes).into_iter().collect();
        let mut there = BTreeSet::new();
        for dir in self.dirs() {
            let folder = dir.join("sessions");
            let list_folder = self.list_folder;
            let entries = match files::with_folder_timeout(&folder, move |folder| {
                Some(list_folder(folder))
            }) {
                None => {
                    facts.extend(self.note_failure(&folder, SILENT_FOLDER_MESSAGE.to_owned()));
                    // What the files said last holds until they can be read again.
                    there.extend(self.read.keys().filter(|f| f.dir == dir).cloned());
                    self.silent.insert(dir);
                    continue;
                }
                Some(Err(refusal)) => {
                    facts.extend(
                        self.note_failure(&folder, FileReadError::from(refusal).to_string()),
                    );
                    self.silent.remove(&dir);
                    self.refused.insert(dir);
                    continue;
                }
                Some(Ok(entries)) => entries,
            };
            self.refused.remove(&dir);
            self.silent.remove(&dir);
            let entries = match entries {
                Ok(entries) => entries,
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    facts.extend(self.note_recovery(&folder));
                    continue;
                }
                Err(e) => {
                    facts.extend(
                        self.note_failure(&folder, format!("could not list the folder: {e}")),
                    );
                    there.extend(self.read.keys().filter(|f| f.dir == dir).cloned());
                    continue;
                }
            };
            facts.extend(self.note_recovery(&folder));
            for path in entries {
                match file_of(&dir, &path) {
                    Some(RegistryFileKind::Entry(file)) if alive.contains(&file.pid) => {
                        there.insert(file.clone());
                        facts.extend(self.read_file(&file, StampTrust::Trusted));
                    }
                    Some(RegistryFileKind::Key(file)) if alive.contains(&file.pid) => {
                        facts.extend(self.note_key(file));
                    }
                    _ => {}
                }
            }
        }
        let gone: Vec<_> = self
            .read
            .keys()
            .filter(|f| !there.contains(f))
            .cloned()
            .collect();
        facts.extend(gone.into_iter().flat_map(|file| self.forget_file(&file)));
        self.keys.retain(|file| alive.contains(&file.pid));
        facts
    }

    /// Reads one path that an event named.
    fn read_changed_path(&mut self, path: &Path) -> Vec<Fact> {
        let Some(dir) = path.parent().and_then(Path::parent) else {
            return Vec::new();
        };
        match file_of(dir, path) {
            Some(RegistryFileKind::Entry(file)) if self.reads_folder(dir) => {
                self.read_file(&file, StampTrust::Untrusted)
            }
            Some(RegistryFileKind::Key(file)) if self.reads_folder(dir) && path.exists() => {
                self.note_key(file).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Reads a file, unless its stamp is trusted and unchanged.
    fn read_file(&mut self, file: &RegistryFile, trust: StampTrust) -> Vec<Fact> {
        let path = path_of(file);
        let Some(meta) = self.look_at(&path, &file.dir, |path| fs::symlink_metadata(path)) else {
            return Vec::new();
        };
        let stamp = match meta {
            Ok(meta) => RegistryStamp::from_metadata(&meta),
            Err(_) => return self.forget_file(file),
        };
        let known = self.read.get(file);
        let unchanged = known.is_some_and(|k| k.stamp == stamp && k.settled);
        if trust == StampTrust::Trusted && unchanged && !self.half_written.contains_key(file) {
            return Vec::new();
        }
        let before = known.and_then(|k| k.told.clone());
        let read = self.look_at(&path, &file.dir, |path| {
            files::read_bounded(path, MAX_REGISTRY_FILE_BYTES)
        });
        let Some(read) = read else {
            return Vec::new();
        };
        let outcome = match read {
            Ok(bytes) => decode(&bytes).map_err(RegistryReadFailure::Malformed),
            Err(FileReadError::Gone) => return self.forget_file(file),
            Err(e) => Err(RegistryReadFailure::Unreadable(e)),
        };
        let settled =
            stamp.is_settled() && !matches!(outcome, Err(RegistryReadFailure::Unreadable(_)));
        let known = CachedEntry {
            stamp,
            settled,
            told: before.clone(),
        };
        self.read.insert(file.clone(), known);
        let problem = match &outcome {
            Ok(_) => None,
            Err(RegistryReadFailure::Malformed(_))
                if self.retry_count(file) < RETRY_DELAYS.len() =>
            {
                *self.half_written.entry(file.clone()).or_default() += 1;
                return Vec::new();
            }
            Err(RegistryReadFailure::Malformed(e)) => Some(e.to_string()),
            Err(RegistryReadFailure::Unreadable(e)) => Some(e.to_string()),
        };
        self.half_written.remove(file);
        let entry = outcome.unwrap_or_else(|_| not_understood(before.as_ref()));
        let mut facts: Vec<Fact> = self.report_entry(file, entry).into_iter().collect();
        facts.extend(match problem {
            None => self.note_recovery(&path),
            Some(told) => self.note_failure(&path, told),
        });
        facts
    }

    /// What `look` finds at a path. `None` if the folder is named only by sessions and does not
    /// answer.
    fn look_at<T: Send + 'static>(
        &self,
        path: &Path,
        dir: &Path,
        look: fn(&Path) -> T,
    ) -> Option<T> {
        if self.configured.contains(dir) {
            Some(look(path))
        } else {
            files::with_folder_timeout(path, move |path| Some(look(path)))
        }
    }

    /// The content of a file, if it is not the content last reported.
    fn report_entry(&mut self, file: &RegistryFile, entry: RegistryEntry) -> Option<Fact> {
        let known = self.read.get_mut(file)?;
        if known.told.as_ref() == Some(&entry) {
            return None;
        }
        known.told = Some(entry.clone());
        Some(Fact::Registry(file.clone(), Box::new(entry)))
    }

    fn retry_count(&self, file: &RegistryFile) -> usize {
        self.half_written.get(file).copied().unwrap_or(0)
    }

    /// How long to wait before half-written files are read again.
    fn retry_delay(&self) -> Option<Duration> {
        let tries = self.half_written.values().min()?;
        RETRY_DELAYS.get(tries.saturating_sub(1)).copied()
    }

    fn retry_once(&mut self) -> Vec<Fact> {
        let files: Vec<_> = self.half_written.keys().cloned().collect();
        files
            .iter()
            .flat_map(|file| self.read_file(file, StampTrust::Untrusted))
            .collect()
    }

    /// Reads half-written files again, for up to 150 ms, until each is understood or counts as
    /// broken.
    pub async fn retry_half_written(&mut self) -> Vec<Fact> {
        let mut facts = Vec::new();
        while let Some(pause) = self.retry_delay() {
            clock::sleep(pause).await;
            facts.extend(self.retry_once());
        }
        facts
    }

    fn note_key(&mut self, file: RegistryFile) -> Option<Fact> {
        self.keys
            .insert(file.clone())
            .then_some(Fact::RegistryKey(file))
    }

    fn forget_file(&mut self, file: &RegistryFile) -> Vec<Fact> {
        self.half_written.remove(file);
        if self.read.remove(file).is_none() {
            return Vec::new();
        }
        let mut facts = vec![Fact::RegistryGone(file.clone())];
        facts.extend(self.note_recovery(&path_of(file)));
        facts
    }

    fn note_failure(&mut self, path: &Path, told: String) -> Option<Fact> {
        let subject = path.display().to_string();
        if self.broken.get(&subject) == Some(&told) {
            return None;
        }
        self.broken.insert(subject.clone(), told.clone());
        Some(Fact::Health(
            HealthKey {
                source: Source::Registry,
                subject,
            },
            Some(told),
        ))
    }

    fn note_recovery(&mut self, path: &Path) -> Option<Fact> {
        let subject = path.display().to_string();
        self.broken.remove(&subject)?;
        Some(Fact::Health(
            HealthKey {
                source: Source::Registry,
                subject,
            },
            None,
        ))
    }

    fn folders(&self) -> impl Iterator<Item = WatchedFolder> {
        // Silent folders are left out, because adding a watch would hang as well.
        let answering = self.dirs().into_iter();
        let answering = answering.filter(|dir| !self.silent.contains(dir));
        answering.map(|dir| WatchedFolder::single(dir.join("sessions")))
    }
}

/// The entry reported for a file that exists and is not understood: identity and names stay as
/// before, and [`NOT_UNDERSTOOD_STATUS`] replaces the status.
pub fn not_understood(before: Option<&RegistryEntry>) -> RegistryEntry {
    RegistryEntry {
        status: Some(NOT_UNDERSTOOD_STATUS.to_owned()),
        waiting_for: None,
        status_updated_at: None,
        ..before.cloned().unwrap_or_default()
    }
}

/// What a file in a registry folder is, according to its name.
enum RegistryFileKind {
    Entry(RegistryFile),
    Key(RegistryFile),
}

fn file_of(dir: &Path, path: &Path) -> Option<RegistryFileKind> {
    let name = path.file_name()?.to_str()?;
    let (pid, rest) = name.split_once('.')?;
    let ending = name.rsplit('.').next();
    // A pid as Claude Code writes it: digits without a sign or leading zeros.
    let pid: u32 = pid.parse().ok().filter(|n: &u32| n.to_string() == pid)?;
    let file = RegistryFile {
        dir: dir.to_path_buf(),
        pid,
    };
    if rest == "json" {
        Some(RegistryFileKind::Entry(file))
    } else {
        (ending == Some("key")).then_some(RegistryFileKind::Key(file))
    }
}

fn path_of(file: &RegistryFile) -> PathBuf {
    file.dir.join("sessions").join(format!("{}.json", file.pid))
}

impl ObservationSource for RegistrySource {
    const THREAD_NAME: &'static str = "trusty-registry";
    const SCAN_STAGE: ScanStage = ScanStage::Discovery;

    async fn scan(
        &mut self,
        round: ScanRound,
        wanted: &SourceDemand,
        sink: &mut FactSink<'_>,
    ) -> ScanProgress {
        let is_new = self.set_named_folders(&wanted.config_dirs);
        if round == ScanRound::Later && !is_new {
            return ScanProgress::Nothing;
        }
        let mut facts = self.identify();
        facts.extend(Self::scan(self));
        facts.extend(self.retry_half_written().await);
        sink(facts);
        ScanProgress::Read
    }

    async fn run(self, orders: Receiver<SourceConfig>, out: ObservationSender) -> Shutdown {
        run_registry_source(self, orders, out).await
    }
}

/// Reports changes as they happen, and scans everything from time to time.
async fn run_registry_source(
    mut registry: RegistrySource,
    mut orders: Receiver<SourceConfig>,
    out: ObservationSender,
) -> Shutdown {
    let mut watch = SourceWatcher::new(Source::Registry);
    loop {
        registry.set_named_folders(&orders.borrow_and_update().wanted.config_dirs);
        let mut facts = registry.identify();
        // A folder that appears between the scan and the watch is found by scanning again.
        loop {
            facts.extend(registry.scan());
            if !watch.set_folders(registry.folders()) {
                break;
            }
        }
        facts.extend(watch.health());
        if let Err(ended) = out.send(facts).await {
            return ended;
        }
        let rescan = watch.is_blind().then_some(Duration::from_secs(2));
        let rescan = rescan.unwrap_or(orders.borrow().cadence.registry);
        match follow_changes(&mut registry, &mut watch, &mut orders, &out, rescan).await {
            Ok(()) => {}
            Err(ended) => return ended,
        }
    }
}

/// Reads single changes until the next scan of everything is due.
async fn follow_changes(
    registry: &mut RegistrySource,
    watch: &mut SourceWatcher,
    orders: &mut Receiver<SourceConfig>,
    out: &ObservationSender,
    rescan: Duration,
) -> Result<(), Shutdown> {
    let timer = clock::sleep(rescan);
    tokio::pin!(timer);
    loop {
        let pause = registry.retry_delay();
        let facts = tokio::select! {
            noticed = watch.next() => match noticed {
                WatchEvent::Path(path) => registry.read_changed_path(&path),
                WatchEvent::Anything => return Ok(()),
            },
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {
                registry.retry_once()
            }
            changed = orders.changed() => {
                changed.map_err(|_| Shutdown)?;
                let dirs = orders.borrow_and_update().wanted.config_dirs.clone();
                if registry.set_named_folders(&dirs) {
                    return Ok(());
                }
                continue;
            }
            () = &mut timer => return Ok(()),
        };
        out.send(facts).await?;
    }
}

#[cfg(test)]
mod tests;
