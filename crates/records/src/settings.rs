//! The user's settings: defaults where nothing is said, and a bad value is named and ignored.

mod answers;
mod jump;
mod notices;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use toml::Value;
use trusty_fleet::authorization::AnswerPolicy;
use trusty_fleet::notice::NoticePreferences;
use trusty_fleet::observation::{ControlPreferences, PauseOrder, ToolPausePolicy};
use trusty_platform::files::{self, FileReadError};
use trusty_platform::sys;
use trusty_platform::trusted_path::{check_data, make_missing_folders};
use trusty_wire::environment::Environment;
pub use trusty_wire::process_scope::Confinement;
use trusty_wire::process_scope::ProcessScope;
use trusty_wire::process_tracer::ProcessTracer;

/// The largest settings file we read, in bytes.
const MAX_TOML_FILE_BYTES: u64 = 256 * 1024;

/// So many problems are named, each with so many characters at most.
const MAX_PROBLEMS_AND_CHARS: (usize, usize) = (10, 200);

/// What the user may set, in `settings.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Config folders to look into besides `$CLAUDE_CONFIG_DIR` or `~/.claude`
    /// (`discovery.config_dirs`).
    pub config_dirs: Vec<PathBuf>,
    /// Show only sessions whose `HOME` or config folder is ours, and ask only the tmux servers
    /// in `$TMUX_TMPDIR` (`discovery.confine`).
    pub confinement: Confinement,
    /// What a pause is to be like (`pause.first`, `pause.tools`), and how long a request is held
    /// (`answers.hold`, `answers.hold_agents`).
    pub preferences: ControlPreferences,
    /// Which programs may answer (`answers.programs`, `answers.terminal`). Counts from the next
    /// start of an engine.
    pub answer_policy: AnswerPolicy,
    /// What its owner is told of (`notifications`).
    pub notices: NoticePreferences,
    /// The command that opens a terminal; what is to run in it follows (`jump.terminal`). Empty:
    /// the system's.
    pub terminal: Vec<String>,
    /// What was wrong in the file, in words.
    pub problems: Vec<String>,
}

/// What a new settings file holds: every setting, with its default, as a comment.
const SETTINGS_TEMPLATE: &str = "\
# Settings of Trusty Bar. Changes apply as soon as the file is saved, unless marked \"Restart\".
# Trusty Bar and `trusty list` name settings that are not understood; those are ignored.

[discovery]
# Restart: more config folders of Claude Code, besides $CLAUDE_CONFIG_DIR or ~/.claude.
# Folders that a running session names are found without this.
# config_dirs = [\"~/work/.claude\"]

# Show only sessions with your HOME or config folder, and ask only the tmux servers in
# $TMUX_TMPDIR.
# confine = false

[pause]
# What Pause tries first: \"instant\" works at once and loses nothing; \"hold\" waits for the next
# tool and needs connected hooks.
# first = \"instant\"

# Whether commands of a frozen or stopped session \"stop\" with it or \"run\" on.
# tools = \"stop\"

[answers]
# How long a request is held for an answer: \"until-answered\", or a number of seconds. The
# terminal asks at the same time.
# hold = \"until-answered\"

# The same for requests of sub-agents. The terminal asks only after this time.
# hold_agents = 5

# Restart: whether programs may approve and answer over the local API, and with
# `trusty approve --yes`. A program that a session started never may.
# programs = false

# Restart: whether `trusty approve` and `trusty answer` may, after a letter typed in a terminal.
# terminal = true

[notifications]
# Which events send a notification: a session needs you, has finished, has failed, or has
# stopped unexpectedly.
# needs = true
# finished = true
# failed = true
# stopped = true

# Seconds of work after which \"finished\" is sent.
# finished_after = 60

# Hours without notifications, and a time before which nothing is sent.
# quiet_hours = \"22:00-07:00\"
# snooze_until = 2027-01-31T18:00:00

[jump]
# The command that opens a terminal for a detached session; default: the system's terminal.
# terminal = [\"xterm\", \"-e\"]
";

/// The settings file; made, with its defaults, if there is none.
pub fn ensure_file(env: &Environment) -> io::Result<PathBuf> {
    let path = env.settings_file();
    if let Some(folder) = path.parent() {
        make_missing_folders(folder)?;
    }
    match files::create_private(&path) {
        Ok(mut file) => file.write_all(SETTINGS_TEMPLATE.as_bytes())?,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(e),
    }
    Ok(path)
}

impl Settings {
    /// Reads the file of these surroundings; without one, the defaults.
    pub fn read(env: &Environment) -> Self {
        Self::load(env).unwrap_or_else(|what| Self {
            problems: vec![format!("{what}; the defaults are used")],
            ..Self::default()
        })
    }

    /// Whether this says nothing at all: an editor may have emptied the file for a moment.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the file anew; `before` still counts while it cannot be understood at all.
    pub fn read_after(before: &Self, env: &Environment) -> Self {
        Self::load(env).unwrap_or_else(|what| Self {
            problems: vec![format!("{what}; the previous settings still apply")],
            ..before.clone()
        })
    }

    /// What is wrong, in words; none when all is well.
    pub fn problem(&self) -> Option<String> {
        (!self.problems.is_empty()).then(|| self.problems.join("; "))
    }

    /// The config folders to look into: ours, and those that the settings name.
    pub fn all_config_dirs(&self, env: &Environment) -> BTreeSet<PathBuf> {
        let mut config_dirs: BTreeSet<PathBuf> = self.config_dirs.iter().cloned().collect();
        config_dirs.insert(env.claude_dir());
        config_dirs
    }

    /// Whose processes discovery may see.
    pub fn scope(&self, env: &Environment, uid: u32) -> ProcessScope {
        ProcessScope {
            uid,
            confinement: self.confinement,
            home: env.home.clone(),
            config_dirs: self.all_config_dirs(env),
        }
    }

