//! `trusty hook`: what a client runs at each of its events. It hands the payload to the running
//! engine and is done; without one it is done at once. Whatever happens, it ends well and says
//! nothing: a hook that fails is shown in its user's conversation, or forbids a tool.

use std::env;
use std::io::{self, Read};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tokio::runtime;
use trusty_engine::Surroundings;
use trusty_engine::api::HOOK_BOUND;
use trusty_engine::api::client::Remote;
use trusty_engine::engine::own_uid;
use trusty_engine::io::socket;

/// How long a client may take to hand over its payload and to close its end.
const INPUT: Duration = Duration::from_secs(2);
/// How long a client waits for us at most after that.
const PATIENCE: Duration = Duration::from_millis(50);

/// Whether these are the arguments of a hook, with or without more: whatever else they are, a
/// client must not be told of wrong usage, for it takes that exit code as a refusal.
pub(crate) fn is_asked_for(mut arguments: env::ArgsOs) -> bool {
    arguments.nth(1).is_some_and(|first| first == "hook")
}

pub(crate) fn run() {
    let (send, received) = mpsc::channel();
    // A client that keeps its end open is not waited for: the thread ends with the program.
    let reader = thread::Builder::new().spawn(move || send.send(read(io::stdin().lock())));
    if reader.is_err() {
        return;
    }
    if let Ok(Some(payload)) = received.recv_timeout(INPUT) {
        tell(payload);
    }
}

/// The payload, if it is not too long; all of it is taken in any case, so that its writer is not
/// told of a broken pipe.
fn read(mut input: impl Read) -> Option<Vec<u8>> {
    let bound = u64::try_from(HOOK_BOUND).unwrap_or(u64::MAX);
    let mut payload = Vec::new();
    let mut most = input.by_ref().take(bound.saturating_add(1));
    most.read_to_end(&mut payload).ok()?;
    if payload.len() <= HOOK_BOUND {
        return Some(payload);
    }
    drop(payload);
    let _ = io::copy(&mut input, &mut io::sink());
    None
}

fn tell(payload: Vec<u8>) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let (Ok(runtime), Ok(uid)) = (runtime, own_uid()) else {
        return;
    };
    let remote = Remote::at(&socket::path(&Surroundings::read().runtime_dir(uid)), uid);
    let pid = env::var("CLAUDE_PID").ok();
    runtime.block_on(async {
        // Nobody may listen, or not in time: then this event is not told.
        let _ = tokio::time::timeout(PATIENCE, remote.hook(payload, pid.as_deref())).await;
    });
}
