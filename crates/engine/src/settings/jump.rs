//! `[jump]`: how a terminal is opened.

use super::Settings;
use toml::Value;

impl Settings {
    pub(super) fn jump(&mut self, key: &str, _value: &Value) {
        self.ignore(&format!("jump.{key} is not a known setting"));
    }
}
