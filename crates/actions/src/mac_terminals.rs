//! Terminals on a Mac: selects their tabs by Apple Events, and brings apps to the front.
//!
//! The scripts are JavaScript for Automation and run in `osascript`. Everything that varies is
//! passed as an argument and never becomes part of a script. `scripts/tests` runs them in Node
//! against a mock object model. Nothing here has been run on a Mac yet.

mod automation_consents;
mod script_reply;

pub use automation_consents::{AskConsent, AutomationConsents};
pub use script_reply::TabOutcome;

use script_reply::{ScriptReply, read_reply};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use trusty_fleet::jump::{AutomationConsent, ConsentAnswer, FrontmostApp, MacApp, TerminalTab};
use trusty_platform::automation_permission::{PermissionPrompt, determine_permission};
use trusty_platform::checked_program::RunError;
use trusty_platform::launch::{self, MAC_OPENER};
use trusty_platform::run::{ChildEnvironment, RunLimits, run_bounded};
use trusty_platform::sys;

/// The scripts, each with what all share in front.
macro_rules! script {
    ($file:literal) => {
        concat!(
            include_str!("mac_terminals/scripts/common.js"),
            include_str!(concat!("mac_terminals/scripts/", $file))
        )
    };
}
const TERMINAL_SCRIPT: &str = script!("terminal.js");
const ITERM_SCRIPT: &str = script!("iterm2.js");
const GHOSTTY_SCRIPT: &str = script!("ghostty.js");
const LAUNCH_SCRIPT: &str = script!("launch.js");
const OPEN_WINDOW_SCRIPT: &str = script!("open_window.js");
const FRONTMOST_SCRIPT: &str = script!("frontmost.js");

/// How long a script may take that needs no consent, or has it.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(2);
/// The limit for the output of a script.
const MAX_SCRIPT_OUTPUT_BYTES: u64 = 4096;
/// How long a jump waits for macOS to answer without a dialog, before it reports the dialog.
const CONSENT_GRACE: Duration = Duration::from_secs(1);
/// The app that opens a new window where the user has set no other.
const TERMINAL_APP_ID: &str = "com.apple.Terminal";
/// Where the user changes which apps Trusty Bar may control.
const AUTOMATION_PANE: &str =
    "x-apple.systempreferences:com.apple.preference.security?Privacy_Automation";

/// Why a terminal was not brought to the front.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// This is not macOS.
    #[error("this is not macOS")]
    NotOnMac,
    /// macOS is asking the user whether Trusty Bar may control the app.
    #[error("macOS is asking whether Trusty Bar may control the app")]
    ConsentPending,
    /// macOS does not let Trusty Bar control the app.
    #[error("macOS does not let Trusty Bar control the app")]
    ConsentDenied,
    /// The app is not running.
    #[error("the app is not running")]
    NotRunning,
    /// The device is not that of a Mac.
    #[error("{0} is not a macOS terminal")]
    NoDevice(String),
    /// Terminal.app types a command, and a control character in it is a key: Ctrl-C would end the
    /// command, and what follows would be another.
    #[error("the command contains control characters; run it yourself if you trust it")]
    ControlCharacters,
    /// A program or the app failed: why, in words.
    #[error("{0}")]
    Failed(String),
}

/// The programs of a Mac that bring terminals to the front, and the consents of the user.
#[derive(Debug, Clone)]
pub struct MacTerminals {
    script_runner: Option<PathBuf>,
    opener: PathBuf,
    consents: AutomationConsents,
}

/// Those of this system. One for the whole process, so that macOS is asked once.
static OUR_MAC_TERMINALS: LazyLock<MacTerminals> = LazyLock::new(|| {
    let ask: AskConsent =
        Arc::new(|bundle| determine_permission(bundle, PermissionPrompt::IfUndecided));
    MacTerminals {
        script_runner: sys::SCRIPT_RUNNER.map(PathBuf::from),
        opener: PathBuf::from(MAC_OPENER),
        consents: AutomationConsents::new(ask, CONSENT_GRACE),
    }
});

/// Opens the pane of System Settings in which the user lets Trusty Bar control other apps.
///
/// # Errors
/// The pane cannot be opened.
pub fn open_automation_settings() -> std::io::Result<()> {
    launch::open_address(AUTOMATION_PANE)
}

