//! Sockets and pipes: how long a path may be, a socket whose file is removed, and a reader that
//! hangs up.

use super::measured;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;
use std::time::Instant;
use trusty_tests::trusty::{serve, trusty};
use trusty_tests::wait::until;
use trusty_tests::{LocalApi, TestHome, WAIT_TIMEOUT};

/// `sys/un.h`: the bytes of `sun_path`, of which the last is a NUL.
const SOCKET_PATH_BYTES: usize = 104;

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_a_socket_path_may_have_103_bytes() {
    let home = TestHome::new();
    let path_of = |bytes: usize| {
        let folder = home.path().join("s");
        fs::create_dir_all(&folder).expect("a folder");
        let room = bytes - folder.as_os_str().len() - 1;
        folder.join("x".repeat(room))
    };
    let longest = path_of(SOCKET_PATH_BYTES - 1);
    let listener = UnixListener::bind(&longest).expect("103 bytes fit");
    UnixStream::connect(&longest).expect("and can be reached");
    drop(listener);
    assert!(UnixListener::bind(path_of(SOCKET_PATH_BYTES + 1)).is_err());
}

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_the_engine_listens_again_after_its_socket_was_removed() {
    let home = TestHome::new();
    let _engine = serve(&home);
    let api = LocalApi::for_home(&home);
    measured(&format!(
        "the path of the socket in a home has {} bytes",
        api.socket().as_os_str().len()
    ));
    fs::remove_file(api.socket()).expect("removed, as the system does after three days");
    let began = Instant::now();
    until(WAIT_TIMEOUT * 2, "the socket", || {
        UnixStream::connect(api.socket()).ok()
    });
    measured(&format!("bound again after {:?}", began.elapsed()));
}

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_a_watch_ends_once_its_reader_hangs_up() {
    let home = TestHome::new();
    let mut command = trusty(&home);
    command.args(["watch", "--json"]).stdout(Stdio::piped());
    let mut watch = command.spawn().expect("trusty runs");
    let mut out = BufReader::new(watch.stdout.take().expect("piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("the first line");
    drop(out);
    let began = Instant::now();
    let ended = until(WAIT_TIMEOUT, "the end of trusty watch", || {
        watch.try_wait().expect("our child")
    });
    measured(&format!("ended after {:?}: {ended}", began.elapsed()));
}
