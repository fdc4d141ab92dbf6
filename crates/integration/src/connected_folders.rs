//! The record of connected folders, `connections.json` in the data folder: shows when entries have
//! vanished.

use super::ConnectError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use trusty_platform::files;
use trusty_platform::trusted_path::make_private_folder;
use trusty_wire::environment::Environment;

/// The read limit of the record.
const MAX_CONNECTIONS_FILE_BYTES: u64 = 1 << 20;

/// The folders that are connected.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ConnectedFolders {
    #[serde(default)]
    folders: BTreeMap<PathBuf, ConnectedFolder>,
}

/// How to restore the settings file of a connected folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ConnectedFolder {
    /// The backup from before the connection; `None` if there was no settings file.
    pub(super) backup: Option<PathBuf>,
}

/// The path of the record.
pub(super) fn path(env: &Environment) -> PathBuf {
    env.data_dir().join("connections.json")
}

impl ConnectedFolders {
    /// Reads the record; an unreadable one counts as empty.
    pub(super) fn read(env: &Environment) -> Self {
        Self::read_file(&path(env))
    }

    /// Reads a record at this path; an unreadable one counts as empty.
    pub(super) fn read_file(path: &Path) -> Self {
        let bytes = files::read_bounded(path, MAX_CONNECTIONS_FILE_BYTES).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Records the folders of another record that this one lacks.
    pub(super) fn add_missing(
        &mut self,
        env: &Environment,
        other: Self,
    ) -> Result<(), ConnectError> {
        for (dir, remembered) in other.folders {
            if self.folder(&dir).is_none() {
                self.set(env, &dir, Some(remembered))?;
            }
        }
        Ok(())
    }

    /// The entry of a folder, if it is connected.
    pub(super) fn folder(&self, dir: &Path) -> Option<&ConnectedFolder> {
        self.folders.get(dir)
    }

    /// The connected folders.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.keys().map(PathBuf::as_path)
    }

    /// Whether no folder is connected.
    pub(super) fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// Records a folder as connected, or removes it.
    pub(super) fn set(
        &mut self,
        env: &Environment,
        dir: &Path,
        remembered: Option<ConnectedFolder>,
    ) -> Result<(), ConnectError> {
        let before = match remembered {
            Some(remembered) => {
                self.folders.insert(dir.to_path_buf(), remembered.clone()) != Some(remembered)
            }
            None => self.folders.remove(dir).is_some(),
        };
        if !before {
            return Ok(());
        }
        let path = path(env);
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        let made = make_private_folder(&env.data_dir()).map_err(io::Error::from);
        let written = made.and_then(|_| files::write_whole(&path, &bytes));
        written.map_err(|e| ConnectError::Io(path, e))
    }
}
