//! The step of the Mac workflow that opens the app, with stand-ins for Apple's tools.

use super::{StandInTools, project, write_program};
use std::fs;
use std::os::unix::net::UnixListener;
use std::process::{Child, Command};

/// What `curl` does: an answer, if the socket that it is given is there.
const CURL_BODY: &str = "for word; do
    [ \"${last:-}\" != --unix-socket ] || path=$word
    last=$word
done
[ -S \"$path\" ] && echo answered";

/// A process in the place of the running app.
struct OpenedApp(Child);

impl Drop for OpenedApp {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_engine_is_asked_at_its_socket_although_its_folder_has_a_space() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("the folder");
    fs::create_dir_all(root.join(".ci/macos")).expect("folders");
    for name in ["app", "needs-mac"] {
        let step = format!(".ci/macos/{name}");
        fs::copy(project().join(&step), root.join(&step)).expect("a copy");
    }
    let programs = root.join("target/macos/Trusty Bar.app/Contents/MacOS");
    fs::create_dir_all(&programs).expect("folders");
    write_program(&programs.join("trusty"), "#!/bin/sh\n");
    let sockets = root.join("Library/Application Support/trusty/run");
    fs::create_dir_all(&sockets).expect("folders");
    let _engine = UnixListener::bind(sockets.join("trusty.sock")).expect("a socket");

    let app = OpenedApp(
        Command::new("sleep")
            .arg("120")
            .spawn()
            .expect("sleep runs"),
    );
    let (pid, program) = (app.0.id(), programs.join("trusty-bar"));
    let tools = StandInTools::new();
    // A process that has ended, but is not reaped, has the state Z.
    let ps = format!(
        "grep -q 'State:.Z' /proc/{pid}/status || echo '  {pid} {}'",
        program.display()
    );
    tools.add("ps", &ps);
    tools.add("uname", "echo Darwin");
    tools.add("sleep", "exec /bin/sleep 0.05");
    tools.add("curl", CURL_BODY);
    for name in [
        "open",
        "lsappinfo",
        "pmset",
        "screencapture",
        "sample",
        "log",
    ] {
        tools.add(name, "");
    }
    let mut step = Command::new("sh");
    step.arg(".ci/macos/app").current_dir(&root);
    step.env("HOME", &root).env("PATH", tools.path());
    step.env("TMPDIR", root.join("empty"));
    let done = step.output().expect("sh runs");
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}");
    let answer = fs::read_to_string(root.join("target/mac-run/sessions.json"));
    assert_eq!(answer.expect("an answer"), "answered\n");
}
