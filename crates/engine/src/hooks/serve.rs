//! The engine's end: takes what hooks tell, within bounds.

use super::{Header, LONGEST, MOST};
use crate::engine::Handle;
use crate::io::socket::{self, Beside};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// So many hooks are listened to at a time; more wait in the system's queue.
const AT_ONCE: usize = 256;
/// A payload above this, in bytes, is a large one, of which two are taken at a time.
const LARGE: usize = 64 << 10;
/// Whoever hands over a payload for so long is not waited for: its own client does not, either.
const PATIENCE: Duration = Duration::from_secs(1);
/// What keeps connections from being taken is given so long to pass.
const REST: Duration = Duration::from_millis(100);

/// Takes what hooks tell until it is dropped.
pub(crate) async fn serve(beside: Beside, handle: Handle, uid: u32) -> io::Result<()> {
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let large = Arc::new(Semaphore::new(2));
    loop {
        let closed = |_| io::Error::other("no hooks are listened to any more");
        let turn = Arc::clone(&at_once).acquire_owned().await.map_err(closed)?;
        let Ok((mut stream, _)) = beside.listener.accept().await else {
            // Too many files are open, or the peer has gone already.
            sleep(REST).await;
            continue;
        };
        if !socket::is_own(&stream, uid) {
            continue;
        }
        let (handle, large) = (handle.clone(), Arc::clone(&large));
        tokio::spawn(async move {
            let heard = timeout(PATIENCE, hear(&mut stream, &handle, &large)).await;
            let answer = heard.unwrap_or("too slow\n");
            // A hook that waits no longer needs no answer.
            let _ = timeout(PATIENCE, stream.write_all(answer.as_bytes())).await;
            drop(turn);
        });
    }
}

/// Takes one message; what to answer.
async fn hear(stream: &mut UnixStream, handle: &Handle, large: &Semaphore) -> &'static str {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await {
            Ok(b'\n') => break,
            Ok(byte) if line.len() < LONGEST => line.push(byte),
            _ => return "not understood\n",
        }
    }
    let Some(Header { pid, length }) = Header::read(&line) else {
        return "not understood\n";
    };
    if length > MOST {
        return "too long\n";
    }
    // Held until the payload is dropped.
    let _turn = if length > LARGE {
        large.acquire().await.ok()
    } else {
        None
    };
    let bound = u64::try_from(length).unwrap_or(0);
    let mut payload = Vec::new();
    // Room is made as the bytes come, not as they are announced.
    match stream.take(bound).read_to_end(&mut payload).await {
        Ok(_) if payload.len() == length => {
            handle.hear(&payload, pid).await;
            "taken\n"
        }
        _ => "cut short\n",
    }
}
