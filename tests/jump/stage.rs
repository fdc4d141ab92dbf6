//! A session in tmux, and a desktop on which its terminal may be.

use std::fs;
use std::ops::Deref;
use std::process::Output;
use trusty_actions::jump::is_terminal_in_front;
use trusty_fleet::Session;
pub(crate) use trusty_tests::WAIT_TIMEOUT;
use trusty_tests::desktop::{OwnedProcess, TestDesktop, until_is};
use trusty_tests::socket_client::HttpResponse;
use trusty_tests::trusty::trusty;
use trusty_tests::wait::until;
use trusty_tests::{
    ClientStage, DesktopKind, LocalApi, TerminalShape, TestStage, block_on, client, stderr_text,
};

pub(crate) struct JumpFixture {
    // Fields are dropped in this order: all windows before the home.
    pub(crate) desktop: TestDesktop,
    stage: ClientStage,
}

impl Deref for JumpFixture {
    type Target = ClientStage;

    fn deref(&self) -> &ClientStage {
        &self.stage
    }
}

/// A real session in the tmux session `work`, which no window shows, and a desktop.
pub(crate) fn stage() -> Option<JumpFixture> {
    let (stage, desktop) = TestStage::builder().build_with_desktop(DesktopKind::Trayless)?;
    let stage = stage.into_session(TerminalShape::TmuxDirect, "payments", &[]);
    Some(JumpFixture { desktop, stage })
}

impl JumpFixture {
    /// An xterm with a tmux client that shows this tmux session.
    pub(crate) fn xterm(&self, title: &str, session: &str) -> (OwnedProcess, u32) {
        let socket = self.terminal.socket().expect("tmux");
        let attach = ["tmux", "-u", "-L", socket, "attach", "-t", session];
        let words = [&["-title", title, "-e"], &attach[..]].concat();
        let before = self.clients().len();
        let program = self.desktop.tool("xterm", &words);
        until(WAIT_TIMEOUT, "a tmux client", || {
            (self.clients().len() > before).then_some(())
        });
        let window = self.desktop.window_of(&program);
        (program, window)
    }

    /// An xterm in which a command runs without tmux.
    pub(crate) fn plain(&self, title: &str, command: &[&str]) -> (OwnedProcess, u32) {
        let words = [&["-title", title, "-e"], command].concat();
        let program = self.desktop.tool("xterm", &words);
        let window = self.desktop.window_of(&program);
        (program, window)
    }

    /// Starts a second real session, in a tmux session of this name; its pid.
    pub(crate) fn second(&self, name: &str) -> u32 {
        self.second_with(name, "LC_TIME=C")
    }

    /// As [`Self::second`], with this variable in the environment.
    pub(crate) fn second_with(&self, name: &str, variable: &str) -> u32 {
        let exe = client::binary().expect("installed");
        let (exe, folder) = (exe.to_string_lossy(), self.folder.to_string_lossy());
        let told = self.terminal.tmux_command(&[
            "new-session",
            "-d",
            "-P",
            "-F",
            "#{pane_pid}",
            "-s",
            name,
            "-c",
            &folder,
            "-e",
            variable,
            "--",
            &exe,
        ]);
        let pid = told.trim().parse().expect("a pid");
        until(WAIT_TIMEOUT, "the second session", || {
            let status = self.home.registry(pid)?["status"].clone();
            (status == "idle").then_some(())
        });
        pid
    }

    /// What each tmux client shows: `pid session pane-pid`.
    pub(crate) fn clients(&self) -> Vec<String> {
        let format = "#{client_pid} #{session_name} #{pane_pid}";
        let told = self.terminal.tmux_command(&["list-clients", "-F", format]);
        told.lines().map(str::to_owned).collect()
    }

    /// What the tmux client in an xterm shows: `session pane-pid`.
    pub(crate) fn shown_in(&self, xterm: &OwnedProcess) -> Option<String> {
        let below: Vec<u32> = xterm.process().tree().iter().map(|p| p.pid).collect();
        self.clients().iter().find_map(|line| {
            let (pid, shown) = line.split_once(' ')?;
            let pid: u32 = pid.parse().ok()?;
            below.contains(&pid).then(|| shown.to_owned())
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.terminal.client().pid
    }

    /// `trusty jump` with this display in the environment and these `[jump]` settings.
    pub(crate) fn jump_with(&self, pid: u32, display: Option<&str>, jump: &str) -> Output {
        let mut command = trusty(&self.home);
        let settings = self.home.xdg_config().join("trusty/settings.toml");
        let text = format!("[discovery]\nconfine = true\n[jump]\n{jump}\n");
        fs::write(settings, text).expect("settings");
        command.args(["jump", &pid.to_string()]);
        command.envs(display.map(|display| ("DISPLAY", display)));
        command.output().expect("runs")
    }

    #[track_caller]
    pub(crate) fn jump(&self, pid: u32) {
        let output = self.jump_with(pid, None, "");
        assert!(output.status.success(), "{}", stderr_text(&output));
    }

    /// `POST /v1/sessions/{id}/jump`.
    pub(crate) fn post(&self, pid: u32) -> HttpResponse {
        self.post_to(&self.session(pid).id.to_string())
    }

    pub(crate) fn post_to(&self, id: &str) -> HttpResponse {
        let path = format!("/v1/sessions/{id}/jump");
        LocalApi::for_home(&self.home).send_request("POST", &path, "", b"")
    }

    #[track_caller]
    pub(crate) fn session(&self, pid: u32) -> Session {
        let found = self.listed(pid).expect("listed");
        serde_json::from_value(found).expect("a session")
    }

    /// Whether the session's terminal is what the user is looking at.
    pub(crate) fn in_front(&self, pid: u32) -> bool {
        block_on(is_terminal_in_front(
            &self.session(pid),
            &self.home.environment(),
        ))
    }

    #[track_caller]
    pub(crate) fn wait_active(&self, window: u32) {
        until_is("the window in front", &Some(window), || {
            self.desktop.active_window()
        });
    }
}
