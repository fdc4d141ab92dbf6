//! The app on a Mac that owns a terminal, and what a jump can do with it.

use crate::session::SessionTerminal;
use crate::terminal::{self, ProcessAncestor};
use std::path::PathBuf;

/// An app, and how macOS finds it: by its path, else by its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacApp {
    /// The name that users know.
    pub name: String,
    /// The bundle, such as `/Applications/kitty.app`: exact where several copies are installed.
    /// None for a process outside bundles, such as the server of iTerm2.
    pub path: Option<PathBuf>,
    /// The bundle identifier, such as `com.googlecode.iterm2`; none for an app that is not known.
    pub identifier: Option<&'static str>,
}

/// Programs that macOS finds by their identifier: their processes may lie outside their bundle, or
/// they are asked by Apple Events.
const NAMED_APPS: [&str; 5] = ["Terminal", "iTerm2", "Ghostty", "kitty", "WezTerm"];
/// Programs whose tabs a jump selects by Apple Events.
const SCRIPTED_TERMINALS: [&str; 3] = ["Terminal", "iTerm2", "Ghostty"];
/// Programs in which a terminal is one part of a window among others; editions append a word, such
/// as `PyCharm CE`.
const EDITOR_NAMES: [&str; 13] = [
    "VS Code",
    "VSCodium",
    "Cursor",
    "Windsurf",
    "Zed",
    "Emacs",
    "IntelliJ IDEA",
    "PyCharm",
    "WebStorm",
    "GoLand",
    "CLion",
    "RustRover",
    "Android Studio",
];

/// The bundle identifier of a terminal program by its usual name.
pub(super) fn bundle_identifier(name: &str) -> Option<&'static str> {
    let is_named = NAMED_APPS.contains(&name);
    is_named.then(|| terminal::app_identifier(name)).flatten()
}

/// The programs whose tabs a jump selects by Apple Events, which need the user's consent: their
/// bundle identifiers.
pub fn scripted_bundles() -> impl Iterator<Item = &'static str> {
    SCRIPTED_TERMINALS.into_iter().filter_map(bundle_identifier)
}

/// Whether a terminal in this program is one part of a window among others.
pub(super) fn is_editor(name: &str) -> bool {
    EDITOR_NAMES.iter().any(|editor| name.starts_with(editor))
}

impl MacApp {
    /// The app that owns the terminal of a process with these ancestors: the nearest one that owns
    /// terminals, if macOS can find it.
    pub fn from_ancestors(ancestors: &[ProcessAncestor]) -> Option<Self> {
        let named = |a| Some((terminal::terminal_name(a)?, terminal::terminal_bundle(a)));
        let (name, bundle) = ancestors.iter().find_map(named)?;
        let identifier = bundle.as_ref().and_then(|bundle| bundle.identifier);
        let app = Self {
            name: name.to_owned(),
            identifier: identifier.or_else(|| bundle_identifier(name)),
            path: bundle.map(|bundle| bundle.path),
        };
        (app.path.is_some() || app.identifier.is_some()).then_some(app)
    }

    /// What the user has left to do once the app is in front.
    pub(super) fn tab_doubt(&self) -> String {
        let part = if is_editor(&self.name) {
            "terminal"
        } else {
            "tab"
        };
        format!("{} is in front; find its {part} yourself", self.name)
    }
}

/// What a user should know before a jump to this terminal; none where the jump selects the tab, or
/// where that is only known at the jump.
///
/// Only macOS names a terminal device `/dev/ttys000`, so a device says which system shows the
/// session.
pub(crate) fn jump_note(terminal: &SessionTerminal) -> Option<String> {
    let on_mac = |tty: &&str| tty.starts_with("/dev/ttys");
    terminal.tty.as_deref().filter(on_mac)?;
    let app = terminal
        .app
        .as_deref()
        .filter(|_| terminal.tmux.is_none())?;
    match app {
        // `wezterm cli` selects the pane.
        "WezTerm" | "SSH" => None,
        app if SCRIPTED_TERMINALS.contains(&app) => None,
        "kitty" => Some(
            "brings kitty to the front, and selects the tab if kitty's remote control is on"
                .to_owned(),
        ),
        app if is_editor(app) => Some(format!(
            "brings {app} to the front; find its terminal yourself"
        )),
        app => Some(format!("brings {app} to the front; find its tab yourself")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_that_is_asked_by_apple_events_has_an_identifier() {
        let bundles: Vec<&str> = scripted_bundles().collect();
        assert_eq!(bundles.len(), SCRIPTED_TERMINALS.len());
    }

    #[test]
    fn a_row_says_before_a_jump_what_the_jump_cannot_do() {
        let terminal = |app: &str, tty: &str| SessionTerminal {
            app: Some(app.into()),
            tty: Some(tty.into()),
            ..SessionTerminal::default()
        };
        for (app, tty, expected) in [
            ("Terminal", "/dev/ttys003", None),
            ("iTerm2", "/dev/ttys003", None),
            ("Ghostty", "/dev/ttys003", None),
            ("WezTerm", "/dev/ttys003", None),
            (
                "Warp",
                "/dev/ttys003",
                Some("brings Warp to the front; find its tab yourself"),
            ),
            (
                "Cursor",
                "/dev/ttys003",
                Some("brings Cursor to the front; find its terminal yourself"),
            ),
            (
                "kitty",
                "/dev/ttys003",
                Some(
                    "brings kitty to the front, and selects the tab if kitty's remote control is on",
                ),
            ),
            ("Warp", "/dev/pts/3", None),
            ("Warp", "/dev/ttyS0", None),
        ] {
            assert_eq!(jump_note(&terminal(app, tty)).as_deref(), expected, "{app}");
        }
        assert_eq!(jump_note(&SessionTerminal::default()), None);
    }
}
