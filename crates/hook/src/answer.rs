//! Sends a request of Claude Code to the engine and prints the engine's answer.

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

/// Whether a user can be asked. A program that drives Claude Code through the SDK would hang.
pub(crate) fn can_be_given() -> bool {
    !env::var("CLAUDE_CODE_ENTRYPOINT").is_ok_and(|e| e.starts_with("sdk"))
}

/// Sends the request to the engine and, while the engine holds it, waits for the answer. The
/// answer goes to standard output; without one, Claude Code asks in its terminal.
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
    // An answer counts as delivered only if Claude Code still reads this hook's output.
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
