//! Claude Code itself, in the versions that the tests run.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::system::CLIENT_PACKAGE;
use crate::{FakeApi, TestHome, skip};

/// The newest version of Claude Code, as `client/package.json` pins it.
pub const NEWEST_VERSION: &str = "2.1.330";

/// A version of Claude Code that the tests can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TestedClient {
    /// Run by Node.js; keeps no registry.
    V2_0_77,
    /// Run by Node.js; its registry file has neither status nor version.
    V2_1_90,
    /// A native program, with other words in its registry file.
    V2_1_120,
    /// Gives up a hook whose timeout is over 2^31 − 1 ms.
    V2_1_160,
    /// As 2.1.160, and reports it in the conversation.
    V2_1_212,
    /// As 2.1.212.
    V2_1_260,
    /// The first version known to accept such a timeout.
    V2_1_280,
    /// The newest version, [`NEWEST_VERSION`].
    Newest,
}

/// An installed version of Claude Code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledClient {
    /// The file that its process executes: Claude Code itself, or Node.js.
    pub exe: PathBuf,
    /// The script that Node.js runs; `None` for a native program.
    pub script: Option<PathBuf>,
}

impl TestedClient {
    /// The versions that every test of older versions runs, oldest first.
    pub const REFERENCE_CLIENTS: [Self; 4] =
        [Self::V2_0_77, Self::V2_1_90, Self::V2_1_120, Self::Newest];

    /// The versions that hooks are tested with besides the newest, oldest first.
    pub const HOOK_CLIENTS: [Self; 4] = [
        Self::V2_1_160,
        Self::V2_1_212,
        Self::V2_1_260,
        Self::V2_1_280,
    ];

    /// The version number, as the packages below `tests/` pin it.
    pub fn version(self) -> &'static str {
        match self {
            Self::V2_0_77 => "2.0.77",
            Self::V2_1_90 => "2.1.90",
            Self::V2_1_120 => "2.1.120",
            Self::V2_1_160 => "2.1.160",
            Self::V2_1_212 => "2.1.212",
            Self::V2_1_260 => "2.1.260",
            Self::V2_1_280 => "2.1.280",
            Self::Newest => NEWEST_VERSION,
        }
    }

    /// Whether the registry file of this version holds a status.
    pub fn tells_status(self) -> bool {
        !matches!(self, Self::V2_0_77 | Self::V2_1_90)
    }

    /// The value of `--permission-mode` with which this version asks before it acts.
    pub fn asking(self) -> &'static str {
        if self == Self::Newest {
            "manual"
        } else {
            "default"
        }
    }

    /// The files of this version; `None` if they are not installed.
    pub fn program(self) -> Option<InstalledClient> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(
            "client-{}/node_modules/@anthropic-ai",
            self.version()
        ));
        let file = |path: PathBuf| path.canonicalize().ok().filter(|path| path.is_file());
        let (exe, script) = match self {
            Self::Newest => (binary()?, None),
            Self::V2_1_120 | Self::V2_1_160 | Self::V2_1_212 | Self::V2_1_260 | Self::V2_1_280 => {
                (file(package.join("claude-code-linux-x64/claude"))?, None)
            }
            Self::V2_0_77 | Self::V2_1_90 => {
                (node()?, Some(file(package.join("claude-code/cli.js"))?))
            }
        };
        Some(InstalledClient { exe, script })
    }
}

impl InstalledClient {
    /// A command that starts Claude Code.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.exe);
        command.args(&self.script);
        command
    }
}

/// The first `node` in the folders of `PATH`.
fn node() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find_map(|folder| {
        let file = folder.join("node").canonicalize().ok()?;
        file.is_file().then_some(file)
    })
}

/// The newest Claude Code, if installed: `$TRUSTY_TEST_CLIENT`, else the one below `client/`.
pub fn binary() -> Option<PathBuf> {
    let path = match std::env::var_os("TRUSTY_TEST_CLIENT") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("client/node_modules/@anthropic-ai")
            .join(CLIENT_PACKAGE)
            .join("claude"),
    };
    path.canonicalize().ok().filter(|path| path.is_file())
}

/// The newest Claude Code, for a test that needs it; panics if it is not installed. With
/// `CLIENT=0` the result is `None`, and the test is skipped and should return at once.
#[track_caller]
pub fn require_client() -> Option<PathBuf> {
    if std::env::var_os("CLIENT").is_some_and(|value| value == "0") {
        skip("CLIENT=0");
        return None;
    }
    let found = binary();
    assert!(
        found.is_some(),
        "Claude Code is not installed: run `make test` (or skip these tests with CLIENT=0)"
    );
    found
}

/// A command for headless Claude Code, without any terminal: add `-p` and a prompt.
pub fn command(home: &TestHome, api: &FakeApi, cwd: &Path) -> Command {
    let mut command = Command::new(binary().expect("Claude Code is installed"));
    command
        .env_clear()
        .envs(home.env(api))
        .current_dir(cwd)
        .stdin(std::process::Stdio::null());
    command
}
