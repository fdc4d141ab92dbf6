//! Environment variables that let another program drive or inspect the web view, and so press the
//! popover's buttons. Only test builds honour them.

use gtk::glib;

/// Whether another program may drive the web view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AutomationPolicy {
    Allow,
    Refuse,
}

impl AutomationPolicy {
    /// The policy of this build: debug builds and builds for measurements (`--features automation`)
    /// may be driven.
    pub(super) const OF_BUILD: Self = if cfg!(any(debug_assertions, feature = "automation")) {
        Self::Allow
    } else {
        Self::Refuse
    };
}

/// Variables read by current and older Tauri runtimes, when they create the first web view, and by
/// `WebKitGTK`.
const AUTOMATION_VARIABLES: [&str; 4] = [
    "TAURI_WEBVIEW_AUTOMATION",
    "TAURI_AUTOMATION",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
];

/// Removes these variables from the environment of a build that may not be driven. Must be called
/// before the first window is created.
pub(super) fn refuse_automation(policy: AutomationPolicy) {
    if policy == AutomationPolicy::Refuse {
        for variable in AUTOMATION_VARIABLES {
            glib::unsetenv(variable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipped_build_hears_no_variable_that_drives_its_web_view() {
        let variables = [
            "TAURI_WEBVIEW_AUTOMATION",
            "TAURI_AUTOMATION",
            "WEBKIT_INSPECTOR_SERVER",
            "WEBKIT_INSPECTOR_HTTP_SERVER",
        ];
        for variable in variables {
            glib::setenv(variable, "127.0.0.1:9", true).expect("set");
        }
        let heard = || variables.map(|variable| std::env::var_os(variable).is_some());
        refuse_automation(AutomationPolicy::Allow);
        assert_eq!(heard(), [true; 4], "tests drive the popover");
        refuse_automation(AutomationPolicy::Refuse);
        assert_eq!(heard(), [false; 4]);
    }

    #[test]
    fn a_release_build_without_the_feature_is_a_shipped_one() {
        let is_test_build = cfg!(debug_assertions) || cfg!(feature = "automation");
        let is_driven = AutomationPolicy::OF_BUILD == AutomationPolicy::Allow;
        assert_eq!(is_driven, is_test_build);
        let manifest = include_str!("../../../../Cargo.toml");
        assert!(manifest.contains("[features]\n"), "the feature is there");
        assert!(
            !manifest.contains("default = ["),
            "and off unless asked for"
        );
        let makefile = include_str!("../../../../Makefile");
        let run = makefile
            .split("\nrun:")
            .nth(1)
            .and_then(|rest| rest.split("\n\n").next());
        assert!(
            !run.expect("make run").contains("features"),
            "make run ships"
        );
    }
}
