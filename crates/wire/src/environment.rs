//! The environment of a program, and the folders that follow from it.
//!
//! On Linux they follow the XDG folders. On macOS a program from Finder or the login items sees
//! none of the variables that a shell sets, and `nix develop` or an editor changes `$TMPDIR`: there
//! the folders follow from the home folder alone, so that all programs of a user meet in one place.

use crate::socket_names;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use trusty_fleet::System;
use trusty_platform::file_identity::FileIdentity;
use trusty_platform::folder_access::FolderAccess;
use trusty_platform::login_path::LoginPath;
use trusty_platform::program_folders::usual_folders;
use trusty_platform::{paths, sys};

/// The variables of [`Environment::account`].
const ACCOUNT_VARIABLES: [&str; 5] = ["USER", "LOGNAME", "SHELL", "LANG", "TMPDIR"];
/// The default folder for programs' data on macOS, below the home folder.
const MAC_DATA_HOME: &str = "Library/Application Support";
/// The default folder for programs' data on Linux, below the home folder.
const LINUX_DATA_HOME: &str = ".local/share";
/// The folder for short-lived files where no other is named.
const DEFAULT_TEMP_DIR: &str = "/tmp";

/// The environment that a program was started in, read once and then passed on.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The operating system, on which the folders depend.
    pub system: System,
    /// `$HOME`
    pub home: PathBuf,
    /// `$CLAUDE_CONFIG_DIR`
    pub claude_config: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`
    pub config_home: Option<PathBuf>,
    /// `$XDG_DATA_HOME`
    pub data_home: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR`
    pub runtime_home: Option<PathBuf>,
    /// The folder for short-lived files: `$TMPDIR`, or the system's default
    pub temp_dir: Option<PathBuf>,
    /// The folder that macOS makes for each user, `confstr(_CS_DARWIN_USER_DIR)`; unlike the folder
    /// for temporary files, the system does not clean it
    pub user_folder: Option<PathBuf>,
    /// The data folder of an installed hook program, which the program knows by its own path
    pub installed_data_dir: Option<PathBuf>,
    /// `$TMUX`: the socket, the server's pid and the session
    pub tmux: Option<OsString>,
    /// `$TMUX_TMPDIR`
    pub tmux_folder: Option<PathBuf>,
    /// `$PATH`
    pub path: Option<OsString>,
    /// Where installers and package managers put programs, searched after `$PATH`
    pub usual_folders: Vec<PathBuf>,
    /// The search path of the user's login shell, if it was asked for
    pub login_path: LoginPath,
    /// `$USER`, `$LOGNAME`, `$SHELL`, `$LANG` and `$TMPDIR`, where they are set
    pub account: Vec<(&'static str, OsString)>,
    /// `$DISPLAY`
    pub display: Option<OsString>,
    /// `$XAUTHORITY`
    pub x_keys: Option<PathBuf>,
    /// `$WAYLAND_DISPLAY`
    pub wayland: Option<OsString>,
    /// `$TERMINAL`, the user's terminal program
    pub terminal: Option<OsString>,
}

impl Default for Environment {
    /// An empty environment on this system.
    fn default() -> Self {
        Self {
            system: sys::CURRENT_SYSTEM,
            home: PathBuf::new(),
            claude_config: None,
            config_home: None,
            data_home: None,
            runtime_home: None,
            temp_dir: None,
            user_folder: None,
            installed_data_dir: None,
            tmux: None,
            tmux_folder: None,
            path: None,
            usual_folders: Vec::new(),
            login_path: LoginPath::default(),
            account: Vec::new(),
            display: None,
            x_keys: None,
            wayland: None,
            terminal: None,
        }
    }
}

