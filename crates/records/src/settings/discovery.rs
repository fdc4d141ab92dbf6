//! `[discovery]`: which sessions are found.

use super::Settings;
use super::section::{KeyRequirements, SettingsSection};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::Value;
use trusty_wire::process_scope::Confinement;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DiscoverySection {
    confine: Option<bool>,
    /// Values of any type, so that a bad path leaves the others in force; only a number that is too
    /// large for TOML spoils the list.
    config_dirs: Option<Vec<Value>>,
}

impl SettingsSection for DiscoverySection {
    const SECTION_NAME: &'static str = "discovery";
    const KEY_REQUIREMENTS: KeyRequirements = &[
        ("config_dirs", "a list of paths"),
        ("confine", "true or false"),
    ];

    fn apply(self, settings: &mut Settings, home: &Path) {
        if self.confine == Some(true) {
            settings.confinement = Confinement::Confined;
        }
        for dir in self.config_dirs.unwrap_or_default() {
            match dir.as_str().and_then(|dir| absolute_path(dir, home)) {
                Some(path) => settings.config_dirs.push(path),
                None => settings.ignore(&format!(
                    "discovery.config_dirs holds {}, which is not an absolute path",
                    describe(&dir)
                )),
            }
        }
    }
}

/// A value in a problem: a string in quotes, otherwise the type.
fn describe(value: &Value) -> String {
    match value.as_str() {
        Some(text) => format!("\"{text}\""),
        None => format!("a value of type {}", value.type_str()),
    }
}

fn absolute_path(dir: &str, home: &Path) -> Option<PathBuf> {
    let path = match dir.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => PathBuf::from(dir),
    };
    path.is_absolute().then_some(path)
}
