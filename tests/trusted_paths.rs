//! Files that another user of the machine, or a repository, can put in the way: none is run,
//! connected to or believed, and health names it with the remedy.
#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use trusty_tests::other_user::OTHER_UID;
use trusty_tests::trusty::{list, program, run, session_of, trusty, trusty_below};
use trusty_tests::{StandIn, TestHome, Value, other_user, skip};

/// What root is told of a socket that it does not use.
const ROOT_LEAVES_OUT: &str = "root uses only its own sockets; run this as that user";
/// The primary group of the account `daemon`, on every Linux.
const DAEMON_GID: u32 = 1;

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, Permissions::from_mode(bits)).expect("chmod");
}

fn bits(path: &Path) -> u32 {
    fs::metadata(path).expect("there").mode() & 0o777
}

/// A home that other users may enter, as most homes are: they can reach its files.
fn open_home() -> TestHome {
    let home = TestHome::new();
    mode(home.path(), 0o755);
    home
}

/// A server that is not tmux, in the folder where tmux looks for its own.
struct FakeServer {
    folder: PathBuf,
    socket: PathBuf,
    listener: UnixListener,
}

impl FakeServer {
    fn start(tmux_folder: &Path) -> Self {
        let uid = rustix::process::getuid().as_raw();
        let folder = tmux_folder.join(format!("tmux-{uid}"));
        fs::create_dir_all(&folder).expect("folder");
        mode(&folder, 0o700);
        let socket = folder.join("evil");
        let listener = UnixListener::bind(&socket).expect("bound");
        listener.set_nonblocking(true).expect("set");
        Self {
            folder,
            socket,
            listener,
        }
    }

    /// Whether a program has connected since the last call.
    fn was_asked(&self) -> bool {
        let mut asked = false;
        loop {
            match self.listener.accept() {
                Ok(_) => asked = true,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return asked,
                Err(e) => panic!("{e}"),
            }
        }
    }
}

/// All problems of a list's health, as one text.
fn troubles(list: &Value) -> String {
    let health = list["health"].as_array().expect("a list");
    let words = health
        .iter()
        .map(|h| format!("{}: {}\n", h["subject"], h["message"]));
    words.collect()
}

#[track_caller]
fn assert_told(told: &str, words: &str) {
    assert!(told.contains(words), "no {words:?} in {told}");
}

#[test]
fn a_tmux_server_that_the_user_owns_is_asked() {
    let home = TestHome::new();
    let server = FakeServer::start(&home.tmux_tmpdir());
    let list = list(&home);
    assert!(
        server.was_asked(),
        "the other tests prove something: {list}"
    );
}

#[test]
fn a_tmux_folder_of_another_user_is_never_asked_and_is_named() {
    let Some(other) = other_user() else { return };
    let home = TestHome::new();
    let server = FakeServer::start(&home.tmux_tmpdir());
    other.owns(&server.socket);
    other.owns(&server.folder);
    for open in [0o755, 0o700, 0o777] {
        mode(&server.folder, open);
        let told = troubles(&list(&home));
        assert!(!server.was_asked(), "{open:o}");
        assert_told(&told, &server.folder.display().to_string());
        assert_told(&told, &format!("uid {OTHER_UID}"));
        assert_told(&told, ROOT_LEAVES_OUT);
        assert!(!told.contains("chown"), "it would be trusted then: {told}");
    }
}

#[test]
fn a_tmux_folder_that_its_group_may_enter_is_asked_only_if_the_group_has_no_other_member() {
    if other_user().is_none() {
        return;
    }
    let home = TestHome::new();
    let server = FakeServer::start(&home.tmux_tmpdir());
    mode(&server.folder, 0o770);
    list(&home);
    assert!(server.was_asked(), "the group of root has no other member");
    chown(&server.folder, None, Some(DAEMON_GID)).expect("chown");
    let told = troubles(&list(&home));
    assert!(!server.was_asked());
    assert_told(&told, &format!("chmod g-w {}", server.folder.display()));
}

#[test]
fn a_tmux_folder_that_others_may_enter_is_never_asked_and_is_named_with_its_remedy() {
    let home = TestHome::new();
    let server = FakeServer::start(&home.tmux_tmpdir());
    mode(&server.folder, 0o755);
    let told = troubles(&list(&home));
    assert!(!server.was_asked());
    assert_told(&told, &format!("chmod 700 {}", server.folder.display()));
}

#[test]
fn a_socket_of_another_user_in_the_user_s_tmux_folder_is_never_asked() {
    let Some(other) = other_user() else { return };
    let home = TestHome::new();
    let server = FakeServer::start(&home.tmux_tmpdir());
    other.owns(&server.socket);
    let told = troubles(&list(&home));
    assert!(!server.was_asked());
    assert_told(&told, &server.socket.display().to_string());
    assert_told(&told, ROOT_LEAVES_OUT);
}

