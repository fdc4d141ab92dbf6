//! Start at login: the menu item, the setting, and the task that `trusty autostart` runs.

use crate::notes::AppNotes;
use crate::{AppContext, app_menu_facts::AppMenuFacts, log, platform, popover};
use std::io::Write as _;
use std::process::ExitCode;
use tauri::{AppHandle, Manager};
use trusty_daemon::AppSessions;
use trusty_fleet::view::StartAtLogin;
use trusty_platform::login_item::{LoginItem, LoginItemError, LoginItemState};
use trusty_records::Settings;
use trusty_wire::Environment;

/// The first argument of a process that reads or changes the login item and exits. macOS lets only
/// the app's own executable do that.
const TASK_ARGUMENT: &str = "autostart";
/// The exit codes of `trusty`: wrong usage, refused.
const USAGE_EXIT_CODE: u8 = 2;
const REFUSED_EXIT_CODE: u8 = 3;

/// What is to become of the login item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginItemChange {
    TurnOn,
    TurnOff,
}

/// What the setting and the login item make of the menu item. `None` if the login item cannot be
/// read and no setting decides.
fn shown_state(setting: Option<bool>, item: Option<LoginItemState>) -> Option<StartAtLogin> {
    match (setting, item) {
        (_, Some(LoginItemState::NeedsApproval)) => Some(StartAtLogin::NeedsApproval),
        (Some(true), _) => Some(StartAtLogin::SetOn),
        (Some(false), _) => Some(StartAtLogin::SetOff),
        (None, Some(LoginItemState::On)) => Some(StartAtLogin::On),
        (None, Some(LoginItemState::Off)) => Some(StartAtLogin::Off),
        (None, None) => None,
    }
}

/// What a setting has to change; `None` if nothing.
fn due_change(setting: Option<bool>, item: LoginItemState) -> Option<LoginItemChange> {
    match (setting?, item) {
        (true, LoginItemState::Off) => Some(LoginItemChange::TurnOn),
        (false, LoginItemState::On | LoginItemState::NeedsApproval) => {
            Some(LoginItemChange::TurnOff)
        }
        // Only the user can approve.
        (true, LoginItemState::On | LoginItemState::NeedsApproval)
        | (false, LoginItemState::Off) => None,
    }
}

fn perform(item: &impl LoginItem, change: LoginItemChange) -> Result<(), LoginItemError> {
    match change {
        LoginItemChange::TurnOn => item.turn_on(),
        LoginItemChange::TurnOff => item.turn_off(),
    }
}

/// Makes the login item agree with the setting, now and after each change of the settings, until
/// the engine ends; shows the result in the menu.
pub(crate) fn follow_setting(app: &AppHandle, engine: &AppSessions) {
    let mut settings = engine.face().handle().settings();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        loop {
            let setting = settings.borrow_and_update().start_at_login;
            let own = app.clone();
            let applied = tauri::async_runtime::spawn_blocking(move || {
                let item = platform::login_item(&own.state::<AppContext>().env);
                if let Err(e) = apply_setting(&item, setting) {
                    log::line(&format!("failed to change the start at login: {e}"));
                }
                publish(&own, setting, &item);
            });
            // A panic there leaves the menu as it is.
            let _ = applied.await;
            if settings.changed().await.is_err() {
                return;
            }
        }
    });
}

fn apply_setting(item: &impl LoginItem, setting: Option<bool>) -> Result<(), LoginItemError> {
    item.repair()?;
    match due_change(setting, item.state()?) {
        Some(change) => perform(item, change),
        None => Ok(()),
    }
}

fn publish(app: &AppHandle, setting: Option<bool>, item: &impl LoginItem) {
    let shown = shown_state(setting, item.state().ok());
    app.state::<AppMenuFacts>().set_start_at_login(shown);
}

/// Changes the login item, as the user chose in the menu. What goes wrong is said on the board.
pub(crate) fn change(app: &AppHandle, change: LoginItemChange) {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || {
        let item = platform::login_item(&app.state::<AppContext>().env);
        let done = perform(&item, change);
        publish(&app, None, &item);
        let failure = match done {
            Err(e) => Some(format!("The start at login was not changed: {e}.")),
            // macOS shows nothing by itself where the user has turned the item off.
            Ok(()) if item.state().ok() == Some(LoginItemState::NeedsApproval) => {
                platform::open_login_item_settings();
                None
            }
            Ok(()) => None,
        };
        if let Some(failure) = failure {
            log::line(&failure);
            app.state::<AppNotes>().set_outcome(Some(failure));
            popover::open(&app, popover::WindowLocation::Corner, None);
        }
    });
}

