//! Start at login through the system's service management. Type-checked on Linux, not yet run on a
//! Mac.

use trusty_mac::login_item::{
    AppServiceState, app_service_state, register_app_service, unregister_app_service,
};
use trusty_platform::login_item::{LoginItem, LoginItemError, LoginItemState};
use trusty_wire::Environment;

/// The login item of the bundle that this executable is the main one of.
pub(crate) struct SystemLoginItem;

/// Start at login: a login item of macOS.
pub(crate) fn login_item(_env: &Environment) -> SystemLoginItem {
    SystemLoginItem
}

/// Opens the pane of login items in the system's settings.
pub(crate) fn open_login_item_settings() {
    super::open_pane("x-apple.systempreferences:com.apple.LoginItems-Settings.extension");
}

impl LoginItem for SystemLoginItem {
    fn state(&self) -> Result<LoginItemState, LoginItemError> {
        match app_service_state() {
            AppServiceState::Off => Ok(LoginItemState::Off),
            AppServiceState::On => Ok(LoginItemState::On),
            AppServiceState::NeedsApproval => Ok(LoginItemState::NeedsApproval),
            AppServiceState::Unavailable => Err(LoginItemError::Refused(
                "macOS starts only apps in a bundle at login; start Trusty Bar.app instead of \
                 this program"
                    .to_owned(),
            )),
        }
    }

    fn turn_on(&self) -> Result<(), LoginItemError> {
        match self.state()? {
            LoginItemState::On | LoginItemState::NeedsApproval => Ok(()),
            LoginItemState::Off => {
                register_app_service().map_err(|e| LoginItemError::Refused(e.to_string()))
            }
        }
    }

    fn turn_off(&self) -> Result<(), LoginItemError> {
        match self.state()? {
            LoginItemState::Off => Ok(()),
            LoginItemState::On | LoginItemState::NeedsApproval => {
                unregister_app_service().map_err(|e| LoginItemError::Refused(e.to_string()))
            }
        }
    }

    /// macOS follows a bundle that was moved.
    fn repair(&self) -> Result<(), LoginItemError> {
        Ok(())
    }
}
