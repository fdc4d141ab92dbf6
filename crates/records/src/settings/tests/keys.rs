//! Every key: what the template shows of the key, and that a bad value affects no other key.

use super::super::*;

/// Each key with a value that is not the default, and what a problem says of a bad value.
const KEY_CASES: [(&str, &str, &str); 17] = [
    (
        "discovery.config_dirs",
        "['/srv/claude']",
        "a list of paths",
    ),
    ("discovery.confine", "true", "true or false"),
    ("pause.first", "'hold'", "\"instant\" or \"hold\""),
    ("pause.tools", "'run'", "\"stop\" or \"run\""),
    (
        "answers.hold",
        "90",
        "\"until-answered\" or a number of seconds",
    ),
    (
        "answers.hold_agents",
        "'until-answered'",
        "\"until-answered\" or a number of seconds",
    ),
    ("answers.programs", "true", "true or false"),
    ("answers.terminal", "false", "true or false"),
    ("notifications.needs", "false", "true or false"),
    ("notifications.finished", "false", "true or false"),
    ("notifications.failed", "false", "true or false"),
    ("notifications.stopped", "false", "true or false"),
    (
        "notifications.finished_after",
        "300",
        "a number of seconds, at most a day",
    ),
    (
        "notifications.quiet_hours",
        "'22:00-07:00'",
        "like \"22:00-07:00\"",
    ),
    (
        "notifications.snooze_until",
        "2027-01-31T18:00:00Z",
        "a date and a time, like 2027-01-31T18:00:00",
    ),
    (
        "jump.terminal",
        "['xterm', '-e']",
        "a program and its arguments: [\"xterm\", \"-e\"]",
    ),
    ("app.start_at_login", "true", "true or false"),
];

/// Values that are wrong for every key.
const WRONG_VALUES: [&str; 9] = [
    "1.5",
    "-1",
    "99999999999999999999",
    "'?'",
    "2027-01-31",
    "18:00:00",
    "{}",
    "{ hold = {} }",
    "{ until-answered = {} }",
];

/// Keys without a default that could be written down: the template shows an example.
const EXAMPLE_KEYS: [&str; 5] = [
    "discovery.config_dirs",
    "notifications.quiet_hours",
    "notifications.snooze_until",
    "jump.terminal",
    "app.start_at_login",
];

fn parse(text: &str) -> Settings {
    Settings::parse(text, Path::new("/home/dev"))
}

/// `section.key` of every setting.
fn known_keys() -> BTreeSet<String> {
    let sections = SECTION_READERS.iter();
    let keys = sections.flat_map(|section| {
        let keys = section.keys.iter();
        keys.map(|(key, _)| format!("{}.{key}", section.name))
    });
    keys.collect()
}

/// `section.key` and value of every setting in the template.
fn template_values() -> Vec<(String, &'static str)> {
    let mut section = "";
    let mut values = Vec::new();
    for line in SETTINGS_TEMPLATE.lines() {
        let uncommented = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, value)) = uncommented.split_once(" = ")
            && !key.contains(' ')
        {
            values.push((format!("{section}.{key}"), value));
        }
    }
    values
}

#[test]
fn the_template_shows_every_key_once_with_its_default_or_an_example() {
    let values = template_values();
    let shown: BTreeSet<String> = values.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(shown, known_keys());
    assert_eq!(shown.len(), values.len());
    for (key, value) in values {
        let settings = parse(&format!("{key} = {value}"));
        assert_eq!(settings.problems, [""; 0], "{key}");
        let is_default = settings == Settings::default();
        assert_eq!(is_default, !EXAMPLE_KEYS.contains(&key.as_str()), "{key}");
    }
}

#[test]
fn a_bad_value_of_any_key_is_named_and_leaves_all_other_keys_in_force() {
    let tested: BTreeSet<String> = KEY_CASES.iter().map(|(key, ..)| key.to_string()).collect();
    assert_eq!(tested, known_keys(), "each key has a case");
    let line = |(key, value, _): &(&str, &str, &str)| format!("{key} = {value}\n");
    let all = parse(&KEY_CASES.iter().map(line).collect::<String>());
    for case in &KEY_CASES {
        let (key, _, requirement) = case;
        let others: String = KEY_CASES.iter().filter(|c| *c != case).map(line).collect();
        let without = parse(&others);
        assert_ne!(without, all, "the value of {key} differs from the default");
        let mut expected = without;
        let problem = format!("{key} must be {requirement}; ignored");
        expected.problems.insert(0, problem);
        for wrong in WRONG_VALUES {
            let text = format!("{others}{key} = {wrong}\n");
            assert_eq!(parse(&text), expected, "{key} = {wrong}");
        }
    }
}

#[test]
fn an_unknown_key_in_any_section_is_named_and_leaves_the_others_in_force() {
    for section in &SECTION_READERS {
        let name = section.name;
        let unknown = parse(&format!("pause.first = 'hold'\n{name}.colour = 1"));
        assert_eq!(
            unknown.problems,
            [format!("{name}.colour is not a known setting; ignored")]
        );
        assert_ne!(unknown.preferences, ControlPreferences::default());
        let no_table = parse(&format!("{name} = 1"));
        assert_eq!(
            no_table.problems,
            [format!("{name} must be a [section]; ignored")]
        );
    }
}
