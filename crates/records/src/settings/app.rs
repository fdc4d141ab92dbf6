//! `[app]`: the app itself.

use super::Settings;
use super::section::{KeyRequirements, SettingsSection};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppSection {
    start_at_login: Option<bool>,
}

impl SettingsSection for AppSection {
    const SECTION_NAME: &'static str = "app";
    const KEY_REQUIREMENTS: KeyRequirements = &[("start_at_login", "true or false")];

    fn apply(self, settings: &mut Settings, _home: &Path) {
        if self.start_at_login.is_some() {
            settings.start_at_login = self.start_at_login;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_at_login_is_left_alone_unless_it_is_set() {
        let read = |text: &str| Settings::parse(text, Path::new("/"));
        assert_eq!(read("").start_at_login, None);
        assert_eq!(read("[app]").start_at_login, None);
        assert_eq!(
            read("[app]\nstart_at_login = true").start_at_login,
            Some(true)
        );
        assert_eq!(
            read("[app]\nstart_at_login = false").start_at_login,
            Some(false)
        );
        let odd = read("[app]\nstart_at_login = \"yes\"");
        assert_eq!(odd.start_at_login, None);
        assert_eq!(
            odd.problems,
            ["app.start_at_login must be true or false; ignored"]
        );
    }
}
