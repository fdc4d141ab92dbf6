//! The environment of a program, and the folders that follow from it.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use trusty_platform::{paths, sys};

/// The environment that a program was started in, read once and then passed on.
#[derive(Debug, Clone, Default)]
pub struct Environment {
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
    /// `$TMUX`: the socket, the server's pid and the session
    pub tmux: Option<OsString>,
    /// `$TMUX_TMPDIR`
    pub tmux_folder: Option<PathBuf>,
    /// `$PATH`
    pub path: Option<OsString>,
    /// `$DISPLAY`
    pub display: Option<OsString>,
    /// `$XAUTHORITY`
    pub x_keys: Option<PathBuf>,
    /// `$WAYLAND_DISPLAY`
    pub wayland: Option<OsString>,
    /// `$TERMINAL`, the user's terminal program
    pub terminal: Option<OsString>,
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
        Self {
            home: env::home_dir().unwrap_or_else(|| PathBuf::from("/")),
            claude_config: folder("CLAUDE_CONFIG_DIR"),
            config_home: folder("XDG_CONFIG_HOME"),
            data_home: folder("XDG_DATA_HOME"),
            runtime_home: folder("XDG_RUNTIME_DIR"),
            tmux: word("TMUX"),
            tmux_folder: folder("TMUX_TMPDIR"),
            path: env::var_os("PATH"),
            display: word("DISPLAY"),
            x_keys: folder("XAUTHORITY"),
            wayland: word("WAYLAND_DISPLAY"),
            terminal: word("TERMINAL"),
        }
    }

    /// The config folder of Claude Code.
    pub fn claude_dir(&self) -> PathBuf {
        self.claude_config
            .clone()
            .unwrap_or_else(|| self.home.join(".claude"))
    }

    /// The path of the settings file.
    pub fn settings_file(&self) -> PathBuf {
        let config = self
            .config_home
            .clone()
            .unwrap_or_else(|| self.home.join(".config"));
        config.join("trusty/settings.toml")
    }

    /// The folder of the files that outlast this process.
    pub fn data_dir(&self) -> PathBuf {
        self.data_home
            .clone()
            .unwrap_or_else(|| sys::data_home(&self.home))
            .join("trusty")
    }

    /// The folder of the local sockets, whether it exists or not; see [`paths::private_dir`].
    ///
    /// The folder is the same for all programs of a user: one whose `$XDG_RUNTIME_DIR` comes from
    /// another login, or is missing (cron, `su`, ssh), still reaches the engine.
    pub fn runtime_dir(&self, uid: u32) -> PathBuf {
        let named = self.runtime_home.as_deref();
        match paths::runtime_home(named, sys::runtime_home(uid).as_deref(), uid) {
            Some(home) => home.join("trusty"),
            None => env::temp_dir().join(format!("trusty-{uid}")),
        }
    }
}
