//! Which processes of the user discovery may see.

use std::collections::BTreeSet;
use std::path::PathBuf;
use trusty_platform::sys;

/// How far discovery reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Confinement {
    /// To all sessions of the user.
    #[default]
    Open,
    /// To sessions of this home.
    Confined,
}

/// Whose processes are looked for.
#[derive(Debug, Clone)]
pub struct ProcessScope {
    /// The user.
    pub uid: u32,
    /// How far.
    pub confinement: Confinement,
    /// Our home.
    pub home: PathBuf,
    /// Our config folders.
    pub config_dirs: BTreeSet<PathBuf>,
}

impl ProcessScope {
    /// Whether a client of this user is one that is looked for.
    pub fn contains_process(&self, pid: u32) -> bool {
        if self.confinement == Confinement::Open {
            return true;
        }
        let Ok(environment) = sys::environment(pid) else {
            return false;
        };
        environment.iter().any(|(name, value)| match name.to_str() {
            Some("HOME") => self.home.as_os_str() == value.as_os_str(),
            Some("CLAUDE_CONFIG_DIR") => self.config_dirs.contains(&PathBuf::from(value)),
            _ => false,
        })
    }
}
