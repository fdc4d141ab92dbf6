//! A settings file: read with all that could prevent its replacement, and replaced as a whole.

use super::ConnectError;
use super::settings_backups::{BACKUP_PREFIX, next_backup_of, prune_backups};
use jiff::Timestamp;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use trusty_platform::clock;
use trusty_platform::disk_sync;
use trusty_platform::file_attributes;
use trusty_platform::files::{self, FileReadError, WriteDurability};
use trusty_platform::trusted_path::{check_data, make_missing_folders};

/// The read limit of a settings file.
const MAX_SETTINGS_FILE_BYTES: u64 = 8 << 20;
/// The name of the settings file in a config folder.
pub(super) const SETTINGS_FILE_NAME: &str = "settings.json";

/// A settings file as it was read.
#[derive(Debug)]
pub(super) struct SettingsFile {
    /// The path, with links resolved.
    path: PathBuf,
    /// The text; `None` if the file does not exist.
    pub(super) text: Option<String>,
    /// The mode, owner and group.
    meta: Option<(u32, u32, u32)>,
}

impl SettingsFile {
    /// Reads the settings file of a config folder, and checks that it may be replaced.
    pub(super) fn read(dir: &Path) -> Result<Self, ConnectError> {
        let path = settings_path(dir)?;
        writable(path.parent().unwrap_or(dir))?;
        let meta = match fs::symlink_metadata(&path) {
            Ok(meta) => Some(meta),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(ConnectError::Io(path, e)),
        };
        let Some(meta) = meta else {
            return Ok(Self {
                path,
                text: None,
                meta: None,
            });
        };
        if !meta.is_file() {
            return Err(ConnectError::NotPlain(path));
        }
        if meta.nlink() > 1 {
            return Err(ConnectError::HardLinked(path, meta.nlink() - 1));
        }
        writable(&path)?;
        let text = text_of(&path)?;
        let meta = Some((meta.mode(), meta.uid(), meta.gid()));
        Ok(Self { path, text, meta })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the text, unless the file has changed since it was read; returns the path of the
    /// backup of the former text.
    pub(super) fn replace(&self, text: &str) -> Result<Option<PathBuf>, ConnectError> {
        let failed = |e| ConnectError::Io(self.path.clone(), e);
        if let Some(folder) = self.path.parent() {
            make_missing_folders(folder).map_err(|e| failed(e.into()))?;
        }
        let replaced = files::replace_file(&self.path, WriteDurability::Unsynced, |file| {
            self.write(file, text)?;
            let backup = self.back_up()?;
            self.check_unchanged()?;
            Ok::<_, ReplaceError>(backup)
        });
        let backup = replaced.map_err(|e| match e {
            ReplaceError::Connect(e) => e,
            ReplaceError::Io(e) => failed(e),
        })?;
        prune_backups(&self.path);
        self.sync();
        Ok(backup)
    }

    /// Removes the file, unless it has changed since it was read; returns the path of the backup.
    pub(super) fn remove(&self) -> Result<Option<PathBuf>, ConnectError> {
        let backup = self.back_up()?;
        self.check_unchanged()?;
        fs::remove_file(&self.path).map_err(|e| ConnectError::Io(self.path.clone(), e))?;
        prune_backups(&self.path);
        self.sync();
        Ok(backup)
    }

    fn write(&self, mut file: &File, text: &str) -> Result<(), ConnectError> {
        let failed = |e| ConnectError::Io(self.path.clone(), e);
        file.write_all(text.as_bytes()).map_err(failed)?;
        if let Some(meta) = self.meta {
            set_attributes(file, meta).map_err(failed)?;
            match files::open_plain(&self.path) {
                Ok((before, _)) => file_attributes::copy(&before, file)
                    .map_err(|e| ConnectError::Attribute(self.path.clone(), e))?,
                // The check for changes before the replacement reports that.
                Err(FileReadError::Gone) => {}
                Err(e) => return Err(ConnectError::Read(self.path.clone(), e)),
            }
        }
        // Synced before the check for changes: nothing slow may come between that check and the
        // rename.
        disk_sync::sync_file(file).map_err(failed)
    }

    fn back_up(&self) -> Result<Option<PathBuf>, ConnectError> {
        let Some(text) = &self.text else {
            return Ok(None);
        };
        let moment = Timestamp::try_from(clock::wall()).unwrap_or_default();
        let moment = moment.strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut count = next_backup_of(&self.path, &moment);
        loop {
            let more = if count == 1 {
                String::new()
            } else {
                format!("-{count}")
            };
            let path = sibling_path(&self.path, &format!("{BACKUP_PREFIX}{moment}{more}"));
            let written = files::create_private(&path).and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                disk_sync::sync_file(&file)
            });
            match written {
                Ok(()) => return Ok(Some(path)),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => count += 1,
                Err(e) => return Err(ConnectError::Io(path, e)),
            }
        }
    }

    fn check_unchanged(&self) -> Result<(), ConnectError> {
        if text_of(&self.path)? == self.text {
            Ok(())
        } else {
            Err(ConnectError::Changed(self.path.clone()))
        }
    }

    fn sync(&self) {
        if let Some(folder) = self.path.parent() {
            // The file is in place; after a power failure, the former one may be back.
            let _ = disk_sync::sync_folder(folder);
        }
    }
}

