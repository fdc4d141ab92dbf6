//! Connects the hooks of a config folder: adds our entries to `settings.json`, and installs the
//! copy of the hook program that the entries run. Everything else in `settings.json` stays.

#![forbid(unsafe_code)]

mod clients;
mod connected_folders;
mod entries;
mod former_places;
mod hook_reach;
mod leftovers;
mod policy;
mod program;
mod settings_backups;
mod settings_file;
mod settings_text;
#[cfg(test)]
#[path = "../../../tests/support/skip.rs"]
pub mod skip;

pub use entries::{HOOK_EVENTS, HOOK_TIMEOUT_SECONDS, HookEntries};
pub use former_places::{AdoptionError, adopt_former_places};
pub use hook_reach::{StartedProcess, hook_obstacle, hook_obstacle_now};
pub use leftovers::clean_leftovers;
pub use settings_text::{
    EntryPresence, UneditableConfig, disables_hooks, entry_presence, merge_hooks, remove_hooks,
};
pub use trusty_wire::hook_program::{data_dir_of, is_hook_program, program};

use connected_folders::{ConnectedFolder, ConnectedFolders};
use settings_file::SettingsFile;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use trusty_fleet::Snapshot;
use trusty_fleet::observation::HookInstall;
use trusty_platform::file_attributes::AttributeError;
use trusty_platform::files::FileReadError;
use trusty_platform::trusted_path::PathRefusal;
use trusty_records::hook_marks::{MarkFolder, MarkingProgram};
use trusty_records::settings::Settings;
use trusty_wire::environment::Environment;

/// Why hooks were not connected or disconnected.
///
/// The settings file is unchanged, unless [`Self::Io`] names our marks or our record of connected
/// folders, which are written after it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The text of the settings file cannot be edited.
    #[error("{path} {why}", path = .0.display(), why = .1)]
    Unfit(PathBuf, #[source] UneditableConfig),
    /// The settings file is not UTF-8 text.
    #[error("{} is not UTF-8 text; correct it first", .0.display())]
    NotText(PathBuf),
    /// The settings file is a link out of the config folder.
    #[error(
        "{} is a link to {}, outside this config folder; replace the link with the file, or \
         connect the folder that holds the file",
        .0.display(), .1.display()
    )]
    Link(PathBuf, PathBuf),
    /// The settings file is a folder, a pipe, …
    #[error("{} is not a regular file; move it away", .0.display())]
    NotPlain(PathBuf),
    /// The settings file has other names (hard links), which would keep the old content.
    #[error(
        "{path} has {more} (hard links), which would keep the old content; run `cp -p {path:?} \
         {path:?}.own && mv {path:?}.own {path:?}` to separate the file",
        path = .0.display(), more = count_names(*.1)
    )]
    HardLinked(PathBuf, u64),
    /// The settings file has an attribute that cannot be set on a new file.
    #[error("{path} has {why}", path = .0.display(), why = .1)]
    Attribute(PathBuf, #[source] AttributeError),
    /// The settings file or its folder is read-only.
    #[error("{path} is read-only; run `chmod u+w {path:?}`", path = .0.display())]
    ReadOnly(PathBuf),
    /// The settings file or its folder belongs to another user.
    #[error("{} belongs to another user", .0.display())]
    Foreign(PathBuf),
    /// A policy forbids hooks; says which.
    #[error("hooks cannot run: {0}")]
    Forbidden(String),
    /// A running Claude Code would not accept the settings, or may not.
    #[error("{0}")]
    OldClient(String),
    /// Another program has written the settings file in the meantime.
    #[error("another program has just changed {}; try again", .0.display())]
    Changed(PathBuf),
    /// The hook program is missing.
    #[error("{} is missing; reinstall Trusty Bar, or run `cargo build --workspace`", .0.display())]
    NoProgram(PathBuf),
    /// The hook program cannot run in the data folder.
    #[error(
        "{path} cannot be run ({why}); if the folder is mounted noexec, {remedy} and connect again",
        path = .0.display(), why = .1, remedy = .2
    )]
    ProgramCannotRun(PathBuf, String, &'static str),
    /// The path of the hook program is not UTF-8, so JSON cannot hold it.
    #[error("{} is not UTF-8 text; set XDG_DATA_HOME to another folder", .0.display())]
    OddPath(PathBuf),
    /// Another user could replace the hook program.
    #[error("the hook program is not safe: {0}")]
    UnsafeProgram(PathRefusal),
    /// A file could not be read.
    #[error("{path}: {why}", path = .0.display(), why = .1)]
    Read(PathBuf, #[source] FileReadError),
    /// A file could not be written.
    #[error("failed to write {path}: {why}", path = .0.display(), why = .1)]
    Io(PathBuf, #[source] io::Error),
}

/// `1 other name`, `2 other names`.
fn count_names(count: u64) -> String {
    match count {
        1 => "1 other name".to_owned(),
        n => format!("{n} other names"),
    }
}

/// A planned edit of a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsEdit {
    /// The file, with links resolved.
    pub file: PathBuf,
    /// The text now; `None` if the file does not exist.
    pub before: Option<String>,
    /// The text afterwards; `None` if the file is to be removed.
    pub after: Option<String>,
}

/// The result of connecting or disconnecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectReport {
    /// The settings file.
    pub file: PathBuf,
    /// The backup of the former text; `None` if nothing was changed, or the file did not exist.
    pub backup: Option<PathBuf>,
    /// What was done to the file.
    pub outcome: SettingsEditOutcome,
}

