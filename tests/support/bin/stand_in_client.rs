//! What lies where a client would in tests: it sleeps, and hands on to the hook socket what a test
//! says to its relay socket, so that the words come from a process of that session.
//!
//! `claude <seconds> <hook socket>`; the relay is `<pid>.sock` beside the program.

use std::ffi::OsString;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let seconds = arguments
        .next()
        .and_then(|text| text.to_str()?.parse().ok());
    if let Some(hooks) = arguments.next() {
        let relay = listen()?;
        thread::spawn(move || serve(&relay, &hooks));
    }
    thread::sleep(Duration::from_secs(seconds.unwrap_or(0)));
    Ok(())
}

/// A socket that is at its place only once it listens.
fn listen() -> io::Result<UnixListener> {
    let place = std::env::current_exe()?.with_file_name(format!("{}.sock", std::process::id()));
    let before = place.with_extension("new");
    let listener = UnixListener::bind(&before)?;
    std::fs::rename(before, place)?;
    Ok(listener)
}

fn serve(relay: &UnixListener, hooks: &OsString) {
    for near in relay.incoming().map_while(Result::ok) {
        let hooks = PathBuf::from(hooks);
        thread::spawn(move || hand_on(near, &hooks));
    }
}

/// Both ways, until one of the ends hangs up.
fn hand_on(mut near: UnixStream, hooks: &Path) -> io::Result<()> {
    let mut far = UnixStream::connect(hooks)?;
    let (mut from, mut to) = (far.try_clone()?, near.try_clone()?);
    let back = thread::spawn(move || {
        let copied = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
        copied
    });
    let copied = io::copy(&mut near, &mut far);
    // The engine may have hung up first.
    let _ = far.shutdown(Shutdown::Both);
    let _ = back.join();
    copied.map(drop)
}
