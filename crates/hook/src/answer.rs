//! What a client asks its owner, and the answer that is given from here.

use crate::hook_caller::{HookCaller, live_process};
use std::env;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use trusty_records::pause::MAX_HOLD;
use trusty_records::settings::Settings;
use trusty_wire::Environment;
use trusty_wire::engine_vetting::{EngineContinuity, EngineVetting};
use trusty_wire::hooks::engine_request;

/// Whether there is somebody who can be asked. A program that drives a client would hang.
pub(crate) fn can_be_given() -> bool {
    !env::var("CLAUDE_CODE_ENTRYPOINT").is_ok_and(|e| e.starts_with("sdk"))
}

/// Tells what is asked and, if the engine holds it, waits. What comes back is said to the client,
/// without which it asks in its terminal.
pub(crate) fn request_answer(env: &Environment, engines: &[PathBuf], payload: &[u8], pid: u32) {
    let settings = Settings::read(env);
    let Ok(tracer) = settings.tracer(env) else {
        return;
    };
    let vetting = EngineVetting::new(tracer, EngineContinuity::MayChange);
    let is_believed = |stream: &UnixStream| vetting.vet(stream).is_ok();
    let Some(awaiting) = live_process(pid).map(HookCaller::from_client) else {
        return;
    };
    let goes_on = || awaiting.is_alive();
    let Some(answer) =
        engine_request::ask_engine(engines, is_believed, payload, pid, MAX_HOLD, goes_on)
    else {
        return;
    };
    // The answer counts only if somebody is there to read it.
    if !awaiting.is_alive() {
        return;
    }
    let mut out = std::io::stdout();
    if out
        .write_all(&answer.bytes)
        .and_then(|()| out.flush())
        .is_ok()
    {
        answer.confirm_delivery();
    }
}
