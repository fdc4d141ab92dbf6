//! Where the keyboard goes when the popover is hidden.

use trusty_fleet::System;

/// Whether this app is the active one of the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AppActivation {
    Active,
    Inactive,
}

/// What returns the keyboard to the program that the user worked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyboardReturn {
    /// The keyboard is there as soon as the window is hidden.
    ByItself,
    /// The app has to hide itself, because an active app without a window keeps the keyboard.
    HideApp,
}

/// What returns the keyboard after the popover was hidden.
///
/// The panel on macOS takes the keyboard without making the app active, so nothing has to be
/// returned. A start from the Finder and a click on a notification do make the app active. Window
/// managers on Linux choose the next window themselves.
pub(super) fn keyboard_return(system: System, activation: AppActivation) -> KeyboardReturn {
    match (system, activation) {
        (System::Mac, AppActivation::Active) => KeyboardReturn::HideApp,
        (System::Mac, AppActivation::Inactive) | (System::Linux, _) => KeyboardReturn::ByItself,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_active_app_on_a_mac_has_to_give_the_keyboard_back() {
        let back = [
            (
                System::Mac,
                AppActivation::Inactive,
                KeyboardReturn::ByItself,
            ),
            (System::Mac, AppActivation::Active, KeyboardReturn::HideApp),
            (
                System::Linux,
                AppActivation::Inactive,
                KeyboardReturn::ByItself,
            ),
            (
                System::Linux,
                AppActivation::Active,
                KeyboardReturn::ByItself,
            ),
        ];
        for (system, activation, expected) in back {
            assert_eq!(
                keyboard_return(system, activation),
                expected,
                "{system:?} {activation:?}"
            );
        }
    }
}
