//! The client as this user has installed it. What a process executes is not run by us: whoever
//! started that process chose the file.

use std::path::{Path, PathBuf};
use trusty_fleet::client::can_list;
use trusty_platform::programs::{ProgramSearch, absolute_folders, find_program};
use trusty_wire::environment::Environment;

/// The client's command.
const CLIENT_COMMAND: &str = "claude";
/// Where its installers put it, below the home folder and elsewhere: an app that is started from a
/// desktop has a short search path.
const HOME_FOLDERS: [&str; 2] = [".local/bin", ".claude/local"];
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/local/bin", "/opt/homebrew/bin"];

/// Looks for a client that lists its sessions: in the search path, or where it is usually
/// installed. Which version it is says only the path of some; it is taken for a newer one then.
pub fn find_client(env: &Environment) -> ProgramSearch {
    let usual = HOME_FOLDERS.map(|folder| env.home.join(folder));
    let folders = absolute_folders(env.path.as_deref())
        .chain(usual)
        .chain(SYSTEM_FOLDERS.map(PathBuf::from));
    let mut search = ProgramSearch::default();
    for folder in folders {
        let found = find_program(CLIENT_COMMAND, [folder]);
        search.refused = search.refused.or(found.refused);
        search.program = found.program.filter(|program| lists_sessions(program));
        if search.program.is_some() {
            break;
        }
    }
    search
}

/// Whether the version that a program's path tells, if any, can list its sessions.
fn lists_sessions(program: &Path) -> bool {
    let target = program.canonicalize().unwrap_or_default();
    let name = target.file_name().and_then(|name| name.to_str());
    name.filter(|name| name.starts_with(|c: char| c.is_ascii_digit()))
        .is_none_or(can_list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn write_program(program: &Path) {
        fs::create_dir_all(program.parent().expect("a folder")).expect("folder");
        fs::write(program, "").expect("program");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    #[test]
    fn the_client_is_one_that_the_user_has_installed_and_that_lists_sessions() {
        let root = tempfile::tempdir().expect("folder");
        let at = |path: &str| root.path().join(path);
        let env = Environment {
            home: at("home"),
            path: Some(format!("node_modules/.bin:{}", at("bin").display()).into()),
            ..Environment::default()
        };
        let versions = at("home/.local/share/claude/versions");
        for version in ["2.1.100", "2.1.330"] {
            write_program(&versions.join(version));
        }
        fs::create_dir(at("bin")).expect("folder");
        symlink(versions.join("2.1.100"), at("bin/claude")).expect("link");
        fs::create_dir_all(at("home/.local/bin")).expect("folder");
        let usual = at("home/.local/bin/claude");
        symlink(versions.join("2.1.330"), &usual).expect("link");
        assert_eq!(find_client(&env).program, Some(usual.clone()));
        fs::remove_file(at("bin/claude")).expect("removed");
        write_program(&at("bin/claude"));
        assert_eq!(find_client(&env).program, Some(at("bin/claude")));
        let open = fs::Permissions::from_mode(0o777);
        fs::set_permissions(at("bin/claude"), open).expect("chmod");
        let search = find_client(&env);
        assert_eq!(search.program, Some(usual));
        assert!(search.refused.is_some(), "named");
    }
}
