//! `[answers]`: how long a request is held for an answer, and who may answer.

use super::Settings;
use super::section::{KeyRequirements, SettingsSection, replace};
use serde::Deserialize;
use std::path::Path;
use trusty_fleet::observation::HoldDuration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswersSection {
    hold: Option<HoldSetting>,
    hold_agents: Option<HoldSetting>,
    programs: Option<bool>,
    terminal: Option<bool>,
}

#[derive(Deserialize)]
enum HoldSetting {
    #[serde(rename = "until-answered")]
    UntilAnswered,
    #[serde(untagged)]
    Seconds(u32),
}

impl SettingsSection for AnswersSection {
    const SECTION_NAME: &'static str = "answers";
    const KEY_REQUIREMENTS: KeyRequirements = &[
        ("hold", "\"until-answered\" or a number of seconds"),
        ("hold_agents", "\"until-answered\" or a number of seconds"),
        ("programs", "true or false"),
        ("terminal", "true or false"),
    ];

    fn apply(self, settings: &mut Settings, _home: &Path) {
        replace(&mut settings.preferences.hold, self.hold);
        replace(&mut settings.preferences.hold_agents, self.hold_agents);
        replace(&mut settings.answer_policy.programs, self.programs);
        replace(&mut settings.answer_policy.terminal, self.terminal);
    }
}

impl From<HoldSetting> for HoldDuration {
    fn from(hold: HoldSetting) -> Self {
        match hold {
            HoldSetting::UntilAnswered => Self::UntilAnswered,
            HoldSetting::Seconds(seconds) => Self::Seconds(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use trusty_fleet::authorization::AnswerPolicy;
    use trusty_fleet::observation::ControlPreferences;

    fn read(text: &str) -> Settings {
        Settings::parse(text, Path::new("/home/dev"))
    }

    #[test]
    fn each_kind_of_agent_has_its_own_time() {
        let usual = ControlPreferences::default();
        assert_eq!(usual.hold, HoldDuration::UntilAnswered);
        assert_eq!(usual.hold_agents, HoldDuration::Seconds(5));
        let set = read("[answers]\nhold = 90\nhold_agents = 'until-answered'");
        assert_eq!(set.problems, [""; 0]);
        assert_eq!(set.preferences.hold, HoldDuration::Seconds(90));
        assert_eq!(set.preferences.hold_agents, HoldDuration::UntilAnswered);
        let never = read("[answers]\nhold = 0\nhold_agents = 0").preferences;
        assert_eq!(
            (never.hold, never.hold_agents),
            (HoldDuration::Seconds(0), HoldDuration::Seconds(0))
        );
    }

    #[test]
    fn programs_may_answer_only_if_the_settings_say_so_and_terminals_unless_they_do() {
        let usual = AnswerPolicy::default();
        assert!(!usual.programs && usual.terminal);
        let set = read("[answers]\nprograms = true\nterminal = false");
        let problem = "answers.terminal = false has no effect with answers.programs = true";
        assert!(set.problems[0].contains(problem), "{:?}", set.problems);
        let policy = AnswerPolicy {
            programs: true,
            terminal: false,
        };
        assert_eq!(set.answer_policy, policy);
        let unclear = read("[answers]\nprograms = 'yes'\nterminal = 0");
        assert_eq!(unclear.answer_policy, usual);
        assert_eq!(
            unclear.problems,
            [
                "answers.programs must be true or false; ignored",
                "answers.terminal must be true or false; ignored"
            ]
        );
    }

    #[test]
    fn a_bad_value_is_named_and_changes_nothing() {
        for (text, problem) in [
            ("hold = 'for ever'", "answers.hold must be"),
            ("hold = -1", "answers.hold must be"),
            ("hold = 1.5", "answers.hold must be"),
            ("hold = 4294967296", "answers.hold must be"),
            ("hold_agents = true", "answers.hold_agents must be"),
            ("keep = 1", "answers.keep is not a known setting"),
        ] {
            let settings = read(&format!("[answers]\n{text}"));
            assert!(
                settings.problems[0].contains(problem),
                "{:?}",
                settings.problems
            );
            assert_eq!(settings.preferences, ControlPreferences::default());
        }
    }
}
