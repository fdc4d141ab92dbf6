//! What becomes of a text, a name, a path.

use super::{RecordingPrivacy, RecordingRedactor};
use crate::recording::REDACTED_HOME;
use std::hash::BuildHasher;
use std::path::{Component, Path, PathBuf};
use trusty_sources::folders::folder_name;

impl RecordingRedactor {
    /// A text becomes its length.
    pub(super) fn text(&self, text: String) -> String {
        match (self.privacy, text.chars().count()) {
            (RecordingPrivacy::Full, _) | (_, 0) => text,
            (RecordingPrivacy::Redacted, length) => format!("[redacted {length}]"),
        }
    }

    /// A name that tells things apart still does.
    pub(super) fn name(&self, name: String) -> String {
        match self.privacy {
            RecordingPrivacy::Full => name,
            RecordingPrivacy::Redacted => format!("{:016x}", self.names.hash_one(name)),
        }
    }

    pub(super) fn path(&self, path: &Path) -> PathBuf {
        if self.privacy == RecordingPrivacy::Full {
            return PathBuf::from(path.to_string_lossy().into_owned());
        }
        let home = self.homes.iter().find_map(|h| path.strip_prefix(h).ok());
        let parts = home.unwrap_or(path).components().map(|part| match part {
            Component::Normal(name) => self.folder(&name.to_string_lossy()),
            other => other.as_os_str().to_string_lossy().into_owned(),
        });
        home.map(|_| REDACTED_HOME.to_owned())
            .into_iter()
            .chain(parts)
            .collect()
    }

    pub(super) fn path_text(&self, path: &str) -> String {
        self.path(Path::new(path)).to_string_lossy().into_owned()
    }

    /// The client names a folder's transcripts by its whole path.
    pub(super) fn folder(&self, name: &str) -> String {
        let rest = self.homes.iter().find_map(|home| {
            let rest = name.strip_prefix(&folder_name(home))?;
            (rest.is_empty() || rest.starts_with('-')).then_some(rest)
        });
        rest.map_or_else(
            || name.to_owned(),
            |rest| folder_name(Path::new(REDACTED_HOME)) + rest,
        )
    }

    /// A text of ours, which may name paths.
    pub(super) fn replace_homes(&self, text: String) -> String {
        if self.privacy == RecordingPrivacy::Full {
            return text;
        }
        self.homes.iter().fold(text, |text, home| {
            text.replace(&*home.to_string_lossy(), REDACTED_HOME)
                .replace(&folder_name(home), &folder_name(Path::new(REDACTED_HOME)))
        })
    }

    /// Whether a registry file shares our pids can still be told; where else it is from cannot.
    pub(super) fn domain(&self, domain: String) -> String {
        if self.privacy == RecordingPrivacy::Full {
            return domain;
        }
        let told = domain.strip_prefix("linux:");
        let Some((host, namespace)) = told.and_then(|d| d.split_once(":pid:[")) else {
            return REDACTED_OTHER.to_owned();
        };
        let host = match host {
            "" => "",
            host if self.machine.host.as_deref() == Some(host) => REDACTED_MACHINE,
            _ => REDACTED_OTHER,
        };
        let ours = self.machine.pid_namespace.as_deref();
        let ours = ours.and_then(|n| n.strip_prefix("pid:["));
        let namespace = ours.filter(|n| *n == namespace).unwrap_or(REDACTED_OTHER);
        format!("linux:{host}:pid:[{namespace}")
    }
}

/// What stands for this machine's id.
pub(super) const REDACTED_MACHINE: &str = "this";
/// What stands for whatever is not this machine's.
const REDACTED_OTHER: &str = "other";
