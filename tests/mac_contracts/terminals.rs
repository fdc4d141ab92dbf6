//! Terminals: the chain from `login` to the client, job control, and tmux.

use super::{command_text, install_linked_client, measured, real, write_mac_registry};
use std::path::{Path, PathBuf};
use std::process::Command;
use trusty_platform::sys;
use trusty_tests::trusty::{list, run_successfully, session_of};
use trusty_tests::wait::until_or;
use trusty_tests::{ProcessRef, TestHome, TypedProgram, Value, WAIT_TIMEOUT};

const TERMINAL_ROWS: u16 = 40;
const TERMINAL_COLUMNS: u16 = 120;

/// A shell in a terminal of its own, with a stand-in for Claude Code in its foreground.
struct TerminalSession {
    terminal: TypedProgram,
    client: ProcessRef,
}

impl TerminalSession {
    /// Starts a shell with these words, and the stand-in by typing its path.
    fn start(home: &TestHome, words: &[&str]) -> Self {
        let link = install_linked_client(home);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear();
        command
            .env("HOME", home.path())
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        let terminal = TypedProgram::start(
            command.current_dir(home.path()),
            TERMINAL_ROWS,
            TERMINAL_COLUMNS,
        );
        let root = ProcessRef::of_pid(terminal.pid()).expect("the shell");
        let folder = home.path().display();
        terminal.types(&format!(
            "cd '{folder}' && HOME='{folder}' '{}' 600\r",
            link.display()
        ));
        let exe = real(&link);
        let client = until_or(
            WAIT_TIMEOUT,
            "the stand-in in the terminal",
            || root.find_exe(&exe),
            || terminal.screen(),
        );
        write_mac_registry(home, client, r#""status":"busy""#);
        Self { terminal, client }
    }

    fn shown(&self, home: &TestHome) -> Value {
        until_or(
            WAIT_TIMEOUT,
            "the session in the list",
            || session_of(&list(home), self.client.pid),
            || self.terminal.screen(),
        )
    }
}

/// The names of a process and its ancestors, nearest first, up to launchd.
fn ancestor_names(pid: u32) -> Vec<String> {
    let mut names = Vec::new();
    let mut next = pid;
    while next > 1 {
        let text = next.to_string();
        names.push(command_text("/bin/ps", ["-ww", "-o", "comm=", "-p", &text]));
        let stat = sys::stat(next).expect("readable, also of root's processes");
        next = stat.expect("alive").parent;
    }
    names
}

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_the_chain_from_login_to_a_client_is_read_although_login_is_roots() {
    let home = TestHome::new();
    let user = command_text("/usr/bin/id", ["-un"]);
    // As Terminal.app starts its shells.
    let session = TerminalSession::start(&home, &["/usr/bin/login", "-fpq", &user]);
    let names = ancestor_names(session.client.pid);
    measured(&format!("ancestors: {}", names.join(" < ")));
    assert!(names[1].starts_with('-'), "a login shell: {names:?}");
    assert!(names[2].ends_with("login"), "{names:?}");
    let stat = sys::stat(session.client.pid).expect("readable");
    let stat = stat.expect("alive");
    assert_eq!(stat.group, stat.foreground, "in the foreground");
    assert!(sys::control_terminal(stat.terminal).is_some_and(|tty| tty.starts_with("/dev/ttys")));
    let shown = session.shown(&home);
    measured(&format!(
        "control {}, pause {}",
        shown["control"], shown["pause"]
    ));
    assert_eq!(shown["control"], "Pty", "{shown}");
}

fn is_stopped_and_resumed_with_the_same_terminal_settings(shell: &[&str]) {
    let home = TestHome::new();
    let session = TerminalSession::start(&home, shell);
    session.shown(&home);
    let before = session.client.tty_settings();
    let pid = session.client.pid.to_string();
    let told = run_successfully(&home, ["pause", &pid, "--how", "stop"]);
    assert_eq!(session.client.state(), Some('T'), "{told}");
    run_successfully(&home, ["resume", &pid]);
    until_or(
        WAIT_TIMEOUT,
        "the stand-in to run in the foreground again",
        || (session.client.state() == Some('S') && session.client.has_terminal()).then_some(()),
        || session.terminal.screen(),
    );
    assert_eq!(session.client.tty_settings(), before);
}

#[test]
#[ignore = "asks a Mac's kernel and its shells"]
fn mac_a_pause_below_zsh_leaves_the_terminal_settings_as_they_were() {
    is_stopped_and_resumed_with_the_same_terminal_settings(&["/bin/zsh", "-f", "-i"]);
}

#[test]
#[ignore = "asks a Mac's kernel and its shells"]
fn mac_a_pause_below_bash_leaves_the_terminal_settings_as_they_were() {
    let bash = ["/bin/bash", "--norc", "--noprofile", "-i"];
    is_stopped_and_resumed_with_the_same_terminal_settings(&bash);
}

/// A tmux server with one pane, ended with the test.
struct TmuxServer {
    folder: PathBuf,
}

impl TmuxServer {
    /// The default server of this home, with a shell in its only pane.
    fn start(home: &TestHome) -> Self {
        let server = Self {
            folder: home.tmux_tmpdir(),
        };
        let started = server
            .command(home)
            .args(["-f", "/dev/null", "new-session", "-d", "-s", "work"])
            .args(["-x", "120", "-y", "40", "--", "/bin/zsh", "-f", "-i"])
            .status();
        assert!(started.expect("tmux is installed").success());
        server
    }

