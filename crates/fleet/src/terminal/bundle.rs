//! Application bundles of macOS, by the path of an executable inside them.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The application bundle around an executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppBundle<'a> {
    /// The usual name of the application.
    pub name: &'a str,
    /// The bundle: a folder whose name ends in `.app`.
    pub path: PathBuf,
    /// The bundle identifier, for `open -b`; none for an application that is not in our table, which
    /// `open -a` opens by its path.
    pub identifier: Option<&'static str>,
}

/// A known application: the file name of its bundle without `.app`, its usual name, and its bundle
/// identifier.
type KnownApp = (&'static str, &'static str, &'static str);

/// Applications that have terminals, by the file names of their bundles.
const KNOWN_APPS: [KnownApp; 39] = [
    ("Alacritty", "Alacritty", "org.alacritty"),
    (
        "Android Studio",
        "Android Studio",
        "com.google.android.studio",
    ),
    ("Antigravity", "Antigravity", "com.google.antigravity"),
    ("CLion", "CLion", "com.jetbrains.CLion"),
    ("Claude", "Claude", "com.anthropic.claudefordesktop"),
    ("Cursor", "Cursor", "com.todesktop.230313mzl4w4u92"),
    ("DataGrip", "DataGrip", "com.jetbrains.datagrip"),
    ("Emacs", "Emacs", "org.gnu.Emacs"),
    ("Ghostty", "Ghostty", "com.mitchellh.ghostty"),
    ("GoLand", "GoLand", "com.jetbrains.goland"),
    ("Hyper", "Hyper", "co.zeit.hyper"),
    ("IntelliJ IDEA", "IntelliJ IDEA", "com.jetbrains.intellij"),
    (
        "IntelliJ IDEA CE",
        "IntelliJ IDEA",
        "com.jetbrains.intellij.ce",
    ),
    ("PhpStorm", "PhpStorm", "com.jetbrains.PhpStorm"),
    ("PyCharm", "PyCharm", "com.jetbrains.pycharm"),
    ("PyCharm CE", "PyCharm", "com.jetbrains.pycharm.ce"),
    ("Rider", "Rider", "com.jetbrains.rider"),
    ("Rio", "Rio", "com.raphaelamorim.rio"),
    ("RubyMine", "RubyMine", "com.jetbrains.rubymine"),
    ("RustRover", "RustRover", "com.jetbrains.rustrover"),
    ("Tabby", "Tabby", "org.tabby"),
    ("Terminal", "Terminal", "com.apple.Terminal"),
    ("VSCodium", "VSCodium", "com.vscodium"),
    ("Visual Studio Code", "VS Code", "com.microsoft.VSCode"),
    (
        "Visual Studio Code - Insiders",
        "VS Code Insiders",
        "com.microsoft.VSCodeInsiders",
    ),
    ("Code", "VS Code", "com.microsoft.VSCode"),
    ("Warp", "Warp", "dev.warp.Warp-Stable"),
    ("WarpPreview", "Warp", "dev.warp.Warp-Preview"),
    ("Wave", "Wave", "dev.commandline.waveterm"),
    ("WebStorm", "WebStorm", "com.jetbrains.WebStorm"),
    ("WezTerm", "WezTerm", "com.github.wez.wezterm"),
    ("Windsurf", "Windsurf", "com.exafunction.windsurf"),
    ("Zed", "Zed", "dev.zed.Zed"),
    ("Zed Nightly", "Zed", "dev.zed.Zed-Nightly"),
    ("Zed Preview", "Zed", "dev.zed.Zed-Preview"),
    ("iTerm", "iTerm2", "com.googlecode.iterm2"),
    ("iTerm2", "iTerm2", "com.googlecode.iterm2"),
    ("iTerm2-beta", "iTerm2", "com.googlecode.iterm2"),
    ("kitty", "kitty", "net.kovidgoyal.kitty"),
];

/// The outermost application bundle around an executable; none for an executable outside bundles,
/// and for a command-line tool that merely lies in one, such as `make` in Xcode's.
///
/// The outermost one, because helpers have bundles of their own inside that of their application:
/// `Visual Studio Code.app/Contents/Frameworks/Code Helper (Plugin).app/…`. An application that is
/// not in our table is named after its bundle.
pub fn outermost_bundle(executable: &Path) -> Option<AppBundle<'_>> {
    let mut path = PathBuf::new();
    let mut parts = executable.components();
    let stem = loop {
        let part = parts.next()?;
        path.push(part);
        let name = normal_name(part);
        // A framework is no application, even if it holds one: Python's interpreter on macOS.
        if name.is_some_and(|name| name.ends_with(".framework")) {
            return None;
        }
        if let Some(stem) = name.and_then(bundle_stem) {
            break stem;
        }
    };
    if !is_main_program(parts.clone()) {
        return None;
    }
    let known = KNOWN_APPS.iter().find(|(file, ..)| *file == stem);
    Some(AppBundle {
        name: known.map_or(stem, |(_, name, _)| name),
        path,
        identifier: known.map(|(.., identifier)| *identifier),
    })
}

/// The bundle identifier of an application by its usual name.
pub(crate) fn app_identifier(name: &str) -> Option<&'static str> {
    let found = KNOWN_APPS.iter().find(|(_, known, _)| *known == name);
    found.map(|(.., identifier)| *identifier)
}

fn normal_name(part: Component<'_>) -> Option<&str> {
    match part {
        Component::Normal(name) => OsStr::to_str(name),
        _ => None,
    }
}

fn bundle_stem(name: &str) -> Option<&str> {
    name.strip_suffix(".app").filter(|stem| !stem.is_empty())
}

