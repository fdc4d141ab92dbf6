//! Where the running engine of this user listens. The folder that the engine file in the data
//! folder names is tried first, because the engine file is the same whatever login a program's
//! environment comes from; then the runtime folder.

use crate::environment::Environment;
use crate::socket_names::{self, LongSocketPath};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use trusty_fleet::System;
use trusty_fleet::identity::{MachineIdentity, ProcessKey};
use trusty_platform::files;
use trusty_platform::folder_lock::FolderLock;
use trusty_platform::{paths, sys};

/// The largest engine file that is read, in bytes.
const MAX_RECORD_BYTES: u64 = 64 << 10;
/// The name of the lock file in the runtime folder.
pub const RUNTIME_LOCK: &str = "lock";
/// The mode bits by which others may write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The content of the engine file, `engine.<boot id>` in the data folder: the leading engine's
/// description of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineRecord {
    /// The folder of the engine's sockets.
    pub socket_folder: PathBuf,
    /// The engine's process.
    #[serde(flatten)]
    pub process: ProcessKey,
    /// The engine's version.
    pub version: String,
    /// The pid namespace in which the engine's pid is valid, as [`MachineIdentity::domain`] names
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// The files and folders of a user's engines, on this machine and since its last boot.
#[derive(Debug, Clone)]
pub struct EnginePlaces {
    system: System,
    data_dir: PathBuf,
    runtime_dir: PathBuf,
    former_runtime_dirs: Vec<PathBuf>,
    machine: MachineIdentity,
}

impl EnginePlaces {
    /// The places that follow from an environment.
    pub fn new(env: &Environment, machine: &MachineIdentity) -> Self {
        Self {
            system: env.system,
            data_dir: env.data_dir(),
            runtime_dir: env.runtime_dir(machine.uid),
            former_runtime_dirs: env.former_runtime_dirs(machine.uid),
            machine: machine.clone(),
        }
    }

    /// The places that follow from an environment on this machine.
    ///
    /// # Errors
    /// The machine's identity cannot be read.
    pub fn find(env: &Environment) -> io::Result<Self> {
        Ok(Self::new(env, &sys::machine()?))
    }

    /// The user's uid.
    pub fn uid(&self) -> u32 {
        self.machine.uid
    }

    /// The machine's identity.
    pub fn machine(&self) -> &MachineIdentity {
        &self.machine
    }

    /// The folder of the files that outlast an engine.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The folder in which an engine with these places opens its sockets.
    pub fn runtime_dir(&self) -> &Path {
        &self.runtime_dir
    }

    /// The folders in which an engine of version 0.1.0 with this environment opens its sockets, if
    /// they are others.
    pub fn former_runtime_dirs(&self) -> impl Iterator<Item = &Path> {
        self.former_runtime_dirs.iter().map(PathBuf::as_path)
    }

    /// Takes the locks of engines of version 0.1.0 where this version uses other folders, and there
    /// are any; none while such an engine runs. No such engine starts while the locks are held.
    pub fn take_former_locks(&self) -> Option<Vec<FolderLock>> {
        let mut taken = Vec::new();
        for folder in self.former_runtime_dirs() {
            let lock = folder.join(RUNTIME_LOCK);
            if !paths::is_private(folder, self.machine.uid).unwrap_or(false) || !lock.is_file() {
                continue;
            }
            match FolderLock::try_take(&lock) {
                Ok(Some(lock)) => taken.push(lock),
                Ok(None) => return None,
                // A lock that cannot be opened is held by no engine of this user.
                Err(_) => {}
            }
        }
        Some(taken)
    }

    /// Checks that the sockets can be bound in the runtime folder.
    ///
    /// # Errors
    /// The path of a socket would be longer than the system allows.
    pub fn check_socket_length(&self) -> Result<(), LongSocketPath> {
        socket_names::check_length(&self.runtime_dir, self.system)
    }

    /// The operating system, on which the places depend.
    pub fn system(&self) -> System {
        self.system
    }

    /// The engine file, in which the leading engine names its sockets.
    pub fn record_path(&self) -> PathBuf {
        self.data_dir.join(format!("engine.{}", self.boot()))
    }

    /// The lock file of the leading engine.
    pub fn lock_path(&self) -> PathBuf {
        self.data_dir.join(format!("engine.{}.lock", self.boot()))
    }

    /// The boot id without characters that are unsafe in a file name.
    fn boot(&self) -> String {
        let letters = self.machine.boot.chars();
        letters
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect()
    }

