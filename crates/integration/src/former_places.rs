//! Files of version 0.1.0 on macOS, which followed the XDG variables there. A start of the app or
//! of `trusty` moves them to the places that this version uses, once.
//!
//! Their former folder becomes a link to the data folder: hooks that wait at a pause keep their
//! record, and the commands in Claude Code's settings keep their program.

use crate::connected_folders::ConnectedFolders;
use crate::settings_file::{self, SETTINGS_FILE_NAME};
use crate::settings_text::named_programs;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use trusty_fleet::System;
use trusty_platform::file_identity::FileIdentity;
use trusty_platform::folder_lock::FolderLock;
use trusty_platform::trusted_path::{make_missing_folders, make_private_folder};
use trusty_platform::{files, paths};
use trusty_wire::discovery::EnginePlaces;
use trusty_wire::environment::Environment;
use trusty_wire::hook_program::data_dir_of;

/// How deep folders lie in a data folder: `paused`, `hook-marks` and `bin` hold only files.
const MAX_FOLDER_DEPTH: u32 = 2;
/// The files of the engines of one boot, which mean nothing in another folder.
const ENGINE_FILE_PREFIX: &str = "engine.";
/// The record of connected folders, and the log of answers with its older part: files of these
/// names in both folders are joined.
const CONNECTIONS_FILE: &str = "connections.json";
const ANSWER_LOG_FILES: [&str; 2] = ["answers.jsonl", "answers.1.jsonl"];
/// The most bytes of a log of answers that is read, as for the log's own reader.
const MAX_ANSWER_LOG_BYTES: u64 = 2 << 20;
/// The lock of the one start that moves files, in the data folder.
const MOVE_LOCK: &str = "move.lock";
/// The suffix of a former data folder in which files are left.
const LEFT_FOLDER_SUFFIX: &str = "before-0.2";

/// Why the files in a former folder stay there. The next start tries again.
#[derive(Debug, thiserror::Error)]
pub enum AdoptionError {
    /// A program of an earlier version still works with the folder.
    #[error(
        "an earlier version of Trusty Bar still uses {}; quit that version and start Trusty Bar \
         again to move the files",
        .0.display()
    )]
    InUse(PathBuf),
    /// Another start of this version moves the files.
    #[error(
        "another start of Trusty Bar is moving the files in {}; try again in a moment",
        .0.display()
    )]
    Moving(PathBuf),
    /// Other users could change the folder.
    #[error(
        "the files of an earlier version in {path} are not used, because other users could have \
         changed them; run `chmod 700 {path:?}` and start Trusty Bar again to move the files",
        path = .0.display()
    )]
    Open(PathBuf),
    /// A file could not be read, written or moved.
    #[error("could not move the files of an earlier version at {path}: {why}", path = .0.display(), why = .1)]
    Io(PathBuf, #[source] io::Error),
}

/// Moves what earlier versions left in other places to where this version looks. Does nothing on
/// Linux, whose places have not changed. Returns what could not be moved.
pub fn adopt_former_places(env: &Environment) -> Vec<AdoptionError> {
    let mut problems = Vec::new();
    let folders: Vec<PathBuf> = former_data_folders(env).into_iter().collect();
    for folder in &folders {
        problems.extend(adopt_folder(env, folder).err());
    }
    problems.extend(link_settings(env).err());
    problems
}

/// The former data folders that exist: those that the environment names, and those of the hook
/// programs in Claude Code's settings, because an app from Finder sees no variables of a shell.
fn former_data_folders(env: &Environment) -> BTreeSet<PathBuf> {
    if env.system == System::Linux {
        return BTreeSet::new();
    }
    let settings = env.claude_dir().join(SETTINGS_FILE_NAME);
    let text = settings_file::text_of(&settings).ok().flatten();
    let programs = named_programs(text.as_deref().unwrap_or_default());
    let named = programs.iter().filter_map(|program| data_dir_of(program));
    let data = env.data_dir();
    let is_real = |folder: &PathBuf| folder.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    let folders = env.former_data_dirs().into_iter().chain(named);
    folders
        .filter(|folder| folder.is_absolute() && is_real(folder))
        // A link in the place of a folder around the data folder would lead into itself.
        .filter(|folder| !data.starts_with(folder) && !folder.starts_with(&data))
        // A folder above may be a link.
        .filter(|folder| !is_same(folder, &data))
        .collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path| FileIdentity::of_target(path).ok();
    identity(one).is_some() && identity(one) == identity(other)
}

