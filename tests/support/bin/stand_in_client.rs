//! The program that takes the place of Claude Code in tests: sleeps, and relays its own socket to
//! the hook socket, so that the engine receives a test's messages from a process of that session.
//!
//! Usage: `claude <seconds> <hook socket>`. The relay is `<pid>.sock` beside the program.

#[path = "../relay.rs"]
pub mod relay;

use std::ffi::OsString;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let seconds = arguments
        .next()
        .and_then(|text| text.to_str()?.parse().ok());
    if let Some(hooks) = arguments.next() {
        let listener = listen()?;
        thread::spawn(move || serve(&listener, &hooks));
    }
    thread::sleep(Duration::from_secs(seconds.unwrap_or(0)));
    Ok(())
}

/// Opens the relay socket, renamed to its final path only once it listens.
fn listen() -> io::Result<UnixListener> {
    let place = std::env::current_exe()?.with_file_name(format!("{}.sock", std::process::id()));
    let before = place.with_extension("new");
    let listener = UnixListener::bind(&before)?;
    std::fs::rename(before, place)?;
    Ok(listener)
}

fn serve(listener: &UnixListener, hooks: &OsString) {
    for near in listener.incoming().map_while(Result::ok) {
        // Without an engine the connection is dropped.
        if let Ok(far) = UnixStream::connect(hooks) {
            thread::spawn(|| relay::relay(near, far));
        }
    }
}
