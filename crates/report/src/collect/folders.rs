//! The config folders of Claude Code and the files of its registry.

use super::text;
use crate::format::{ReportedFile, ReportedFolder};
use crate::redact::STAND_IN_HOST;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use trusty_fleet::identity::MachineIdentity;
use trusty_platform::files::{self, FileReadError};
use trusty_platform::folder_access::PathLookup;
use trusty_platform::trusted_path::check_folder;
use trusty_wire::environment::Environment;

/// The most files of a registry in a report. Files of ended processes are left behind when Claude
/// Code is killed.
const MAX_FILES: usize = 500;
/// The most bytes of a file; a real one is smaller than 1 KiB.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Reads a config folder.
pub(super) fn read_folder(
    dir: &Path,
    env: &Environment,
    machine: &MachineIdentity,
    configured: &BTreeSet<PathBuf>,
    alive: &BTreeSet<u32>,
) -> ReportedFolder {
    let mut folder = ReportedFolder {
        path: text(dir),
        named_by_session: !configured.contains(dir),
        ..ReportedFolder::default()
    };
    folder.real_path = match env.folder_access().resolve(dir) {
        PathLookup::Resolved(path) => Some(text(&path)),
        PathLookup::Missing => None,
        PathLookup::Guarded(at) => {
            let at = at.display();
            folder.problem = Some(format!("not read, because macOS asks for access to {at}"));
            return folder;
        }
    };
    folder.hooks = Some(trusty_integration::state(env, dir).into());
    let sessions = dir.join("sessions");
    match files::with_folder_timeout(&sessions, |sessions| Some(list(sessions))) {
        None => folder.problem = Some("the folder did not respond within 1 s".to_owned()),
        Some(Err(problem)) => folder.problem = Some(problem.to_string()),
        Some(Ok(names)) => {
            let read = names.into_iter().filter_map(|name| {
                let pid: u32 = name.split_once('.')?.0.parse().ok()?;
                if alive.contains(&pid) {
                    Some(read_file(&sessions, &name, machine))
                } else {
                    Some(left_behind_file(&name))
                }
            });
            folder.registry = read.take(MAX_FILES).collect();
        }
    }
    folder
}

/// Why a registry folder is not listed.
#[derive(Debug, thiserror::Error)]
enum RegistryFolderError {
    #[error("{0}")]
    Untrusted(FileReadError),
    #[error("could not list the folder: {0}")]
    Io(io::Error),
}

/// The names of the files in a registry folder, sorted; none if there is no folder.
fn list(sessions: &Path) -> Result<BTreeSet<String>, RegistryFolderError> {
    if let Err(refusal) = check_folder(sessions)
        && refusal.is_distrust()
    {
        return Err(RegistryFolderError::Untrusted(refusal.into()));
    }
    match fs::read_dir(sessions) {
        Ok(entries) => Ok(entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(e) => Err(RegistryFolderError::Io(e)),
    }
}

/// A file of a process that has ended: Claude Code leaves it behind when killed.
fn left_behind_file(name: &str) -> ReportedFile {
    ReportedFile {
        name: short_name(name),
        problem: Some("the process has exited".to_owned()),
        ..ReportedFile::default()
    }
}

/// The name of a file; that of a key is shortened, because the rest of it is a hash of a path.
fn short_name(name: &str) -> String {
    match name.split_once('.') {
        Some((pid, _)) if has_ending(name, "key") => format!("{pid}.key"),
        _ => name.to_owned(),
    }
}

fn read_file(sessions: &Path, name: &str, machine: &MachineIdentity) -> ReportedFile {
    let mut file = ReportedFile {
        name: short_name(name),
        ..ReportedFile::default()
    };
    if has_ending(name, "key") {
        // The file holds a secret and is never opened.
        return file;
    }
    if !has_ending(name, "json") {
        file.problem = Some("neither a session nor a key".to_owned());
        return file;
    }
    match files::read_bounded(&sessions.join(name), MAX_FILE_BYTES) {
        Err(e) => file.problem = Some(e.to_string()),
        Ok(bytes) => match serde_json::from_slice(&mark_own_host(bytes, machine)) {
            Ok(content) => file.content = Some(content),
            // What is not JSON may be anything.
            Err(_) if bytes_are_blank(&sessions.join(name)) => {
                file.content = Some(Value::String(String::new()));
            }
            Err(_) => file.problem = Some("file is not JSON".to_owned()),
        },
    }
    file
}

fn bytes_are_blank(path: &Path) -> bool {
    let bytes = files::read_bounded(path, MAX_FILE_BYTES).unwrap_or_default();
    bytes.iter().all(u8::is_ascii_whitespace)
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, last)| last == ending)
}

/// The bytes with this machine's id replaced by a word, so that a reader sees that the file is of
/// this machine without learning the id.
fn mark_own_host(bytes: Vec<u8>, machine: &MachineIdentity) -> Vec<u8> {
    match (String::from_utf8(bytes), &machine.host) {
        (Ok(text), Some(host)) => {
            let own = format!("\"linux:{host}:pid:");
            let marked = format!("\"linux:{STAND_IN_HOST}:pid:");
            text.replace(&own, &marked).into_bytes()
        }
        (Ok(text), None) => text.into_bytes(),
        (Err(e), _) => e.into_bytes(),
    }
}

/// The processes that the files of a folder name.
pub(super) fn named_pids(folder: &ReportedFolder) -> BTreeSet<u32> {
    let live = folder.registry.iter().filter(|file| file.content.is_some());
    live.filter_map(|file| file.name.split_once('.')?.0.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use trusty_fleet::System;

    #[test]
    fn a_folder_for_which_macos_would_ask_is_not_read() {
        let home = tempfile::tempdir().expect("folder");
        let home = home.path().canonicalize().expect("a path");
        let read = |system, folder: &str| {
            let dir = home.join(folder);
            fs::create_dir_all(dir.join("sessions")).expect("folders");
            fs::write(dir.join("sessions/7.json"), "{}").expect("written");
            let env = Environment {
                system,
                home: home.clone(),
                ..Environment::default()
            };
            let machine = MachineIdentity {
                boot: "b".into(),
                uid: 501,
                host: None,
                pid_namespace: None,
            };
            read_folder(&dir, &env, &machine, &BTreeSet::new(), &[7].into())
        };
        assert_eq!(read(System::Mac, ".claude").registry.len(), 1);
        assert_eq!(read(System::Linux, "Documents/.claude").registry.len(), 1);
        let guarded = read(System::Mac, "Documents/.claude");
        assert!(guarded.registry.is_empty() && guarded.hooks.is_none());
        let problem = guarded.problem.expect("named");
        assert!(problem.starts_with("not read, because macOS asks for access to /"));
    }
}
