//! Tells terminals of macOS to come to the front, by scripts that are whole files of their own:
//! what differs is handed over as arguments and never becomes a part of a script. Type-checked
//! on Linux, not yet run on a Mac.

use super::{JumpError, not_raised_error};
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;
use trusty_fleet::jump::TerminalTab;
use trusty_platform::checked_program::RunError;
use trusty_platform::run::{ChildEnvironment, RunLimits, run_bounded};
use trusty_platform::sys;

const TERMINAL_SCRIPT: &str = include_str!("scripts/terminal.applescript");
const ITERM_SCRIPT: &str = include_str!("scripts/iterm2.applescript");
const GHOSTTY_SCRIPT: &str = include_str!("scripts/ghostty.applescript");
const ACTIVATE_SCRIPT: &str = include_str!("scripts/activate.applescript");
const OPEN_SCRIPT: &str = include_str!("scripts/open.applescript");

/// How long a script may take. The first one of each app waits for its user's consent longer than
/// that; the next one finds the answer.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(2);
/// The most that a script says.
const MAX_SCRIPT_OUTPUT_BYTES: u64 = 4096;

/// Shows a tab and activates its app.
pub(super) async fn show_tab(tab: &TerminalTab, app: &str) -> Result<(), JumpError> {
    let (script, tty, folder) = match tab {
        TerminalTab::Terminal(tty) => (TERMINAL_SCRIPT, tty, None),
        TerminalTab::ITerm(tty) => (ITERM_SCRIPT, tty, None),
        TerminalTab::Ghostty { tty, folder } => (GHOSTTY_SCRIPT, tty, Some(folder.as_os_str())),
    };
    if !is_device(tty) {
        return Err(not_raised_error(
            app,
            &format!("{tty} is not a macOS terminal"),
        ));
    }
    let arguments: Vec<&OsStr> = std::iter::once(OsStr::new(tty)).chain(folder).collect();
    run_script(script, &arguments, app).await
}

/// Activates an app.
pub(super) async fn activate(name: &str, app: &str) -> Result<(), JumpError> {
    run_script(ACTIVATE_SCRIPT, &[OsStr::new(name)], app).await
}

/// Opens a window of Terminal.app with a command.
pub(super) async fn open(words: &[String]) -> Result<(), JumpError> {
    // None of its words comes first, where osascript would take it for an option of its own.
    let command = std::iter::once("exec").chain(words.iter().map(String::as_str));
    let command: Vec<&OsStr> = command.map(OsStr::new).collect();
    run_script(OPEN_SCRIPT, &command, "Terminal").await
}

/// `/dev/ttys003`
fn is_device(tty: &str) -> bool {
    let number = tty.strip_prefix("/dev/ttys").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

async fn run_script(script: &str, arguments: &[&OsStr], app: &str) -> Result<(), JumpError> {
    let program = sys::SCRIPT_RUNNER.ok_or_else(|| not_raised_error(app, "this is not macOS"))?;
    let words = [&[OsStr::new("-e"), OsStr::new(script)], arguments].concat();
    let bounds = RunLimits {
        time: SCRIPT_TIMEOUT,
        output: MAX_SCRIPT_OUTPUT_BYTES,
    };
    let environment = ChildEnvironment::OursWithout("TMUX");
    match run_bounded(Path::new(program), &words, environment, bounds).await {
        Ok(ran) if ran.success => match String::from_utf8_lossy(&ran.output).trim() {
            "shown" => Ok(()),
            _ => Err(not_raised_error(app, "no tab has this terminal")),
        },
        Ok(ran) => Err(not_raised_error(
            app,
            &explain_script_error(&String::from_utf8_lossy(&ran.complaint)),
        )),
        Err(RunError::Late(_)) => Err(not_raised_error(
            app,
            "the app did not answer within 2 s; if macOS asks whether Trusty Bar may control the \
             app, allow that and try again",
        )),
        Err(e) => Err(not_raised_error(app, &format!("osascript {e}"))),
    }
}

/// What an error of `osascript` means; its number stands in parentheses at its end.
fn explain_script_error(complaint: &str) -> String {
    if complaint.contains("(-1743)") {
        return "macOS does not let Trusty Bar control the app; allow that in System Settings, \
                Privacy & Security, Automation"
            .into();
    }
    let line = complaint.lines().next().unwrap_or_default().trim();
    let line: String = line.chars().take(200).collect();
    if line.is_empty() {
        "the script failed".into()
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_devices_are_handed_over() {
        assert!(is_device("/dev/ttys003"));
        for odd in [
            "/dev/ttys",
            "/dev/pts/3",
            "/dev/ttys003\n",
            "/dev/ttys003\" & quit",
            "ttys003",
            "",
        ] {
            assert!(!is_device(odd), "{odd}");
        }
    }

    #[test]
    fn a_missing_consent_is_explained() {
        let told = explain_script_error(
            "0:5: execution error: Not authorized to send Apple events. (-1743)\n",
        );
        assert!(told.contains("Privacy & Security, Automation"), "{told}");
        assert_eq!(explain_script_error("syntax error\nmore"), "syntax error");
        assert_eq!(explain_script_error(""), "the script failed");
    }

    #[test]
    fn scripts_take_all_they_need_as_arguments_and_activate_last() {
        for script in [
            TERMINAL_SCRIPT,
            ITERM_SCRIPT,
            GHOSTTY_SCRIPT,
            ACTIVATE_SCRIPT,
            OPEN_SCRIPT,
        ] {
            assert!(script.contains("on run argv"), "{script}");
            let activated = script.find("activate").expect("the script activates");
            assert!(!script[activated..].contains("select"), "{script}");
            assert!(!script.contains("do shell script"), "{script}");
        }
    }

    #[tokio::test]
    async fn nothing_is_run_where_there_are_no_scripts() {
        if sys::SCRIPT_RUNNER.is_some() {
            return;
        }
        let told = activate("kitty", "kitty").await.expect_err("no Mac");
        assert_eq!(told.to_string(), "could not raise kitty: this is not macOS");
    }
}