    fn command(&self, home: &TestHome) -> Command {
        let mut command = Command::new("tmux");
        command
            .env("TMUX_TMPDIR", &self.folder)
            .env("HOME", home.path())
            .env_remove("TMUX");
        command
    }
}

impl Drop for TmuxServer {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        command.env("TMUX_TMPDIR", &self.folder).env_remove("TMUX");
        let _ = command.arg("kill-server").status();
    }
}

#[test]
#[ignore = "asks tmux on a Mac"]
fn mac_a_pane_is_found_once_and_suspended_although_tmux_resolves_the_link_of_its_folder() {
    let home = TestHome::new();
    let link = install_linked_client(&home);
    let server = TmuxServer::start(&home);
    let ask = |format: &str| {
        let mut command = server.command(&home);
        let done = command.args(["display-message", "-p", "-t", "work", format]);
        let done = done.output().expect("tmux runs");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    let socket = ask("#{socket_path}");
    measured(&format!("the socket that tmux names: {socket}"));
    assert!(Path::new(&socket).starts_with(real(&home.tmux_tmpdir())));
    let shell = ask("#{pane_pid}").parse().expect("a pid");
    let shell = ProcessRef::of_pid(shell).expect("the pane runs");
    let typed_line = format!("'{}' 600", link.display());
    let mut typed = server.command(&home);
    let typed = typed
        .args(["send-keys", "-t", "work", &typed_line, "Enter"])
        .status();
    assert!(typed.expect("tmux runs").success());
    let exe = real(&link);
    let process = until_or(
        WAIT_TIMEOUT,
        "the stand-in in the pane",
        || shell.find_exe(&exe),
        String::new,
    );
    write_mac_registry(&home, process, r#""status":"idle""#);
    let snapshot = list(&home);
    let shown = session_of(&snapshot, process.pid).expect("listed");
    assert_eq!(shown["control"], "Tmux", "{shown}");
    assert_eq!(shown["tmux_name"], "work");
    let health = &snapshot["health"];
    assert_eq!(*health, serde_json::json!([]), "one server, no problem");

    let pid = process.pid.to_string();
    run_successfully(&home, ["pause", &pid, "--how", "suspend"]);
    assert_eq!(process.state(), Some('T'));
    run_successfully(&home, ["resume", &pid]);
    until_or(
        WAIT_TIMEOUT,
        "the stand-in in the foreground of its pane",
        || (process.state() == Some('S') && process.has_terminal()).then_some(()),
        || ask("#{pane_current_command}"),
    );
}