impl MacTerminals {
    /// The terminals of this system; every call fails on a system other than macOS.
    pub fn of_this_system() -> &'static Self {
        &OUR_MAC_TERMINALS
    }

    /// What is known of the user's consents in this process.
    pub fn consents(&self) -> &AutomationConsents {
        &self.consents
    }

    /// Makes a terminal program show a tab, and activates the program.
    ///
    /// # Errors
    /// The tab could not be asked for. A tab that was not found is no error: the app is in front.
    pub async fn show_tab(&self, tab: &TerminalTab) -> Result<TabOutcome, ScriptError> {
        let (script, folder) = match tab {
            TerminalTab::Terminal(_) => (TERMINAL_SCRIPT, None),
            TerminalTab::ITerm(_) => (ITERM_SCRIPT, None),
            TerminalTab::Ghostty { folder, .. } => (GHOSTTY_SCRIPT, Some(folder.as_os_str())),
        };
        if !is_device(tab.tty()) {
            return Err(ScriptError::NoDevice(tab.tty().to_owned()));
        }
        let bundle = tab.bundle();
        self.wait_consent(bundle).await?;
        let words = [OsStr::new(bundle), OsStr::new(tab.tty())].into_iter();
        let words: Vec<&OsStr> = words.chain(folder).collect();
        let reply = self.run_event_script(script, &words, bundle).await?;
        reply.tab_outcome()
    }

    /// Brings an app to the front, without a choice among its windows.
    ///
    /// # Errors
    /// macOS does not find the app.
    pub async fn bring_forward(&self, app: &MacApp) -> Result<(), ScriptError> {
        self.script_runner.as_ref().ok_or(ScriptError::NotOnMac)?;
        let words = match (&app.path, app.identifier) {
            (Some(bundle), _) => [OsStr::new("-a"), bundle.as_os_str()],
            (None, Some(id)) => [OsStr::new("-b"), OsStr::new(id)],
            (None, None) => return Err(ScriptError::Failed("the app is not known".into())),
        };
        self.run(&self.opener, &words).await.map(drop)
    }

    /// Opens a window of Terminal.app that runs a command.
    ///
    /// # Errors
    /// The command contains a control character, Terminal.app cannot be launched, or macOS does not
    /// let Trusty Bar control it.
    pub async fn open_window(&self, command: &[String]) -> Result<(), ScriptError> {
        if command.iter().any(|word| word.contains(char::is_control)) {
            return Err(ScriptError::ControlCharacters);
        }
        // macOS asks for the consent only to control an app that runs. An app that is launched by
        // an event of its own opens no default window beside that of the command.
        let launch = [OsStr::new(TERMINAL_APP_ID)];
        self.run_script(LAUNCH_SCRIPT, &launch)
            .await?
            .tab_outcome()?;
        self.wait_consent(TERMINAL_APP_ID).await?;
        let command = command.iter().map(OsStr::new);
        let words: Vec<&OsStr> = launch.into_iter().chain(command).collect();
        let reply = self
            .run_event_script(OPEN_WINDOW_SCRIPT, &words, TERMINAL_APP_ID)
            .await?;
        reply.tab_outcome().map(drop)
    }

    /// The app in front, with its selected tab where the user lets Trusty Bar ask for that. Asks
    /// the user for nothing; `None` if no app is in front or that is not known.
    pub async fn read_frontmost(&self) -> Option<FrontmostApp> {
        let consented = self.consents.granted();
        let words: Vec<&OsStr> = consented.iter().map(OsStr::new).collect();
        let reply = self.run_script(FRONTMOST_SCRIPT, &words).await.ok()?;
        reply.frontmost()
    }

    /// Waits until macOS lets Trusty Bar control an app, or reports what prevents that.
    async fn wait_consent(&self, bundle: &'static str) -> Result<(), ScriptError> {
        self.script_runner.as_ref().ok_or(ScriptError::NotOnMac)?;
        match self.consents.request(bundle).await {
            state if state.lets_events_through() => Ok(()),
            AutomationConsent::Denied => Err(ScriptError::ConsentDenied),
            AutomationConsent::Asking => Err(ScriptError::ConsentPending),
            _ => Err(ScriptError::NotRunning),
        }
    }

    /// Runs a script that sends events to an app, and notes what that says about the consent.
    async fn run_event_script(
        &self,
        script: &str,
        words: &[&OsStr],
        bundle: &str,
    ) -> Result<ScriptReply, ScriptError> {
        let reply = self.run_script(script, words).await;
        let answer = match &reply {
            Ok(reply) => reply.consent(),
            // An event that waits for a dialog, which appears where the user has reset the consent.
            Err(_) => Some(ConsentAnswer::Undecided),
        };
        if let Some(answer) = answer {
            self.consents.note(bundle, answer);
        }
        reply
    }

    async fn run_script(&self, script: &str, words: &[&OsStr]) -> Result<ScriptReply, ScriptError> {
        let program = self.script_runner.as_ref().ok_or(ScriptError::NotOnMac)?;
        let options = ["-l", "JavaScript", "-e", script].map(OsStr::new);
        read_reply(&self.run(program, &[&options[..], words].concat()).await?)
    }

    /// Runs a program within limits; returns its output.
    async fn run(&self, program: &Path, words: &[&OsStr]) -> Result<Vec<u8>, ScriptError> {
        let bounds = RunLimits {
            time: SCRIPT_TIMEOUT,
            output: MAX_SCRIPT_OUTPUT_BYTES,
        };
        let environment = ChildEnvironment::OursWithout("TMUX");
        let name = program.file_name().unwrap_or(program.as_os_str());
        let name = name.to_string_lossy();
        match run_bounded(program, words, environment, bounds).await {
            Ok(ran) if ran.success => Ok(ran.output),
            Ok(ran) => {
                let said = String::from_utf8_lossy(&ran.complaint);
                let line = said.lines().next().unwrap_or("the program failed").trim();
                let line: String = line.chars().take(200).collect();
                Err(ScriptError::Failed(format!("{name}: {line}")))
            }
            Err(RunError::Late(_)) => {
                let told = "the app did not answer within 2 s";
                Err(ScriptError::Failed(told.into()))
            }
            Err(e) => Err(ScriptError::Failed(format!("{name} {e}"))),
        }
    }
}

/// Whether this is the path of a macOS terminal, such as `/dev/ttys003`.
fn is_device(tty: &str) -> bool {
    let number = tty.strip_prefix("/dev/ttys").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
