//! The marks that hooks leave of the sessions they run in: what shows that a hold will hold.
//!
//! `<data>/hook-marks/connected.json` names the newest connect; `<session>.<connect>.mark` is left
//! by the first hook of that session since. All are the user's alone (0600 in 0700).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};
use trusty_fleet::SessionId;
use trusty_fleet::identity::{MachineIdentity, ProcessKey};
use trusty_fleet::observation::HookMarks;
use trusty_fleet::time::rfc3339;
use trusty_platform::files::{self, FileReadError};
use trusty_platform::{clock, paths, sys};
use trusty_wire::environment::Environment;
use trusty_wire::hook_program;

/// The largest file of ours here that is read, in bytes.
const MAX_MARK_FILE_BYTES: u64 = 4096;
/// The most marks that are told of.
const MAX_MARKS: usize = 4096;
/// The file that names the newest connect.
const CONNECT_FILE: &str = "connected.json";
/// How long the mark of another machine's or container's session is kept.
const FOREIGN_MARK_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// Where the marks are.
#[derive(Debug, Clone)]
pub struct MarkFolder {
    folder: PathBuf,
    program: PathBuf,
}

/// The newest connect, as it is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ConnectStamp {
    /// Told from every other.
    connect: String,
    /// When hooks began to leave marks of it, by the wall clock.
    #[serde(with = "rfc3339")]
    since: SystemTime,
    /// The hook program that leaves them. One that another version has put in its place may not.
    program: ProgramStamp,
}

/// A file as it was put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct ProgramStamp {
    inode: u64,
    bytes: u64,
    modified_ns: i64,
}

/// What a mark says of the process it is about.
#[derive(Debug, Serialize, Deserialize)]
struct MarkedProcess {
    process: ProcessKey,
    boot: String,
    domain: Option<String>,
}

impl MarkFolder {
    /// That of these surroundings.
    pub fn new(env: &Environment) -> Self {
        Self {
            folder: env.data_dir().join("hook-marks"),
            program: hook_program::program(env),
        }
    }

    /// The folder, which may not exist yet.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins anew: the marks of earlier connects count no more.
    ///
    /// # Errors
    /// If the folder cannot be made or written to, or the hook program is not there.
    pub fn begin(&self) -> io::Result<()> {
        let since = clock::wall();
        let nanos = since
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        self.write_stamp(&ConnectStamp {
            connect: format!("{nanos:x}-{:x}", std::process::id()),
            since,
            program: self.program_identity()?,
        })
    }

    /// Keeps the marks, now that the hook program was renewed. Those of a program that left none
    /// may be missing, so silence counts from now on.
    ///
    /// # Errors
    /// If the folder cannot be written to, or the hook program is not there.
    pub fn follow_program(&self, before: Option<MarkingProgram>) -> io::Result<()> {
        let (Some(before), Some(mut stamp)) = (before, self.connect_stamp()) else {
            return self.begin();
        };
        stamp.program = self.program_identity()?;
        if before == MarkingProgram::Unknown {
            stamp.since = clock::wall();
        }
        self.write_stamp(&stamp)
    }

    /// Whether the hook program that is in place leaves marks; none if no hooks were connected
    /// since hooks leave marks.
    pub fn marking_program(&self) -> Option<MarkingProgram> {
        let stamp = self.connect_stamp()?;
        let known = self.program_identity().is_ok_and(|is| is == stamp.program);
        Some(if known {
            MarkingProgram::Known
        } else {
            MarkingProgram::Unknown
        })
    }

    /// Ends the leaving of marks: nothing is connected any more.
    pub fn end(&self) {
        let _ = fs::remove_file(self.folder.join(CONNECT_FILE));
        for (path, ..) in self.marks() {
            let _ = fs::remove_file(path);
        }
    }

    /// Leaves a mark of a session, if it has none of this connect. What cannot be written is only
    /// not seen.
    pub fn write_mark(&self, machine: &MachineIdentity, client: ProcessKey) {
        let Some(stamp) = self.connect_stamp() else {
            return;
        };
        let session = machine.session_id(client);
        let path = self.mark_path(session, &stamp.connect);
        if path.symlink_metadata().is_ok() {
            return;
        }
        let mark = MarkedProcess {
            process: client,
            boot: machine.boot.clone(),
            domain: machine.domain(),
        };
        let written = serde_json::to_vec(&mark).map_err(io::Error::from);
        let _ = written.and_then(|bytes| {
            paths::private_dir(&self.folder, machine.uid)?;
            files::write_whole(&path, &bytes)
        });
    }

