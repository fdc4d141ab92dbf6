//! `trusty autostart`: runs the app's own executable, since macOS lets only that one change the
//! login item.

use crate::cli_context::CliContext;
use crate::failure::CommandFailure;
use crate::mark_check::refuse_marked;
use crate::terminal_output;
use anyhow::{Context, anyhow};
use std::os::unix::process::CommandExt;
use std::path::Path;
use trusty_platform::checked_program::checked_program;
use trusty_platform::child;

/// The app's executable, beside this one.
const APP_PROGRAM_NAME: &str = "trusty-bar";
/// The exit code of the app's task when a setting decides otherwise.
const REFUSED_EXIT_CODE: i32 = 3;

#[derive(Debug, clap::Args)]
pub(crate) struct AutostartArgs {
    /// What to do
    #[arg(value_enum, value_name = "on|off|status")]
    wanted: AutostartWish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum AutostartWish {
    /// Start the app at login
    On,
    /// Do not start the app at login
    Off,
    /// Show whether the app starts at login
    Status,
}

impl AutostartArgs {
    /// Whether the command only reads.
    pub(crate) fn is_question(&self) -> bool {
        self.wanted == AutostartWish::Status
    }
}

impl AutostartWish {
    fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Status => "status",
        }
    }
}

/// Reads or changes whether the app starts at login.
pub(crate) async fn set_autostart(args: &AutostartArgs) -> Result<(), CommandFailure> {
    if !args.is_question() {
        // A session could keep the app from showing the session after the next login.
        let remedy = "change the start at login in the app's menu or in another terminal";
        refuse_marked(&CliContext::find()?, remedy).await?;
    }
    let own = std::env::current_exe().context("failed to find the path of trusty")?;
    // A link to the tools of an app bundle leads into the bundle.
    let own = own.canonicalize().unwrap_or(own);
    run_app(&own.with_file_name(APP_PROGRAM_NAME), args.wanted)
}

fn run_app(app: &Path, wanted: AutostartWish) -> Result<(), CommandFailure> {
    let checked = checked_program(app).map_err(|e| {
        anyhow!(
            "{} {e}; run this command from an installation that includes the app",
            app.display()
        )
    })?;
    let done = child::command(&checked)
        .arg0(app)
        .args(["autostart", wanted.word()])
        .output()
        .with_context(|| format!("failed to run {}", app.display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (told, failure) = (text(&done.stdout), text(&done.stderr));
    if done.status.success() {
        return Ok(terminal_output::print_result(&format!("{told}\n"))?);
    }
    let failure = failure.trim_start_matches("trusty-bar: ").to_owned();
    match done.status.code() {
        Some(REFUSED_EXIT_CODE) => Err(CommandFailure::Refused(failure)),
        _ => Err(anyhow!(failure).into()),
    }
}
