//! The real client under test, in several versions.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{FakeApi, TestHome, skip};

const INSTALLED_PATH: &str = "client/node_modules/@anthropic-ai/claude-code-linux-x64/claude";

/// The client's version, as `client/package.json` pins it.
pub const NEWEST_VERSION: &str = "2.1.330";

/// A version of the client that the tests can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TestedClient {
    /// Run by node; keeps no registry.
    V2_0_77,
    /// Run by node; its registry file has neither status nor version.
    V2_1_90,
    /// A program of its own, with other words in its registry file.
    V2_1_120,
    /// Gives up a hook whose timeout is over 2^31 − 1 ms.
    V2_1_160,
    /// The same, and says so in the conversation.
    V2_1_212,
    /// The same.
    V2_1_260,
    /// The first known to bear such a timeout.
    V2_1_280,
    /// The newest, [`NEWEST_VERSION`].
    Newest,
}

/// An installed client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledClient {
    /// What its process executes: the client itself, or node.
    pub exe: PathBuf,
    /// What node runs.
    pub script: Option<PathBuf>,
}

impl TestedClient {
    /// Those that are looked at in every test of older clients, oldest first.
    pub const REFERENCE_CLIENTS: [Self; 4] =
        [Self::V2_0_77, Self::V2_1_90, Self::V2_1_120, Self::Newest];

    /// Those that hooks are tried with beside the newest, oldest first.
    pub const HOOK_CLIENTS: [Self; 4] = [
        Self::V2_1_160,
        Self::V2_1_212,
        Self::V2_1_260,
        Self::V2_1_280,
    ];

    /// The version, as the packages below `tests/` pin it.
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

    /// Whether its registry file tells a status.
    pub fn tells_status(self) -> bool {
        !matches!(self, Self::V2_0_77 | Self::V2_1_90)
    }

    /// The word for `--permission-mode` with which it asks before it acts.
    pub fn asking(self) -> &'static str {
        if self == Self::Newest {
            "manual"
        } else {
            "default"
        }
    }

    /// How to run it, if it is installed.
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
    /// A command that starts it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.exe);
        command.args(&self.script);
        command
    }
}

/// `node` as the `PATH` finds it.
fn node() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find_map(|folder| {
        let file = folder.join("node").canonicalize().ok()?;
        file.is_file().then_some(file)
    })
}

/// The client, if it is installed: `TRUSTY_TEST_CLIENT`, or the one below `client/`.
pub fn binary() -> Option<PathBuf> {
    let path = match std::env::var_os("TRUSTY_TEST_CLIENT") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(INSTALLED_PATH),
    };
    path.canonicalize().ok().filter(|path| path.is_file())
}

/// The client for a test that needs it. With `CLIENT=0` there is none and the test should
/// return at once; without `CLIENT=0` a missing client is an error.
#[track_caller]
pub fn require_client() -> Option<PathBuf> {
    if std::env::var_os("CLIENT").is_some_and(|value| value == "0") {
        skip("CLIENT=0");
        return None;
    }
    let found = binary();
    assert!(
        found.is_some(),
        "the client is not installed: run `make test` (or skip these tests with CLIENT=0)"
    );
    found
}

/// A headless call of the client, without any terminal: add `-p` and a prompt.
pub fn command(home: &TestHome, api: &FakeApi, cwd: &Path) -> Command {
    let mut command = Command::new(binary().expect("the client is installed"));
    command
        .env_clear()
        .envs(home.env(api))
        .current_dir(cwd)
        .stdin(std::process::Stdio::null());
    command
}