    /// The sessions that have a mark of the newest connect.
    pub fn read(&self) -> HookMarks {
        if self.marking_program() != Some(MarkingProgram::Known) {
            return HookMarks::default();
        }
        let Some(stamp) = self.connect_stamp() else {
            return HookMarks::default();
        };
        let newest = self.marks().into_iter();
        let newest = newest.filter(|(_, _, connect)| *connect == stamp.connect);
        HookMarks {
            since: Some(stamp.since.into()),
            sessions: newest.map(|(_, session, _)| session).collect(),
        }
    }

    /// Removes the marks of sessions that have ended and of earlier connects, and what was left
    /// half written.
    pub fn clean(&self) {
        let Ok(machine) = sys::machine() else {
            return;
        };
        let stamp = self.connect_stamp();
        let newest = |connect: &str| stamp.as_ref().is_some_and(|s| s.connect == connect);
        for (path, _, connect) in self.marks() {
            if !newest(&connect) || !may_live(&path, &machine) {
                let _ = fs::remove_file(path);
            }
        }
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries {
            let half = entry.path().extension().is_some_and(|e| e == "new");
            let age = entry.metadata().ok().and_then(|m| file_age(&m));
            if half && age.is_some_and(|age| age > FOREIGN_MARK_LIFETIME) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn marks(&self) -> Vec<(PathBuf, SessionId, String)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let marks = entries.filter_map(|entry| {
            let name = entry.file_name();
            let (session, rest) = name.to_str()?.split_once('.')?;
            let connect = rest.strip_suffix(".mark")?;
            let session = SessionId(session.parse().ok()?);
            Some((entry.path(), session, connect.to_owned()))
        });
        marks.take(MAX_MARKS).collect()
    }

    fn mark_path(&self, session: SessionId, connect: &str) -> PathBuf {
        self.folder.join(format!("{session}.{connect}.mark"))
    }

    fn connect_stamp(&self) -> Option<ConnectStamp> {
        let stamp: ConnectStamp = read_json(&self.folder.join(CONNECT_FILE)).ok()??;
        // It becomes a part of a file's name.
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        stamp.connect.chars().all(plain).then_some(stamp)
    }

    fn write_stamp(&self, stamp: &ConnectStamp) -> io::Result<()> {
        if let Some(data) = self.folder.parent() {
            paths::private_dir(data, rustix::process::getuid().as_raw())?;
        }
        paths::private_dir(&self.folder, rustix::process::getuid().as_raw())?;
        let bytes = serde_json::to_vec_pretty(stamp)?;
        files::write_whole(&self.folder.join(CONNECT_FILE), &bytes)
    }

    fn program_identity(&self) -> io::Result<ProgramStamp> {
        let meta = fs::metadata(&self.program)?;
        Ok(ProgramStamp {
            inode: meta.ino(),
            bytes: meta.len(),
            modified_ns: meta.mtime().saturating_mul(1_000_000_000) + meta.mtime_nsec(),
        })
    }
}

/// Whether the hook program that is in place is the one that was put there together with the name
/// of the newest connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkingProgram {
    /// It is.
    Known,
    /// Another version has put one there, which may leave no marks.
    Unknown,
}

/// Whether the session of a mark may go on. Of one that lives elsewhere only the age tells.
fn may_live(path: &Path, machine: &MachineIdentity) -> bool {
    let Ok(Some(mark)) = read_json::<MarkedProcess>(path) else {
        return false;
    };
    if !machine.shares_pids_with(mark.domain.as_deref()) {
        let age = fs::symlink_metadata(path).ok().and_then(|m| file_age(&m));
        return age.is_some_and(|age| age < FOREIGN_MARK_LIFETIME);
    }
    let stat = sys::stat(mark.process.pid);
    let lives = stat.is_ok_and(|stat| stat.is_some_and(|s| s.start == mark.process.start));
    mark.boot == machine.boot && lives
}

