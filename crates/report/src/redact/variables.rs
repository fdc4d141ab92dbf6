//! Which variables of an environment a report shows, and what of them.

use super::{ReportRedactor, redacted};
use std::collections::BTreeMap;

/// The variables that a report shows, sorted. All others may be secrets.
pub const REPORTED_VARIABLES: [&str; 36] = [
    "ALACRITTY_WINDOW_ID",
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SAFE_MODE",
    "CLAUDE_CODE_SIMPLE",
    "CLAUDE_CONFIG_DIR",
    "DISPLAY",
    "GHOSTTY_RESOURCES_DIR",
    "HOME",
    "ITERM_SESSION_ID",
    "KITTY_LISTEN_ON",
    "KITTY_WINDOW_ID",
    "LC_TERMINAL",
    "LC_TERMINAL_VERSION",
    "PATH",
    "SSH_TTY",
    "TERM",
    "TERMINAL_EMULATOR",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "TERM_SESSION_ID",
    "TMPDIR",
    "TMUX",
    "TMUX_PANE",
    "TMUX_TMPDIR",
    "WAYLAND_DISPLAY",
    "WEZTERM_PANE",
    "WEZTERM_UNIX_SOCKET",
    "WINDOWID",
    "XAUTHORITY",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XPC_SERVICE_NAME",
    "ZELLIJ_SESSION_NAME",
    "__CFBundleIdentifier",
];
/// Names the computer before its last `:`, when the programs run on another one.
const DISPLAY_VARIABLE: &str = "DISPLAY";
/// The most bytes of a value; `PATH` alone may be longer.
const MAX_VALUE_BYTES: usize = 300;

impl ReportRedactor {
    pub(super) fn variables(&self, all: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let reported = all.into_iter();
        let reported = reported.filter(|(name, _)| REPORTED_VARIABLES.contains(&name.as_str()));
        reported
            .map(|(name, value)| {
                let is_kept = match name.as_str() {
                    "PATH" => true,
                    // A name that the user gave.
                    "ZELLIJ_SESSION_NAME" => false,
                    _ => value.len() <= MAX_VALUE_BYTES && !value.chars().any(char::is_control),
                };
                let value = if name == DISPLAY_VARIABLE {
                    without_host(&value)
                } else {
                    value
                };
                let value = if is_kept {
                    self.user.clean(&value)
                } else {
                    redacted(&value)
                };
                (name, value)
            })
            .collect()
    }
}

/// The value of `DISPLAY` without the name of a computer; a socket's path stays.
fn without_host(display: &str) -> String {
    match display.rsplit_once(':') {
        Some((host, _)) if ["", "localhost", "unix"].contains(&host) || host.starts_with('/') => {
            display.to_owned()
        }
        Some((host, number)) => format!("{}:{number}", redacted(host)),
        None => redacted(display),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_tells_no_name_of_a_computer() {
        for (display, kept) in [
            (":0", ":0"),
            ("localhost:10.0", "localhost:10.0"),
            (
                "/private/tmp/com.apple.launchd.x/org.xquartz:0",
                "/private/tmp/com.apple.launchd.x/org.xquartz:0",
            ),
            ("build.acme.example:10.0", "[redacted 18]:10.0"),
            ("acme", "[redacted 4]"),
        ] {
            assert_eq!(without_host(display), kept);
        }
    }
}
