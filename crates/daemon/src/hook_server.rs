//! The engine's end: takes what hooks tell, within bounds, and keeps those that wait for an answer.

mod ancestry;

use ancestry::{PeerAncestry, is_listed};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};
use trusty_engine::EngineHandle;
use trusty_engine::requests::{FinalReply, HookReply};
use trusty_fleet::identity::{MachineIdentity, ProcessKey};
use trusty_fleet::observation::HookEvent;
use trusty_fleet::request::{HookOutcome, RequestId};
use trusty_fleet::{Fact, SessionId};
use trusty_platform::listening_socket::{self, AcceptedStream, SocketFeed};
use trusty_platform::{clock, sys};
use trusty_sources::hook::{self, HookRequest};
use trusty_wire::hooks::engine_request::{DONE_MESSAGE, HOLD_SIGN_INTERVAL, TAKEN_MESSAGE};
use trusty_wire::hooks::{HookMessageHeader, HookMessageKind, MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES};

/// So many hooks are listened to at a time; more wait in the system's queue.
const MAX_CONCURRENT_HOOKS: usize = 256;
/// A payload above this, in bytes, is a large one, of which two are taken at a time.
const LARGE_PAYLOAD_BYTES: usize = 64 << 10;
/// Whoever hands over a payload for so long is not waited for: its own client does not, either.
const PAYLOAD_TIMEOUT: Duration = Duration::from_secs(1);
/// So long a large one may wait for its turn, which is no fault of its own.
const LARGE_PAYLOAD_TIMEOUT: Duration = Duration::from_secs(10);
/// What keeps connections from being taken is given so long to pass.
const HOOK_ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// A hook that was given an answer hands it on within this, or its client has gone.
const ANSWER_HANDOVER_TIMEOUT: Duration = Duration::from_secs(5);

/// What every connection needs.
struct HookServerState {
    handle: EngineHandle,
    /// Without it no hook is heard: its session cannot be told.
    machine: Option<MachineIdentity>,
    large: Arc<Semaphore>,
}

/// Takes what hooks tell until it is dropped, which lets all go that wait.
pub(crate) async fn serve(mut feed: SocketFeed, handle: EngineHandle, uid: u32) -> io::Result<()> {
    let at_once = Arc::new(Semaphore::new(MAX_CONCURRENT_HOOKS));
    let shared = Arc::new(HookServerState {
        handle,
        machine: sys::machine().ok(),
        large: Arc::new(Semaphore::new(2)),
    });
    let mut connections = JoinSet::new();
    loop {
        let closed = |_| io::Error::other("the server no longer accepts hooks");
        let turn = Arc::clone(&at_once).acquire_owned().await.map_err(closed)?;
        let Ok(AcceptedStream { mut stream, room }) = feed.accept().await else {
            // Too many files are open, or the peer has gone already.
            sleep(HOOK_ACCEPT_BACKOFF).await;
            continue;
        };
        if !listening_socket::is_own(&stream, uid) {
            continue;
        }
        while connections.try_join_next().is_some() {}
        let ancestry = PeerAncestry::of_peer(&stream);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let (answer, asked) = match read(&mut stream, &shared, ancestry).await {
                Ok(message) => (TAKEN_MESSAGE, handle_message(message, &shared).await),
                Err(why) => (why, None),
            };
            // A hook that waits no longer needs no answer.
            let said = timeout(PAYLOAD_TIMEOUT, stream.write_all(answer.as_bytes())).await;
            drop(turn);
            // Where no descriptor is left, what is asked is left to its terminal.
            if let (Ok(Ok(())), Some((session, asked)), None) = (said, asked, &room) {
                wait(stream, &shared.handle, session, asked).await;
            }
        });
    }
}

/// What a hook says.
struct HookMessage {
    payload: Vec<u8>,
    /// Its client, as it says.
    named: Option<u32>,
    /// The hook itself, and who started it.
    ancestry: PeerAncestry,
    then: HookMessageKind,
    /// A large one's, until it is understood.
    turn: Option<OwnedSemaphorePermit>,
}

/// Takes one message, or says what is wrong with it.
async fn read(
    stream: &mut UnixStream,
    shared: &HookServerState,
    ancestry: PeerAncestry,
) -> Result<HookMessage, &'static str> {
    let mut stream = BufReader::new(stream);
    let HookMessageHeader { pid, length, then } =
        in_time(PAYLOAD_TIMEOUT, header(&mut stream)).await??;
    if length > MAX_PAYLOAD_BYTES {
        return Err("too long\n");
    }
    let turn = if length > LARGE_PAYLOAD_BYTES {
        let turn = Arc::clone(&shared.large).acquire_owned();
        in_time(LARGE_PAYLOAD_TIMEOUT, turn).await?.ok()
    } else {
        None
    };
    let bound = u64::try_from(length).unwrap_or(0);
    let mut payload = Vec::new();
    // Room is made as the bytes come, not as they are announced.
    let mut body = stream.take(bound);
    match in_time(PAYLOAD_TIMEOUT, body.read_to_end(&mut payload)).await? {
        Ok(_) if payload.len() == length => Ok(HookMessage {
            payload,
            named: pid,
            ancestry,
            then,
            turn,
        }),
        _ => Err("cut short\n"),
    }
}

