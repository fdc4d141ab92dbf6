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
use trusty_engine::Handle;
use trusty_engine::requests::{LastWord, Told};
use trusty_fleet::identity::{Machine, ProcessKey};
use trusty_fleet::observation::HookEvent;
use trusty_fleet::request::{Over, RequestId};
use trusty_fleet::{Fact, SessionId};
use trusty_platform::listening_socket;
use trusty_platform::listening_socket::{AcceptedStream, SocketFeed};
use trusty_platform::{clock, sys};
use trusty_sources::hook;
use trusty_sources::hook::Asked;
use trusty_wire::hooks::ask::{DONE, SIGN, TAKEN};
use trusty_wire::hooks::{Header, LONGEST, MOST, Then};

/// So many hooks are listened to at a time; more wait in the system's queue.
const AT_ONCE: usize = 256;
/// A payload above this, in bytes, is a large one, of which two are taken at a time.
const LARGE: usize = 64 << 10;
/// Whoever hands over a payload for so long is not waited for: its own client does not, either.
const PATIENCE: Duration = Duration::from_secs(1);
/// So long a large one may wait for its turn, which is no fault of its own.
const TURN: Duration = Duration::from_secs(10);
/// What keeps connections from being taken is given so long to pass.
const REST: Duration = Duration::from_millis(100);

/// A hook that was given an answer hands it on within this, or its client has gone.
const HANDED_ON: Duration = Duration::from_secs(5);

/// What every connection needs.
struct Shared {
    handle: Handle,
    /// Without it no hook is heard: its session cannot be told.
    machine: Option<Machine>,
    large: Arc<Semaphore>,
}

/// Takes what hooks tell until it is dropped, which lets all go that wait.
pub(crate) async fn serve(mut feed: SocketFeed, handle: Handle, uid: u32) -> io::Result<()> {
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let shared = Arc::new(Shared {
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
            sleep(REST).await;
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
                Ok(message) => (TAKEN, hear(message, &shared).await),
                Err(why) => (why, None),
            };
            // A hook that waits no longer needs no answer.
            let said = timeout(PATIENCE, stream.write_all(answer.as_bytes())).await;
            drop(turn);
            // Where no descriptor is left, what is asked is left to its terminal.
            if let (Ok(Ok(())), Some((session, asked)), None) = (said, asked, &room) {
                wait(stream, &shared.handle, session, asked).await;
            }
        });
    }
}

/// What a hook says.
struct Message {
    payload: Vec<u8>,
    /// Its client, as it says.
    named: Option<u32>,
    /// The hook itself, and who started it.
    ancestry: PeerAncestry,
    then: Then,
    /// A large one's, until it is understood.
    turn: Option<OwnedSemaphorePermit>,
}

/// Takes one message, or says what is wrong with it.
async fn read(
    stream: &mut UnixStream,
    shared: &Shared,
    ancestry: PeerAncestry,
) -> Result<Message, &'static str> {
    let mut stream = BufReader::new(stream);
    let Header { pid, length, then } = in_time(PATIENCE, header(&mut stream)).await??;
    if length > MOST {
        return Err("too long\n");
    }
    let turn = if length > LARGE {
        let turn = Arc::clone(&shared.large).acquire_owned();
        in_time(TURN, turn).await?.ok()
    } else {
        None
    };
    let bound = u64::try_from(length).unwrap_or(0);
    let mut payload = Vec::new();
    // Room is made as the bytes come, not as they are announced.
    let mut body = stream.take(bound);
    match in_time(PATIENCE, body.read_to_end(&mut payload)).await? {
        Ok(_) if payload.len() == length => Ok(Message {
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

async fn header(stream: &mut BufReader<&mut UnixStream>) -> Result<Header, &'static str> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await {
            Ok(b'\n') => break,
            Ok(byte) if line.len() < LONGEST => line.push(byte),
            _ => return Err("not understood\n"),
        }
    }
    Header::read(&line).ok_or("not understood\n")
}

