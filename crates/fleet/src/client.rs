//! Which processes are Claude Code, by executable path and arguments, and what its versions can do.
//!
//! A bare name proves nothing: other programs are called `claude` too.

mod confirmation;
mod program;
mod settings;
mod version;

pub use confirmation::ConfirmationGap;
pub use program::{IdentifiedProgram, identify_program};
pub use settings::{HookObstacle, ProjectSettings, hooks_left_out};
pub(crate) use version::tells_status;
pub use version::{can_list, overflows_timers};

use serde::{Deserialize, Serialize};
use std::path::{Component, Path};

/// What a process is to Trusty Bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProcessRole {
    /// A session that the user types into.
    Interactive,
    /// A session without a prompt: `-p`, or driven by the SDK.
    Headless,
    /// A process of Claude Code that is no session: its daemon, a pty host, a spare, `agents`, …
    Infrastructure,
    /// Not recognised as Claude Code; a registry file can still name the process.
    Other,
}

/// First arguments with which Claude Code runs something other than a session.
const NON_SESSION_COMMANDS: [&str; 30] = [
    "--chrome-native-host",
    "--claude-in-chrome-mcp",
    "--daemon-worker",
    "--help",
    "--version",
    "-h",
    "-v",
    "agents",
    "attach",
    "auth",
    "auto-mode",
    "bg-pty-host",
    "bg-spare",
    "config",
    "daemon",
    "doctor",
    "install",
    "logs",
    "mcp",
    "migrate-installer",
    "plugin",
    "plugins",
    "project",
    "remote-control",
    "respawn",
    "rm",
    "setup-token",
    "stop",
    "update",
    "upgrade",
];

/// Tools that the native executable contains and runs under their own names.
const EMBEDDED_TOOLS: [&str; 3] = ["bfs", "rg", "ugrep"];

/// Classifies a process by the path of its executable and its arguments.
pub fn classify_process(exe: Option<&Path>, argv: &[String]) -> ProcessRole {
    let Some(arguments) = arguments(exe, argv) else {
        return ProcessRole::Other;
    };
    let flag = |flags: &[&str]| arguments.iter().any(|a| flags.contains(&a.as_str()));
    let first = arguments.first().map_or("", String::as_str);
    let called = argv.first().map_or("", |a| file_name(Path::new(a)));
    if EMBEDDED_TOOLS.contains(&called)
        || NON_SESSION_COMMANDS.contains(&first)
        || flag(&["--background", "--bg", "--bg-pty-host", "--bg-spare"])
    {
        ProcessRole::Infrastructure
    } else if flag(&["-p", "--print"]) {
        ProcessRole::Headless
    } else {
        ProcessRole::Interactive
    }
}

/// Whether an argument is a command of Claude Code that runs something other than a session.
pub fn is_command(argument: &str) -> bool {
    NON_SESSION_COMMANDS.contains(&argument)
}

/// Whether the path alone shows that a file is Claude Code's executable.
pub fn is_client(exe: &Path) -> bool {
    is_native(exe)
}

/// Whether a file is named after Claude Code, as packagers and renamed copies do:
/// `.claude-unwrapped`, `claude-2.1.332`. The name alone proves nothing: other programs are called
/// `claude` too.
pub fn is_named_after_client(exe: &Path) -> bool {
    let words = file_name(exe).split(|c: char| !c.is_alphanumeric());
    words.into_iter().any(|word| word == "claude")
}

/// The arguments after the program; `None` if the program is not Claude Code.
fn arguments<'a>(exe: Option<&Path>, argv: &'a [String]) -> Option<&'a [String]> {
    let exe = exe?;
    let rest = |n: usize| argv.get(n..).unwrap_or_default();
    if is_native(exe) {
        return Some(rest(1));
    }
    if !matches!(file_name(exe), "node" | "nodejs" | "bun") {
        return None;
    }
    // Under node, Claude Code sets its process title, which leaves `claude` as the only argument.
    if argv.first().is_some_and(|a| a == "claude") {
        return Some(rest(1));
    }
    let script = script_position(argv)?;
    is_script(Path::new(argv.get(script)?)).then(|| rest(script + 1))
}

/// Options of node that take the next argument as their value.
const NODE_OPTIONS_WITH_VALUE: [&str; 8] = [
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "-C",
    "--conditions",
    "--title",
];
/// Options of node with which no script is named.
const NODE_OPTIONS_WITHOUT_SCRIPT: [&str; 7] = [
    "-e",
    "--eval",
    "-p",
    "--print",
    "-pe",
    "-i",
    "--interactive",
];

/// The position of the script in node's arguments: the first that is not an option.
fn script_position(argv: &[String]) -> Option<usize> {
    let mut at = 1;
    loop {
        let argument = argv.get(at)?.as_str();
        if NODE_OPTIONS_WITHOUT_SCRIPT.contains(&argument) {
            return None;
        }
        if !argument.starts_with('-') {
            return Some(at);
        }
        at += if NODE_OPTIONS_WITH_VALUE.contains(&argument) {
            2
        } else {
            1
        };
    }
}

