//! Where the programs of other vendors are found: in the search path, then in the usual folders,
//! and at last in the search path of the user's login shell, which is asked only then.

use crate::environment::Environment;
use std::ffi::OsString;
use std::path::PathBuf;
use trusty_fleet::System;
use trusty_platform::login_path::{LoginPath, LoginShell};
use trusty_platform::programs::{ProgramSearch, absolute_folders, find_program};

/// The login shell of macOS where `$SHELL` names none.
const MAC_SHELL: &str = "/bin/zsh";
/// The search path that a login shell begins with; its files add to it.
const FIRST_SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

impl Environment {
    /// Searches for a program by its name. Where it is in no known folder, this starts to ask the
    /// login shell and does not wait: a later search takes the answer in.
    pub fn find_program(&self, name: &str) -> ProgramSearch {
        let search = self.find_installed(name);
        if search.program.is_some() {
            return search;
        }
        let more = find_program(name, self.login_folders());
        ProgramSearch {
            program: more.program,
            refused: search.refused.or(more.refused),
        }
    }

    /// Searches for a program by its name, and never asks the login shell.
    pub fn find_installed(&self, name: &str) -> ProgramSearch {
        find_program(name, self.program_folders())
    }

    /// The folders that are searched without asking the login shell, in their order.
    pub fn program_folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = absolute_folders(self.path.as_deref()).collect();
        for folder in &self.usual_folders {
            if !folders.contains(folder) {
                folders.push(folder.clone());
            }
        }
        folders
    }

    /// The folders of the login shell's search path that are not searched anyway; none while the
    /// shell has not answered. The first call starts the shell.
    pub fn login_folders(&self) -> Vec<PathBuf> {
        let known = self.program_folders();
        let mut folders = self.login_path.folders(|| self.login_shell());
        folders.retain(|folder| !known.contains(folder));
        folders
    }

    /// What to wait for before a search for this program is complete: the login shell, if the
    /// program is in no known folder. None for a program that is found, or that a path names.
    pub fn pending_search(&self, name: &str) -> Option<LoginPath> {
        let is_found = name.contains('/') || self.find_program(name).program.is_some();
        (!is_found && self.login_path.is_pending()).then(|| self.login_path.clone())
    }

    /// The folders of the login shell's search path, if the shell has been asked and has answered.
    pub fn known_login_folders(&self) -> Vec<PathBuf> {
        self.login_path.folders(|| None)
    }

    /// The login shell and its environment; none where no shell is known.
    fn login_shell(&self) -> Option<LoginShell> {
        let named = self.account_variable("SHELL").map(PathBuf::from);
        let program = named.filter(|shell| shell.is_absolute());
        let program = program.or_else(|| match self.system {
            System::Linux => None,
            System::Mac => Some(PathBuf::from(MAC_SHELL)),
        })?;
        let mut variables: Vec<(&'static str, OsString)> = self.account.clone();
        variables.push(("HOME", self.home.clone().into()));
        let path = self.path.clone();
        variables.push(("PATH", path.unwrap_or_else(|| FIRST_SEARCH_PATH.into())));
        if let Some(config_home) = &self.config_home {
            variables.push(("XDG_CONFIG_HOME", config_home.clone().into()));
        }
        Some(LoginShell { program, variables })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use trusty_platform::program_folders::usual_folders;

    fn put(program: &Path, text: &str) {
        fs::create_dir_all(program.parent().expect("a folder")).expect("folder");
        fs::write(program, text).expect("program");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    /// The environment of an app that Finder has started.
    fn finder(home: &Path) -> Environment {
        Environment {
            system: System::Mac,
            home: home.to_path_buf(),
            path: Some("/usr/bin:/bin:/usr/sbin:/sbin".into()),
            usual_folders: usual_folders(System::Mac, home, Some(OsStr::new("dev"))),
            ..Environment::default()
        }
    }

    #[test]
    fn a_program_is_found_where_the_app_s_search_path_does_not_lead() {
        let root = tempfile::tempdir().expect("folder");
        let home = root.path().join("home");
        for folder in [".local/bin", ".nix-profile/bin", ".local/share/mise/shims"] {
            let program = home.join(folder).join("trusty-test-kitty");
            put(&program, "");
            let found = finder(&home).find_program("trusty-test-kitty");
            assert_eq!(found.program, Some(program.clone()));
            fs::remove_file(program).expect("removed");
        }
    }

    #[test]
    fn the_login_shell_s_search_path_is_the_last_resort_and_trusted_no_more_than_others() {
        let root = tempfile::tempdir().expect("folder");
        let reach = fs::Permissions::from_mode(0o755);
        fs::set_permissions(root.path(), reach).expect("chmod");
        let at = |path: &str| root.path().join(path);
        for folder in ["home/.local/bin", "open", "tools"] {
            put(&at(folder).join("tmux-9"), "");
        }
        let env = Environment {
            login_path: LoginPath::known(vec![at("open"), at("tools")]),
            ..finder(&at("home"))
        };
        let found = |name| env.find_program(name);
        let usual = at("home/.local/bin/tmux-9");
        assert_eq!(found("tmux-9").program, Some(usual.clone()));
        fs::remove_file(usual).expect("removed");
        assert_eq!(found("tmux-9").program, Some(at("open/tmux-9")));
        let open = fs::Permissions::from_mode(0o777);
        fs::set_permissions(at("open/tmux-9"), open).expect("chmod");
        let search = found("tmux-9");
        assert_eq!(search.program, Some(at("tools/tmux-9")));
        assert_eq!(search.refused.expect("named").program, at("open/tmux-9"));
    }

    #[test]
    fn the_login_shell_is_asked_once_nothing_else_has_the_program() {
        let root = tempfile::tempdir().expect("folder");
        let at = |path: &str| root.path().join(path);
        put(&at("tools/trusty-test-tool"), "");
        put(
            &at("zsh"),
            &format!(
                "#!/bin/sh\necho asked >> {root}/log\nPATH={root}/tools:$PATH\neval \"$4\"\n",
                root = root.path().display()
            ),
        );
        let mut env = finder(&at("home"));
        env.account.push(("SHELL", at("zsh").into()));
        put(&at("home/.local/bin/trusty-test-there"), "");
        assert!(env.find_program("trusty-test-there").program.is_some());
        assert!(!at("log").exists(), "no shell is asked");
        assert!(env.pending_search("trusty-test-there").is_none());
        let pending = env.pending_search("trusty-test-tool");
        pending.expect("the shell is asked").wait();
        let found = env.clone().find_program("trusty-test-tool");
        assert_eq!(found.program, Some(at("tools/trusty-test-tool")));
        env.find_program("trusty-test-missing");
        let log = fs::read_to_string(at("log")).expect("log");
        assert_eq!(log, "asked\n");
    }

    #[test]
    fn without_shell_linux_asks_none_and_macos_asks_its_default() {
        let shell = |system| {
            let env = Environment {
                system,
                ..Environment::default()
            };
            env.login_shell().map(|shell| shell.program)
        };
        assert_eq!(shell(System::Linux), None);
        assert_eq!(shell(System::Mac), Some("/bin/zsh".into()));
    }
}
