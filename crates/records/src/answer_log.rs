//! `answers.jsonl` in the data folder: who answered what, and when, one line each, without what
//! was asked.

use rustix::fs::{Mode, OFlags};
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use trusty_fleet::given_answer::AnswerRecord;
use trusty_platform::{files, paths};
use trusty_wire::environment::Environment;

/// The most that the file holds, in bytes; then it becomes the older one.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// The file's name.
const ANSWER_LOG_FILE: &str = "answers.jsonl";
/// That of the one before.
const OLDER_ANSWER_LOG_FILE: &str = "answers.1.jsonl";

/// The record of answers of one user.
#[derive(Debug, Clone)]
pub struct AnswerLog {
    folder: PathBuf,
}

impl AnswerLog {
    /// That of these surroundings.
    pub fn from_env(env: &Environment) -> Self {
        Self {
            folder: env.data_dir(),
        }
    }

    /// The file that the next record is added to.
    pub fn file(&self) -> PathBuf {
        self.folder.join(ANSWER_LOG_FILE)
    }

    fn older_file(&self) -> PathBuf {
        self.folder.join(OLDER_ANSWER_LOG_FILE)
    }

    /// All that is recorded, the oldest first. Lines that are no records are passed over.
    ///
    /// # Errors
    ///
    /// A file is there and cannot be read.
    pub fn read(&self) -> io::Result<Vec<AnswerRecord>> {
        let mut records = Vec::new();
        for path in [self.older_file(), self.file()] {
            // A line may have been written just before the file became the older one.
            let bytes = match files::read_bounded(&path, 2 * MAX_FILE_BYTES) {
                Ok(bytes) => bytes,
                Err(files::FileReadError::Gone) => continue,
                Err(e) => return Err(io::Error::other(format!("{}: {e}", path.display()))),
            };
            let lines = bytes.split(|byte| *byte == b'\n');
            records.extend(lines.filter_map(|line| serde_json::from_slice(line).ok()));
        }
        Ok(records)
    }

    /// Writes one record.
    ///
    /// # Errors
    ///
    /// The folder or the file cannot be made or written, or the file is not the user's own.
    pub fn append(&self, record: &AnswerRecord) -> io::Result<()> {
        paths::private_dir(&self.folder, rustix::process::geteuid().as_raw())?;
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let mut file = open(&self.file())?;
        let size = file.metadata()?.len();
        let added = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if size > 0 && size.saturating_add(added) > MAX_FILE_BYTES {
            fs::rename(self.file(), self.older_file())?;
            file = open(&self.file())?;
        } else if ends_within_a_line(&file, size)? {
            line.insert(0, b'\n');
        }
        // At once: another engine may write beside this one.
        file.write_all(&line)
    }
}

/// Whether the last line was cut off: by a full disk, or by the end of the machine.
fn ends_within_a_line(file: &File, size: u64) -> io::Result<bool> {
    let mut last = [b'\n'];
    if let Some(at) = size.checked_sub(1) {
        file.read_exact_at(&mut last, at)?;
    }
    Ok(last != *b"\n")
}

/// Opens the file to add to it, and makes it the user's alone whatever the umask.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::CREATE
        | OFlags::APPEND
        | OFlags::RDWR
        | OFlags::CLOEXEC
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    let meta = file.metadata()?;
    if !meta.is_file() || meta.uid() != rustix::process::geteuid().as_raw() {
        let told = "the file is not yours, or not a regular file; move it away";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, told));
    }
    if meta.mode() & 0o777 != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};
    use trusty_fleet::authorization::AnswerChannel;
    use trusty_fleet::given_answer::AnswerKind;
    use trusty_fleet::request::RequestId;

    fn log(root: &Path) -> AnswerLog {
        AnswerLog {
            folder: root.join("trusty"),
        }
    }

    fn record(number: u32) -> AnswerRecord {
        AnswerRecord {
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(number.into()),
            by: AnswerChannel::Terminal,
            pid: Some(number),
            executable: Some("/usr/bin/trusty".into()),
            tty: Some("/dev/pts/7".into()),
            session: serde_json::from_str("\"00000000-0000-0000-0000-000000000007\"")
                .expect("an id"),
            request: RequestId("ab".repeat(32)),
            kind: AnswerKind::Approve,
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").mode() & 0o777
    }

    #[test]
    fn what_was_answered_is_recorded_for_its_user_alone() {
        let root = tempfile::tempdir().expect("folder");
        let log = log(root.path());
        assert_eq!(log.read().expect("no file is no record"), []);
        log.append(&record(1)).expect("written");
        assert_eq!((mode(&log.folder), mode(&log.file())), (0o700, 0o600));
        // Whatever a umask or other hands made of it.
        fs::set_permissions(log.file(), Permissions::from_mode(0o664)).expect("opened");
        log.append(&record(2)).expect("written");
        assert_eq!(mode(&log.file()), 0o600);
        assert_eq!(log.read().expect("read"), [record(1), record(2)]);
    }

    #[test]
    fn the_record_of_answers_is_bounded_and_one_older_file_is_kept() {
        let root = tempfile::tempdir().expect("folder");
        let log = log(root.path());
        let line = serde_json::to_vec(&record(1_000)).expect("JSON").len() + 1;
        let fits = usize::try_from(MAX_FILE_BYTES).expect("small") / line;
        let mut number = 1_000;
        let mut write = |count: usize| {
            for _ in 0..count {
                log.append(&record(number)).expect("written");
                number += 1;
            }
            number - 1
        };
        write(fits + 1);
        assert!(log.older_file().exists());
        let last = write(2 * fits);
        let sizes = [log.file(), log.older_file()].map(|path| fs::metadata(path).expect("there"));
        assert!(sizes.iter().all(|meta| meta.len() <= MAX_FILE_BYTES));
        assert_eq!(mode(&log.older_file()), 0o600);
        let records = log.read().expect("read");
        assert!(records.len() > fits, "{} records", records.len());
        assert_eq!(records.last(), Some(&record(last)));
        let times: Vec<_> = records.iter().map(|record| record.time).collect();
        assert!(times.is_sorted());
        assert_eq!(fs::read_dir(&log.folder).expect("listed").count(), 2);
    }

    #[test]
    fn a_record_that_cannot_be_written_is_told_and_follows_no_link() {
        let root = tempfile::tempdir().expect("folder");
        let log = log(root.path());
        fs::create_dir(&log.folder).expect("made");
        let target = root.path().join("target");
        fs::write(&target, "theirs").expect("written");
        std::os::unix::fs::symlink(&target, log.file()).expect("linked");
        log.append(&record(1)).expect_err("a link");
        assert_eq!(fs::read_to_string(&target).expect("there"), "theirs");
        fs::remove_file(log.file()).expect("removed");
        // A line that was cut off spoils no other.
        fs::write(log.file(), "{\"time\":").expect("written");
        log.append(&record(1)).expect("written");
        assert_eq!(log.read().expect("read"), [record(1)]);
    }
}
