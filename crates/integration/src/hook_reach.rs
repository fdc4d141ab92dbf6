//! Whether our hooks reach a process at all: how it was started, what its folder says, and where
//! it runs.

use super::settings_text::disables_hooks;
use std::ffi::OsString;
use std::path::Path;
use trusty_fleet::client::{ProjectSettings, hooks_left_out};
use trusty_fleet::observation::HookObstacle;
use trusty_platform::process_files;
use trusty_platform::{files, sys};

/// The largest file of settings that is read, in bytes.
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// A process as it was started.
#[derive(Debug, Clone, Copy)]
pub struct StartedProcess<'a> {
    /// Its pid.
    pub pid: u32,
    /// Its arguments, the program first.
    pub argv: &'a [String],
    /// Its environment.
    pub environment: &'a [(OsString, OsString)],
    /// The folder it is in.
    pub cwd: Option<&'a Path>,
}

/// Why no hook of the user's can hold a process, whatever its config folder says; none if nothing
/// is known to be in the way.
pub fn hook_obstacle(process: &StartedProcess<'_>) -> Option<HookObstacle> {
    let variable = |name: &str| {
        let found = process.environment.iter().find(|(n, _)| n == name)?;
        found.1.to_str().map(str::to_owned)
    };
    hooks_left_out(process.argv, variable)
        .or_else(|| disabled_by_folder(process))
        .or_else(|| in_other_namespace(process.pid))
}

/// The same for a process as it is now, where the system tells of it: its folder's settings may
/// have changed since it was described.
pub fn hook_obstacle_now(pid: u32) -> Option<HookObstacle> {
    let argv = process_files::process_arguments(pid)?;
    let cwd = process_files::process_folder(pid);
    hook_obstacle(&StartedProcess {
        pid,
        argv: &argv,
        environment: &[],
        cwd: cwd.as_deref(),
    })
}

fn disabled_by_folder(process: &StartedProcess<'_>) -> Option<HookObstacle> {
    let folder = process.cwd?;
    let mut read = ProjectSettings::ALL_FILES.into_iter();
    read.find_map(|settings| {
        if !settings.is_read(process.argv) {
            return None;
        }
        let file = folder.join(settings.path());
        // The folder may lie on a server that does not answer, and the file may be a link.
        let resolved = files::resolve(&file)?;
        // Claude Code reads it whoever may write to it.
        let bytes = files::read_of_anybody(&resolved, MAX_SETTINGS_BYTES);
        let text = String::from_utf8(bytes.ok()?).ok()?;
        (disables_hooks(&text) == Ok(true)).then_some(HookObstacle::Disabled(file))
    })
}

/// A process whose namespace may not be read is taken for one of ours.
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

    #[test]
    fn what_a_folder_says_of_hooks_counts_where_it_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        let claude = folder.path().join(".claude");
        fs::create_dir(&claude).expect("folder");
        let argv = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let told = |words: &str| {
            let argv = argv(words);
            hook_obstacle(&StartedProcess {
                pid: std::process::id(),
                argv: &argv,
                environment: &[],
                cwd: Some(folder.path()),
            })
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
    fn a_process_of_our_own_namespace_is_reached() {
        assert_eq!(in_other_namespace(std::process::id()), None);
        assert_eq!(in_other_namespace(u32::MAX), None, "no such process");
    }
}
