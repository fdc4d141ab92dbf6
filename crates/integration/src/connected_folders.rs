//! What outlasts us of connections: which folders were connected, in `connections.json` of the
//! data folder, so that entries that vanish are missed.

use super::ConnectError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use trusty_platform::files;
use trusty_platform::trusted_path::make_private_folder;
use trusty_wire::environment::Environment;

/// The largest such file that is read, in bytes.
const MAX_CONNECTIONS_FILE_BYTES: u64 = 1 << 20;

/// The folders that were connected.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ConnectedFolders {
    #[serde(default)]
    folders: BTreeMap<PathBuf, ConnectedFolder>,
}

/// How a settings file was before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ConnectedFolder {
    /// Kept here; none if there was no such file.
    pub(super) backup: Option<PathBuf>,
}

/// The file's place.
pub(super) fn path(env: &Environment) -> PathBuf {
    env.data_dir().join("connections.json")
}

impl ConnectedFolders {
    /// What is on disk; nothing where that is not understood.
    pub(super) fn read(env: &Environment) -> Self {
        let bytes = files::read_bounded(&path(env), MAX_CONNECTIONS_FILE_BYTES).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// What is remembered of a folder.
    pub(super) fn folder(&self, dir: &Path) -> Option<&ConnectedFolder> {
        self.folders.get(dir)
    }

    /// The folders that were connected.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.keys().map(PathBuf::as_path)
    }

    /// Whether nothing was ever connected.
    pub(super) fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// Remembers a folder, or forgets it.
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
