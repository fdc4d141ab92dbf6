//! `[notifications]`: what its owner is told of.

use super::Settings;
use toml::Value;

impl Settings {
    pub(super) fn notifications(&mut self, key: &str, _value: &Value) {
        self.ignore(&format!("notifications.{key} is not a known setting"));
    }
}
