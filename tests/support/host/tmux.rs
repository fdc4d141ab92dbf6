//! A terminal that is a pane of a tmux server of its own.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use uuid::Uuid;

use super::{END_TIMEOUT, KeyboardKey, TERMINAL_COLUMNS, TERMINAL_ROWS};
use crate::process::ProcessRef;
use crate::wait::{self, until};

const TMUX_SESSION: &str = "work";

/// A tmux server with one session, started and ended by the test.
pub(super) struct TmuxHost {
    socket: String,
    env: Vec<(String, String)>,
    pub(super) server: ProcessRef,
    pub(super) pane: ProcessRef,
}

impl TmuxHost {
    /// Starts the server with `command` in its only pane.
    pub(super) fn spawn(command: &Command) -> Self {
        let socket = format!("tb-{}", &Uuid::new_v4().simple().to_string()[..8]);
        let env: Vec<(String, String)> = command
            .get_envs()
            .filter_map(|(name, value)| {
                Some((name.to_str()?.to_owned(), value?.to_str()?.to_owned()))
            })
            .collect();
        let mut new = tmux(&socket, &env);
        new.args(["new-session", "-d", "-P", "-F", "#{pid} #{pane_pid}"])
            .args(["-s", TMUX_SESSION])
            .args([
                "-x",
                &TERMINAL_COLUMNS.to_string(),
                "-y",
                &TERMINAL_ROWS.to_string(),
            ]);
        if let Some(folder) = command.get_current_dir() {
            new.arg("-c").arg(folder);
        }
        // Several words after `--` are executed by tmux without a shell in between.
        new.arg("--").arg(command.get_program());
        new.args(command.get_args());
        let output = new.output().expect("tmux is installed");
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "tmux new-session failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut pids = answer
            .split_whitespace()
            .map(|pid| ProcessRef::of_pid(pid.parse().expect("a pid")).expect("a running process"));
        Self {
            server: pids.next().expect("the pid of the server"),
            pane: pids.next().expect("the pid of the pane"),
            socket,
            env,
        }
    }

    pub(super) fn socket(&self) -> &str {
        &self.socket
    }

    /// Runs a tmux command; returns its output if it succeeds.
    pub(super) fn run(&self, args: &[&str]) -> Option<String> {
        let output = self
            .command()
            .args(args)
            .output()
            .expect("tmux is installed");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A `tmux` command for this server, without arguments.
    pub(super) fn command(&self) -> Command {
        tmux(&self.socket, &self.env)
    }

    pub(super) fn type_text(&self, text: &str) {
        self.run(&["send-keys", "-t", TMUX_SESSION, "-l", "--", text]);
    }

    pub(super) fn press(&self, key: KeyboardKey) {
        let name = match key {
            KeyboardKey::Enter => "Enter",
            KeyboardKey::Escape => "Escape",
            KeyboardKey::CtrlC => "C-c",
            KeyboardKey::CtrlD => "C-d",
            KeyboardKey::CtrlZ => "C-z",
            KeyboardKey::CtrlA => "C-a",
            KeyboardKey::CtrlU => "C-u",
            KeyboardKey::Down => "Down",
            KeyboardKey::Up => "Up",
            KeyboardKey::Tab => "Tab",
            KeyboardKey::Char(c) => return self.type_text(c.encode_utf8(&mut [0; 4])),
        };
        self.run(&["send-keys", "-t", TMUX_SESSION, name]);
    }

    pub(super) fn screen(&self) -> String {
        self.run(&["capture-pane", "-p", "-t", TMUX_SESSION])
            .unwrap_or_default()
    }

    pub(super) fn title(&self) -> String {
        let title = self.run(&["display-message", "-p", "-t", TMUX_SESSION, "#{pane_title}"]);
        title.unwrap_or_default().trim_end().to_owned()
    }

    pub(super) fn session_name() -> &'static str {
        TMUX_SESSION
    }

    pub(super) fn hang_up(&self) {
        self.run(&["kill-session", "-t", TMUX_SESSION]);
    }

    /// Ends the server, which may have exited with its last session already.
    pub(super) fn kill_server(&self) {
        self.run(&["kill-server"]);
        let gone = || (!self.server.is_alive()).then_some(());
        if wait::poll(END_TIMEOUT, gone).is_none() {
            self.server.signal(Signal::KILL);
        }
    }

    /// The command that attaches a tmux client to the session.
    pub(super) fn attach_command(&self) -> Command {
        let mut command = self.command();
        command.args(["attach-session", "-t", TMUX_SESSION]);
        command
    }

    pub(super) fn detach_all(&self) {
        self.run(&["detach-client", "-s", TMUX_SESSION]);
    }

    #[track_caller]
    pub(super) fn wait_attached(&self, deadline: Duration, clients: &str) {
        until(deadline, "the number of tmux clients", || {
            let args = [
                "display-message",
                "-p",
                "-t",
                TMUX_SESSION,
                "#{session_attached}",
            ];
            self.run(&args).filter(|number| number.trim() == clients)
        });
    }
}

fn tmux(socket: &str, env: &[(String, String)]) -> Command {
    let mut command = Command::new("tmux");
    command
        .env_clear()
        .envs(env.iter().map(|(name, value)| (name, value)))
        .args(["-u", "-L", socket, "-f", "/dev/null"]);
    command
}
