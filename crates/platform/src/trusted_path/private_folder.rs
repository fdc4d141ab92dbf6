//! Folders that only the user can enter, whatever the umask; existing ones are closed to others.

use super::facts::FileFacts;
use super::refusal::{PathRefusal, PathUse, RefusalReason};
use super::walk::{SystemFiles, judge_folder, walk};
use super::{TrustPolicy, TrustedPath};
use rustix::fs::{Mode, OFlags};
use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The mode of a folder that only the user can enter.
const PRIVATE_MODE: u32 = 0o700;

/// Why a folder could not be made private to the user.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFolderError {
    /// Another user could change the folder, or a folder above it.
    #[error(transparent)]
    Refused(#[from] PathRefusal),
    /// The folder could not be made, or its mode could not be changed.
    #[error("failed to make {path} private: {why}", path = .0.display(), why = .1)]
    Io(PathBuf, io::Error),
}

impl From<PrivateFolderError> for io::Error {
    fn from(error: PrivateFolderError) -> Self {
        let kind = match &error {
            PrivateFolderError::Refused(_) => io::ErrorKind::PermissionDenied,
            PrivateFolderError::Io(_, e) => e.kind(),
        };
        Self::new(kind, error.to_string())
    }
}

impl TrustPolicy {
    /// Makes a folder that only the user can enter, and the folders above it. An existing folder of
    /// the user's that others can enter is closed to them.
    ///
    /// # Errors
    /// Refuses a folder of another user, and one that another user could replace; then nothing is
    /// made. Also fails as mkdir(2), open(2) and fchmod(2) fail.
    pub fn make_private_folder(self, folder: &Path) -> Result<TrustedPath, PrivateFolderError> {
        let failed = |e: io::Error| PrivateFolderError::Io(folder.to_path_buf(), e);
        let of_use = |refusal| {
            self.refusal_with_remedy(&SystemFiles, refusal, folder, PathUse::PrivateFolder)
        };
        self.make_missing_folders(folder)?;
        // Checked before anything is changed: a link of another user could lead to any folder.
        let walked = walk(self, &SystemFiles, folder).map_err(of_use)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::open(&walked.path, flags, Mode::empty());
        let opened = File::from(opened.map_err(|e| failed(e.into()))?);
        let facts = FileFacts::from(&opened.metadata().map_err(failed)?);
        if facts.uid != self.uid {
            let why = RefusalReason::ForeignOwner(facts.uid);
            return Err(of_use(PathRefusal::of_facts(self, &walked.path, facts, why)).into());
        }
        if facts.mode & 0o077 != 0 {
            let mode = Permissions::from_mode(PRIVATE_MODE);
            opened.set_permissions(mode).map_err(failed)?;
        }
        Ok(TrustedPath {
            resolved: walked.path,
        })
    }

    /// Makes the missing part of a folder's path, for the user alone; existing folders stay as they
    /// are.
    ///
    /// # Errors
    /// Refuses to make anything in a folder that another user owns or could change. Also fails as
    /// mkdir(2) fails.
    pub fn make_missing_folders(self, folder: &Path) -> Result<(), PrivateFolderError> {
        let failed = |e: io::Error| PrivateFolderError::Io(folder.to_path_buf(), e);
        let of_use = |refusal| {
            self.refusal_with_remedy(&SystemFiles, refusal, folder, PathUse::PrivateFolder)
        };
        let mut missing = Vec::new();
        let mut there = folder;
        let walked = loop {
            match walk(self, &SystemFiles, there) {
                Ok(walked) => break walked,
                Err(refusal) if !refusal.is_missing() => return Err(of_use(refusal).into()),
                Err(refusal) => match (there.parent(), there.file_name()) {
                    (Some(parent), Some(name)) => {
                        missing.push(name);
                        there = parent;
                    }
                    _ => return Err(of_use(refusal).into()),
                },
            }
        };
        if missing.is_empty() {
            return Ok(());
        }
        if !walked.is_out_of_reach(self.uid) {
            judge_folder(self, &SystemFiles, &walked.path, walked.facts).map_err(of_use)?;
        }
        let mut path = walked.path;
        while let Some(name) = missing.pop() {
            path.push(name);
            match DirBuilder::new().mode(PRIVATE_MODE).create(&path) {
                // Made meanwhile by another program of the user: no other user can write here.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                made => made.map_err(failed)?,
            }
        }
        Ok(())
    }
}
