//! Relays bytes between two sockets. Uses no other module of this crate, because the stand-in's
//! program includes this file.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::thread;

/// Relays bytes both ways until one end hangs up, then shuts both down.
pub fn relay(near: impl Into<OwnedFd>, far: impl Into<OwnedFd>) {
    let (near, far) = (File::from(near.into()), File::from(far.into()));
    thread::scope(|both| {
        both.spawn(|| carry(&near, &far));
        carry(&far, &near);
    });
}

fn carry(mut from: &File, mut to: &File) {
    // Either end may have hung up already.
    let _ = io::copy(&mut from, &mut to);
    let _ = rustix::net::shutdown(to, rustix::net::Shutdown::Both);
}
