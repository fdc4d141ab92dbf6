//! Bounded reads that cannot hang, and atomic writes.

use crate::disk_sync;
use crate::trusted_path::{PathRefusal, check_opened};
use rustix::fs::{Mode, OFlags};
use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileReadError {
    /// Nothing is at the path.
    #[error("file does not exist")]
    Gone,
    /// The path is a folder, a pipe, a link, a device, or the like.
    #[error("not a regular file")]
    NotPlain,
    /// The file is larger than the limit; its size in bytes.
    #[error("file is too large ({0} bytes)")]
    TooLarge(u64),
    /// Another user could have written the file.
    #[error("not read: {0}")]
    Refused(PathRefusal),
    /// The system refused the read.
    #[error("read failed: {0}")]
    Io(#[from] io::Error),
}

impl From<PathRefusal> for FileReadError {
    fn from(refusal: PathRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Opens a regular file that only the user or root can have written. The folders above it are not
/// checked. Never blocks on a pipe or a device.
///
/// # Errors
/// See [`FileReadError`], except `TooLarge`.
pub fn open_plain(path: &Path) -> Result<(File, Metadata), FileReadError> {
    let (file, meta) = open_of_anybody(path)?;
    check_opened(path, &file, &meta)?;
    Ok((file, meta))
}

/// As [`open_plain`], for a file that any user may have written.
fn open_of_anybody(path: &Path) -> Result<(File, Metadata), FileReadError> {
    let flags =
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(rustix::io::Errno::NOENT) => return Err(FileReadError::Gone),
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO) => {
            return Err(FileReadError::NotPlain);
        }
        Err(e) => return Err(FileReadError::Io(e.into())),
    };
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(FileReadError::NotPlain);
    }
    Ok((file, meta))
}

/// Reads a regular file of at most `bound` bytes, which only the user or root can have written.
/// Never blocks on a pipe or a device.
///
/// # Errors
/// See [`FileReadError`].
pub fn read_bounded(path: &Path, bound: u64) -> Result<Vec<u8>, FileReadError> {
    let (file, meta) = open_plain(path)?;
    read_opened(file, &meta, bound)
}

/// As [`read_bounded`], for a file that any user may have written: only for content that can
/// forbid something, never permit it.
///
/// # Errors
/// See [`FileReadError`], except `Refused`.
pub fn read_of_anybody(path: &Path, bound: u64) -> Result<Vec<u8>, FileReadError> {
    let (file, meta) = open_of_anybody(path)?;
    read_opened(file, &meta, bound)
}

fn read_opened(file: File, meta: &Metadata, bound: u64) -> Result<Vec<u8>, FileReadError> {
    if meta.len() > bound {
        return Err(FileReadError::TooLarge(meta.len()));
    }
    let bytes = read_most(file, bound + 1)?;
    match u64::try_from(bytes.len()) {
        Ok(read) if read <= bound => Ok(bytes),
        _ => Err(FileReadError::TooLarge(bound + 1)),
    }
}

/// Creates a file of mode 0600. Fails if anything exists at the path.
///
/// # Errors
/// As open(2) fails; `AlreadyExists` if anything is at the path.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Whether a replaced file has to survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteDurability {
    /// The file and its folder are on disk before the call returns.
    Synced,
    /// The system decides when to write.
    Unsynced,
}

/// Writes a new file beside a path and renames it over the path, whole or not at all.
///
/// The new file is called `<path>.<pid>.new` until then, and has mode 0600 unless `write` changes
/// that. Returns what `write` returns.
///
/// # Errors
/// As `write` fails, or the file cannot be created or renamed: then nothing has changed. If the
/// folder cannot be synced, the new file is in place all the same.
pub fn replace_file<T, E: From<io::Error>>(
    path: &Path,
    durability: WriteDurability,
    write: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<T, E> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput);
    let folder = folder.map_err(|e| E::from(e.into()))?;
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    let replaced = create_private(&new).map_err(E::from).and_then(|mut file| {
        let written = write(&mut file)?;
        if durability == WriteDurability::Synced {
            disk_sync::sync_file(&file)?;
        }
        std::fs::rename(&new, path)?;
        if durability == WriteDurability::Synced {
            disk_sync::sync_folder(folder)?;
        }
        Ok(written)
    });
    if replaced.is_err() {
        // A half-written file is of no use.
        let _ = std::fs::remove_file(&new);
    }
    replaced
}

/// Writes a file of mode 0600, whole or not at all, and synced to disk when this returns.
///
/// # Errors
/// As [`replace_file`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_file(path, WriteDurability::Synced, |file| file.write_all(bytes))
}

/// Reads at most the first `most` bytes of a regular file.
///
/// # Errors
/// See [`FileReadError`], except `TooLarge`.
pub fn read_head(path: &Path, most: u64) -> Result<Vec<u8>, FileReadError> {
    Ok(read_most(open_plain(path)?.0, most)?)
}

