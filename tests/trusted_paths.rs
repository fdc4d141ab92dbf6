//! What another user of the machine can put in our way, and what a repository can: nothing of it
//! is run, asked or believed, and health names it with what mends it.
#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use trusty_tests::other_user::OTHER_UID;
use trusty_tests::trusty::{list, program, run, session_of, surroundings, trusty};
use trusty_tests::{Home, StandIn, Value, other_user};

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, Permissions::from_mode(bits)).expect("chmod");
}

fn bits(path: &Path) -> u32 {
    fs::metadata(path).expect("there").mode() & 0o777
}

/// A home that other users may enter, as most are: what is in it is not out of their reach.
fn open_home() -> Home {
    let home = Home::new();
    mode(home.path(), 0o755);
    home
}

/// A server that is no tmux, in the folder where tmux looks for its own.
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

    /// Whether anybody has connected since last asked.
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

/// All that a list says is wrong, in one text.
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
    let home = Home::new();
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
    let home = Home::new();
    let server = FakeServer::start(&home.tmux_tmpdir());
    other.owns(&server.socket);
    other.owns(&server.folder);
    for open in [0o755, 0o700, 0o777] {
        mode(&server.folder, open);
        let told = troubles(&list(&home));
        assert!(!server.was_asked(), "{open:o}");
        assert_told(&told, &server.folder.display().to_string());
        assert_told(&told, &format!("uid {OTHER_UID}"));
        assert!(!told.contains("chown"), "it would be trusted then: {told}");
    }
}

#[test]
fn a_tmux_folder_that_others_may_enter_is_never_asked_and_is_named_with_its_remedy() {
    let home = Home::new();
    let server = FakeServer::start(&home.tmux_tmpdir());
    mode(&server.folder, 0o755);
    let told = troubles(&list(&home));
    assert!(!server.was_asked());
    assert_told(&told, &format!("chmod 700 {}", server.folder.display()));
}

#[test]
fn a_socket_of_another_user_in_the_user_s_tmux_folder_is_never_asked() {
    let Some(other) = other_user() else { return };
    let home = Home::new();
    let server = FakeServer::start(&home.tmux_tmpdir());
    other.owns(&server.socket);
    let told = troubles(&list(&home));
    assert!(!server.was_asked());
    assert_told(&told, &server.socket.display().to_string());
}

#[test]
fn a_tmux_folder_that_is_a_link_is_never_asked() {
    let home = Home::new();
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
    let mut home = Home::new();
    let server = FakeServer::start(&home.path().join("elsewhere"));
    let link = home.path().join("way");
    symlink(home.path().join("elsewhere"), &link).expect("link");
    home.set_env("TMUX_TMPDIR", &link.display().to_string());
    let asked = |home: &Home| {
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
    let home = Home::new();
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
    for path in ["node_modules/.bin:", "", ".", "./node_modules/.bin"] {
        let mut command = trusty(&home);
        command.current_dir(&repository).arg("list");
        command.env("PATH", format!("{path}:{usual}"));
        assert!(command.status().expect("runs").success(), "{path:?}");
        assert!(!ran.exists(), "{path:?}");
    }
}

fn hook_program(home: &Home) -> PathBuf {
    home.xdg_data().join("trusty/bin/trusty-hook")
}

fn well(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    told
}

/// `trusty connect` with this umask.
fn connect_with(home: &Home, umask: &str) -> Output {
    program("trusty-hook");
    trusty_tests::trusty::confine(home);
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask \"$1\"; exec \"$2\" connect", "sh", umask])
        .arg(program("trusty"))
        .env_clear()
        .envs(surroundings(home));
    command.output().expect("runs")
}

#[test]
fn what_connect_makes_is_the_user_s_alone_whatever_the_umask() {
    for umask in ["000", "002", "022", "077"] {
        let home = Home::new();
        well(&connect_with(&home, umask));
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
    well(&connect_with(&home, "022"));
    // Opened later: health says so, and an engine closes what is its own.
    mode(&home.xdg_data(), 0o777);
    let told = troubles(&list(&home));
    assert_told(&told, &format!("chmod go-w {}", home.xdg_data().display()));
}

#[test]
fn a_replaced_hook_program_is_told_and_renewed() {
    let Some(other) = other_user() else { return };
    let home = Home::new();
    well(&connect_with(&home, "022"));
    let copy = hook_program(&home);
    let bytes = fs::read(&copy).expect("read");
    fs::remove_file(&copy).expect("removed");
    fs::write(&copy, "#!/bin/sh\n").expect("theirs");
    mode(&copy, 0o755);
    other.owns(&copy);
    let told = troubles(&list(&home));
    assert_told(&told, &copy.display().to_string());
    assert_told(&told, &format!("uid {OTHER_UID}"));
    well(&connect_with(&home, "022"));
    assert_eq!(fs::read(&copy).expect("read"), bytes);
    assert_ne!(fs::metadata(&copy).expect("there").uid(), OTHER_UID);
    assert_eq!(troubles(&list(&home)), "");
}

#[test]
fn a_home_with_umask_002_and_a_private_group_is_a_home() {
    if other_user().is_none() {
        return;
    }
    let home = Home::new();
    let session = StandIn::start(&home);
    session.says(r#""status":"idle""#);
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
    session.says(r#""status":"waiting","waitingFor":"permission prompt""#);
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

/// A group that no account knows: others may be in it.
const SHARED_GID: u32 = 4_000_003;

#[test]
fn umask_002_with_a_shared_group_is_named_once_and_a_closed_folder_mends_it() {
    if other_user().is_none() {
        return;
    }
    let home = open_home();
    let session = StandIn::start(&home);
    session.says(r#""status":"waiting","waitingFor":"permission prompt""#);
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
    // Root, as whom this runs, is not told to close a folder that others may use.
    let folder = home.config_dir().display();
    let remedy = format!("run `chmod go-w {folder} {folder}/sessions`");
    assert_told(&told, &remedy);
    assert!(
        !told.contains("too old") && !told.contains("in a moment"),
        "{told}"
    );
    assert_eq!(told.matches("not read").count(), 1, "{told}");
    // Its files are as open as before, and nobody else comes to them.
    mode(home.config_dir(), 0o700);
    let list = list(&home);
    assert_eq!(troubles(&list), "");
    let listed = session_of(&list, session.process().pid).expect("listed");
    assert_eq!(listed["status"], "AwaitingApproval", "{list}");
    well(&run(&home, ["connect"]));
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
    assert_eq!(told.matches("is not read").count(), 1, "told once: {told}");
    assert_eq!(fs::read_to_string(&settings).expect("kept"), "{}");
    mode(&settings, 0o644);
    well(&run(&home, ["connect"]));
}
