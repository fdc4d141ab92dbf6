//! `[answers]`: how long a request is held for an answer from here, and who may give it.

use super::Settings;
use toml::Value;
use trusty_fleet::observation::HoldDuration;

impl Settings {
    pub(super) fn answers(&mut self, key: &str, value: &Value) {
        let slot = match key {
            "programs" => {
                return self.flag(key, value, |settings| &mut settings.answer_policy.programs);
            }
            "terminal" => {
                return self.flag(key, value, |settings| &mut settings.answer_policy.terminal);
            }
            "hold" => &mut self.preferences.hold,
            "hold_agents" => &mut self.preferences.hold_agents,
            _ => return self.ignore(&format!("answers.{key} is not a known setting")),
        };
        match holding(value) {
            Some(holding) => *slot = holding,
            None => self.ignore(&format!(
                "answers.{key} must be \"until-answered\" or a number of seconds"
            )),
        }
    }

    fn flag(&mut self, key: &str, value: &Value, slot: impl Fn(&mut Self) -> &mut bool) {
        match value {
            Value::Boolean(flag) => *slot(self) = *flag,
            _ => self.ignore(&format!("answers.{key} must be true or false")),
        }
    }
}

fn holding(value: &Value) -> Option<HoldDuration> {
    match value {
        Value::String(text) if text == "until-answered" => Some(HoldDuration::UntilAnswered),
        Value::Integer(seconds) => u32::try_from(*seconds).ok().map(HoldDuration::Seconds),
        _ => None,
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
        let told = "answers.terminal = false has no effect with answers.programs = true";
        assert!(set.problems[0].contains(told), "{:?}", set.problems);
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
        for (text, told) in [
            ("hold = 'for ever'", "answers.hold must be"),
            ("hold = -1", "answers.hold must be"),
            ("hold = 1.5", "answers.hold must be"),
            ("hold = 4294967296", "answers.hold must be"),
            ("hold_agents = true", "answers.hold_agents must be"),
            ("keep = 1", "answers.keep is not a known setting"),
        ] {
            let settings = read(&format!("[answers]\n{text}"));
            assert!(
                settings.problems[0].contains(told),
                "{:?}",
                settings.problems
            );
            assert_eq!(settings.preferences, ControlPreferences::default());
        }
    }
}
