//! `[pause]`: which pause is tried first, and what happens to running commands.

use super::Settings;
use super::section::{KeyRequirements, SettingsSection, replace};
use serde::Deserialize;
use std::path::Path;
use trusty_fleet::observation::{PauseOrder, ToolPausePolicy};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PauseSection {
    first: Option<PauseOrderSetting>,
    tools: Option<ToolPauseSetting>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum PauseOrderSetting {
    Instant,
    Hold,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ToolPauseSetting {
    Stop,
    Run,
}

impl SettingsSection for PauseSection {
    const SECTION_NAME: &'static str = "pause";
    const KEY_REQUIREMENTS: KeyRequirements = &[
        ("first", "\"instant\" or \"hold\""),
        ("tools", "\"stop\" or \"run\""),
    ];

    fn apply(self, settings: &mut Settings, _home: &Path) {
        replace(&mut settings.preferences.first, self.first);
        replace(&mut settings.preferences.tools, self.tools);
    }
}

impl From<PauseOrderSetting> for PauseOrder {
    fn from(order: PauseOrderSetting) -> Self {
        match order {
            PauseOrderSetting::Instant => Self::AtOnce,
            PauseOrderSetting::Hold => Self::Hold,
        }
    }
}

impl From<ToolPauseSetting> for ToolPausePolicy {
    fn from(policy: ToolPauseSetting) -> Self {
        match policy {
            ToolPauseSetting::Stop => Self::Stop,
            ToolPauseSetting::Run => Self::Run,
        }
    }
}