/// Whether the path below a bundle is that of a program in a folder for programs: of the bundle
/// (`Contents/MacOS/x`), or of a helper's bundle inside.
fn is_main_program(below: std::path::Components<'_>) -> bool {
    let names: Vec<&str> = below.filter_map(normal_name).collect();
    matches!(names[..], [.., "Contents", "MacOS", _])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An executable, the name of its application, the bundle, and the bundle's identifier.
    type BundleRow = (
        &'static str,
        &'static str,
        &'static str,
        Option<&'static str>,
    );

    const BUNDLE_ROWS: [BundleRow; 17] = [
        (
            "/System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal",
            "Terminal",
            "/System/Applications/Utilities/Terminal.app",
            Some("com.apple.Terminal"),
        ),
        (
            "/Applications/iTerm.app/Contents/MacOS/iTerm2",
            "iTerm2",
            "/Applications/iTerm.app",
            Some("com.googlecode.iterm2"),
        ),
        (
            "/Applications/Ghostty.app/Contents/MacOS/ghostty",
            "Ghostty",
            "/Applications/Ghostty.app",
            Some("com.mitchellh.ghostty"),
        ),
        (
            "/Applications/kitty.app/Contents/MacOS/kitty",
            "kitty",
            "/Applications/kitty.app",
            Some("net.kovidgoyal.kitty"),
        ),
        (
            "/Applications/WezTerm.app/Contents/MacOS/wezterm-gui",
            "WezTerm",
            "/Applications/WezTerm.app",
            Some("com.github.wez.wezterm"),
        ),
        (
            "/Applications/Alacritty.app/Contents/MacOS/alacritty",
            "Alacritty",
            "/Applications/Alacritty.app",
            Some("org.alacritty"),
        ),
        (
            "/Applications/Visual Studio Code.app/Contents/MacOS/Electron",
            "VS Code",
            "/Applications/Visual Studio Code.app",
            Some("com.microsoft.VSCode"),
        ),
        (
            "/Applications/Visual Studio Code.app/Contents/Frameworks/Code Helper \
             (Plugin).app/Contents/MacOS/Code Helper (Plugin)",
            "VS Code",
            "/Applications/Visual Studio Code.app",
            Some("com.microsoft.VSCode"),
        ),
        (
            "/Applications/Cursor.app/Contents/Frameworks/Cursor Helper.app/Contents/MacOS/\
             Cursor Helper",
            "Cursor",
            "/Applications/Cursor.app",
            Some("com.todesktop.230313mzl4w4u92"),
        ),
        (
            "/Applications/Windsurf.app/Contents/MacOS/Electron",
            "Windsurf",
            "/Applications/Windsurf.app",
            Some("com.exafunction.windsurf"),
        ),
        (
            "/Applications/Zed.app/Contents/MacOS/zed",
            "Zed",
            "/Applications/Zed.app",
            Some("dev.zed.Zed"),
        ),
        (
            "/Applications/Warp.app/Contents/MacOS/stable",
            "Warp",
            "/Applications/Warp.app",
            Some("dev.warp.Warp-Stable"),
        ),
        (
            "/Users/dev/Applications/IntelliJ IDEA CE.app/Contents/MacOS/idea",
            "IntelliJ IDEA",
            "/Users/dev/Applications/IntelliJ IDEA CE.app",
            Some("com.jetbrains.intellij.ce"),
        ),
        (
            "/Applications/Hyper.app/Contents/MacOS/Hyper",
            "Hyper",
            "/Applications/Hyper.app",
            Some("co.zeit.hyper"),
        ),
        (
            "/Applications/Tabby.app/Contents/MacOS/Tabby",
            "Tabby",
            "/Applications/Tabby.app",
            Some("org.tabby"),
        ),
        (
            "/Applications/Claude.app/Contents/Frameworks/Claude Helper.app/Contents/MacOS/\
             Claude Helper",
            "Claude",
            "/Applications/Claude.app",
            Some("com.anthropic.claudefordesktop"),
        ),
        (
            "/Applications/Some New Terminal.app/Contents/MacOS/main",
            "Some New Terminal",
            "/Applications/Some New Terminal.app",
            None,
        ),
    ];

    #[test]
    fn the_outermost_bundle_names_the_application() {
        for (executable, name, bundle, identifier) in BUNDLE_ROWS {
            let expected = AppBundle {
                name,
                path: bundle.into(),
                identifier,
            };
            assert_eq!(outermost_bundle(Path::new(executable)), Some(expected));
        }
    }

    #[test]
    fn a_tool_in_a_bundle_is_no_application() {
        for executable in [
            "/Applications/Xcode.app/Contents/Developer/usr/bin/make",
            "/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code-tunnel",
            "/Library/Frameworks/Python.framework/Versions/3.12/Resources/Python.app/Contents/\
             MacOS/Python",
            "/opt/homebrew/Cellar/python@3.12/3.12.4/Frameworks/Python.framework/Versions/3.12/\
             Resources/Python.app/Contents/MacOS/Python",
            "/bin/zsh",
            "/usr/bin/login",
            "/Applications/.app/Contents/MacOS/x",
            "/Applications/X.app",
            "/srv/site.app/server",
            "",
        ] {
            assert_eq!(
                outermost_bundle(Path::new(executable)),
                None,
                "{executable}"
            );
        }
    }

    #[test]
    fn no_bundle_is_listed_twice() {
        let mut files: Vec<&str> = KNOWN_APPS.iter().map(|(file, ..)| *file).collect();
        files.sort_unstable();
        files.dedup();
        assert_eq!(files.len(), KNOWN_APPS.len());
    }
}
