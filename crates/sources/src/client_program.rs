//! The Claude Code that this user has installed. The executable of a running process is never run
//! in its place, because the user may not have chosen that file.

use std::path::{Path, PathBuf};
use trusty_fleet::client::can_list;
use trusty_platform::programs::{ProgramSearch, find_program};
use trusty_wire::environment::Environment;

/// The name of the command.
const CLIENT_COMMAND: &str = "claude";
/// Where an earlier installer of Claude Code put the command, below the home folder.
const LOCAL_INSTALL_FOLDER: &str = ".claude/local";

/// Finds a Claude Code that can list its sessions: in the search path first, then where installers
/// put programs, and at last in the login shell's search path. A program whose path names no
/// version is taken for a recent one.
pub fn find_client(env: &Environment) -> ProgramSearch {
    let mut search = ProgramSearch::default();
    let mut folders = env.program_folders();
    folders.push(env.home.join(LOCAL_INSTALL_FOLDER));
    search_folders(&mut search, folders);
    if search.program.is_none() {
        search_folders(&mut search, env.login_folders());
    }
    search
}

fn search_folders(search: &mut ProgramSearch, folders: Vec<PathBuf>) {
    for folder in folders {
        let found = find_program(CLIENT_COMMAND, [folder]);
        search.refused = search.refused.take().or(found.refused);
        search.program = found.program.filter(|program| lists_sessions(program));
        if search.program.is_some() {
            break;
        }
    }
}

/// Whether the version in a program's path, if any, can list its sessions.
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
            usual_folders: vec![at("home/.local/bin")],
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