fn adopt_folder(env: &Environment, former: &Path) -> Result<(), AdoptionError> {
    let failed = |e: io::Error| AdoptionError::Io(former.to_path_buf(), e);
    let data = env.data_dir();
    let is_moved = || is_same(former, &data);
    if is_moved() {
        return Ok(());
    }
    let places = EnginePlaces::find(env).map_err(failed)?;
    if !paths::is_private(former, places.uid()).map_err(failed)? {
        return Err(AdoptionError::Open(former.to_path_buf()));
    }
    let in_use = || AdoptionError::InUse(former.to_path_buf());
    // An engine of this version holds those locks itself.
    let is_led = places.record().is_some();
    let engines = places.take_former_locks();
    if engines.is_none() && !is_led {
        return Err(in_use());
    }
    let _locks = take_locks(former)?.ok_or_else(in_use)?;
    let failed_there = |e: io::Error| AdoptionError::Io(data.clone(), e);
    make_private_folder(&data).map_err(|e| failed_there(e.into()))?;
    // The app and several commands may start at once.
    let turn = FolderLock::try_take(&data.join(MOVE_LOCK)).map_err(failed_there)?;
    let _turn = turn.ok_or_else(|| AdoptionError::Moving(former.to_path_buf()))?;
    if is_moved() {
        return Ok(());
    }
    copy_missing(former, &data, 0)?;
    join_connections(env, former)?;
    for name in ANSWER_LOG_FILES {
        join_answers(&former.join(name), &data.join(name))?;
    }
    let left = put_link(former, &data).map_err(failed)?;
    // What is left behind has a place of its own; nothing reads it.
    let _ = remove_copies(&left, &data);
    Ok(())
}

/// The locks of an engine and of actions in a former data folder; `None` if any is taken.
fn take_locks(former: &Path) -> Result<Option<Vec<FolderLock>>, AdoptionError> {
    let mut taken = Vec::new();
    for folder in [former.to_path_buf(), former.join("paused")] {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "lock") {
                match FolderLock::try_take(&path) {
                    Ok(Some(lock)) => taken.push(lock),
                    Ok(None) => return Ok(None),
                    Err(e) => return Err(AdoptionError::Io(path, e)),
                }
            }
        }
    }
    Ok(Some(taken))
}

/// Gives each file that the data folder lacks a name there, too.
fn copy_missing(former: &Path, data: &Path, depth: u32) -> Result<(), AdoptionError> {
    let failed = |path: &Path, e| AdoptionError::Io(path.to_path_buf(), e);
    for entry in fs::read_dir(former).map_err(|e| failed(former, e))? {
        let entry = entry.map_err(|e| failed(former, e))?;
        let (from, to) = (entry.path(), data.join(entry.file_name()));
        let kind = entry.file_type().map_err(|e| failed(&from, e))?;
        if is_engine_file(&from) {
            continue;
        }
        if kind.is_dir() && depth < MAX_FOLDER_DEPTH {
            make_private_folder(&to).map_err(|e| failed(&to, e.into()))?;
            copy_missing(&from, &to, depth + 1)?;
        } else if kind.is_file() && to.symlink_metadata().is_err() {
            give_name(&from, &to).map_err(|e| failed(&from, e))?;
        }
    }
    Ok(())
}

/// Gives a file a second name, so that a lock on the file stays; another volume gets a copy. A file
/// that has the name by now stays as it is.
fn give_name(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) => copy_to_new(from, to),
    }
}

/// Copies a file to a name that is given only to the whole copy, and only if no file has it.
fn copy_to_new(from: &Path, to: &Path) -> io::Result<()> {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let part = to.with_file_name(format!("{name}.{}.part", std::process::id()));
    let copied = fs::copy(from, &part).and_then(|_| {
        match renameat_with(CWD, &part, CWD, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if to.symlink_metadata().is_err() => {
                fs::rename(&part, to)
            }
            Err(Errno::EXIST) => Ok(()),
            moved => Ok(moved?),
        }
    });
    // Gone if it has the name.
    let _ = fs::remove_file(&part);
    copied
}

fn is_engine_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(ENGINE_FILE_PREFIX))
}

/// Adds the folders that are recorded as connected in a former data folder.
fn join_connections(env: &Environment, former: &Path) -> Result<(), AdoptionError> {
    let path = former.join(CONNECTIONS_FILE);
    let earlier = ConnectedFolders::read_file(&path);
    let mut known = ConnectedFolders::read(env);
    known
        .add_missing(env, earlier)
        .map_err(|e| AdoptionError::Io(path, io::Error::other(e.to_string())))
}

