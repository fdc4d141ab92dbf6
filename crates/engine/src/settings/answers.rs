//! `[answers]`: how long a request is held for an answer from here.

use super::Settings;
use toml::Value;

impl Settings {
    pub(super) fn answers(&mut self, key: &str, _value: &Value) {
        self.ignore(&format!("answers.{key} is not a known setting"));
    }
}