#[test]
fn a_tmux_folder_that_is_a_link_is_never_asked() {
    let home = TestHome::new();
    let server = FakeServer::start(&home.path().join("elsewhere"));
    let name = server.folder.file_name().expect("a name");
    let link = home.tmux_tmpdir().join(name);
    symlink(&server.folder, &link).expect("link");
    let told = troubles(&list(&home));
    assert!(!server.was_asked());
    assert_told(&told, "is a link");
    if let Some(other) = other_user() {
        other.owns(&link);
        list(&home);
        assert!(!server.was_asked());
    }
}

#[test]
fn a_link_of_another_user_on_the_way_to_tmux_is_not_followed() {
    let Some(other) = other_user() else { return };
    let mut home = TestHome::new();
    let server = FakeServer::start(&home.path().join("elsewhere"));
    let link = home.path().join("way");
    symlink(home.path().join("elsewhere"), &link).expect("link");
    home.set_env("TMUX_TMPDIR", &link.display().to_string());
    let asked = |home: &TestHome| {
        let mut command = trusty(home);
        command.env("TMUX_TMPDIR", &link).args(["list", "--json"]);
        let output = command.output().expect("runs");
        let list: Value = serde_json::from_slice(&output.stdout).expect("a list");
        (server.was_asked(), troubles(&list))
    };
    assert!(asked(&home).0, "a link of the user's");
    other.owns(&link);
    let (was_asked, told) = asked(&home);
    assert!(!was_asked);
    assert_told(&told, &link.display().to_string());
}

#[test]
fn a_shared_tmux_tmpdir_is_used_if_it_is_sticky_only() {
    let home = open_home();
    let server = FakeServer::start(&home.tmux_tmpdir());
    mode(&home.tmux_tmpdir(), 0o1777);
    list(&home);
    assert!(server.was_asked(), "as /tmp is");
    mode(&home.tmux_tmpdir(), 0o777);
    let told = troubles(&list(&home));
    assert!(!server.was_asked());
    assert_told(
        &told,
        &format!("chmod go-w {}", home.tmux_tmpdir().display()),
    );
}

#[test]
fn a_repository_s_tmux_is_never_run() {
    let home = TestHome::new();
    let _server = FakeServer::start(&home.tmux_tmpdir());
    let repository = home.untrusted_project("hostile");
    let ran = home.path().join("ran");
    for folder in ["node_modules/.bin", "."] {
        let folder = repository.join(folder);
        fs::create_dir_all(&folder).expect("folder");
        let tmux = folder.join("tmux");
        fs::write(&tmux, format!("#!/bin/sh\necho >> '{}'\n", ran.display())).expect("written");
        mode(&tmux, 0o755);
    }
    let usual = std::env::var("PATH").unwrap_or_default();
    let list_with = |path: &str| {
        let mut command = trusty(&home);
        command.current_dir(&repository).arg("list");
        command.env("PATH", format!("{path}:{usual}"));
        assert!(command.status().expect("runs").success(), "{path:?}");
    };
    for path in ["node_modules/.bin:", "", ".", "./node_modules/.bin"] {
        list_with(path);
        assert!(!ran.exists(), "{path:?}");
    }
    list_with(&repository.display().to_string());
    assert!(ran.exists(), "a folder that the user names is searched");
}

/// A program of this name in a folder of its own; it records each run, with its working folder and
/// search path.
fn noting_program(home: &TestHome, name: &str, then: &str) -> (PathBuf, PathBuf) {
    let bin = home.path().join("bin");
    fs::create_dir_all(&bin).expect("folder");
    let ran = home.path().join(format!("{name}-ran"));
    let script = format!(
        "#!/bin/sh\necho \"$PWD $PATH\" >> '{}'\n{then}\n",
        ran.display()
    );
    fs::write(bin.join(name), script).expect("written");
    mode(&bin.join(name), 0o755);
    (bin, ran)
}

/// The list, with this folder first in the search path.
fn list_with(home: &TestHome, bin: &Path) -> Value {
    let usual = std::env::var("PATH").unwrap_or_default();
    let mut command = trusty(home);
    command.current_dir(home.path()).args(["list", "--json"]);
    command.env(
        "PATH",
        format!("node_modules/.bin:{}:{usual}:.", bin.display()),
    );
    let output = command.output().expect("runs");
    serde_json::from_slice(&output.stdout).expect("a list")
}

/// Starts a tmux server with this command; whether that succeeded.
fn start_tmux(home: &TestHome, before: &[&str], socket: &Path) -> bool {
    let words = ["tmux", "-f", "/dev/null", "-S"];
    let mut words = before.iter().chain(&words).map(std::ffi::OsStr::new);
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).arg(socket);
    command.args(["new-session", "-d", "sleep 600"]);
    command.env("HOME", home.path()).env_remove("TMUX");
    command.output().expect("runs").status.success()
}

