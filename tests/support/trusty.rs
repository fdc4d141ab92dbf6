//! The `trusty` program under test, confined to one home.

use crate::output::{printed_text, stderr_text};
use crate::socket_client::hook_socket;
use crate::system::SESSION_LAUNCHER;
use crate::wait::{self, WAIT_TIMEOUT};
use crate::{HookClient, LocalApi, ProcessRef, TestHome, TypedProgram};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

/// The path of a program of this workspace: `$<NAME>_BIN`, else beside the running test.
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    let set = format!("{}_BIN", name.to_uppercase().replace('-', "_"));
    let built = || {
        let test = std::env::current_exe().expect("a test has a path");
        let folder = test
            .parent()
            .and_then(|deps| deps.parent())
            .expect("target/<profile>/deps");
        folder.join(name)
    };
    let path = std::env::var_os(&set).map_or_else(built, PathBuf::from);
    assert!(
        path.is_file(),
        "{} is not built; run: cargo build --workspace",
        path.display()
    );
    path
}

/// `trusty` built with failpoints, which kills itself at this step of a pause; confined to this
/// home.
#[track_caller]
pub fn trusty_killed_at(home: &TestHome, step: &str) -> Command {
    let path = failpoint_program();
    assert!(
        path.is_file(),
        "{} is not built; run: make failpoint-programs",
        path.display()
    );
    let mut command = confined(home, SESSION_LAUNCHER, &path);
    command.env(FAILPOINT_VARIABLE, step);
    command
}

/// The path at which `make failpoint-programs` places `trusty`.
pub fn failpoint_program() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(3).expect("target/<profile>/deps");
    target.join("faults/debug/trusty")
}

/// Variable that names the step at which a program with failpoints kills itself.
pub const FAILPOINT_VARIABLE: &str = "TRUSTY_FAILPOINT";

const CONFINED_SETTINGS: &str = "[discovery]\nconfine = true\n";

/// Confines discovery to this home, so that no other session of the machine is inspected.
pub fn confine(home: &TestHome) {
    let told = fs::read_to_string(settings(home)).unwrap_or_default();
    if !told.starts_with(CONFINED_SETTINGS) {
        configure(home, "");
    }
}

/// Writes `settings.toml` with these settings and discovery confined to this home.
pub fn configure(home: &TestHome, more: &str) {
    let file = settings(home);
    fs::create_dir_all(file.parent().expect("a folder")).expect("the settings folder");
    fs::write(file, format!("{CONFINED_SETTINGS}{more}")).expect("settings");
}

fn settings(home: &TestHome) -> PathBuf {
    home.xdg_config().join("trusty/settings.toml")
}

/// Connects the hooks of all sessions of this home with `trusty connect`, as a user would.
#[track_caller]
pub fn connect(home: &TestHome) {
    // Checks that `trusty-hook` is built, which `trusty connect` installs.
    program("trusty-hook");
    run_successfully(home, ["connect"]);
}

/// Starts `trusty serve` in this home, and waits until the engine answers.
pub fn serve(home: &TestHome) -> RunningProgram {
    serve_with(home, [])
}

/// Like [`serve`], with additional environment variables.
pub fn serve_with<'a>(
    home: &TestHome,
    environment: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> RunningProgram {
    let mut command = trusty(home);
    command.envs(environment);
    serve_by(home, command)
}

/// Starts an engine with failpoints, which kills itself at this step of a pause.
#[track_caller]
pub fn serve_killed_at(home: &TestHome, step: &str) -> RunningProgram {
    serve_by(home, trusty_killed_at(home, step))
}

#[track_caller]
fn serve_by(home: &TestHome, mut command: Command) -> RunningProgram {
    let serving = RunningProgram::start(command.arg("serve").stdout(Stdio::null()));
    wait_sockets(home);
    // The engine listens before it answers, and a hook does not wait long.
    LocalApi::for_home(home).get("/v1/health");
    serving
}

/// Waits until the engine of a home listens on both sockets.
#[track_caller]
pub fn wait_sockets(home: &TestHome) {
    LocalApi::for_home(home).wait_open();
    wait::until(WAIT_TIMEOUT, "the hook socket", || {
        HookClient::open(&hook_socket(home)).ok()
    });
}

/// A command for `trusty`, confined to this home and without a terminal.
pub fn trusty(home: &TestHome) -> Command {
    trusty_below(home, &[])
}

/// Like [`trusty`], started by a command that finally executes the program and the arguments
/// appended to it.
pub fn trusty_below(home: &TestHome, launcher: &[&str]) -> Command {
    // In a session of its own, `trusty` does not inherit the terminal in which the tests run.
    let launcher = [SESSION_LAUNCHER, launcher].concat();
    confined(home, &launcher, &program("trusty"))
}