/// What was done to a settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsEditOutcome {
    /// The file is unchanged.
    Unchanged,
    /// The file was created.
    Created,
    /// The file was replaced.
    Replaced,
    /// The file was removed: we had created it, and it held nothing else.
    Removed,
}

/// All config folders: the one of the environment and those of the settings.
pub fn folders(env: &Environment, settings: &Settings) -> BTreeSet<PathBuf> {
    let more = settings.config_dirs.iter().cloned();
    more.chain([env.claude_dir()]).collect()
}

/// The edit that [`connect`] would make to a folder's settings.
///
/// # Errors
/// If the settings cannot be edited, a policy forbids hooks, or a running Claude Code is too old.
pub fn plan_connect(
    env: &Environment,
    dir: &Path,
    running: &Snapshot,
) -> Result<SettingsEdit, ConnectError> {
    connecting(env, dir, running).map(|(change, _)| change)
}

fn connecting(
    env: &Environment,
    dir: &Path,
    running: &Snapshot,
) -> Result<(SettingsEdit, SettingsFile), ConnectError> {
    clients::all_understand(running)?;
    let file = SettingsFile::read(dir)?;
    let before = file.text.clone();
    let text = before.as_deref().unwrap_or_default();
    if let Some(why) = policy::find_hook_ban(file.path(), text) {
        return Err(ConnectError::Forbidden(why));
    }
    let after =
        merge_hooks(text, &expected_entries(env)?).map_err(|e| uneditable_error(&file, e))?;
    let change = SettingsEdit {
        file: file.path().to_path_buf(),
        before,
        after: Some(after),
    };
    Ok((change, file))
}

/// Connects the hooks of a config folder. Its running sessions pick them up within seconds.
/// Idempotent.
///
/// # Errors
/// As [`plan_connect`]; also if the hook program cannot be installed or run, or a file cannot be
/// written.
pub fn connect(
    env: &Environment,
    dir: &Path,
    running: &Snapshot,
) -> Result<ConnectReport, ConnectError> {
    clean_leftovers(env, &[dir.to_path_buf()].into());
    let (change, file) = connecting(env, dir, running)?;
    program::install(env)?;
    let done = perform(&change, &file)?;
    let marks = MarkFolder::new(env);
    if done.outcome != SettingsEditOutcome::Unchanged
        || marks.marking_program() != Some(MarkingProgram::Known)
    {
        // Without marks, a hold counts as one only while a hook waits.
        marks
            .begin()
            .map_err(|e| ConnectError::Io(marks.folder().to_path_buf(), e))?;
    }
    let mut memory = ConnectedFolders::read(env);
    if done.outcome != SettingsEditOutcome::Unchanged || memory.folder(dir).is_none() {
        let backup = done.backup.clone();
        memory.set(env, dir, Some(ConnectedFolder { backup }))?;
    }
    Ok(done)
}