/// The text of a settings file, with links resolved; `None` if the file does not exist.
pub(super) fn text_of(path: &Path) -> Result<Option<String>, ConnectError> {
    let path = match check_data(path) {
        Ok(checked) => checked.resolved,
        Err(refusal) if refusal.is_distrust() => {
            return Err(ConnectError::Read(path.to_path_buf(), refusal.into()));
        }
        Err(_) => fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()),
    };
    let bytes = match files::read_bounded(&path, MAX_SETTINGS_FILE_BYTES) {
        Ok(bytes) => bytes,
        Err(FileReadError::Gone) => return Ok(None),
        Err(FileReadError::NotPlain) => return Err(ConnectError::NotPlain(path)),
        Err(e) => return Err(ConnectError::Read(path, e)),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(ConnectError::NotText(path)),
    }
}

/// The path of the settings file, with links resolved. A link out of the config folder is refused:
/// its target belongs to something else, which would lose our edit, or be edited unknowingly.
pub(super) fn settings_path(dir: &Path) -> Result<PathBuf, ConnectError> {
    let path = dir.join(SETTINGS_FILE_NAME);
    match fs::read_link(&path) {
        Ok(target) => {
            let inside = fs::canonicalize(dir).ok().zip(fs::canonicalize(&path).ok());
            match inside {
                Some((dir, real)) if real.starts_with(&dir) => Ok(real),
                _ => Err(ConnectError::Link(path, target)),
            }
        }
        // Not a link, or nothing is there.
        Err(_) => Ok(path),
    }
}

/// Checks that a file or folder is ours and writable. The mode counts for root, too, who could
/// write anyway: the user who removed the permission meant that.
fn writable(path: &Path) -> Result<(), ConnectError> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(ConnectError::Io(path.to_path_buf(), e)),
    };
    let ours = rustix::process::getuid().as_raw() == meta.uid();
    if !ours {
        return Err(ConnectError::Foreign(path.to_path_buf()));
    }
    let may =
        meta.mode() & 0o200 != 0 && rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    may.then_some(())
        .ok_or_else(|| ConnectError::ReadOnly(path.to_path_buf()))
}

/// Sets the mode, owner and group of a file.
fn set_attributes(file: &File, (mode, owner, group): (u32, u32, u32)) -> io::Result<()> {
    let ours = file.metadata()?;
    if (ours.uid(), ours.gid()) != (owner, group) {
        fchown(file, Some(owner), Some(group))?;
    }
    file.set_permissions(fs::Permissions::from_mode(mode & 0o7777))
}

fn sibling_path(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    PathBuf::from(name)
}

/// Why a settings file was not replaced.
enum ReplaceError {
    Connect(ConnectError),
    Io(io::Error),
}

impl From<ConnectError> for ReplaceError {
    fn from(e: ConnectError) -> Self {
        Self::Connect(e)
    }
}

impl From<io::Error> for ReplaceError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hard_linked_file_is_refused_and_its_other_name_shows_the_same() {
        let dir = tempfile::tempdir().expect("folder");
        let (path, other) = (
            dir.path().join(SETTINGS_FILE_NAME),
            dir.path().join("dotfiles.json"),
        );
        fs::write(&path, "{}").expect("write");
        fs::hard_link(&path, &other).expect("linked");
        let refused = SettingsFile::read(dir.path()).expect_err("refused");
        let told = refused.to_string();
        assert!(told.contains("has 1 other name (hard links)"), "{told}");
        assert!(told.contains("cp -p "), "{told}");
        fs::remove_file(&other).expect("removed");
        SettingsFile::read(dir.path()).expect("fits");
    }

    #[test]
    fn at_most_three_backups_are_kept_and_the_first_of_them() {
        let dir = tempfile::tempdir().expect("folder");
        fs::write(dir.path().join(SETTINGS_FILE_NAME), "first").expect("write");
        for round in 0..6 {
            let file = SettingsFile::read(dir.path()).expect("fits");
            file.replace(&round.to_string()).expect("replaced");
        }
        let entries = fs::read_dir(dir.path()).expect("listed").flatten();
        let texts = entries
            .filter(|e| e.file_name() != SETTINGS_FILE_NAME)
            .map(|e| fs::read_to_string(e.path()).expect("read"));
        let mut texts: Vec<String> = texts.collect();
        texts.sort();
        assert_eq!(texts, ["3", "4", "first"]);
    }

    #[test]
    fn p10_what_was_changed_meanwhile_is_not_replaced() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join(SETTINGS_FILE_NAME);
        let names = || fs::read_dir(dir.path()).expect("listed").count();
        let none = SettingsFile::read(dir.path()).expect("fits");
        fs::write(&path, "{}").expect("write");
        let refused = none.replace("{\"a\": 1}");
        assert!(matches!(refused, Err(ConnectError::Changed(_))), "made");
        let file = SettingsFile::read(dir.path()).expect("fits");
        fs::write(&path, "{\"b\": 2}").expect("write");
        for refused in [file.replace("{\"a\": 1}"), file.remove()] {
            assert!(matches!(refused, Err(ConnectError::Changed(_))), "written");
        }
        assert_eq!(fs::read_to_string(&path).expect("read"), "{\"b\": 2}");
        let before = names();
        fs::remove_file(&path).expect("removed");
        let refused = file.replace("{\"a\": 1}");
        assert!(matches!(refused, Err(ConnectError::Changed(_))), "removed");
        assert!(!path.exists());
        // The text as it was read is backed up once more; nothing else is left behind.
        assert_eq!(names(), before);
    }
}