/// A command for `trusty`, confined to this home and started by this launcher, for a terminal of
/// its own.
pub fn trusty_typed(home: &TestHome, launcher: &[&str]) -> Command {
    confined(home, launcher, &program("trusty"))
}

fn confined(home: &TestHome, launcher: &[&str], program: &Path) -> Command {
    confine(home);
    let mut words = launcher.iter().map(OsStr::new).chain([program.as_os_str()]);
    let mut command = Command::new(words.next().expect("a program"));
    command
        .args(words)
        .env_clear()
        .envs(environment_variables(home))
        .stdin(Stdio::null());
    command
}

/// Creates a folder of mode 0700, as Trusty Bar's programs require.
#[track_caller]
pub fn private_folder(folder: PathBuf) -> PathBuf {
    fs::create_dir_all(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("private");
    folder
}

/// A command for `trusty-hook`, built or installed, as Claude Code with this pid runs it in this
/// home.
pub fn hook(home: &TestHome, pid: u32, program: &Path) -> Command {
    let mut command = Command::new(program);
    let environment = command.env_clear().envs(environment_variables(home));
    environment.env("CLAUDE_PID", pid.to_string());
    command
}

/// Starts a command, and writes and closes its standard input; its standard output is piped.
#[track_caller]
pub fn start_with_input(command: &mut Command, input: &[u8]) -> Child {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.spawn().expect("starts");
    let mut pipe = child.stdin.take().expect("piped");
    pipe.write_all(input).expect("written");
    child
}

/// The whole environment of Trusty Bar's programs in this home.
pub fn environment_variables(home: &TestHome) -> Vec<(String, String)> {
    let path = |path: PathBuf| path.to_string_lossy().into_owned();
    let mut all = vec![
        ("HOME".to_owned(), path(home.path().to_path_buf())),
        ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("XDG_CONFIG_HOME".to_owned(), path(home.xdg_config())),
        ("XDG_DATA_HOME".to_owned(), path(home.xdg_data())),
        ("XDG_RUNTIME_DIR".to_owned(), path(home.runtime())),
        ("TMUX_TMPDIR".to_owned(), path(home.tmux_tmpdir())),
        ("TMPDIR".to_owned(), path(home.tmpdir())),
    ];
    if home.config_dir() != home.path().join(".claude") {
        all.push((
            "CLAUDE_CONFIG_DIR".to_owned(),
            path(home.config_dir().to_path_buf()),
        ));
    }
    all
}

/// Runs `trusty` and waits for its exit.
pub fn run<A: AsRef<OsStr>>(home: &TestHome, arguments: impl IntoIterator<Item = A>) -> Output {
    trusty(home).args(arguments).output().expect("trusty runs")
}

/// Runs `trusty` and returns its output of both streams; panics unless it succeeds.
#[track_caller]
pub fn run_successfully(
    home: &TestHome,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> String {
    let output = run(home, arguments);
    let printed = printed_text(&output);
    assert!(output.status.success(), "{printed}");
    printed
}

/// `trusty` in a terminal of its own, typed into as a user would.
pub struct TypedCommand {
    program: TypedProgram,
}

/// The exit code of a command in a terminal, and the final screen.
pub type TypedOutcome = (Option<i32>, String);

impl TypedCommand {
    /// Starts `trusty` with these arguments.
    pub fn start<A: AsRef<OsStr>>(home: &TestHome, arguments: impl IntoIterator<Item = A>) -> Self {
        let mut command = trusty_typed(home, &[]);
        let program = TypedProgram::start(command.args(arguments), TERMINAL_ROWS, TERMINAL_COLUMNS);
        Self { program }
    }

    /// The text on the screen.
    pub fn screen(&self) -> String {
        self.program.screen()
    }

    /// Waits until the screen ends with `end` or the command exits; true if the screen does.
    #[track_caller]
    pub fn wait_question(&mut self, end: &str) -> bool {
        wait::until_or(
            WAIT_TIMEOUT,
            "a question in the terminal",
            || {
                if self.program.screen().trim_end().ends_with(end) {
                    return Some(true);
                }
                self.program.ended().map(|_| false)
            },
            String::new,
        )
    }

    /// Types a line, with Enter.
    pub fn type_line(&self, text: &str) {
        self.program.types(&format!("{text}\r"));
    }

    /// Waits until the command exits.
    #[track_caller]
    pub fn finish(mut self) -> TypedOutcome {
        let ended = self.program.wait_end();
        (ended.code(), self.program.last_screen())
    }
}

const TERMINAL_ROWS: u16 = 60;
const TERMINAL_COLUMNS: u16 = 200;

/// The end of a question that `trusty` asks before it acts.
const CONFIRMATION_SUFFIX: &str = "[y/N]";

/// Runs `trusty` in a terminal of its own, and answers a confirmation with `y`.
#[track_caller]
pub fn run_confirmed<A: AsRef<OsStr>>(
    home: &TestHome,
    arguments: impl IntoIterator<Item = A>,
) -> TypedOutcome {
    let mut command = TypedCommand::start(home, arguments);
    if command.wait_question(CONFIRMATION_SUFFIX) {
        command.type_line("y");
    }
    command.finish()
}

/// The output of `trusty list --json`.
#[track_caller]
pub fn list(home: &TestHome) -> Value {
    let output = run(home, ["list", "--json"]);
    assert!(output.status.success(), "{}", stderr_text(&output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// A child process, killed on drop.
pub struct RunningProgram {
    child: Child,
    process: ProcessRef,
}

impl RunningProgram {
    /// Starts a program.
    pub fn start(command: &mut Command) -> Self {
        Self::from_child(command.spawn().expect("starts"))
    }

    /// Takes over a child that was just started.
    pub(crate) fn from_child(child: Child) -> Self {
        let process = ProcessRef::of_pid(child.id()).expect("the process just started");
        Self { child, process }
    }

    /// Whether the program still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_none()
    }

    /// The process of the program.
    pub fn process(&self) -> ProcessRef {
        self.process
    }

    /// Waits until the program exits; returns the exit code, `None` after a signal.
    #[track_caller]
    pub fn wait(&mut self, deadline: Duration) -> Option<i32> {
        wait::until(deadline, "the end of a program", || {
            self.child.try_wait().expect("our child")
        })
        .code()
    }
}

impl Drop for RunningProgram {
    fn drop(&mut self) {
        // A child that is not reaped yet keeps its pid, so the signal reaches no other process.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The time at which a line of `trusty watch --json` arrived, and the line.
pub type WatchLine = (SystemTime, Value);

/// `trusty watch --json`, whose lines are read by a thread.
pub struct WatchCommand {
    running: RunningProgram,
    lines: Arc<Mutex<Vec<WatchLine>>>,
}

impl WatchCommand {
    /// Starts watching this home.
    pub fn start(home: &TestHome) -> Self {
        let mut command = trusty(home);
        command.args(["watch", "--json"]).stdout(Stdio::piped());
        let mut running = RunningProgram::start(&mut command);
        let out = running.child.stdout.take().expect("piped");
        let lines = Arc::<Mutex<Vec<WatchLine>>>::default();
        let written = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                let entry = (SystemTime::now(), value);
                written
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(entry);
            }
        });
        Self { running, lines }
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<WatchLine> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The process that watches.
    pub fn process(&self) -> ProcessRef {
        self.running.process()
    }

    /// The session with this pid in the newest line.
    pub fn session(&self, pid: u32) -> Option<Value> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        session_of(&lines.last()?.1, pid)
    }

    /// Waits until the session with this pid is as wanted; returns the session.
    #[track_caller]
    pub fn wait(
        &self,
        deadline: Duration,
        pid: u32,
        what: &str,
        ask: impl Fn(&Value) -> bool,
    ) -> Value {
        wait::until_or(
            deadline,
            &format!("{what} in trusty watch"),
            || self.session(pid).filter(&ask),
            || format!("{:?}", self.status_words(pid)),
        )
    }

    /// The changes of the session with this pid, with times and reasons, for failure messages.
    pub fn status_history(&self, pid: u32) -> String {
        let mut story: Vec<(SystemTime, String)> = Vec::new();
        for (at, line) in self.lines() {
            let Some(session) = session_of(&line, pid) else {
                continue;
            };
            let parts = [&session["activity"], &session["need"], &session["because"]];
            let shown = format!("{} {parts:?}", status_word_of(&session));
            if story.last().is_none_or(|(_, last)| *last != shown) {
                story.push((at, shown));
            }
        }
        let lines = story
            .iter()
            .map(|(at, shown)| format!("{:?} {shown}", at.duration_since(SystemTime::UNIX_EPOCH)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The status words of the session with this pid, without repetitions in a row.
    pub fn status_words(&self, pid: u32) -> Vec<String> {
        let sessions = self
            .lines()
            .into_iter()
            .filter_map(|(_, line)| session_of(&line, pid));
        let mut words: Vec<String> = sessions.map(|s| status_word_of(&s)).collect();
        words.dedup();
        words
    }
}

/// The session with this pid in a snapshot.
pub fn session_of(snapshot: &Value, pid: u32) -> Option<Value> {
    snapshot["sessions"]
        .as_array()?
        .iter()
        .find(|s| s["pid"] == pid)
        .cloned()
}

/// The status of a session in one word: its activity, its need, or the status itself.
pub fn status_word_of(session: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    match session["status"].as_str() {
        Some("Active" | "Detached") => match &session["activity"]["kind"] {
            Value::String(kind) => kind.clone(),
            _ => "Unknown".to_owned(),
        },
        Some("AwaitingApproval") => text(&session["need"]["kind"]),
        _ => text(&session["status"]),
    }
}