impl Environment {
    /// The environment of this process.
    pub fn read() -> Self {
        // An empty or relative value counts as none, as the XDG specification says.
        let folder = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|p| p.is_absolute())
        };
        let word = |name| env::var_os(name).filter(|value| !value.is_empty());
        let home = env::home_dir().unwrap_or_else(|| PathBuf::from("/"));
        let account = ACCOUNT_VARIABLES.into_iter();
        let user = word("USER");
        Self {
            system: sys::CURRENT_SYSTEM,
            claude_config: folder("CLAUDE_CONFIG_DIR"),
            config_home: folder("XDG_CONFIG_HOME"),
            data_home: folder("XDG_DATA_HOME"),
            runtime_home: folder("XDG_RUNTIME_DIR"),
            temp_dir: Some(env::temp_dir()).filter(|p| p.is_absolute()),
            user_folder: sys::user_folder(),
            installed_data_dir: None,
            tmux: word("TMUX"),
            tmux_folder: folder("TMUX_TMPDIR"),
            path: env::var_os("PATH"),
            usual_folders: usual_folders(sys::CURRENT_SYSTEM, &home, user.as_deref()),
            login_path: LoginPath::default(),
            account: account
                .filter_map(|name| Some((name, word(name)?)))
                .collect(),
            display: word("DISPLAY"),
            x_keys: folder("XAUTHORITY"),
            wayland: word("WAYLAND_DISPLAY"),
            terminal: word("TERMINAL"),
            home,
        }
    }

    /// The environment of a hook program that is installed in a data folder. The variables of the
    /// session that runs the hook decide neither the data folder nor, where the data folder is the
    /// default one of a home folder, the home folder; on macOS they decide no folder of ours.
    #[must_use]
    pub fn of_installed_program(self, data_dir: PathBuf) -> Self {
        let default_home = default_data_home(self.system);
        let data_home = data_dir
            .parent()
            .filter(|folder| folder.ends_with(default_home));
        let levels = Path::new(default_home).components().count();
        let home = data_home.and_then(|folder| folder.ancestors().nth(levels));
        // The program's own path has its links resolved; `$HOME` may be one of them.
        let identity = |path: &Path| FileIdentity::of_target(path).ok();
        let is_other =
            |home: &&Path| identity(home).is_none() || identity(home) != identity(&self.home);
        let home = home.filter(is_other);
        let installed = Self {
            home: home.map_or_else(|| self.home.clone(), Path::to_path_buf),
            installed_data_dir: Some(data_dir),
            ..self
        };
        match installed.system {
            System::Linux => installed,
            System::Mac => Self {
                config_home: None,
                data_home: None,
                runtime_home: None,
                temp_dir: None,
                ..installed
            },
        }
    }

    /// The value of one of the account's variables.
    pub fn account_variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.account.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_os_str())
    }

    /// The rule for looks at paths that other programs chose.
    pub fn folder_access(&self) -> FolderAccess {
        FolderAccess::new(self.system, self.home.clone())
    }

    /// The config folder of Claude Code.
    pub fn claude_dir(&self) -> PathBuf {
        self.claude_config
            .clone()
            .unwrap_or_else(|| self.home.join(".claude"))
    }

    /// The path of the settings file.
    pub fn settings_file(&self) -> PathBuf {
        let named = match self.system {
            System::Linux => self.config_home.clone(),
            System::Mac => None,
        };
        let config = named.unwrap_or_else(|| self.home.join(".config"));
        settings_file_in(&config)
    }

    /// The folder of the files that outlast this process.
    pub fn data_dir(&self) -> PathBuf {
        if let Some(installed) = &self.installed_data_dir {
            return installed.clone();
        }
        let named = match self.system {
            System::Linux => self.data_home.clone(),
            System::Mac => None,
        };
        let data_home = named.unwrap_or_else(|| self.home.join(default_data_home(self.system)));
        data_home.join("trusty")
    }

    /// The folder of the local sockets, whether it exists or not; see [`paths::private_dir`].
    ///
    /// The folder is the same for all programs of a user. On Linux, one whose `$XDG_RUNTIME_DIR`
    /// comes from another login, or is missing (cron, `su`, ssh), still reaches the engine. On
    /// macOS the folder lies in the data folder, because the system removes what was not used for
    /// three days from the folder for temporary files. Where the path of a socket would be too long
    /// for the system, the next place is used; if no place fits, the first.
    pub fn runtime_dir(&self, uid: u32) -> PathBuf {
        let places = self.runtime_places(uid);
        let fitting = places
            .iter()
            .find(|folder| socket_names::check_length(folder, self.system).is_ok());
        fitting.unwrap_or(&places[0]).clone()
    }

    /// The possible folders of the local sockets, the preferred one first.
    fn runtime_places(&self, uid: u32) -> Vec<PathBuf> {
        match self.system {
            System::Linux => {
                let made = PathBuf::from(format!("/run/user/{uid}"));
                let named = self.runtime_home.as_deref();
                let homes = [
                    paths::runtime_home(named, Some(&made), uid),
                    paths::runtime_home(None, Some(&made), uid),
                ];
                let temp_dir = self.temp_dir.as_deref();
                let temp_dir = temp_dir.unwrap_or(Path::new(DEFAULT_TEMP_DIR));
                let homes = homes.into_iter().flatten();
                let mut places: Vec<PathBuf> = homes.map(|home| home.join("trusty")).collect();
                places.push(temp_dir.join(format!("trusty-{uid}")));
                places
            }
            System::Mac => {
                let mut places = vec![self.data_dir().join("run")];
                places.extend(self.user_folder.iter().map(|folder| folder.join("trusty")));
                places.push(self.home.join(".trusty"));
                places
            }
        }
    }

    /// The data folders that earlier versions used with this environment and this version does not.
    ///
    /// Version 0.1.0 followed `$XDG_DATA_HOME` on macOS, too.
    pub fn former_data_dirs(&self) -> Vec<PathBuf> {
        match self.system {
            System::Linux => Vec::new(),
            System::Mac => {
                let named = self.data_home.iter().map(|home| home.join("trusty"));
                named.filter(|folder| *folder != self.data_dir()).collect()
            }
        }
    }

    /// The socket folders that earlier versions used with this environment and this version does
    /// not, the likeliest first.
    ///
    /// Version 0.1.0 followed `$XDG_RUNTIME_DIR` and `$TMPDIR` on macOS, too.
    pub fn former_runtime_dirs(&self, uid: u32) -> Vec<PathBuf> {
        match self.system {
            System::Linux => Vec::new(),
            System::Mac => {
                let named = self.runtime_home.iter().map(|home| home.join("trusty"));
                let temp_dir = self.temp_dir.iter();
                let temp_dir = temp_dir.map(|folder| folder.join(format!("trusty-{uid}")));
                named.chain(temp_dir).collect()
            }
        }
    }

    /// The settings file that version 0.1.0 read with this environment, if this version reads
    /// another one.
    pub fn former_settings_file(&self) -> Option<PathBuf> {
        let former = match self.system {
            System::Linux => None,
            System::Mac => self.config_home.as_deref().map(settings_file_in),
        };
        former.filter(|file| *file != self.settings_file())
    }

    /// What the user can do where programs may not run in the data folder.
    pub fn data_folder_remedy(&self) -> &'static str {
        match self.system {
            System::Linux => "set XDG_DATA_HOME to a folder that allows programs",
            System::Mac => "mount the home folder so that programs may run",
        }
    }
}

/// The default folder for programs' data, below the home folder.
fn default_data_home(system: System) -> &'static str {
    match system {
        System::Linux => LINUX_DATA_HOME,
        System::Mac => MAC_DATA_HOME,
    }
}

fn settings_file_in(config_home: &Path) -> PathBuf {
    config_home.join("trusty/settings.toml")
}

#[cfg(test)]
mod tests;
