//! The variables that let another program drive or inspect the web view, and with it press the
//! popover's buttons. Only builds for tests hear them.

use gtk::glib;

/// Whether the web view of this build may be driven: a debug build, or one for measurements
/// (`--features automation`).
const ALLOWS_AUTOMATION: bool = cfg!(any(debug_assertions, feature = "automation"));

/// Read by Tauri's runtime when it makes the first web view, by older ones, and by `WebKitGTK`.
const AUTOMATION_VARIABLES: [&str; 4] = [
    "TAURI_WEBVIEW_AUTOMATION",
    "TAURI_AUTOMATION",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
];

/// Makes a build that may not be driven deaf to these variables. To be called before the first
/// window.
pub(super) fn refuse_automation() {
    for variable in refused_variables(ALLOWS_AUTOMATION) {
        glib::unsetenv(variable);
    }
}

fn refused_variables(allows_automation: bool) -> &'static [&'static str] {
    if allows_automation {
        &[]
    } else {
        &AUTOMATION_VARIABLES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shipped_build_hears_no_variable_that_drives_its_web_view() {
        assert_eq!(refused_variables(true), [""; 0], "tests drive the popover");
        let refused = refused_variables(false);
        assert_eq!(refused, AUTOMATION_VARIABLES);
        for variable in refused {
            glib::setenv(variable, "true", true).expect("set");
            glib::unsetenv(variable);
            assert_eq!(std::env::var_os(variable), None, "{variable}");
        }
    }

    #[test]
    fn a_release_build_without_the_feature_is_a_shipped_one() {
        let is_test_build = cfg!(debug_assertions) || cfg!(feature = "automation");
        assert_eq!(ALLOWS_AUTOMATION, is_test_build);
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