fn file_age(meta: &fs::Metadata) -> Option<Duration> {
    clock::wall().duration_since(meta.modified().ok()?).ok()
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FileReadError> {
    match files::read_bounded(path, MAX_MARK_FILE_BYTES) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(FileReadError::Gone) => Ok(None),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt;
    use trusty_fleet::identity::StartTime;

    struct MarkFixture {
        home: tempfile::TempDir,
        marks: MarkFolder,
        machine: MachineIdentity,
        us: ProcessKey,
    }

    impl MarkFixture {
        fn new() -> Self {
            let home = tempfile::tempdir().expect("folder");
            let env = Environment {
                home: home.path().to_path_buf(),
                ..Environment::default()
            };
            let marks = MarkFolder::new(&env);
            let stage = Self {
                home,
                marks,
                machine: sys::machine().expect("the machine"),
                us: {
                    let pid = std::process::id();
                    let start = sys::stat(pid).expect("stat").expect("alive").start;
                    ProcessKey { pid, start }
                },
            };
            stage.put_program("one");
            stage
        }

        fn put_program(&self, bytes: &str) {
            let program = &self.marks.program;
            fs::create_dir_all(program.parent().expect("folder")).expect("folder");
            let new = program.with_extension("new");
            fs::write(&new, bytes).expect("written");
            fs::rename(new, program).expect("put in place");
        }

        fn id(&self) -> SessionId {
            self.machine.session_id(self.us)
        }

        fn leave(&self) {
            self.marks.write_mark(&self.machine, self.us);
        }

        fn is_marked(&self) -> bool {
            self.marks.read().sessions.contains(&self.id())
        }
    }

    #[test]
    fn a_mark_counts_for_the_connect_it_was_left_after() {
        let stage = MarkFixture::new();
        stage.leave();
        assert_eq!(
            stage.marks.read(),
            HookMarks::default(),
            "none is asked for"
        );
        stage.marks.begin().expect("begun");
        assert!(!stage.is_marked());
        assert!(stage.marks.read().since.is_some());
        stage.leave();
        assert!(stage.is_marked());
        stage.marks.begin().expect("begun again");
        assert!(!stage.is_marked(), "a mark of an earlier connect");
        stage.leave();
        assert!(stage.is_marked());
        stage.marks.end();
        assert_eq!(stage.marks.read(), HookMarks::default());
        let left = fs::read_dir(stage.marks.folder()).expect("listed").count();
        assert_eq!(left, 0);
    }

    #[test]
    fn a_mark_is_the_users_alone_and_written_once() {
        let stage = MarkFixture::new();
        stage.marks.begin().expect("begun");
        stage.leave();
        let stamp = stage.marks.connect_stamp().expect("a connect");
        let mark = stage.marks.mark_path(stage.id(), &stamp.connect);
        let meta = fs::metadata(&mark).expect("a mark");
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        let folder = fs::metadata(stage.marks.folder()).expect("the folder");
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);
        stage.leave();
        assert_eq!(fs::metadata(&mark).expect("a mark").ino(), meta.ino());
        // A data folder that is gone is not made again by a hook.
        fs::remove_dir_all(stage.home.path().join(".local")).expect("removed");
        stage.leave();
        assert!(!stage.marks.folder().exists());
    }

    #[test]
    fn marks_outlive_a_renewed_program_and_not_one_that_leaves_none() {
        let stage = MarkFixture::new();
        assert_eq!(stage.marks.marking_program(), None);
        stage.marks.begin().expect("begun");
        stage.leave();
        let since = stage.marks.read().since;
        let before = stage.marks.marking_program();
        assert_eq!(before, Some(MarkingProgram::Known));
        stage.put_program("two");
        assert_eq!(
            stage.marks.read(),
            HookMarks::default(),
            "not said to leave any"
        );
        stage.marks.follow_program(before).expect("renewed");
        assert!(stage.is_marked());
        assert_eq!(stage.marks.read().since, since);

        stage.put_program("an older version's");
        let before = stage.marks.marking_program();
        assert_eq!(before, Some(MarkingProgram::Unknown));
        stage.put_program("three");
        stage.marks.follow_program(before).expect("renewed");
        assert!(stage.is_marked());
        assert!(
            stage.marks.read().since > since,
            "silence counts from now on"
        );
    }

    #[test]
    fn marks_of_sessions_that_have_ended_are_removed() {
        let stage = MarkFixture::new();
        stage.marks.begin().expect("begun");
        stage.leave();
        let ended = ProcessKey {
            start: StartTime(stage.us.start.0 + 1),
            ..stage.us
        };
        stage.marks.write_mark(&stage.machine, ended);
        let elsewhere = MachineIdentity {
            host: Some("another".into()),
            pid_namespace: Some("pid:[1]".into()),
            boot: "another".into(),
            ..stage.machine.clone()
        };
        stage.marks.write_mark(&elsewhere, ended);
        assert_eq!(stage.marks.read().sessions.len(), 3);
        stage.marks.clean();
        let left: BTreeSet<SessionId> = [stage.id(), elsewhere.session_id(ended)].into();
        assert_eq!(stage.marks.read().sessions, left);
        stage.marks.begin().expect("begun again");
        stage.marks.clean();
        let files = fs::read_dir(stage.marks.folder()).expect("listed").count();
        assert_eq!(files, 1, "those of earlier connects, too");
    }
}