/// The edit that [`disconnect`] would make to a folder's settings.
///
/// # Errors
/// If the settings cannot be edited.
pub fn plan_disconnect(env: &Environment, dir: &Path) -> Result<SettingsEdit, ConnectError> {
    disconnecting(env, dir).map(|(change, _)| change)
}

fn disconnecting(
    env: &Environment,
    dir: &Path,
) -> Result<(SettingsEdit, SettingsFile), ConnectError> {
    let file = SettingsFile::read(dir)?;
    let memory = ConnectedFolders::read(env);
    let remembered = memory.folder(dir);
    let backup = remembered.and_then(|r| settings_file::text_of(r.backup.as_deref()?).ok()?);
    let made = remembered.is_some_and(|r| r.backup.is_none());
    let before = file.text.clone();
    let after = match &before {
        None => None,
        Some(text) => {
            let entries = in_force(env, text)?;
            let known = if made { Some("") } else { backup.as_deref() };
            let after =
                remove_hooks(text, known, &entries).map_err(|e| uneditable_error(&file, e))?;
            // A file that we created is removed with our last entry.
            Some(after).filter(|after| !(made && settings_text::is_bare(after)))
        }
    };
    let change = SettingsEdit {
        file: file.path().to_path_buf(),
        before,
        after,
    };
    Ok((change, file))
}

/// Removes our entries from a folder's settings, and nothing else.
///
/// # Errors
/// If the settings cannot be edited, or a file cannot be written.
pub fn disconnect(env: &Environment, dir: &Path) -> Result<ConnectReport, ConnectError> {
    let (change, file) = disconnecting(env, dir)?;
    let done = perform(&change, &file)?;
    let mut memory = ConnectedFolders::read(env);
    memory.set(env, dir, None)?;
    if memory.is_empty() {
        MarkFolder::new(env).end();
    }
    Ok(done)
}

fn perform(change: &SettingsEdit, file: &SettingsFile) -> Result<ConnectReport, ConnectError> {
    let (backup, outcome) = match (&change.before, &change.after) {
        (before, after) if before == after => (None, SettingsEditOutcome::Unchanged),
        (None, Some(after)) => (file.replace(after)?, SettingsEditOutcome::Created),
        (Some(_), Some(after)) => (file.replace(after)?, SettingsEditOutcome::Replaced),
        (_, None) => (file.remove()?, SettingsEditOutcome::Removed),
    };
    Ok(ConnectReport {
        file: change.file.clone(),
        backup,
        outcome,
    })
}

fn expected_entries(env: &Environment) -> Result<HookEntries, ConnectError> {
    let program = program(env);
    HookEntries::for_program(&program).ok_or(ConnectError::OddPath(program))
}

/// The entries of ours that a text holds in full, if it holds all of those of one version and one
/// path of the hook program; else those of this version.
fn in_force(env: &Environment, text: &str) -> Result<HookEntries, ConnectError> {
    let is_held = |entries: &HookEntries| entry_presence(text, entries) == Ok(EntryPresence::All);
    let earlier = HookEntries::of_0_1(&program(env));
    let former = former_programs(env, text).into_iter().flat_map(|program| {
        [
            HookEntries::for_program(&program),
            HookEntries::of_0_1(&program),
        ]
    });
    match [earlier].into_iter().chain(former).flatten().find(is_held) {
        Some(entries) => Ok(entries),
        None => expected_entries(env),
    }
}