/// Files what a hook says; what it asks, if it waits for more.
async fn hear(message: Message, shared: &Arc<Shared>) -> Option<(SessionId, Asked)> {
    let (event, asked) = if message.turn.is_some() {
        let shared = Arc::clone(shared);
        // All others are heard and answered on this thread meanwhile.
        let understood = spawn_blocking(move || understand(&message, &shared)).await;
        understood.unwrap_or_default()
    } else {
        understand(&message, shared)
    };
    if let Some(event) = event {
        shared.handle.file(Fact::Hook(Box::new(event))).await;
    }
    asked
}

/// What a hook tells of its client, and what it asks for it; nothing where it has none.
fn understand(
    message: &Message,
    shared: &Shared,
) -> (Option<HookEvent>, Option<(SessionId, Asked)>) {
    let Some(client) = shared.client_of(message) else {
        return (None, None);
    };
    let event = hook::decode(&message.payload, Some(client.pid), shared.handle.now());
    let asked = match message.then {
        Then::Ends => None,
        Then::Asks => asked(shared, message, client),
    };
    (event, asked)
}

/// What a hook asks that waits, and in which session: that of its client.
fn asked(shared: &Shared, message: &Message, client: ProcessKey) -> Option<(SessionId, Asked)> {
    let session = shared.machine.as_ref()?.session_id(client);
    let asked = hook::decode_asked(&message.payload, session, message.ancestry.peer()?)?;
    Some((session, asked))
}

impl Shared {
    /// The client that a hook speaks for.
    fn client_of(&self, message: &Message) -> Option<ProcessKey> {
        let machine = self.machine.as_ref()?;
        let snapshot = self.handle.snapshot();
        let listed = |key| is_listed(&snapshot, machine, key);
        message.ancestry.client(message.named, listed)
    }
}

/// Keeps the connection until the engine's last word, or the hook's end.
async fn wait(mut stream: UnixStream, handle: &Handle, session: SessionId, asked: Asked) {
    let id = asked.asking.id.clone();
    let Some(mut held) = handle.hold(session, asked).await else {
        return;
    };
    let mut ended = [0];
    let mut end = None;
    let mut is_held = false;
    let word = loop {
        tokio::select! {
            word = held.recv() => match word {
                Some(Told::Held(left)) => {
                    end = left.map(|left| clock::instant() + left);
                    is_held = true;
                    if say_held(&mut stream, end).await.is_none() {
                        break None;
                    }
                }
                Some(Told::Last(word)) => break Some(word),
                // Let go.
                None => return,
            },
            // The loop says that it lives, not this task: it is the loop that answers.
            Some(()) = alive(handle, session, &id), if is_held => {
                if say_held(&mut stream, end).await.is_none() {
                    break None;
                }
            }
            // A hook that waits says nothing.
            _ = stream.read(&mut ended) => break None,
        }
    };
    let over = match word {
        Some(LastWord(bytes)) => {
            let handed_on = timeout(HANDED_ON, hand_on(&mut stream, &bytes)).await;
            match handed_on {
                Ok(Some(())) => Over::Answered,
                Ok(None) => Over::HungUp,
                Err(_) => Over::Released,
            }
        }
        None => Over::HungUp,
    };
    handle.held_no_more(session, id, over).await;
}

/// Tells the hook for how long it is held from now.
async fn say_held(stream: &mut UnixStream, end: Option<Instant>) -> Option<()> {
    let left = end.map(|end| end.saturating_duration_since(clock::instant()));
    let line = format!("held {}\n", left.map_or(0, |left| left.as_secs().max(1)));
    stream.write_all(line.as_bytes()).await.ok()
}

/// Comes a while later, once the loop has said that it still holds this.
async fn alive(handle: &Handle, session: SessionId, id: &RequestId) -> Option<()> {
    clock::sleep(SIGN).await;
    handle.content(session, id.clone()).await.map(drop)
}

/// Gives the hook the answer; whether it has handed it on.
async fn hand_on(stream: &mut UnixStream, bytes: &[u8]) -> Option<()> {
    let line = format!("answer {}\n", bytes.len());
    stream.write_all(line.as_bytes()).await.ok()?;
    stream.write_all(bytes).await.ok()?;
    let mut told = [0; DONE.len()];
    stream.read_exact(&mut told).await.ok()?;
    (told == DONE.as_bytes()).then_some(())
}
