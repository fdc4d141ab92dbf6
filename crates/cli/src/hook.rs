//! `trusty hook`: what a client runs at each of its events. It hands the payload to the running
//! engine and is done; without one it is done at once. Whatever happens, it ends well and says
//! nothing: a hook that fails is shown in its user's conversation.

use std::env;
use std::io::Read;
use std::time::Duration;
use trusty_engine::Surroundings;
use trusty_engine::api::HOOK_BOUND;
use trusty_engine::api::client::Remote;
use trusty_engine::engine::own_uid;
use trusty_engine::io::socket;

/// How long a client waits for us at most.
const PATIENCE: Duration = Duration::from_millis(50);

pub(crate) async fn run() {
    let mut payload = Vec::new();
    let bound = u64::try_from(HOOK_BOUND).unwrap_or(u64::MAX);
    let read = std::io::stdin()
        .lock()
        .take(bound)
        .read_to_end(&mut payload);
    let (Ok(_), Ok(uid)) = (read, own_uid()) else {
        return;
    };
    let remote = Remote::at(&socket::path(&Surroundings::read().runtime_dir(uid)), uid);
    let pid = env::var("CLAUDE_PID").ok();
    // Nobody may listen, or not in time: then this event is not told.
    let _ = tokio::time::timeout(PATIENCE, remote.hook(payload, pid.as_deref())).await;
}