    /// Tells processes of the sessions that discovery may see from all others.
    ///
    /// # Errors
    ///
    /// The machine does not tell what identity is made of.
    pub fn tracer(&self, env: &Environment) -> io::Result<ProcessTracer> {
        let machine = sys::machine()?;
        let scope = self.scope(env, machine.uid);
        Ok(ProcessTracer::new(machine, scope))
    }

    fn load(env: &Environment) -> Result<Self, String> {
        let file = env.settings_file();
        // It may be a link into a collection of such files.
        let file = match check_data(&file) {
            Ok(checked) => checked.resolved,
            Err(refusal) if refusal.is_distrust() => {
                return Err(FileReadError::from(refusal).to_string());
            }
            Err(_) => file,
        };
        match files::read_bounded(&file, MAX_TOML_FILE_BYTES) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Self::understand(&text, &env.home),
                Err(_) => Err("not UTF-8 text".into()),
            },
            Err(FileReadError::Gone) => Ok(Self::default()),
            Err(e) => Err(e.to_string()),
        }
    }

    /// Reads the text of a file. `home` replaces a leading `~/`.
    pub fn parse(text: &str, home: &Path) -> Self {
        Self::understand(text, home).unwrap_or_else(|what| Self {
            problems: vec![format!("{what}; the defaults are used")],
            ..Self::default()
        })
    }

    fn understand(text: &str, home: &Path) -> Result<Self, String> {
        let table = text.parse::<toml::Table>();
        let table = table.map_err(|e| format!("not valid TOML ({})", located(&e, text)))?;
        let mut settings = Self::default();
        for (section, value) in &table {
            match (section.as_str(), value) {
                ("discovery", Value::Table(keys)) => {
                    for (key, value) in keys {
                        settings.discovery(key, value, home);
                    }
                }
                ("pause", Value::Table(keys)) => {
                    for (key, value) in keys {
                        settings.pause(key, value);
                    }
                }
                ("answers", Value::Table(keys)) => {
                    for (key, value) in keys {
                        settings.answers(key, value);
                    }
                }
                ("notifications", Value::Table(keys)) => {
                    for (key, value) in keys {
                        settings.notifications(key, value);
                    }
                }
                ("jump", Value::Table(keys)) => {
                    for (key, value) in keys {
                        settings.jump(key, value);
                    }
                }
                ("discovery" | "pause" | "answers" | "notifications" | "jump", _) => {
                    settings.ignore(&format!("{section} must be a [section]"));
                }
                _ => settings.ignore(&format!("{section} is not a known section")),
            }
        }
        if settings.answer_policy.programs && !settings.answer_policy.terminal {
            settings.ignore("answers.terminal = false has no effect with answers.programs = true");
        }
        settings.be_brief();
        Ok(settings)
    }

    /// A file of nonsense names a few of its problems.
    fn be_brief(&mut self) {
        let more = self.problems.len().saturating_sub(MAX_PROBLEMS_AND_CHARS.0);
        self.problems.truncate(MAX_PROBLEMS_AND_CHARS.0);
        if more > 0 {
            self.problems.push(format!("and {more} more"));
        }
    }

    fn discovery(&mut self, key: &str, value: &Value, home: &Path) {
        match (key, value) {
            ("confine", Value::Boolean(true)) => self.confinement = Confinement::Confined,
            ("confine", Value::Boolean(false)) => {}
            ("confine", _) => self.ignore("discovery.confine must be true or false"),
            ("config_dirs", Value::Array(dirs)) => {
                for dir in dirs {
                    match dir.as_str().map(|d| absolute(d, home)) {
                        Some(Some(dir)) => self.config_dirs.push(dir),
                        _ => self.ignore(&format!(
                            "discovery.config_dirs holds {}, which is not an absolute path",
                            shorten_value(dir)
                        )),
                    }
                }
            }
            ("config_dirs", _) => self.ignore("discovery.config_dirs must be a list of paths"),
            _ => self.ignore(&format!("discovery.{key} is not a known setting")),
        }
    }

    fn pause(&mut self, key: &str, value: &Value) {
        match (key, value.as_str()) {
            ("first", Some("instant")) => self.preferences.first = PauseOrder::AtOnce,
            ("first", Some("hold")) => self.preferences.first = PauseOrder::Hold,
            ("first", _) => self.ignore("pause.first must be \"instant\" or \"hold\""),
            ("tools", Some("stop")) => self.preferences.tools = ToolPausePolicy::Stop,
            ("tools", Some("run")) => self.preferences.tools = ToolPausePolicy::Run,
            ("tools", _) => self.ignore("pause.tools must be \"stop\" or \"run\""),
            _ => self.ignore(&format!("pause.{key} is not a known setting")),
        }
    }

    fn ignore(&mut self, what: &str) {
        let long = what.char_indices().nth(MAX_PROBLEMS_AND_CHARS.1);
        let (what, more) = long.map_or((what, ""), |(end, _)| (&what[..end], "…"));
        self.problems.push(format!("{what}{more}; ignored"));
    }
}

/// A value as a message shows it: a text in quotes, of all others the type.
fn shorten_value(value: &Value) -> String {
    match value.as_str() {
        Some(text) => format!("\"{text}\""),
        None => format!("a value of type {}", value.type_str()),
    }
}

/// What is wrong, and on which line.
fn located(e: &toml::de::Error, text: &str) -> String {
    let before = e.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => format!("line {}: {}", before.matches('\n').count() + 1, e.message()),
        None => e.message().to_owned(),
    }
}

fn absolute(dir: &str, home: &Path) -> Option<PathBuf> {
    let path = match dir.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => PathBuf::from(dir),
    };
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests;