/// Reads or changes the login item and exits, if this process was started for that.
pub(crate) fn other_task() -> Option<ExitCode> {
    let mut words = std::env::args().skip(1);
    if words.next()? != TASK_ARGUMENT {
        return None;
    }
    let env = Environment::read();
    let setting = Settings::read(&env).start_at_login;
    let item = platform::login_item(&env);
    let words: Vec<String> = words.collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let change = match words[..] {
        ["on"] => Some(LoginItemChange::TurnOn),
        ["off"] => Some(LoginItemChange::TurnOff),
        ["status"] => None,
        _ => {
            log::line("usage: trusty-bar autostart on|off|status");
            return Some(ExitCode::from(USAGE_EXIT_CODE));
        }
    };
    Some(run_task(&item, setting, change))
}

fn run_task(
    item: &impl LoginItem,
    setting: Option<bool>,
    change: Option<LoginItemChange>,
) -> ExitCode {
    let against = match change {
        Some(LoginItemChange::TurnOn) => setting == Some(false),
        Some(LoginItemChange::TurnOff) => setting == Some(true),
        None => false,
    };
    if against {
        log::line(
            "settings.toml decides about the start at login; change app.start_at_login there",
        );
        return ExitCode::from(REFUSED_EXIT_CODE);
    }
    let done = change.map_or(Ok(()), |change| perform(item, change));
    match done.and_then(|()| item.state()) {
        Ok(state) => {
            let told = state_sentence(state, setting);
            // The write fails only if the reader has exited.
            let _ = writeln!(std::io::stdout(), "{told}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            log::line(&format!("failed to change or read the start at login: {e}"));
            ExitCode::FAILURE
        }
    }
}

/// What is in effect. A setting that was changed since the app started takes effect only when the
/// app runs.
fn state_sentence(state: LoginItemState, setting: Option<bool>) -> &'static str {
    match (state, setting) {
        (LoginItemState::On, Some(false)) => {
            "Trusty Bar still starts at login; settings.toml turns that off once the app runs."
        }
        (LoginItemState::On, _) => "Trusty Bar starts at login.",
        (LoginItemState::Off, Some(true)) => {
            "Trusty Bar does not start at login yet; settings.toml turns that on once the app runs."
        }
        (LoginItemState::Off, _) => "Trusty Bar does not start at login.",
        (LoginItemState::NeedsApproval, _) => {
            "Trusty Bar does not start at login: turn it on in System Settings → General → Login \
             Items."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_not_in_effect_yet_is_named() {
        use LoginItemState::{Off, On};
        for (state, setting, words) in [
            (On, Some(false), "settings.toml turns that off"),
            (Off, Some(true), "settings.toml turns that on"),
            (On, Some(true), "Trusty Bar starts at login."),
            (Off, Some(false), "Trusty Bar does not start at login."),
        ] {
            let told = state_sentence(state, setting);
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn a_setting_decides_and_the_menu_says_so() {
        use LoginItemState::{NeedsApproval, Off, On};
        for (setting, item, shown, due) in [
            (None, Off, StartAtLogin::Off, None),
            (None, On, StartAtLogin::On, None),
            (None, NeedsApproval, StartAtLogin::NeedsApproval, None),
            (
                Some(true),
                Off,
                StartAtLogin::SetOn,
                Some(LoginItemChange::TurnOn),
            ),
            (Some(true), On, StartAtLogin::SetOn, None),
            (Some(true), NeedsApproval, StartAtLogin::NeedsApproval, None),
            (Some(false), Off, StartAtLogin::SetOff, None),
            (
                Some(false),
                On,
                StartAtLogin::SetOff,
                Some(LoginItemChange::TurnOff),
            ),
        ] {
            assert_eq!(
                shown_state(setting, Some(item)),
                Some(shown),
                "{setting:?} {item:?}"
            );
            assert_eq!(due_change(setting, item), due, "{setting:?} {item:?}");
        }
        assert_eq!(shown_state(None, None), None);
    }
}