/// Whether a path is that of the native executable, in the folder of an installer, npm or Homebrew.
fn is_native(exe: &Path) -> bool {
    let parts = components(exe);
    let below = |pair: [&str; 2]| parts.windows(2).any(|w| w == pair);
    let packaged = parts.iter().rev().skip(1).any(|p| {
        // Editors put the publisher before the name of an extension.
        let p = p.strip_prefix("anthropic.").unwrap_or(p);
        p == "claude-code" || p.starts_with("claude-code-") || p.starts_with("claude-code@")
    });
    below(["claude", "versions"])
        || (packaged && matches!(file_name(exe), "claude" | "claude.exe"))
        || is_in_nix_store(&parts)
}

/// Whether a path is `/nix/store/<hash>-claude-code-<version>/bin/claude`, or that of the program
/// which a wrapper at that place runs: nixpkgs' wrappers rename it.
fn is_in_nix_store(parts: &[&str]) -> bool {
    let ["nix", "store", package, .., file] = parts else {
        return false;
    };
    let name = package.split_once('-').map_or("", |(_hash, name)| name);
    let is_package = name == "claude-code" || name.starts_with("claude-code-");
    is_package && matches!(*file, "claude" | ".claude-wrapped" | ".claude-unwrapped")
}

/// Whether a path is that of Claude Code's script, in versions that ran in node.
fn is_script(path: &Path) -> bool {
    matches!(file_name(path), "cli.js" | "cli.mjs") && components(path).contains(&"claude-code")
}

fn components(path: &Path) -> Vec<&str> {
    path.components()
        .filter_map(|c| match c {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect()
}

/// The last component, without the suffix that Linux adds to an executable replaced by an upgrade.
fn file_name(path: &Path) -> &str {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
    name.strip_suffix(" (deleted)").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_by_path_and_arguments() {
        use ProcessRole::{Headless, Infrastructure, Interactive, Other};
        let native = "/home/dev/.local/share/claude/versions/2.1.330";
        let npm = "/usr/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe";
        for (exe, argv, expected) in [
            // The process hands the prompt to the daemon and exits.
            (native, "claude --bg fix-it", Infrastructure),
            (native, "/home/dev/.local/bin/claude", Interactive),
            (
                "/home/dev/.local/share/claude/versions/2.1.330 (deleted)",
                "claude",
                Interactive,
            ),
            (npm, "claude --resume", Interactive),
            ("/usr/bin/node", "node -e x /x/claude-code/cli.js", Other),
            ("/usr/bin/node", "node lint.js /x/claude-code/cli.js", Other),
            (
                "/usr/bin/node",
                "node --no-warnings -r x.js /x/claude-code/cli.js",
                Interactive,
            ),
            (npm, "claude -p hello", Headless),
            (npm, "claude --print", Headless),
            (
                "/x/node_modules/@anthropic-ai/claude-code-linux-x64/claude",
                "claude",
                Interactive,
            ),
            (
                "/opt/homebrew/Caskroom/claude-code/2.1.330/claude",
                "claude",
                Interactive,
            ),
            (
                "/opt/homebrew/Caskroom/claude-code@latest/2.1.330/claude",
                "claude",
                Interactive,
            ),
            (
                "/home/dev/.vscode-server/extensions/anthropic.claude-code-2.1.284-linux-x64/\
                 resources/native-binary/claude",
                "claude --output-format stream-json --verbose",
                Interactive,
            ),
            ("/usr/bin/node", "claude", Interactive),
            (
                "/usr/bin/node",
                "node /x/@anthropic-ai/claude-code/cli.js -p hi",
                Headless,
            ),
            (
                "/usr/bin/node",
                "node /x/@anthropic-ai/claude-code/cli.js",
                Interactive,
            ),
            (
                "/usr/bin/node",
                "node /x/@anthropic-ai/claude-code/cli-wrapper.cjs",
                Other,
            ),
            ("/usr/bin/node", "node server.js claude", Other),
            (native, "claude daemon run", Infrastructure),
            (native, "claude bg-pty-host --x", Infrastructure),
            (native, "claude --bg-spare", Infrastructure),
            (native, "claude agents --json", Infrastructure),
            (native, "rg --no-config -e x", Infrastructure),
            (native, "claude --claude-in-chrome-mcp", Infrastructure),
            (native, "claude tell me about the daemon", Interactive),
            ("/usr/local/bin/claude", "claude", Other),
            ("/home/dev/claude/claude", "claude", Other),
            ("/home/dev/claude-code/target/debug/deps/x", "claude", Other),
            ("/bin/vim", "vim /x/claude-code/cli.js", Other),
            ("", "", Other),
        ] {
            let argv: Vec<String> = argv.split(' ').map(str::to_owned).collect();
            assert_eq!(
                classify_process(Some(Path::new(exe)), &argv),
                expected,
                "{exe} {argv:?}"
            );
        }
        assert_eq!(classify_process(None, &["claude".to_owned()]), Other);
        assert_eq!(classify_process(Some(Path::new(native)), &[]), Interactive);
    }
}