    /// The leading engine's description of itself.
    ///
    /// None if there is no engine file, other users could have written it, or its process has ended
    /// or belongs to another pid namespace.
    pub fn record(&self) -> Option<EngineRecord> {
        let record = self.read_record()?;
        if !self.machine.shares_pids_with(record.domain.as_deref()) {
            return None;
        }
        let process = sys::stat(record.process.pid).ok()??;
        (process.start == record.process.start && !process.zombie).then_some(record)
    }

    /// Whether the engine file was written in another container that shares the data folder.
    pub fn is_led_from_another_namespace(&self) -> bool {
        let record = self.read_record();
        record.is_some_and(|record| !self.machine.shares_pids_with(record.domain.as_deref()))
    }

    fn read_record(&self) -> Option<EngineRecord> {
        let path = self.record_path();
        let meta = fs::symlink_metadata(&path).ok()?;
        if meta.uid() != self.machine.uid || meta.mode() & WRITABLE_BY_OTHERS != 0 {
            return None;
        }
        let bytes = files::read_bounded(&path, MAX_RECORD_BYTES).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Whether another live process claims to be the leading engine.
    pub fn has_other_leader(&self) -> bool {
        let pid = std::process::id();
        self.record()
            .is_some_and(|record| record.process.pid != pid)
    }

    /// The folders in which a running engine may listen, the likeliest first. Only this user can
    /// enter them.
    pub fn socket_folders(&self) -> Vec<PathBuf> {
        let named = self.record().map(|record| record.socket_folder);
        let mut folders: Vec<PathBuf> = named.into_iter().filter(|p| p.is_absolute()).collect();
        for folder in [&self.runtime_dir]
            .into_iter()
            .chain(&self.former_runtime_dirs)
        {
            if !folders.contains(folder) {
                folders.push(folder.clone());
            }
        }
        folders.retain(|folder| paths::is_private(folder, self.machine.uid).unwrap_or(false));
        folders
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    struct DiscoveryFixture {
        _dir: tempfile::TempDir,
        places: EnginePlaces,
        record: EngineRecord,
    }

    fn make_private(folder: PathBuf) -> PathBuf {
        fs::create_dir_all(&folder).expect("folder");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("chmod");
        folder
    }

    fn stage() -> DiscoveryFixture {
        let dir = tempfile::tempdir().expect("folder");
        let env = Environment {
            system: System::Linux,
            data_home: Some(dir.path().join("data")),
            runtime_home: Some(make_private(dir.path().join("run"))),
            ..Environment::default()
        };
        make_private(dir.path().join("data/trusty"));
        make_private(dir.path().join("run/trusty"));
        let places = EnginePlaces::find(&env).expect("a machine");
        let pid = std::process::id();
        let start = sys::stat(pid).expect("readable").expect("alive").start;
        let record = EngineRecord {
            socket_folder: make_private(dir.path().join("other")),
            process: ProcessKey { pid, start },
            version: "0.1.0".into(),
            domain: places.machine.domain(),
        };
        DiscoveryFixture {
            _dir: dir,
            places,
            record,
        }
    }

    impl DiscoveryFixture {
        fn write(&self, record: &EngineRecord) {
            let text = serde_json::to_vec(record).expect("JSON");
            let path = self.places.record_path();
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        }
    }

    #[test]
    fn the_engine_s_own_word_comes_before_the_runtime_folder() {
        let stage = stage();
        let runtime = stage.places.runtime_dir.clone();
        assert_eq!(stage.places.socket_folders(), [runtime.as_path()]);
        stage.write(&stage.record);
        let named = stage.record.socket_folder.as_path();
        assert_eq!(stage.places.socket_folders(), [named, &runtime]);
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(named, open).expect("chmod");
        assert_eq!(stage.places.socket_folders(), [runtime.as_path()]);
    }

    #[test]
    fn an_engine_file_that_is_stale_or_others_could_write_is_passed_over() {
        let stage = stage();
        stage.write(&stage.record);
        assert_eq!(stage.places.record().as_ref(), Some(&stage.record));
        let mut reused = stage.record.clone();
        reused.process.start.0 += 1;
        stage.write(&reused);
        assert_eq!(stage.places.record(), None, "another process of that pid");
        let mut elsewhere = stage.record.clone();
        elsewhere.domain = Some("linux::pid:[1]".into());
        stage.write(&elsewhere);
        let has_namespaces = stage.places.machine.pid_namespace.is_some();
        assert_eq!(
            stage.places.record().is_none(),
            has_namespaces,
            "of a container"
        );
        stage.write(&stage.record);
        let path = stage.places.record_path();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).expect("chmod");
        assert_eq!(stage.places.record(), None, "a group may write");
        for odd in ["", "{}", "[1]", r#"{"pid": -1}"#] {
            fs::remove_file(&path).expect("removed");
            fs::write(&path, odd).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
            assert_eq!(stage.places.record(), None, "{odd}");
        }
    }
}
