//! Makes files and renames survive a crash of the machine.

use crate::sys::CURRENT_SYSTEM;
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::path::Path;
use trusty_fleet::System;

/// How a file reaches the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SyncMethod {
    /// `std::fs::File::sync_all`: fsync(2) on Linux, and fcntl(2) with `F_FULLFSYNC` on macOS, where
    /// fsync leaves the data in the cache of the drive.
    Full,
    /// fsync(2).
    Plain,
}

/// What is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SyncSubject {
    File,
    Folder,
}

/// The methods to try in turn. On macOS, `F_FULLFSYNC` flushes the whole drive, which takes up to
/// some 100 ms, and other file systems than those of Apple refuse it; for a folder, fsync(2)
/// suffices, because the journal writes a rename after the data that was flushed before.
const fn sync_methods(system: System, subject: SyncSubject) -> &'static [SyncMethod] {
    match (system, subject) {
        (System::Linux, _) | (System::Mac, SyncSubject::Folder) => &[SyncMethod::Plain],
        (System::Mac, SyncSubject::File) => &[SyncMethod::Full, SyncMethod::Plain],
    }
}

/// Tries the methods in turn, until one is supported.
fn sync_by(
    methods: &[SyncMethod],
    mut sync: impl FnMut(SyncMethod) -> io::Result<()>,
) -> io::Result<()> {
    let mut result = Ok(());
    for method in methods {
        result = sync(*method);
        match &result {
            Err(e) if is_unsupported(e) => {}
            _ => break,
        }
    }
    result
}

/// Whether the file system does not know a method, as SMB and FUSE do not know `F_FULLFSYNC`.
fn is_unsupported(e: &io::Error) -> bool {
    let unsupported = [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOTTY, Errno::INVAL];
    let unsupported = unsupported.map(Errno::raw_os_error);
    e.raw_os_error().is_some_and(|e| unsupported.contains(&e))
}

fn sync_opened(file: &File, subject: SyncSubject) -> io::Result<()> {
    sync_by(
        sync_methods(CURRENT_SYSTEM, subject),
        |method| match method {
            #[expect(
                clippy::disallowed_methods,
                reason = "the place that chooses the method"
            )]
            SyncMethod::Full => file.sync_all(),
            SyncMethod::Plain => rustix::fs::fsync(file).map_err(io::Error::from),
        },
    )
}

/// Writes a file to disk.
///
/// # Errors
/// As fsync(2) fails.
pub fn sync_file(file: &File) -> io::Result<()> {
    sync_opened(file, SyncSubject::File)
}

/// Writes the entries of a folder to disk, such as a rename in it.
///
/// # Errors
/// As open(2) or fsync(2) fails.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    sync_opened(&File::open(folder)?, SyncSubject::Folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The methods used on a file system that answers them so.
    fn used(
        system: System,
        subject: SyncSubject,
        answer: impl Fn(SyncMethod) -> io::Result<()>,
    ) -> (Vec<SyncMethod>, bool) {
        let mut used = Vec::new();
        let result = sync_by(sync_methods(system, subject), |method| {
            used.push(method);
            answer(method)
        });
        (used, result.is_ok())
    }

    #[test]
    fn a_drive_is_flushed_for_a_file_on_a_mac_and_never_for_a_folder() {
        let works = |_| Ok(());
        for (system, subject, method) in [
            (System::Linux, SyncSubject::File, SyncMethod::Plain),
            (System::Linux, SyncSubject::Folder, SyncMethod::Plain),
            (System::Mac, SyncSubject::File, SyncMethod::Full),
            (System::Mac, SyncSubject::Folder, SyncMethod::Plain),
        ] {
            assert_eq!(used(system, subject, works), (vec![method], true));
        }
    }

    #[test]
    fn a_file_system_without_flushing_is_synced_plainly() {
        let fails_with = |errno: Errno| {
            move |method| match method {
                SyncMethod::Full => Err(errno.into()),
                SyncMethod::Plain => Ok(()),
            }
        };
        let both = vec![SyncMethod::Full, SyncMethod::Plain];
        let on_mac = |errno| used(System::Mac, SyncSubject::File, fails_with(errno));
        assert_eq!(on_mac(Errno::NOTSUP), (both, true));
        assert_eq!(on_mac(Errno::IO), (vec![SyncMethod::Full], false));
    }

    #[test]
    fn files_and_folders_are_synced() {
        let dir = tempfile::tempdir().expect("folder");
        let file = File::create(dir.path().join("a")).expect("file");
        sync_file(&file).expect("synced");
        sync_folder(dir.path()).expect("synced");
        assert!(sync_folder(&dir.path().join("none")).is_err());
    }
}