#[test]
fn a_tmux_server_in_a_container_is_never_asked_and_is_named() {
    let home = TestHome::new();
    let uid = rustix::process::getuid().as_raw();
    let folder = home.tmux_tmpdir().join(format!("tmux-{uid}"));
    fs::create_dir_all(&folder).expect("folder");
    mode(&folder, 0o700);
    let (bin, ran) = noting_program(&home, "tmux", "exit 1");
    let socket = folder.join("contained");
    let sandbox = ["unshare", "--user", "--map-root-user", "--mount"];
    if !start_tmux(&home, &sandbox, &socket) {
        skip("this user may not make a user namespace");
        return;
    }
    let told = troubles(&list_with(&home, &bin));
    let was_run = ran.exists();
    // A real server would be asked by its own program.
    let own = FakeServer::start(&home.tmux_tmpdir());
    list_with(&home, &bin);
    home.end_all();
    assert!(!was_run, "the server in the container was asked: {told}");
    assert_told(&told, &socket.display().to_string());
    assert_told(&told, "runs in a container");
    assert!(ran.exists(), "the other server is asked");
    drop(own);
}

#[test]
fn no_program_of_a_session_is_run_to_list_its_sessions() {
    let home = TestHome::new();
    let session = StandIn::start(&home);
    session.write_status(r#""status":"dreaming","version":"2.2.0""#);
    let pid = session.process().pid;
    let exe = session.process().exe().expect("its program");
    // The user who started the session chose its program, and may change it.
    let pwned = home.path().join("pwned");
    let new = exe.with_extension("new");
    fs::write(&new, format!("#!/bin/sh\necho >> '{}'\n", pwned.display())).expect("written");
    mode(&new, 0o755);
    fs::rename(&new, &exe).expect("replaced");
    let listed = format!("echo '[{{\"pid\":{pid},\"status\":\"idle\"}}]'");
    let (bin, ran) = noting_program(&home, "claude", &listed);
    let list = list_with(&home, &bin);
    assert!(!pwned.exists(), "{list}");
    let told = fs::read_to_string(&ran).expect("the installed client is asked");
    let (folder, path) = told.trim_end().split_once(' ').expect("two words");
    assert_eq!(folder, "/", "nothing of a repository lies where it runs");
    assert!(
        std::env::split_paths(path).all(|entry| entry.is_absolute()),
        "{path}"
    );
    assert!(session_of(&list, pid).is_some(), "{list}");
}

fn hook_program(home: &TestHome) -> PathBuf {
    home.xdg_data().join("trusty/bin/trusty-hook")
}

fn successful_output(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    told
}

/// `trusty connect` with this umask.
fn connect_with(home: &TestHome, umask: &str) -> Output {
    program("trusty-hook");
    let script = "umask \"$0\"; exec \"$1\" connect";
    let mut command = trusty_below(home, &["sh", "-c", script, umask]);
    command.output().expect("runs")
}

#[test]
fn what_connect_makes_is_the_user_s_alone_whatever_the_umask() {
    for umask in ["000", "002", "022", "077"] {
        let home = TestHome::new();
        successful_output(&connect_with(&home, umask));
        let copy = hook_program(&home);
        let bin = copy.parent().expect("a folder");
        let data = bin.parent().expect("a folder");
        assert_eq!((bits(data), bits(bin)), (0o700, 0o700), "umask {umask}");
        assert_eq!(bits(&copy) & 0o077, 0, "umask {umask}");
        assert_eq!(bits(&data.join("connections.json")), 0o600, "umask {umask}");
        let settings = home.config_dir().join("settings.json");
        assert_eq!(bits(&settings), 0o600, "umask {umask}");
    }
}

#[test]
fn connect_refuses_while_others_could_replace_the_hook_program() {
    let home = open_home();
    mode(&home.xdg_data(), 0o777);
    let output = connect_with(&home, "022");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{told}");
    assert_told(&told, &format!("chmod go-w {}", home.xdg_data().display()));
    assert!(
        !home.config_dir().join("settings.json").exists(),
        "nothing was changed"
    );
    mode(&home.xdg_data(), 0o755);
    successful_output(&connect_with(&home, "022"));
    // The folder is opened later: health says so. (An engine closes only folders of its own.)
    mode(&home.xdg_data(), 0o777);
    let told = troubles(&list(&home));
    assert_told(&told, &format!("chmod go-w {}", home.xdg_data().display()));
}

#[test]
fn a_replaced_hook_program_is_told_and_renewed() {
    let Some(other) = other_user() else { return };
    let home = TestHome::new();
    successful_output(&connect_with(&home, "022"));
    let copy = hook_program(&home);
    let bytes = fs::read(&copy).expect("read");
    fs::remove_file(&copy).expect("removed");
    fs::write(&copy, "#!/bin/sh\n").expect("theirs");
    mode(&copy, 0o755);
    other.owns(&copy);
    let told = troubles(&list(&home));
    assert_told(&told, &copy.display().to_string());
    assert_told(&told, &format!("uid {OTHER_UID}"));
    successful_output(&connect_with(&home, "022"));
    assert_eq!(fs::read(&copy).expect("read"), bytes);
    assert_ne!(fs::metadata(&copy).expect("there").uid(), OTHER_UID);
    assert_eq!(troubles(&list(&home)), "");
}

#[test]
fn a_home_with_umask_002_and_a_private_group_is_a_home() {
    if other_user().is_none() {
        return;
    }
    let home = TestHome::new();
    let session = StandIn::start(&home);
    session.write_status(r#""status":"idle""#);
    // The group of root has no other member.
    for folder in [home.path().to_path_buf(), home.config_dir().to_path_buf()] {
        mode(&folder, 0o775);
    }
    let list = list(&home);
    assert_eq!(troubles(&list), "");
    assert!(session_of(&list, session.process().pid).is_some(), "{list}");
}

#[test]
fn a_registry_that_others_may_change_is_not_believed_and_hides_no_session() {
    let home = open_home();
    let session = StandIn::start(&home);
    session.waits();
    let pid = session.process().pid;
    let said = |list: &Value| session_of(list, pid).expect("listed")["status"].clone();
    let before = list(&home);
    assert_eq!(said(&before), "AwaitingApproval", "{before}");
    let folder = home.config_dir().join("sessions");
    mode(&folder, 0o777);
    let now = list(&home);
    assert_ne!(said(&now), "AwaitingApproval");
    assert_told(&troubles(&now), &format!("chmod go-w {}", folder.display()));
    mode(&folder, 0o755);
    let file = folder.join(format!("{pid}.json"));
    mode(&file, 0o666);
    let now = list(&home);
    assert_ne!(said(&now), "AwaitingApproval");
    assert_told(&troubles(&now), &format!("chmod go-w {}", file.display()));
    mode(&file, 0o644);
    assert_eq!(troubles(&list(&home)), "");
    if let Some(other) = other_user() {
        other.owns(&file);
        let now = list(&home);
        assert_ne!(said(&now), "AwaitingApproval");
        assert_told(&troubles(&now), &format!("uid {OTHER_UID}"));
    }
}

/// A group that no account has as its own: others may be members.
const SHARED_GID: u32 = 4_000_003;

#[test]
fn umask_002_with_a_shared_group_is_named_once_and_a_closed_folder_mends_it() {
    if other_user().is_none() {
        return;
    }
    let home = open_home();
    let session = StandIn::start(&home);
    session.waits();
    let sessions = home.config_dir().join("sessions");
    let file = sessions.join(format!("{}.json", session.process().pid));
    let settings = home.config_dir().join("settings.json");
    fs::write(&settings, "{}").expect("written");
    for (path, bits) in [
        (home.config_dir(), 0o775),
        (&sessions, 0o775),
        (&file, 0o664),
        (&settings, 0o664),
    ] {
        chown(path, None, Some(SHARED_GID)).expect("chgrp");
        mode(path, bits);
    }
    let told = troubles(&list(&home));
    assert_told(
        &told,
        &format!("can be changed by other members of its group (gid {SHARED_GID})"),
    );
    let output = run(&home, ["connect"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{told}");
    // The test runs as root, and root is not advised to close a folder that others may use.
    let folder = home.config_dir().display();
    let remedy = format!("run `chmod go-w {folder} {folder}/sessions`");
    assert_told(&told, &remedy);
    assert!(
        !told.contains("too old") && !told.contains("in a moment"),
        "{told}"
    );
    assert_eq!(told.matches("not read").count(), 1, "{told}");
    // The files are as open as before, but no other user can reach them.
    mode(home.config_dir(), 0o700);
    let list = list(&home);
    assert_eq!(troubles(&list), "");
    let listed = session_of(&list, session.process().pid).expect("listed");
    assert_eq!(listed["status"], "AwaitingApproval", "{list}");
    successful_output(&run(&home, ["connect"]));
}

#[test]
fn claude_code_s_settings_that_others_may_change_are_not_edited() {
    let home = open_home();
    let settings = home.config_dir().join("settings.json");
    fs::write(&settings, "{}").expect("written");
    mode(&settings, 0o666);
    let output = run(&home, ["connect"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_told(&told, &format!("chmod go-w {}", settings.display()));
    assert_eq!(told.matches("not read").count(), 1, "told once: {told}");
    assert_eq!(fs::read_to_string(&settings).expect("kept"), "{}");
    mode(&settings, 0o644);
    successful_output(&run(&home, ["connect"]));
}