async fn in_time<T>(bound: Duration, what: impl Future<Output = T>) -> Result<T, &'static str> {
    timeout(bound, what).await.map_err(|_| "too slow\n")
}

async fn header(
    stream: &mut BufReader<&mut UnixStream>,
) -> Result<HookMessageHeader, &'static str> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await {
            Ok(b'\n') => break,
            Ok(byte) if line.len() < MAX_HEADER_BYTES => line.push(byte),
            _ => return Err("not understood\n"),
        }
    }
    HookMessageHeader::read(&line).ok_or("not understood\n")
}

/// Files what a hook says; what it asks, if it waits for more.
async fn handle_message(
    message: HookMessage,
    shared: &Arc<HookServerState>,
) -> Option<(SessionId, HookRequest)> {
    let (event, asked) = if message.turn.is_some() {
        let shared = Arc::clone(shared);
        // All others are heard and answered on this thread meanwhile.
        let understood = spawn_blocking(move || understand(&message, &shared)).await;
        understood.unwrap_or_default()
    } else {
        understand(&message, shared)
    };
    if let Some(event) = event {
        shared.handle.send_fact(Fact::Hook(Box::new(event))).await;
    }
    asked
}

/// What a hook tells of its client, and what it asks for it; nothing where it has none.
fn understand(
    message: &HookMessage,
    shared: &HookServerState,
) -> (Option<HookEvent>, Option<(SessionId, HookRequest)>) {
    let Some(client) = shared.client_of(message) else {
        return (None, None);
    };
    let event = hook::decode(&message.payload, Some(client.pid), shared.handle.now());
    let asked = match message.then {
        HookMessageKind::Report => None,
        HookMessageKind::Request => decode_request(shared, message, client),
    };
    (event, asked)
}

/// What a hook asks that waits, and in which session: that of its client.
fn decode_request(
    shared: &HookServerState,
    message: &HookMessage,
    client: ProcessKey,
) -> Option<(SessionId, HookRequest)> {
    let session = shared.machine.as_ref()?.session_id(client);
    let asked = hook::decode_asked(&message.payload, session, message.ancestry.peer()?)?;
    Some((session, asked))
}

impl HookServerState {
    /// The client that a hook speaks for.
    fn client_of(&self, message: &HookMessage) -> Option<ProcessKey> {
        let machine = self.machine.as_ref()?;
        let snapshot = self.handle.snapshot();
        let listed = |key| is_listed(&snapshot, machine, key);
        message.ancestry.client(message.named, listed)
    }
}

/// Keeps the connection until the engine's last word, or the hook's end.
async fn wait(
    mut stream: UnixStream,
    handle: &EngineHandle,
    session: SessionId,
    asked: HookRequest,
) {
    let id = asked.asking.id.clone();
    let Some(mut held) = handle.hold_request(session, asked).await else {
        return;
    };
    let mut ended = [0];
    let mut end = None;
    let mut is_held = false;
    let word = loop {
        tokio::select! {
            word = held.recv() => match word {
                Some(HookReply::Held(left)) => {
                    end = left.map(|left| clock::instant() + left);
                    is_held = true;
                    if say_held(&mut stream, end).await.is_none() {
                        break None;
                    }
                }
                Some(HookReply::Last(word)) => break Some(word),
                // Let go.
                None => return,
            },
            // The loop says that it lives, not this task: it is the loop that answers.
            Some(()) = wait_still_held(handle, session, &id), if is_held => {
                if say_held(&mut stream, end).await.is_none() {
                    break None;
                }
            }
            // A hook that waits says nothing.
            _ = stream.read(&mut ended) => break None,
        }
    };
    let over = match word {
        Some(FinalReply(bytes)) => {
            let handed_on =
                timeout(ANSWER_HANDOVER_TIMEOUT, send_answer(&mut stream, &bytes)).await;
            match handed_on {
                Ok(Some(())) => HookOutcome::Answered,
                Ok(None) => HookOutcome::HungUp,
                Err(_) => HookOutcome::Released,
            }
        }
        None => HookOutcome::HungUp,
    };
    handle.report_hook_ended(session, id, over).await;
}

/// Tells the hook for how long it is held from now.
async fn say_held(stream: &mut UnixStream, end: Option<Instant>) -> Option<()> {
    let left = end.map(|end| end.saturating_duration_since(clock::instant()));
    let line = format!("held {}\n", left.map_or(0, |left| left.as_secs().max(1)));
    stream.write_all(line.as_bytes()).await.ok()
}

/// Comes a while later, once the loop has said that it still holds this.
async fn wait_still_held(handle: &EngineHandle, session: SessionId, id: &RequestId) -> Option<()> {
    clock::sleep(HOLD_SIGN_INTERVAL).await;
    handle.read_request(session, id.clone()).await.map(drop)
}

/// Gives the hook the answer; whether it has handed it on.
async fn send_answer(stream: &mut UnixStream, bytes: &[u8]) -> Option<()> {
    let line = format!("answer {}\n", bytes.len());
    stream.write_all(line.as_bytes()).await.ok()?;
    stream.write_all(bytes).await.ok()?;
    let mut told = [0; DONE_MESSAGE.len()];
    stream.read_exact(&mut told).await.ok()?;
    (told == DONE_MESSAGE.as_bytes()).then_some(())
}
