//! An isolated `HOME` for Claude Code and the programs that run beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use trusty_wire::Environment;

use crate::system::DEFAULT_PATH;
use crate::{FakeApi, client};

const FAKE_API_KEY: &str = "sk-ant-api03-fake-key-of-the-trusty-bar-tests-AAAAAAAAAAAA";

/// An isolated home directory, removed when dropped.
pub struct TestHome {
    dir: TempDir,
    root: PathBuf,
    config: PathBuf,
    extra: Vec<(String, String)>,
}

impl TestHome {
    /// A home in which Claude Code starts directly into its prompt, without onboarding.
    pub fn new() -> Self {
        Self::with_config(".claude", None)
    }

    /// Like [`new`](Self::new), with `CLAUDE_CONFIG_DIR` set to the folder `name` of the home.
    pub fn with_config_dir(name: &str) -> Self {
        Self::with_config(name, Some("CLAUDE_CONFIG_DIR"))
    }

    fn with_config(name: &str, variable: Option<&str>) -> Self {
        // A short path in `/tmp`: paths of Unix sockets are limited to about 107 bytes.
        let dir = tempfile::Builder::new()
            .prefix("tb-")
            .tempdir_in("/tmp")
            .expect("a folder in /tmp");
        let root = dir.path().canonicalize().expect("the new folder");
        let config = root.join(name);
        let extra = variable.map(|variable| (variable.to_owned(), text(&config)));
        let home = Self {
            dir,
            root,
            config,
            extra: extra.into_iter().collect(),
        };
        for folder in [home.config.clone(), home.xdg_config(), home.xdg_data()] {
            make_folder(&folder);
        }
        for folder in [home.runtime(), home.tmux_tmpdir(), home.tmpdir()] {
            make_folder(&folder);
            let private = fs::Permissions::from_mode(0o700);
            fs::set_permissions(&folder, private).expect("a folder of our own");
        }
        home.write_state(&json!({
            "hasCompletedOnboarding": true,
            "lastOnboardingVersion": client::NEWEST_VERSION,
            "theme": "dark",
            "numStartups": 5,
            "customApiKeyResponses": {"approved": [&FAKE_API_KEY[FAKE_API_KEY.len() - 20..]], "rejected": []},
            // Older versions fetch the marketplace regardless of their environment.
            "officialMarketplaceAutoInstallAttempted": true,
            "officialMarketplaceAutoInstallFailReason": "policy_blocked",
            "projects": {},
        }));
        home
    }

    /// The home directory itself.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The config folder of Claude Code, normally `.claude`.
    pub fn config_dir(&self) -> &Path {
        &self.config
    }

    /// `XDG_CONFIG_HOME`.
    pub fn xdg_config(&self) -> PathBuf {
        self.root.join(".config")
    }

    /// `XDG_DATA_HOME`.
    pub fn xdg_data(&self) -> PathBuf {
        self.root.join(".local/share")
    }

    /// `XDG_RUNTIME_DIR`.
    pub fn runtime(&self) -> PathBuf {
        self.root.join("run")
    }

    /// `TMUX_TMPDIR`.
    pub fn tmux_tmpdir(&self) -> PathBuf {
        self.root.join("tmux")
    }

    /// `TMPDIR`.
    pub fn tmpdir(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Creates a folder that Claude Code trusts. Has to be called before Claude Code starts, which
    /// rewrites the file that records the trust.
    pub fn project(&self, name: &str) -> PathBuf {
        let folder = self.untrusted_project(name);
        let mut state = self.state();
        // No needless write: a running Claude Code writes this file, too.
        if state["projects"][text(&folder)]["hasTrustDialogAccepted"] == true {
            return folder;
        }
        state["projects"][text(&folder)] = json!({
            "hasTrustDialogAccepted": true,
            "hasCompletedProjectOnboarding": true,
            "allowedTools": [],
        });
        self.write_state(&state);
        folder
    }

    /// Creates a folder for which Claude Code asks whether to trust it.
    pub fn untrusted_project(&self, name: &str) -> PathBuf {
        let folder = self.root.join("code").join(name);
        make_folder(&folder);
        folder
    }

    /// Adds or replaces a variable of [`env`](Self::env).
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.extra.retain(|(known, _)| known != name);
        self.extra.push((name.into(), value.into()));
    }

