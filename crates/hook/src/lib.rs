//! The hook program, which Claude Code runs at each of its events. The hook hands the payload to the
//! running engine and exits; without an engine, the hook exits at once. While the session is held,
//! the next tool and the next prompt wait here. A request of Claude Code waits for an answer, for as
//! long as the engine says.
//!
//! *Invariant:* the hook always exits with success, and prints nothing but a refusal or an answer.
//! Claude Code shows a hook that fails in the user's conversation, or forbids the tool.

#![forbid(unsafe_code)]

mod answer;
mod gate;
mod group_keeper;
mod hook_caller;

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use trusty_platform::{input, sys};
use trusty_records::hook_marks::MarkFolder;
use trusty_wire::hooks;
use trusty_wire::{EnginePlaces, Environment};

/// How long a client may rest while it hands over its payload and closes its end.
const INPUT_IDLE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long that may take in all.
const INPUT_TIMEOUT: Duration = Duration::from_secs(10);

/// Does what the arguments after the program's name say: an event's name, or `keep` and a path.
pub fn run(mut arguments: impl Iterator<Item = OsString>) {
    let first = arguments.next().unwrap_or_default();
    if first == "try" {
        // Whoever put this program in place wants to know whether it runs.
        return;
    }
    if first == "keep" {
        if let Some(record) = arguments.next() {
            group_keeper::wait_until_removed(&PathBuf::from(record));
        }
    } else if first == "ask" {
        let event = arguments.next().unwrap_or_default();
        handle_event(&event.to_string_lossy(), HookMode::MayWait);
    } else {
        handle_event(&first.to_string_lossy(), HookMode::ReportOnly);
    }
}

/// What its client grants a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HookMode {
    /// To tell, and to be held where a pause says so.
    ReportOnly,
    /// To wait for an answer, too, which is taken from it.
    MayWait,
}

/// One event of a client.
fn handle_event(event: &str, then: HookMode) {
    let payload = input::read_whole(hooks::MAX_PAYLOAD_BYTES, INPUT_IDLE_TIMEOUT, INPUT_TIMEOUT);
    let env = read_environment();
    let Ok(machine) = sys::machine() else {
        return;
    };
    let engines = || EnginePlaces::new(&env, &machine).socket_folders();
    let told = env::var("CLAUDE_PID").ok().and_then(|pid| pid.parse().ok());
    let pid = told.or_else(hook_caller::ancestor);
    if let Some(client) = pid.and_then(hook_caller::live_process) {
        MarkFolder::new(&env).write_mark(&machine, client);
    }
    if then == HookMode::MayWait
        && let Some(payload) = &payload
        && let Some(pid) = pid.filter(|_| answer::can_be_given())
    {
        answer::request_answer(&env, &engines(), payload, pid);
        return;
    }
    if let Some(payload) = &payload {
        hooks::send_event(&engines(), payload, pid);
    }
    let Some(kind) = gate::GateKind::from_event(event) else {
        return;
    };
    let payload = payload.unwrap_or_default();
    if let gate::GateOutcome::Refused(why) = gate::wait_at_gate(kind, &payload, &env, &machine, pid)
    {
        // Whoever does not read it any more has gone.
        let _ = writeln!(std::io::stdout(), "{}", kind.refusal(why));
    }
}

/// Those of the client. The records are where this very program was put, whatever the client's
/// environment says of it.
fn read_environment() -> Environment {
    let mut env = Environment::read();
    if let Some(data_home) = env::current_exe()
        .ok()
        .and_then(|exe| trusty_wire::hook_program::data_home_of(&exe))
    {
        env.data_home = Some(data_home);
    }
    env
}
