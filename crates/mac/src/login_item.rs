//! Start at login, through the service management of macOS 13 and later. Type-checked on Linux, not
//! yet run on a Mac.
//!
//! The calls concern the main app of the bundle that this program belongs to. `launchd` recognises
//! that app by the signature of the caller, so only the app's own executable may call.

use objc2::runtime::AnyClass;
use objc2_foundation::NSBundle;
use objc2_service_management::{SMAppService, SMAppServiceStatus};
use std::fmt;

/// Whether the app starts at login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppServiceState {
    /// It does not.
    Off,
    /// It does.
    On,
    /// It is registered, and the user has turned it off in the system's settings.
    NeedsApproval,
    /// This program is not in a bundle, or this is macOS 12 or older.
    Unavailable,
}

/// Why macOS did not change the login item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppServiceError(String);

impl fmt::Display for AppServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AppServiceError {}

/// Whether the service management can be asked.
fn is_available() -> bool {
    AnyClass::get(c"SMAppService").is_some() && NSBundle::mainBundle().bundleIdentifier().is_some()
}

/// Whether the app starts at login now.
#[expect(unsafe_code, reason = "the generated methods are marked unsafe")]
pub fn app_service_state() -> AppServiceState {
    if !is_available() {
        return AppServiceState::Unavailable;
    }
    // SAFETY: Both methods take no arguments; the class exists.
    let status = unsafe { SMAppService::mainAppService().status() };
    match status {
        SMAppServiceStatus::Enabled => AppServiceState::On,
        SMAppServiceStatus::RequiresApproval => AppServiceState::NeedsApproval,
        _ => AppServiceState::Off,
    }
}

/// Makes the app start at login.
///
/// # Errors
///
/// The words of macOS, such as that the signature is not valid.
#[expect(unsafe_code, reason = "the generated methods are marked unsafe")]
pub fn register_app_service() -> Result<(), AppServiceError> {
    if !is_available() {
        return Err(unavailable());
    }
    // SAFETY: The method takes no arguments besides the error; the class exists.
    let done = unsafe { SMAppService::mainAppService().registerAndReturnError() };
    done.map_err(|e| AppServiceError(e.localizedDescription().to_string()))
}

/// Makes the app no longer start at login.
///
/// # Errors
///
/// The words of macOS.
#[expect(unsafe_code, reason = "the generated methods are marked unsafe")]
pub fn unregister_app_service() -> Result<(), AppServiceError> {
    if !is_available() {
        return Err(unavailable());
    }
    // SAFETY: The method takes no arguments besides the error; the class exists.
    let done = unsafe { SMAppService::mainAppService().unregisterAndReturnError() };
    done.map_err(|e| AppServiceError(e.localizedDescription().to_string()))
}

fn unavailable() -> AppServiceError {
    AppServiceError(
        "macOS starts only apps in a bundle at login; start Trusty Bar.app instead of this program"
            .to_owned(),
    )
}