    /// The whole environment for a process in this home; nothing is inherited from the test.
    pub fn env(&self, api: &FakeApi) -> Vec<(String, String)> {
        let fixed = [
            ("HOME", text(&self.root)),
            ("XDG_CONFIG_HOME", text(&self.xdg_config())),
            ("XDG_DATA_HOME", text(&self.xdg_data())),
            ("XDG_RUNTIME_DIR", text(&self.runtime())),
            ("TMUX_TMPDIR", text(&self.tmux_tmpdir())),
            ("TMPDIR", text(&self.tmpdir())),
            ("CLAUDE_CODE_TMPDIR", text(&self.tmpdir())),
            ("PATH", DEFAULT_PATH.into()),
            ("TERM", "xterm-256color".into()),
            ("LANG", "C.UTF-8".into()),
            ("SHELL", "/bin/bash".into()),
            ("ANTHROPIC_BASE_URL", api.url()),
            ("ANTHROPIC_API_KEY", FAKE_API_KEY.into()),
            ("DISABLE_TELEMETRY", "1".into()),
            ("DISABLE_AUTOUPDATER", "1".into()),
            ("DISABLE_ERROR_REPORTING", "1".into()),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".into()),
            (
                "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL",
                "1".into(),
            ),
        ];
        let mut env: Vec<_> = fixed
            .into_iter()
            .filter(|(name, _)| self.extra.iter().all(|(known, _)| known != name))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        env.extend(self.extra.iter().cloned());
        env
    }

    /// The environment for our own code that runs within the test process.
    pub fn environment(&self) -> Environment {
        Environment {
            home: self.root.clone(),
            config_home: Some(self.xdg_config()),
            data_home: Some(self.xdg_data()),
            runtime_home: Some(self.runtime()),
            tmux_folder: Some(self.tmux_tmpdir()),
            path: std::env::var_os("PATH"),
            ..Environment::default()
        }
    }

    /// The registry file of the session with this pid. `None` also while Claude Code is writing the
    /// file.
    pub fn registry(&self, pid: u32) -> Option<Value> {
        self.sessions().entry_of(pid)
    }

    /// The registry files of all sessions of this home.
    pub fn registries(&self) -> Vec<Value> {
        self.sessions().all_entries()
    }

    pub(crate) fn sessions(&self) -> RegistryFolder {
        RegistryFolder(self.config.join("sessions"))
    }

    fn state_file(&self) -> PathBuf {
        if self.config == self.root.join(".claude") {
            self.root.join(".claude.json")
        } else {
            self.config.join(".claude.json")
        }
    }

    fn state(&self) -> Value {
        read(&self.state_file()).expect("the state file of Claude Code")
    }

    fn write_state(&self, state: &Value) {
        let file = self.state_file();
        let new = file.with_extension("new");
        fs::write(&new, state.to_string()).expect("a file in the home");
        fs::rename(&new, &file).expect("the state file of Claude Code");
    }

    /// Kills all programs that run in this home, such as those that Claude Code leaves in the
    /// background.
    pub fn end_all(&self) {
        for process in crate::ProcessRef::at_home(&self.root) {
            process.signal(rustix::process::Signal::KILL);
        }
    }
}

impl Default for TestHome {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestHome {
    fn drop(&mut self) {
        // The files of Claude Code help to understand a failure.
        let keep = std::thread::panicking() && std::env::var_os("KEEP_HOME").is_some();
        self.dir.disable_cleanup(keep);
    }
}

/// The folder in which Claude Code keeps one file for each running session.
pub(crate) struct RegistryFolder(PathBuf);

impl RegistryFolder {
    pub(crate) fn entry_of(&self, pid: u32) -> Option<Value> {
        read(&self.0.join(format!("{pid}.json")))
    }

    fn all_entries(&self) -> Vec<Value> {
        let Ok(entries) = fs::read_dir(&self.0) else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            // The other files in the folder hold secrets of the sessions.
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .filter_map(|path| read(&path))
            .collect()
    }
}

fn make_folder(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder in the home");
}

fn read(file: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path of plain text").to_owned()
}