fn read_most(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How long the lookup of a path that another program chose may take: the path may lie on a file
/// server that does not respond.
const FOLDER_TIMEOUT: Duration = Duration::from_secs(1);

/// Paths whose lookup has not returned yet. They are not tried again meanwhile, because each
/// lookup occupies a thread.
static SILENT_PATHS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// From this many silent paths on, no path beside a silent one is tried: a file server that does
/// not respond has many folders, and each lookup occupies a thread.
const MAX_SILENT_PATHS: usize = 16;

/// Whether a lookup of this path would probably only occupy another thread.
fn is_silent(path: &Path) -> bool {
    let silent = silent_paths();
    let is_beside = || silent.iter().any(|known| known.parent() == path.parent());
    silent.contains(path) || (silent.len() >= MAX_SILENT_PATHS && is_beside())
}

fn silent_paths() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    SILENT_PATHS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `look` finds at a path; none if that takes more than 1 s, or if an earlier lookup of the
/// path has not returned yet.
pub fn with_folder_timeout<T: Send + 'static>(
    path: &Path,
    look: impl FnOnce(&Path) -> Option<T> + Send + 'static,
) -> Option<T> {
    if is_silent(path) {
        return None;
    }
    let (send, found) = mpsc::channel();
    let looked_at = path.to_path_buf();
    let body = move || {
        // The caller may have gone on without the result.
        let _ = send.send(look(&looked_at));
        silent_paths().remove(&looked_at);
    };
    thread::Builder::new()
        .name("trusty-path-io".into())
        .spawn(body)
        .ok()?;
    if let Ok(found) = found.recv_timeout(FOLDER_TIMEOUT) {
        return found;
    }
    let mut silent = silent_paths();
    // A result that is here by now was sent before its thread removes the path from the set.
    if let Ok(found) = found.try_recv() {
        return found;
    }
    silent.insert(path.to_path_buf());
    None
}

/// The nearest existing folder at or above a path.
pub fn nearest_existing(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|a| a.is_dir()).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_files::make_pipe;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_plain_small_files_are_read() {
        let dir = tempfile::tempdir().expect("folder");
        let at = |name: &str| dir.path().join(name);
        fs::write(at("ok"), "hi").expect("write");
        fs::create_dir(at("dir")).expect("dir");
        make_pipe(&at("fifo"));
        symlink(at("loop"), at("loop")).expect("loop");
        symlink(at("ok"), at("link")).expect("link");
        let big = File::create(at("big")).expect("big");
        big.set_len(100 << 20).expect("sparse");

        assert_eq!(read_bounded(&at("ok"), 2).expect("read"), b"hi");
        assert!(matches!(
            read_bounded(&at("ok"), 1),
            Err(FileReadError::TooLarge(2))
        ));
        assert!(matches!(
            read_bounded(&at("none"), 9),
            Err(FileReadError::Gone)
        ));
        assert!(matches!(
            read_bounded(&at("big"), 1 << 20),
            Err(FileReadError::TooLarge(_))
        ));
        for odd in ["dir", "fifo", "loop", "link"] {
            assert!(
                matches!(read_bounded(&at(odd), 9), Err(FileReadError::NotPlain)),
                "{odd}"
            );
        }
    }

    #[test]
    fn a_file_that_others_may_write_is_not_read_and_named_with_its_remedy() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("folder");
        let reach = |bits| {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(bits)).expect("chmod");
        };
        reach(0o755);
        let file = dir.path().join("7.json");
        fs::write(&file, "{}").expect("write");
        for (bits, is_read) in [(0o644, true), (0o646, false), (0o600, true)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(bits)).expect("chmod");
            assert_eq!(read_bounded(&file, 9).is_ok(), is_read, "{bits:o}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o602)).expect("chmod");
        let told = read_bounded(&file, 9).expect_err("open").to_string();
        assert!(
            told.contains(&format!("`chmod go-w {}`", file.display())),
            "{told}"
        );
        reach(0o700);
        assert!(
            read_bounded(&file, 9).is_ok(),
            "no other user reaches the file"
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("chmod");
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&file, Some(31003), None).expect("chown");
            let told = read_bounded(&file, 9).expect_err("foreign").to_string();
            assert!(told.contains("uid 31003"), "{told}");
        } else {
            crate::skip::skip("needs root to act as another user");
        }
    }

    #[test]
    fn a_path_that_does_not_answer_keeps_one_thread_and_is_looked_at_once_it_does() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("slow");
        let (answer, waits) = mpsc::channel::<()>();
        let slow = with_folder_timeout(&path, move |_| waits.recv().ok());
        assert_eq!(slow, None);
        let (told, looked) = mpsc::channel();
        let again = with_folder_timeout(&path, move |_| told.send(()).ok());
        assert_eq!(again, None);
        assert!(looked.recv().is_err(), "not looked at");
        answer.send(()).expect("the reader still waits");
        let begun = std::time::Instant::now();
        while with_folder_timeout(&path, |_| Some(())).is_none() {
            assert!(begun.elapsed() < Duration::from_secs(30), "looked at again");
            thread::yield_now();
        }
    }

    #[test]
    fn a_file_server_that_does_not_answer_keeps_a_few_threads_however_many_folders_it_has() {
        let dir = tempfile::tempdir().expect("folder");
        let (answer, waits) = mpsc::channel::<()>();
        let waits = std::sync::Arc::new(Mutex::new(waits));
        thread::scope(|scope| {
            for n in 0..MAX_SILENT_PATHS {
                let (path, waits) = (dir.path().join(n.to_string()), waits.clone());
                scope.spawn(move || {
                    let slow = with_folder_timeout(&path, move |_| {
                        let waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
                        waits.recv().ok()
                    });
                    assert_eq!(slow, None);
                });
            }
        });
        assert_eq!(
            with_folder_timeout(&dir.path().join("another"), |_| Some(())),
            None
        );
        let elsewhere = dir.path().join("local/folder");
        assert_eq!(with_folder_timeout(&elsewhere, |_| Some(())), Some(()));
        drop(answer);
        let begun = std::time::Instant::now();
        while with_folder_timeout(&dir.path().join("another"), |_| Some(())).is_none() {
            assert!(begun.elapsed() < Duration::from_secs(30), "looked at again");
            thread::yield_now();
        }
    }

    #[test]
    fn the_nearest_folder_that_exists_is_found() {
        let dir = tempfile::tempdir().expect("folder");
        let deep = dir.path().join("a/b/c");
        fs::create_dir_all(&deep).expect("dirs");
        assert_eq!(nearest_existing(&deep.join("x/y")), Some(deep));
    }
}
