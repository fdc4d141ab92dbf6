//! Terminals: tmux panes, job control, and the terminal program in which a session runs, found by
//! the chain of its parents.

mod bundle;

pub(crate) use bundle::app_identifier;
pub use bundle::{AppBundle, outermost_bundle};

use crate::client;
use crate::identity::StartTime;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A pane of one tmux server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PaneKey {
    /// The server's socket.
    pub server: PathBuf,
    /// The pane's id, `%0`.
    pub pane: String,
}

/// The place of a process in the job control of its terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobControlIds {
    /// The terminal session: the pid of the session leader.
    pub session: u32,
    /// The process group.
    pub group: u32,
}

/// One of the ancestors of a process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessAncestor {
    /// Process id.
    pub pid: u32,
    /// The short name (`comm`, which Linux cuts at 15 bytes).
    pub name: String,
    /// The executable, if readable.
    pub exe: Option<PathBuf>,
    /// When the process started.
    #[serde(default)]
    pub start: Option<StartTime>,
    /// The user id that owns the process.
    #[serde(default)]
    pub uid: Option<u32>,
    /// The terminal session and process group of the ancestor.
    #[serde(default)]
    pub seat: Option<JobControlIds>,
}

/// Terminal programs: file name of the executable or short name, and the usual name.
const TERMINAL_PROGRAMS: [(&str, &str); 44] = [
    ("Alacritty", "Alacritty"),
    ("Code", "VS Code"),
    ("Cursor", "Cursor"),
    ("Ghostty", "Ghostty"),
    ("Hyper", "Hyper"),
    ("Tabby", "Tabby"),
    ("Terminal", "Terminal"),
    ("Warp", "Warp"),
    ("WezTerm", "WezTerm"),
    ("Windsurf", "Windsurf"),
    ("Zed", "Zed"),
    ("alacritty", "Alacritty"),
    ("code", "VS Code"),
    ("code-insiders", "VS Code Insiders"),
    ("codium", "VSCodium"),
    ("cursor", "Cursor"),
    ("emacs", "Emacs"),
    ("foot", "foot"),
    ("ghostty", "Ghostty"),
    ("gnome-terminal-", "GNOME Terminal"),
    ("gnome-terminal-server", "GNOME Terminal"),
    ("iTerm2", "iTerm2"),
    ("kgx", "GNOME Console"),
    ("kitty", "kitty"),
    ("konsole", "Konsole"),
    ("lxterminal", "LXTerminal"),
    ("mate-terminal", "MATE Terminal"),
    ("ptyxis", "Ptyxis"),
    ("ptyxis-agent", "Ptyxis"),
    ("rio", "Rio"),
    ("st", "st"),
    ("terminator", "Terminator"),
    ("tilix", "Tilix"),
    ("urxvt", "urxvt"),
    ("urxvtd", "urxvt"),
    ("wezterm-gui", "WezTerm"),
    ("wezterm-mux-server", "WezTerm"),
    ("xfce4-terminal", "Xfce Terminal"),
    ("xterm", "xterm"),
    ("yakuake", "Yakuake"),
    ("zed-editor", "Zed"),
    ("sshd", "SSH"),
    ("sshd-session", "SSH"),
    ("mosh-server", "SSH"),
];

/// The usual name of the nearest ancestor that owns a terminal.
pub fn terminal_app(ancestors: &[ProcessAncestor]) -> Option<&str> {
    ancestors.iter().find_map(terminal_name)
}

/// The usual name of a process that owns terminals; none for any other process. On macOS every
/// application counts, named after its bundle if it is not known.
pub fn terminal_name(ancestor: &ProcessAncestor) -> Option<&str> {
    if let Some(bundle) = terminal_bundle(ancestor) {
        return Some(bundle.name);
    }
    let file = ancestor
        .exe
        .as_ref()
        .and_then(|e| e.file_name())
        .and_then(|n| n.to_str());
    let known = |name: &str| {
        TERMINAL_PROGRAMS
            .iter()
            .find(|(program, _)| *program == name)
            .map(|(_, called)| *called)
    };
    // iTerm2 keeps its sessions in a server process whose name contains the version.
    if file.unwrap_or(&ancestor.name).starts_with("iTermServer") {
        return Some("iTerm2");
    }
    file.and_then(known).or_else(|| known(&ancestor.name))
}

/// The application bundle of a process that owns terminals on macOS. Claude Desktop keeps Claude
/// Code itself in a bundle, which owns none.
pub fn terminal_bundle(ancestor: &ProcessAncestor) -> Option<AppBundle<'_>> {
    let executable = ancestor.exe.as_deref()?;
    outermost_bundle(executable).filter(|_| !client::is_client(executable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(names: &[&str]) -> Vec<ProcessAncestor> {
        (10..)
            .zip(names)
            .map(|(pid, name)| ProcessAncestor {
                pid,
                name: name.rsplit('/').next().unwrap_or(name).into(),
                exe: name.starts_with('/').then(|| name.into()),
                start: None,
                uid: None,
                seat: None,
            })
            .collect()
    }

    #[test]
    fn the_nearest_terminal_wins() {
        for (names, expected) in [
            (vec!["bash", "xterm", "openbox"], Some("xterm")),
            (
                vec!["/bin/zsh", "/usr/libexec/gnome-terminal-server"],
                Some("GNOME Terminal"),
            ),
            (vec!["zsh", "gnome-terminal-"], Some("GNOME Terminal")),
            (
                vec![
                    "zsh",
                    "login",
                    "/Applications/iTerm.app/Contents/MacOS/iTerm2",
                ],
                Some("iTerm2"),
            ),
            (
                vec!["zsh", "/Users/dev/Library/iTermServer-3.5.1"],
                Some("iTerm2"),
            ),
            (
                vec![
                    "zsh",
                    "/System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal",
                ],
                Some("Terminal"),
            ),
            (
                vec!["bash", "/usr/share/code/code", "kitty"],
                Some("VS Code"),
            ),
            (vec!["bash", "wezterm-gui"], Some("WezTerm")),
            (
                vec![
                    "-zsh",
                    "/usr/bin/login",
                    "/System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal",
                ],
                Some("Terminal"),
            ),
            (
                vec![
                    "/bin/zsh",
                    "/Applications/Visual Studio Code.app/Contents/Frameworks/Code Helper \
                     (Plugin).app/Contents/MacOS/Code Helper (Plugin)",
                    "/Applications/Visual Studio Code.app/Contents/MacOS/Electron",
                ],
                Some("VS Code"),
            ),
            (
                vec![
                    "/Users/dev/Library/Application Support/Claude/claude-code/2.1.330/claude.app/\
                     Contents/MacOS/claude",
                    "/Applications/Claude.app/Contents/MacOS/Claude",
                ],
                Some("Claude"),
            ),
            (
                vec![
                    "/Applications/Xcode.app/Contents/Developer/usr/bin/make",
                    "/bin/zsh",
                    "/Applications/Some New Terminal.app/Contents/MacOS/main",
                ],
                Some("Some New Terminal"),
            ),
            (vec!["bash", "systemd"], None),
            (vec![], None),
        ] {
            assert_eq!(terminal_app(&chain(&names)), expected, "{names:?}");
        }
    }
}
