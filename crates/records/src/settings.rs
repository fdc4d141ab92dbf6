//! The user's settings. A missing key has its default; a bad value is named and ignored.

mod answers;
mod app;
mod discovery;
mod jump;
mod notices;
mod pause;
mod section;

use answers::AnswersSection;
use app::AppSection;
use discovery::DiscoverySection;
use jump::JumpSection;
use notices::NotificationsSection;
use pause::PauseSection;
use section::SectionReader;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};
use trusty_fleet::authorization::AnswerPolicy;
use trusty_fleet::notice::NoticePreferences;
use trusty_fleet::observation::ControlPreferences;
use trusty_platform::files::{self, FileReadError};
use trusty_platform::sys;
use trusty_platform::trusted_path::{check_data, make_missing_folders};
use trusty_wire::environment::Environment;
pub use trusty_wire::process_scope::Confinement;
use trusty_wire::process_scope::ProcessScope;
use trusty_wire::process_tracer::ProcessTracer;

const MAX_TOML_FILE_BYTES: u64 = 256 * 1024;
const MAX_PROBLEMS: usize = 10;
const MAX_PROBLEM_CHARS: usize = 200;

const SECTION_READERS: [SectionReader; 6] = [
    SectionReader::new::<DiscoverySection>(),
    SectionReader::new::<PauseSection>(),
    SectionReader::new::<AnswersSection>(),
    SectionReader::new::<NotificationsSection>(),
    SectionReader::new::<JumpSection>(),
    SectionReader::new::<AppSection>(),
];

/// The settings in `settings.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Config folders to scan besides `$CLAUDE_CONFIG_DIR` or `~/.claude`
    /// (`discovery.config_dirs`).
    pub config_dirs: Vec<PathBuf>,
    /// Whether to show only sessions whose `HOME` or config folder is the user's, and to query only
    /// the tmux servers in `$TMUX_TMPDIR` (`discovery.confine`).
    pub confinement: Confinement,
    /// How sessions are paused (`pause.first`, `pause.tools`), and how long a request is held
    /// (`answers.hold`, `answers.hold_agents`).
    pub preferences: ControlPreferences,
    /// Which programs may answer (`answers.programs`, `answers.terminal`). Takes effect when an
    /// engine starts.
    pub answer_policy: AnswerPolicy,
    /// Which events send a notification, and when (`notifications`).
    pub notices: NoticePreferences,
    /// The command that opens a terminal, to which the command to run is appended
    /// (`jump.terminal`). Empty for the system's terminal.
    pub terminal: Vec<String>,
    /// Whether the app starts at login (`app.start_at_login`). `None` leaves that to the menu.
    pub start_at_login: Option<bool>,
    /// What is wrong in the file, for the user.
    pub problems: Vec<String>,
}

/// A new settings file: every setting, as a comment, with its default or an example.
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

[app]
# Whether Trusty Bar starts at login. Without this setting the menu decides.
# start_at_login = true
";

/// The path of the settings file, which is created from the template if missing.
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
    /// Reads the settings file; without one, the defaults apply.
    pub fn read(env: &Environment) -> Self {
        Self::load(env).unwrap_or_else(|what| Self {
            problems: vec![format!("{what}; the defaults are used")],
            ..Self::default()
        })
    }

    /// Whether the file sets nothing, as while an editor rewrites it.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the settings file again; `before` still applies while the file is unreadable.
    pub fn read_after(before: &Self, env: &Environment) -> Self {
        Self::load(env).unwrap_or_else(|what| Self {
            problems: vec![format!("{what}; the previous settings still apply")],
            ..before.clone()
        })
    }

    /// All problems in one text, if there are any.
    pub fn problem(&self) -> Option<String> {
        (!self.problems.is_empty()).then(|| self.problems.join("; "))
    }

    /// The config folders to scan: that of the environment, and those that the settings name.
    pub fn all_config_dirs(&self, env: &Environment) -> BTreeSet<PathBuf> {
        let mut config_dirs: BTreeSet<PathBuf> = self.config_dirs.iter().cloned().collect();
        config_dirs.insert(env.claude_dir());
        config_dirs
    }

    /// The processes that discovery may see.
    pub fn scope(&self, env: &Environment, uid: u32) -> ProcessScope {
        ProcessScope {
            uid,
            confinement: self.confinement,
            home: env.home.clone(),
            config_dirs: self.all_config_dirs(env),
        }
    }

    /// A tracer for the sessions that discovery may see.
    ///
    /// # Errors
    ///
    /// The system does not report what identifies this machine and its user.
    pub fn tracer(&self, env: &Environment) -> io::Result<ProcessTracer> {
        let machine = sys::machine()?;
        let scope = self.scope(env, machine.uid);
        Ok(ProcessTracer::new(machine, scope))
    }

    fn load(env: &Environment) -> Result<Self, String> {
        let file = env.settings_file();
        // Dotfile managers replace the file by a link to their copy.
        let file = match check_data(&file) {
            Ok(checked) => checked.resolved,
            Err(refusal) if refusal.is_distrust() => {
                return Err(FileReadError::from(refusal).to_string());
            }
            Err(_) => file,
        };
        match files::read_bounded(&file, MAX_TOML_FILE_BYTES) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Self::from_toml(&text, &env.home),
                Err(_) => Err("not UTF-8 text".into()),
            },
            Err(FileReadError::Gone) => Ok(Self::default()),
            Err(e) => Err(e.to_string()),
        }
    }

    /// Reads the text of a settings file. `home` replaces a leading `~/`.
    pub fn parse(text: &str, home: &Path) -> Self {
        Self::from_toml(text, home).unwrap_or_else(|what| Self {
            problems: vec![format!("{what}; the defaults are used")],
            ..Self::default()
        })
    }

    fn from_toml(text: &str, home: &Path) -> Result<Self, String> {
        let file = DeTable::parse(text);
        let file = file.map_err(|e| format!("not valid TOML ({})", locate_error(&e, text)))?;
        let mut settings = Self::default();
        for (name, value) in file.into_inner() {
            let name = name.as_ref();
            let section = SECTION_READERS.iter().find(|section| section.name == name);
            match (section, value.into_inner()) {
                (Some(section), DeValue::Table(keys)) => section.read(keys, &mut settings, home),
                (Some(_), _) => settings.ignore(&format!("{name} must be a [section]")),
                (None, _) => settings.ignore(&format!("{name} is not a known section")),
            }
        }
        if settings.answer_policy.programs && !settings.answer_policy.terminal {
            settings.ignore("answers.terminal = false has no effect with answers.programs = true");
        }
        settings.limit_problems();
        Ok(settings)
    }

    fn limit_problems(&mut self) {
        let more = self.problems.len().saturating_sub(MAX_PROBLEMS);
        self.problems.truncate(MAX_PROBLEMS);
        if more > 0 {
            self.problems.push(format!("and {more} more"));
        }
    }

    fn ignore(&mut self, what: &str) {
        let long = what.char_indices().nth(MAX_PROBLEM_CHARS);
        let (what, more) = long.map_or((what, ""), |(end, _)| (&what[..end], "…"));
        self.problems.push(format!("{what}{more}; ignored"));
    }
}

/// A TOML error, after the number of its line.
fn locate_error(e: &toml::de::Error, text: &str) -> String {
    let before = e.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => format!("line {}: {}", before.matches('\n').count() + 1, e.message()),
        None => e.message().to_owned(),
    }
}

#[cfg(test)]
mod tests;