/// Puts the lines of a former log of answers before those of the log of this version.
fn join_answers(former: &Path, log: &Path) -> Result<(), AdoptionError> {
    let failed = |path: &Path, e: io::Error| AdoptionError::Io(path.to_path_buf(), e);
    if !former.is_file() || is_same(former, log) {
        return Ok(());
    }
    let read = |path: &Path| {
        let bytes = files::read_bounded(path, MAX_ANSWER_LOG_BYTES);
        bytes.map_err(|e| failed(path, io::Error::other(e.to_string())))
    };
    let (mut lines, newer) = (read(former)?, read(log)?);
    let length = u64::try_from(lines.len() + newer.len()).unwrap_or(u64::MAX);
    if newer.starts_with(&lines) || length > MAX_ANSWER_LOG_BYTES {
        // Joined already by a start that was interrupted, or too long: the former log stays in its
        // folder.
        return Ok(());
    }
    lines.extend(newer);
    files::write_whole(log, &lines).map_err(|e| failed(log, e))
}

/// Puts a link to the data folder in the place of a former one, in one step where the file system
/// can: a hook that waits there looks for its record at any moment. Returns the new path of the
/// former folder.
fn put_link(former: &Path, data: &Path) -> io::Result<PathBuf> {
    let pid = std::process::id();
    let beside = |suffix: &str| {
        let name = former.file_name().unwrap_or_default().to_string_lossy();
        former.with_file_name(format!("{name}.{suffix}"))
    };
    let link = beside(&format!("{pid}.new"));
    let mut left = beside(LEFT_FOLDER_SUFFIX);
    if left.symlink_metadata().is_ok() {
        left = beside(&format!("{LEFT_FOLDER_SUFFIX}.{pid}"));
    }
    let _ = fs::remove_file(&link);
    symlink(data, &link)?;
    match renameat_with(CWD, former, CWD, &link, RenameFlags::EXCHANGE) {
        Ok(()) => fs::rename(&link, &left)?,
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            fs::rename(former, &left)?;
            fs::rename(&link, former)?;
        }
        Err(e) => {
            let _ = fs::remove_file(&link);
            return Err(e.into());
        }
    }
    Ok(left)
}

/// Removes from a former folder the names and copies of files that the data folder has, the files
/// of its engines, and folders that are empty then. Fails while another file is left.
fn remove_copies(left: &Path, data: &Path) -> io::Result<()> {
    // A link to the data folder would lead to the files that are kept.
    if FileIdentity::of_path(left)? == FileIdentity::of_target(data)?
        || !left.symlink_metadata()?.is_dir()
    {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    for entry in fs::read_dir(left)? {
        let entry = entry?;
        let (path, there) = (entry.path(), data.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            // A folder that is not empty does not keep the others.
            let _ = remove_copies(&path, &there);
        } else if is_engine_file(&path) || has_same_content(&path, &there) {
            fs::remove_file(path)?;
        }
    }
    fs::remove_dir(left)
}

fn has_same_content(one: &Path, other: &Path) -> bool {
    let is_one_file = FileIdentity::of_path(one)
        .is_ok_and(|identity| FileIdentity::of_path(other).is_ok_and(|there| there == identity));
    // A pipe would be waited for, and what a link leads to is not what lies here.
    let is_file = |path: &Path| path.symlink_metadata().is_ok_and(|meta| meta.is_file());
    let are_equal = || {
        let (bytes, there) = (fs::read(one), fs::read(other));
        bytes.is_ok_and(|bytes| there.is_ok_and(|there| there == bytes))
    };
    is_one_file || is_file(one) && is_file(other) && are_equal()
}

/// Links the settings file to the one that version 0.1.0 read, if there is no other: a dotfile
/// manager may own that file.
fn link_settings(env: &Environment) -> Result<(), AdoptionError> {
    let Some(former) = env.former_settings_file().filter(|file| file.is_file()) else {
        return Ok(());
    };
    let settings = env.settings_file();
    let failed = |e: io::Error| AdoptionError::Io(former.clone(), e);
    if let Some(folder) = settings.parent() {
        make_missing_folders(folder).map_err(|e| failed(e.into()))?;
    }
    match symlink(&former, &settings) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(failed(e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
