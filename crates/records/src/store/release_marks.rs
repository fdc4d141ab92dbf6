//! Marks of pauses that have ended although their records could not be removed: the disk of the
//! data folder has become read-only. `<runtime>/released.<session>` holds the `since` of that
//! record, for whoever reads it. As the runtime folder does, it ends with the boot, and so does
//! the pause.

use super::{PauseStore, StoreError, read};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;
use trusty_fleet::SessionId;
use trusty_fleet::pause::PauseRecord;
use trusty_fleet::time::rfc3339;
use trusty_platform::{files, paths};
use trusty_wire::discovery::EnginePlaces;

/// Which record of a session counts no more.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ReleaseMark {
    /// When its pause was asked for, which no later record of the session repeats.
    #[serde(with = "rfc3339")]
    since: SystemTime,
}

impl PauseStore {
    /// The folder in which a mark of ours is left.
    pub fn release_folder(&self) -> Option<PathBuf> {
        Some(self.places()?.runtime_dir().to_path_buf())
    }

    fn places(&self) -> Option<EnginePlaces> {
        EnginePlaces::find(&self.env).ok()
    }

    /// Whether a mark says that the pause of this record has ended.
    pub(super) fn is_released(&self, record: &PauseRecord) -> bool {
        let folders = self.places().map(|places| places.socket_folders());
        let wanted = ReleaseMark {
            since: record.since,
        };
        folders.into_iter().flatten().any(|folder| {
            let mark = read::<ReleaseMark>(&folder.join(mark_name(record.session)));
            mark.is_ok_and(|mark| mark.as_ref() == Some(&wanted))
        })
    }

    /// Leaves marks that the pause of this session has ended.
    pub(super) fn release(&self, id: SessionId) -> Result<(), StoreError> {
        let path = self.path(id);
        let Some(record) = read::<PauseRecord>(&path)? else {
            return Ok(());
        };
        let failed = |e: io::Error| StoreError::Write(path.clone(), e);
        let places = self.places().ok_or(io::ErrorKind::NotFound);
        let places = places.map_err(|e| failed(e.into()))?;
        paths::private_dir(places.runtime_dir(), places.uid()).map_err(failed)?;
        let mark = ReleaseMark {
            since: record.since,
        };
        let bytes = serde_json::to_vec(&mark).map_err(|e| failed(e.into()))?;
        for folder in places.socket_folders() {
            files::write_whole(&folder.join(mark_name(id)), &bytes).map_err(failed)?;
        }
        Ok(())
    }

    /// Removes the marks of a session, whose record is gone.
    pub(super) fn forget_release(&self, id: SessionId) {
        let folders = self.places().map(|places| places.socket_folders());
        for folder in folders.into_iter().flatten() {
            let _ = fs::remove_file(folder.join(mark_name(id)));
        }
    }
}

fn mark_name(id: SessionId) -> String {
    format!("released.{id}")
}
