//! `make run` on a Mac: an older copy that runs already, and Ctrl-C.

use super::{StandInTools, packaging_script};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

/// A process in the place of a running app, and stand-ins for `ps` and `open`.
struct PretendedApp {
    /// The folder's path without links, as `ps` shows paths.
    root: PathBuf,
    _folder: TempDir,
    tools: StandInTools,
    pid: u32,
    end: JoinHandle<ExitStatus>,
}

impl PretendedApp {
    /// An app that `ps` reports to run from this path.
    fn start(program: impl Fn(&Path) -> PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut app = Command::new("sleep")
            .arg("120")
            .spawn()
            .expect("sleep runs");
        let pid = app.id();
        // Reaped at once, because a zombie still has its pid.
        let end = thread::spawn(move || app.wait().expect("the app ends"));
        let tools = StandInTools::new();
        let root = folder.path().canonicalize().expect("the folder");
        let program = program(&app_path(&root));
        let line = format!("echo '  {pid} {}'", program.display());
        tools.add("ps", &format!("echo '  1 /sbin/launchd'\n{line}"));
        Self {
            root,
            _folder: folder,
            tools,
            pid,
            end,
        }
    }

    fn app(&self) -> PathBuf {
        app_path(&self.root)
    }

    fn script(&self, option: Option<&str>) -> Command {
        let mut command = packaging_script("run");
        command.args(option).arg(self.app());
        command.env("PATH", self.tools.path());
        command
    }

    /// The signal that ended the app.
    fn ending_signal(self) -> Option<i32> {
        self.end.join().expect("a status").signal()
    }
}

fn app_path(folder: &Path) -> PathBuf {
    folder.join("my apps/Trusty Bar.app")
}

fn own_program(app: &Path) -> PathBuf {
    app.join("Contents/MacOS/trusty-bar")
}

fn pid_of(number: u32) -> Pid {
    Pid::from_raw(number.cast_signed()).expect("a pid")
}

#[test]
fn an_older_build_from_the_same_bundle_is_quit_before_the_new_one_is_made() {
    let running = PretendedApp::start(own_program);
    let done = running.script(Some("--end-older")).output();
    let done = done.expect("sh runs");
    assert!(done.status.success(), "{done:?}");
    let told = String::from_utf8_lossy(&done.stderr);
    let expected = format!("Quitting the older build (pid {}).\n", running.pid);
    assert_eq!(told, expected);
    assert_eq!(running.ending_signal(), Some(Signal::TERM.as_raw()));
}

#[test]
fn a_copy_that_runs_from_elsewhere_is_named_and_goes_on() {
    let elsewhere = "/Applications/Trusty Bar.app/Contents/MacOS/trusty-bar";
    let running = PretendedApp::start(|_| elsewhere.into());
    let done = running.script(Some("--end-older")).output();
    let done = done.expect("sh runs");
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    let told = String::from_utf8_lossy(&done.stderr);
    let expected = format!(
        "Trusty Bar runs already: {elsewhere} (pid {}).\nQuit it in its menu, then run this again.\n",
        running.pid
    );
    assert_eq!(told, expected);
    kill_process(pid_of(running.pid), Signal::KILL).expect("the app goes on");
    assert_eq!(running.ending_signal(), Some(Signal::KILL.as_raw()));
}

/// Waits until the stand-in for `open` has been called.
fn wait_for_open(running: &PretendedApp, script: &mut Child) {
    while !running.tools.calls().iter().any(|c| c.starts_with("open ")) {
        let ended = script.try_wait().expect("a child");
        assert!(ended.is_none(), "the script has ended: {ended:?}");
        thread::yield_now();
    }
}

#[test]
fn ctrl_c_quits_the_app_and_the_script_waits_for_that() {
    let running = PretendedApp::start(own_program);
    fs::create_dir_all(running.app()).expect("the bundle");
    // As `open -W`: waits until the app has ended, and the app writes to the log meanwhile.
    let body = format!(
        "echo 'a message of the app' >> \"$3\"\nwhile kill -0 {} 2> /dev/null; do sleep 0.05; done",
        running.pid
    );
    running.tools.add("open", &body);
    let mut script = running.script(None);
    let mut script = script.stderr(Stdio::piped()).spawn().expect("sh runs");
    wait_for_open(&running, &mut script);
    kill_process(pid_of(script.id()), Signal::INT).expect("the script runs");
    let done = script.wait_with_output().expect("the script ends");
    assert!(done.status.success(), "{done:?}");
    let log = running.app().with_file_name("trusty-bar.log");
    let expected = format!(
        "Trusty Bar runs in the menu bar; Ctrl-C quits it. Its messages go to {}.\n\
         a message of the app\n",
        log.display()
    );
    assert_eq!(String::from_utf8_lossy(&done.stderr), expected);
    let open = running.tools.calls().into_iter();
    let open: Vec<String> = open.filter(|call| call.starts_with("open ")).collect();
    let (log, app) = (log.display(), running.app());
    let expected = format!(
        "open -W --stdout {log} --stderr {log} {} --args --open",
        app.display()
    );
    assert_eq!(open, [expected]);
    assert_eq!(running.ending_signal(), Some(Signal::TERM.as_raw()));
}
