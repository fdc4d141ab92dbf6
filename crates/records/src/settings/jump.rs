//! `[jump]`: how a terminal is opened.

use super::Settings;
use toml::Value;

impl Settings {
    pub(super) fn jump(&mut self, key: &str, value: &Value) {
        match (key, value) {
            ("terminal", Value::Array(words)) => {
                let texts = words.iter().map(|word| word.as_str().map(str::to_owned));
                match texts.collect::<Option<Vec<String>>>() {
                    Some(texts) if texts.first().is_none_or(|program| !program.is_empty()) => {
                        self.terminal = texts;
                    }
                    _ => self.ignore_terminal(),
                }
            }
            ("terminal", _) => self.ignore_terminal(),
            _ => self.ignore(&format!("jump.{key} is not a known setting")),
        }
    }

    fn ignore_terminal(&mut self) {
        self.ignore("jump.terminal must be a program and its arguments: [\"xterm\", \"-e\"]");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_terminal_is_a_list_of_words() {
        let read = |text: &str| Settings::parse(&format!("[jump]\n{text}"), Path::new("/"));
        assert_eq!(read("terminal = ['xterm', '-e']").terminal, ["xterm", "-e"]);
        assert_eq!(read("terminal = []"), Settings::default());
        for odd in [
            "terminal = 'xterm -e'",
            "terminal = ['']",
            "terminal = ['a', 1]",
        ] {
            let settings = read(odd);
            assert!(settings.terminal.is_empty());
            assert!(
                settings.problems[0].contains("a program and its arguments"),
                "{odd}"
            );
        }
        assert!(read("way = 1").problems[0].contains("jump.way is not"));
    }
}
