//! The real client under test.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{FakeApi, Home};

const INSTALLED: &str = "client/node_modules/@anthropic-ai/claude-code-linux-x64/claude";

/// The client's version, as `client/package.json` pins it.
pub const VERSION: &str = "2.1.330";

/// The client, if it is installed: `TRUSTY_TEST_CLIENT`, or the one below `client/`.
pub fn binary() -> Option<PathBuf> {
    let path = match std::env::var_os("TRUSTY_TEST_CLIENT") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(INSTALLED),
    };
    path.canonicalize().ok().filter(|path| path.is_file())
}

/// The client for a test that needs it. With `CLIENT=0` there is none and the test should
/// return at once; without `CLIENT=0` a missing client is an error.
#[track_caller]
pub fn require_client() -> Option<PathBuf> {
    if std::env::var_os("CLIENT").is_some_and(|value| value == "0") {
        println!("skipped: CLIENT=0");
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
pub fn command(home: &Home, api: &FakeApi, cwd: &Path) -> Command {
    let mut command = Command::new(binary().expect("the client is installed"));
    command
        .env_clear()
        .envs(home.env(api))
        .current_dir(cwd)
        .stdin(std::process::Stdio::null());
    command
}
