//! Which processes of the user discovery may see.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use trusty_platform::sys;

/// Whether discovery covers all sessions of the user, or only those of this home folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Confinement {
    /// All sessions of the user.
    #[default]
    Open,
    /// Only sessions of this home folder or of our config folders.
    Confined,
}

/// The processes that discovery covers.
#[derive(Debug, Clone)]
pub struct ProcessScope {
    /// The user's uid.
    pub uid: u32,
    /// Whether discovery is confined to `home` and `config_dirs`.
    pub confinement: Confinement,
    /// Our home folder.
    pub home: PathBuf,
    /// Our config folders of Claude Code.
    pub config_dirs: BTreeSet<PathBuf>,
}

impl ProcessScope {
    /// Whether discovery covers a Claude Code process of this user. If confined, false for a
    /// process whose environment cannot be read.
    pub fn contains_process(&self, pid: u32) -> bool {
        self.contains_environment(sys::environment(pid).as_deref().ok())
    }

    /// The same for a process with this environment; `None` if it cannot be read.
    pub fn contains_environment(&self, environment: Option<&[(OsString, OsString)]>) -> bool {
        if self.confinement == Confinement::Open {
            return true;
        }
        let mut variables = environment.unwrap_or_default().iter();
        variables.any(|(name, value)| match name.to_str() {
            Some("HOME") => self.home.as_os_str() == value.as_os_str(),
            Some("CLAUDE_CONFIG_DIR") => self.config_dirs.contains(&PathBuf::from(value)),
            _ => false,
        })
    }
}
