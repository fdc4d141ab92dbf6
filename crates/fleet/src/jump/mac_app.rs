//! The app on a Mac that owns a terminal, and what a jump can do with it.

use crate::session::SessionTerminal;
use crate::terminal::{self, ProcessAncestor};
use std::path::{Path, PathBuf};

/// An app, and how macOS finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacApp {
    /// The name that users know.
    pub name: String,
    /// How macOS finds the app.
    pub address: AppAddress,
}

/// How macOS finds an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppAddress {
    /// By its bundle, such as `/Applications/kitty.app`: exact where several copies are installed.
    Path(PathBuf),
    /// By its bundle identifier, such as `com.googlecode.iterm2`.
    Identifier(&'static str),
}

/// Terminal programs whose processes may lie outside their bundle, and those that are asked by
/// Apple Events: name and bundle identifier.
const BUNDLE_IDENTIFIERS: [(&str, &str); 5] = [
    ("Terminal", "com.apple.Terminal"),
    ("iTerm2", "com.googlecode.iterm2"),
    ("Ghostty", "com.mitchellh.ghostty"),
    ("kitty", "net.kovidgoyal.kitty"),
    ("WezTerm", "com.github.wez.wezterm"),
];
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
    let found = BUNDLE_IDENTIFIERS.iter().find(|(known, _)| *known == name);
    found.map(|(_, identifier)| *identifier)
}

/// Whether a terminal in this program is one part of a window among others.
pub(super) fn is_editor(name: &str) -> bool {
    EDITOR_NAMES.iter().any(|editor| name.starts_with(editor))
}

impl MacApp {
    /// The app that owns the terminal of a process with these ancestors: the nearest known terminal
    /// program, else the nearest one that lies in a bundle.
    pub fn from_ancestors(ancestors: &[ProcessAncestor]) -> Option<Self> {
        let owner = ancestors
            .iter()
            .find_map(|a| Some((terminal::terminal_name(a)?, bundle_path(a))));
        if let Some((name, path)) = owner {
            let by_identifier = || bundle_identifier(name).map(AppAddress::Identifier);
            let address = path.map(AppAddress::Path).or_else(by_identifier)?;
            return Some(Self {
                name: name.to_owned(),
                address,
            });
        }
        let path = ancestors.iter().find_map(bundle_path)?;
        Some(Self {
            name: path.file_stem()?.to_string_lossy().into_owned(),
            address: AppAddress::Path(path),
        })
    }

    /// What the user has left to do once the app is in front.
    pub(super) fn tab_doubt(&self) -> String {
        let part = if is_editor(&self.name) {
            "terminal"
        } else {
            "tab"
        };
        format!("{} is in front; its {part} is yours to find", self.name)
    }
}

fn bundle_path(ancestor: &ProcessAncestor) -> Option<PathBuf> {
    outermost_bundle(ancestor.exe.as_deref()?)
}

/// The outermost bundle around an executable: a helper lies in a bundle within that of its app.
fn outermost_bundle(exe: &Path) -> Option<PathBuf> {
    let is_bundle = |path: &&Path| path.extension().is_some_and(|e| e == "app");
    let bundles = exe.ancestors().skip(1).filter(is_bundle);
    bundles.last().map(Path::to_path_buf)
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
            "brings {app} to the front; its terminal is yours to find"
        )),
        app => Some(format!(
            "brings {app} to the front; its tab is yours to find"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_bundle_is_the_app_of_a_helper() {
        let code = "/Applications/Visual Studio Code.app";
        for (exe, expected) in [
            (
                format!(
                    "{code}/Contents/Frameworks/Code Helper (Plugin).app/Contents/MacOS/Code Helper (Plugin)"
                ),
                Some(code),
            ),
            (format!("{code}/Contents/MacOS/Electron"), Some(code)),
            ("/usr/bin/login".into(), None),
            ("/Users/dev/tool.app".into(), None),
            (
                "/Users/dev/Library/Application Support/iTerm2/iTermServer-3.5.1".into(),
                None,
            ),
        ] {
            let found = outermost_bundle(Path::new(&exe));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{exe}");
        }
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
                Some("brings Warp to the front; its tab is yours to find"),
            ),
            (
                "Cursor",
                "/dev/ttys003",
                Some("brings Cursor to the front; its terminal is yours to find"),
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