/// The other paths, in the commands of a text, that lead to the installed hook program.
fn former_programs(env: &Environment, text: &str) -> Vec<PathBuf> {
    let program = program(env);
    let Ok(installed) = program.canonicalize() else {
        return Vec::new();
    };
    let named = settings_text::named_programs(text).into_iter();
    named
        .filter(|named| *named != program)
        .filter(|named| named.canonicalize().is_ok_and(|path| path == installed))
        .collect()
}

fn uneditable_error(file: &SettingsFile, why: UneditableConfig) -> ConnectError {
    ConnectError::Unfit(file.path().to_path_buf(), why)
}

/// The state of the hooks of a config folder.
pub fn state(env: &Environment, dir: &Path) -> HookInstall {
    let path = dir.join(settings_file::SETTINGS_FILE_NAME);
    let text = match settings_file::text_of(&path) {
        Ok(text) => text.unwrap_or_default(),
        Err(e) => return HookInstall::Broken(e.to_string()),
    };
    let known = expected_entries(env).and_then(|entries| {
        entry_presence(&text, &entries).map_err(|why| ConnectError::Unfit(path.clone(), why))
    });
    let held = match known {
        Ok(held) => held,
        Err(e) => return HookInstall::Broken(e.to_string()),
    };
    if let Some(why) = policy::find_hook_ban(&path, &text) {
        return HookInstall::Forbidden(why);
    }
    let program = program(env);
    let is_held = |entries: Option<HookEntries>| {
        entries.is_some_and(|entries| entry_presence(&text, &entries) == Ok(EntryPresence::All))
    };
    let has_some = held == EntryPresence::Some;
    let former = if has_some {
        former_programs(env, &text)
    } else {
        Vec::new()
    };
    let is_current = held == EntryPresence::All
        || former
            .iter()
            .any(|program| is_held(HookEntries::for_program(program)));
    let is_earlier = has_some
        && [&program]
            .into_iter()
            .chain(&former)
            .any(|program| is_held(HookEntries::of_0_1(program)));
    let is_ours = is_current || is_earlier;
    if is_ours && program::is_there(&program) && !program::may_run(&program) {
        return HookInstall::Forbidden(cannot_run(&program, env));
    }
    let is_safe = is_ours && program::is_safe(&program);
    if is_safe && is_current {
        return HookInstall::Connected;
    }
    if is_safe {
        return HookInstall::Outdated;
    }
    if held == EntryPresence::None && ConnectedFolders::read(env).folder(dir).is_none() {
        return HookInstall::NotInstalled;
    }
    HookInstall::Incomplete
}

fn cannot_run(program: &Path, env: &Environment) -> String {
    format!(
        "{} cannot be run; the folder may be mounted noexec: {} and connect again",
        program.display(),
        env.data_folder_remedy()
    )
}

/// Checks that no other user could replace the hook program, if any folder is connected.
///
/// # Errors
/// Names what another user could change, and the remedy.
pub fn check_hook_program(env: &Environment) -> Result<(), ConnectError> {
    if ConnectedFolders::read(env).is_empty() {
        return Ok(());
    }
    program::check(&program(env))
}

/// Renews the copy of the hook program and runs it once, if any folder is connected.
///
/// # Errors
/// If the copy cannot be written, is not safe, or does not run.
pub fn renew(env: &Environment) -> Result<(), ConnectError> {
    if ConnectedFolders::read(env).is_empty() {
        return Ok(());
    }
    let marks = MarkFolder::new(env);
    let before = marks.marking_program();
    let renewed = program::renew(env)?;
    if renewed || before != Some(MarkingProgram::Known) {
        let followed = marks.follow_program(before);
        followed.map_err(|e| ConnectError::Io(marks.folder().to_path_buf(), e))?;
    }
    Ok(())
}
