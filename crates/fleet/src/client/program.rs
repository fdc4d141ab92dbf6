//! What a process is, by all that the kernel says of its program.

use super::{ProcessRole, classify_process, is_client, is_named_after_client};
use std::path::Path;

/// What a process is, and the path that shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentifiedProgram<'a> {
    /// What the process is.
    pub role: ProcessRole,
    /// The path of the executable that says most about it; none if none is known.
    pub path: Option<&'a Path>,
}

/// Classifies a process by all known paths of its executable, the most reliable first, and its
/// arguments: the better of what they show.
///
/// macOS knows the running file and the path that execve(2) was given. All installers of Claude Code
/// put a link into the search path, so that only the running file shows what it is; that file may
/// have been removed by an update, and the given path is left.
pub fn identify_program<'a>(paths: &[&'a Path], argv: &[String]) -> IdentifiedProgram<'a> {
    let role_at = |path: &Path| classify_process(Some(path), argv);
    let first = |shows: &dyn Fn(&Path) -> bool| paths.iter().copied().find(|path| shows(path));
    if let Some(path) = first(&|path| role_at(path) != ProcessRole::Other) {
        return IdentifiedProgram {
            role: role_at(path),
            path: Some(path),
        };
    }
    IdentifiedProgram {
        role: ProcessRole::Other,
        path: first(&is_client)
            .or_else(|| first(&is_named_after_client))
            .or_else(|| paths.first().copied()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProcessRole::{Headless, Infrastructure, Interactive, Other};

    /// The running file, the path given to execve(2), the arguments; what the process is, and the
    /// path that shows it.
    type InstallRow = (
        &'static str,
        &'static str,
        &'static str,
        ProcessRole,
        &'static str,
    );

    const MAC_INSTALLS: [InstallRow; 18] = [
        // The native installer: `~/.local/bin/claude` is a link.
        (
            "/Users/dev/.local/share/claude/versions/2.1.330",
            "/Users/dev/.local/bin/claude",
            "claude",
            Interactive,
            "/Users/dev/.local/share/claude/versions/2.1.330",
        ),
        (
            "/Users/dev/.local/share/claude/versions/2.1.330",
            "/Users/dev/.local/share/claude/versions/2.1.330",
            "/Users/dev/.local/share/claude/versions/2.1.330 --allow-dangerously-skip-permissions",
            Interactive,
            "/Users/dev/.local/share/claude/versions/2.1.330",
        ),
        // A relative path, as `./claude` in a shell gives.
        (
            "/Users/dev/.local/share/claude/versions/2.1.330",
            "./claude",
            "./claude -p hello",
            Headless,
            "/Users/dev/.local/share/claude/versions/2.1.330",
        ),
        // Homebrew's casks, on Apple silicon and on Intel.
        (
            "/opt/homebrew/Caskroom/claude-code/2.1.330/claude",
            "/opt/homebrew/bin/claude",
            "claude --resume",
            Interactive,
            "/opt/homebrew/Caskroom/claude-code/2.1.330/claude",
        ),
        (
            "/usr/local/Caskroom/claude-code@latest/2.1.330/claude",
            "/usr/local/bin/claude",
            "claude",
            Interactive,
            "/usr/local/Caskroom/claude-code@latest/2.1.330/claude",
        ),
        // npm, in versions that are native: `bin/claude` links to the package's `claude.exe`.
        (
            "/opt/homebrew/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
            "/opt/homebrew/bin/claude",
            "claude",
            Interactive,
            "/opt/homebrew/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
        ),
        (
            "/Users/dev/.nvm/versions/node/v24.15.0/lib/node_modules/@anthropic-ai/claude-code-darwin-arm64/claude",
            "/Users/dev/.nvm/versions/node/v24.15.0/bin/claude",
            "claude",
            Interactive,
            "/Users/dev/.nvm/versions/node/v24.15.0/lib/node_modules/@anthropic-ai/claude-code-darwin-arm64/claude",
        ),
        // npm, in versions that run in node; the title replaces the arguments.
        (
            "/opt/homebrew/Cellar/node/24.1.0/bin/node",
            "/opt/homebrew/bin/node",
            "claude",
            Interactive,
            "/opt/homebrew/Cellar/node/24.1.0/bin/node",
        ),
        (
            "/opt/homebrew/Cellar/node/24.1.0/bin/node",
            "/opt/homebrew/bin/node",
            "node /opt/homebrew/lib/node_modules/@anthropic-ai/claude-code/cli.js",
            Interactive,
            "/opt/homebrew/Cellar/node/24.1.0/bin/node",
        ),
        (
            "/opt/homebrew/Cellar/node/24.1.0/bin/node",
            "/opt/homebrew/bin/node",
            "node server.js",
            Other,
            "/opt/homebrew/Cellar/node/24.1.0/bin/node",
        ),
        // Claude Desktop's own copy.
        (
            "/Users/dev/Library/Application Support/Claude/claude-code/2.1.330/claude.app/Contents/MacOS/claude",
            "/Users/dev/Library/Application Support/Claude/claude-code/2.1.330/claude.app/Contents/MacOS/claude",
            "claude --output-format stream-json",
            Interactive,
            "/Users/dev/Library/Application Support/Claude/claude-code/2.1.330/claude.app/Contents/MacOS/claude",
        ),
        // Nix, with and without the wrapper of nixpkgs.
        (
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-claude-code-2.1.330/bin/.claude-wrapped",
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-claude-code-2.1.330/bin/.claude-wrapped",
            "claude",
            Interactive,
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-claude-code-2.1.330/bin/.claude-wrapped",
        ),
        (
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-claude-code-unwrapped-2.1.330/bin/claude",
            "/Users/dev/.nix-profile/bin/claude",
            "claude daemon run",
            Infrastructure,
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-claude-code-unwrapped-2.1.330/bin/claude",
        ),
        (
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-nodejs-24.1.0/bin/node",
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-nodejs-24.1.0/bin/node",
            "node /nix/store/1bi1fxkgpwlpqzvn1s2xc7d1aagjz8k1-claude-code-2.0.77/lib/node_modules/@anthropic-ai/claude-code/cli.js",
            Interactive,
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-nodejs-24.1.0/bin/node",
        ),
        (
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-claude-code-router-1.0/bin/ccr",
            "/Users/dev/.nix-profile/bin/ccr",
            "ccr",
            Other,
            "/nix/store/0ai1fxkgpwlpqzvn1s2xc7d1aagjz8k1-claude-code-router-1.0/bin/ccr",
        ),
        // A copy: the name is all that is known, whichever path has it.
        (
            "/Users/dev/tools/cc-2.1.330",
            "/Users/dev/bin/claude",
            "claude",
            Other,
            "/Users/dev/bin/claude",
        ),
        // Removed by an update: the kernel has no path, and the link leads to the new version.
        (
            "",
            "/Users/dev/.local/share/claude/versions/2.1.331",
            "claude",
            Interactive,
            "/Users/dev/.local/share/claude/versions/2.1.331",
        ),
        (
            "",
            "/Users/dev/.local/bin/claude",
            "claude",
            Other,
            "/Users/dev/.local/bin/claude",
        ),
    ];

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn every_installer_s_client_is_known_by_the_better_of_its_paths() {
        for (real, given, argv, role, path) in MAC_INSTALLS {
            let known = [real, given].into_iter().filter(|p| !p.is_empty());
            let known: Vec<&Path> = known.map(Path::new).collect();
            let found = identify_program(&known, &words(argv));
            let expected = IdentifiedProgram {
                role,
                path: Some(Path::new(path)),
            };
            assert_eq!(found, expected, "{real} {given}");
        }
    }

    #[test]
    fn a_program_without_a_path_is_not_known() {
        let found = identify_program(&[], &words("claude"));
        let expected = IdentifiedProgram {
            role: Other,
            path: None,
        };
        assert_eq!(found, expected);
    }
}
