//! Whether our hooks reach a process: by how it was started, the settings of its folder, and its
//! namespace.

use super::settings_text::disables_hooks;
use std::ffi::OsString;
use std::path::Path;
use trusty_fleet::client::{ProjectSettings, hooks_left_out};
use trusty_fleet::observation::HookObstacle;
use trusty_platform::folder_access::{FolderAccess, PathLookup};
use trusty_platform::process_files;
use trusty_platform::{files, sys};

/// The read limit of a settings file.
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// A process with its start parameters.
#[derive(Debug, Clone, Copy)]
pub struct StartedProcess<'a> {
    /// The pid.
    pub pid: u32,
    /// The arguments, the program first.
    pub argv: &'a [String],
    /// The environment variables.
    pub environment: &'a [(OsString, OsString)],
    /// The current folder of the process.
    pub cwd: Option<&'a Path>,
}

/// Why no hook of the user's can hold a process, whatever its config folder says; `None` if no
/// obstacle is known.
pub fn hook_obstacle(process: &StartedProcess<'_>, access: &FolderAccess) -> Option<HookObstacle> {
    let variable = |name: &str| {
        let found = process.environment.iter().find(|(n, _)| n == name)?;
        found.1.to_str().map(str::to_owned)
    };
    hooks_left_out(process.argv, variable)
        .or_else(|| disabled_by_folder(process, access))
        .or_else(|| in_other_namespace(process.pid))
}

/// The same for a process as it is now, without its environment: the settings of its folder may
/// have changed since it was discovered. `None` if its arguments cannot be read.
pub fn hook_obstacle_now(pid: u32, access: &FolderAccess) -> Option<HookObstacle> {
    let argv = process_files::process_arguments(pid)?;
    let cwd = process_files::process_folder(pid);
    let process = StartedProcess {
        pid,
        argv: &argv,
        environment: &[],
        cwd: cwd.as_deref(),
    };
    hook_obstacle(&process, access)
}

fn disabled_by_folder(process: &StartedProcess<'_>, access: &FolderAccess) -> Option<HookObstacle> {
    let folder = process.cwd?;
    let mut read = ProjectSettings::ALL_FILES.into_iter();
    read.find_map(|settings| {
        if !settings.is_read(process.argv) {
            return None;
        }
        let file = folder.join(settings.path());
        // The folder may be on a server that does not respond, and the file may be a link.
        let resolved = match access.resolve(&file) {
            PathLookup::Resolved(resolved) => resolved,
            PathLookup::Missing => return None,
            PathLookup::Guarded(_) => return Some(HookObstacle::Unread(folder.to_path_buf())),
        };
        // Claude Code reads the file regardless of who may write to it.
        let bytes = files::read_of_anybody(&resolved, MAX_SETTINGS_BYTES);
        let text = String::from_utf8(bytes.ok()?).ok()?;
        (disables_hooks(&text) == Ok(true)).then_some(HookObstacle::Disabled(file))
    })
}

/// The obstacle for a process in another pid namespace; one that cannot be read counts as ours.
fn in_other_namespace(pid: u32) -> Option<HookObstacle> {
    let ours = sys::machine().ok()?.pid_namespace?;
    let its = process_files::pid_namespace(pid)?;
    (its != ours).then_some(HookObstacle::OtherPidNamespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use trusty_fleet::System;

    #[test]
    fn what_a_folder_says_of_hooks_counts_where_it_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        let claude = folder.path().join(".claude");
        fs::create_dir(&claude).expect("folder");
        let argv = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let told = |words: &str| {
            let argv = argv(words);
            let process = StartedProcess {
                pid: std::process::id(),
                argv: &argv,
                environment: &[],
                cwd: Some(folder.path()),
            };
            let access = FolderAccess::new(System::Linux, PathBuf::from("/home/dev"));
            hook_obstacle(&process, &access)
        };
        assert_eq!(told("claude"), None);
        for name in ["settings.json", "settings.local.json"] {
            let file = claude.join(name);
            fs::write(&file, "{\"disableAllHooks\": true}").expect("written");
            assert_eq!(told("claude"), Some(HookObstacle::Disabled(file.clone())));
            // As in a checkout that several users share.
            let shared = fs::Permissions::from_mode(0o666);
            fs::set_permissions(&file, shared).expect("chmod");
            assert_eq!(told("claude"), Some(HookObstacle::Disabled(file.clone())));
            assert_eq!(told("claude --setting-sources user"), None);
            for harmless in ["{\"disableAllHooks\": false}", "{", ""] {
                fs::write(&file, harmless).expect("written");
                assert_eq!(told("claude"), None, "{harmless}");
            }
        }
        let bare = HookObstacle::Started("--bare".into());
        assert_eq!(told("claude --bare"), Some(bare));
    }

    #[test]
    fn settings_that_may_not_be_read_are_unknown() {
        let home = tempfile::tempdir().expect("folder");
        let home = home.path().canonicalize().expect("there");
        let told = |system, cwd: &str, arguments: &[&str]| {
            let argv: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
            let cwd = home.join(cwd);
            let process = StartedProcess {
                pid: std::process::id(),
                argv: &argv,
                environment: &[],
                cwd: Some(&cwd),
            };
            hook_obstacle(&process, &FolderAccess::new(system, home.clone()))
        };
        for cwd in ["Documents/api", "code/api"] {
            let claude = home.join(cwd).join(".claude");
            fs::create_dir_all(&claude).expect("folders");
            let disabled = "{\"disableAllHooks\": true}";
            fs::write(claude.join("settings.json"), disabled).expect("written");
        }
        let disabled = |cwd: &str| {
            let file = home.join(cwd).join(".claude/settings.json");
            Some(HookObstacle::Disabled(file))
        };
        let (guarded, open) = ("Documents/api", "code/api");
        assert_eq!(told(System::Linux, guarded, &["claude"]), disabled(guarded));
        let unread = HookObstacle::Unread(home.join(guarded));
        assert_eq!(told(System::Mac, guarded, &["claude"]), Some(unread));
        assert_eq!(told(System::Mac, open, &["claude"]), disabled(open));
        let user_only = ["claude", "--setting-sources", "user"];
        assert_eq!(told(System::Mac, guarded, &user_only), None);
    }

    #[test]
    fn a_process_of_our_own_namespace_is_reached() {
        assert_eq!(in_other_namespace(std::process::id()), None);
        assert_eq!(in_other_namespace(u32::MAX), None, "no such process");
    }
}
