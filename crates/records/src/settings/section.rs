//! How a section is read: serde reads one key at a time, so that a bad value leaves all other keys
//! in force.

use super::Settings;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use std::iter;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Each key of a section, and what a problem says that its value must be.
pub(super) type KeyRequirements = &'static [(&'static str, &'static str)];

/// A `[section]` of the file. Each key is an optional field.
pub(super) trait SettingsSection: DeserializeOwned {
    const SECTION_NAME: &'static str;
    const KEY_REQUIREMENTS: KeyRequirements;

    /// Changes the settings whose keys are present. `home` replaces a leading `~/`.
    fn apply(self, settings: &mut Settings, home: &Path);
}

/// Reads one section, whose type is erased.
pub(super) struct SectionReader {
    pub(super) name: &'static str,
    pub(super) keys: KeyRequirements,
    apply_key: ApplyKey,
}

/// Changes the setting of one key; fails if the value is not of the type of that key.
type ApplyKey = fn(&str, Spanned<DeValue<'_>>, &mut Settings, &Path) -> Result<(), toml::de::Error>;

impl SectionReader {
    pub(super) const fn new<S: SettingsSection>() -> Self {
        Self {
            name: S::SECTION_NAME,
            keys: S::KEY_REQUIREMENTS,
            apply_key: |key, value, settings, home| {
                let only_key = MapDeserializer::new(iter::once((key, value)));
                S::deserialize(only_key)?.apply(settings, home);
                Ok(())
            },
        }
    }

    /// Changes the settings that a table holds. Bad values and unknown keys become problems.
    pub(super) fn read(&self, table: DeTable<'_>, settings: &mut Settings, home: &Path) {
        let name = self.name;
        for (key, value) in table {
            let key = key.as_ref();
            let Some((_, requirement)) = self.keys.iter().find(|(known, _)| known == key) else {
                settings.ignore(&format!("{name}.{key} is not a known setting"));
                continue;
            };
            // serde would take `{ hold = {} }` for "hold".
            let is_table = matches!(value.get_ref(), DeValue::Table(_));
            if is_table || (self.apply_key)(key, value, settings, home).is_err() {
                settings.ignore(&format!("{name}.{key} must be {requirement}"));
            }
        }
    }
}

/// Replaces a setting whose key is present.
pub(super) fn replace<T>(setting: &mut T, value: Option<impl Into<T>>) {
    if let Some(value) = value {
        *setting = value.into();
    }
}
