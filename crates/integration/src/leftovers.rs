//! Leftovers of programs that were killed while they connected hooks.

use super::connected_folders::{self, ConnectedFolders};
use super::program::PARTIAL_COPY_PREFIX;
use super::{program, settings_file};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use trusty_platform::leftover_files::{half_written_by, named_pid, remove_of_gone};
use trusty_wire::environment::Environment;

/// Removes half-written files of processes that are gone: the settings of these folders and of all
/// connected ones, our record of connected folders, and copies of the hook program.
pub fn clean_leftovers(env: &Environment, config_dirs: &BTreeSet<PathBuf>) {
    let memory = ConnectedFolders::read(env);
    let folders: BTreeSet<&Path> = memory
        .folders()
        .chain(config_dirs.iter().map(PathBuf::as_path))
        .collect();
    for dir in folders {
        if let Ok(settings) = settings_file::settings_path(dir) {
            clean_beside(&settings);
        }
    }
    clean_beside(&connected_folders::path(env));
    let copy = program(env);
    if let Some(folder) = copy.parent() {
        remove_of_gone(folder, |name| named_pid(name, PARTIAL_COPY_PREFIX, ""));
    }
}

/// Removes half-written versions of a file: `<file>.<pid>.new` beside it.
fn clean_beside(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str()))
    else {
        return;
    };
    remove_of_gone(folder, |half| {
        let (whole, pid) = half_written_by(half)?;
        (whole == name).then_some(pid)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A pid that no process has: it is above the maximum of every system.
    const GONE_PID: u32 = 4_194_305;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).expect("listed").flatten();
        let names = entries.map(|e| e.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn settings_that_a_killed_program_did_not_finish_are_removed() {
        let root = tempfile::tempdir().expect("folder");
        let dir = root.path().join(".claude");
        let env = Environment {
            home: root.path().join("home"),
            ..Environment::default()
        };
        let bin = env.data_dir().join("bin");
        for folder in [&dir, &bin] {
            fs::create_dir_all(folder).expect("folder");
        }
        let own = std::process::id();
        let kept = [
            format!("settings.json.{own}.new"),
            format!("settings.json.{GONE_PID}.new.mine"),
            format!("settings.json.00{GONE_PID}.new"),
            format!("settings.local.json.{GONE_PID}.new"),
            "settings.json.new".to_owned(),
            "settings.json".to_owned(),
        ];
        for name in &kept {
            fs::write(dir.join(name), "x").expect("written");
        }
        fs::write(dir.join(format!("settings.json.{GONE_PID}.new")), "x").expect("written");
        let data = env.data_dir();
        fs::write(data.join(format!("connections.json.{GONE_PID}.new")), "x").expect("written");
        fs::write(bin.join(format!(".trusty-hook.{GONE_PID}")), "x").expect("written");
        fs::write(bin.join(format!(".trusty-hook.{own}")), "x").expect("written");
        clean_leftovers(&env, &[dir.clone()].into());
        let mut kept = kept.to_vec();
        kept.sort();
        assert_eq!(names(&dir), kept);
        assert_eq!(names(&data), ["bin"]);
        assert_eq!(names(&bin), [format!(".trusty-hook.{own}")]);
    }
}
