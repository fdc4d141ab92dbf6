//! The hook program, which Claude Code runs at each of its events.
//!
//! The hook hands the payload to the running engine and exits; without an engine, the hook exits
//! at once. While the session is held, the next tool and the next prompt wait here. A request of
//! Claude Code waits for an answer for as long as the engine holds the request.
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
use trusty_wire::hook_program;
use trusty_wire::hooks;
use trusty_wire::{EnginePlaces, Environment};

/// The longest pause of Claude Code while it writes the payload and closes the pipe.
const INPUT_IDLE_TIMEOUT: Duration = Duration::from_secs(2);
/// The limit for reading the whole payload.
const INPUT_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs the command that the arguments name, without the program's name: an event, `ask` and an
/// event, `keep` and a path, or `try`.
pub fn run(mut arguments: impl Iterator<Item = OsString>) {
    let first = arguments.next().unwrap_or_default();
    if first == "try" {
        // The installer only tests whether this program runs.
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

/// What Claude Code lets this hook do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HookMode {
    /// Report the event, and wait at the gate while the session is held.
    ReportOnly,
    /// Wait for an answer to a request as well; Claude Code reads it from standard output.
    MayWait,
}

/// Handles one event of Claude Code.
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
        // A write that fails means that Claude Code no longer reads this hook's output.
        let _ = writeln!(std::io::stdout(), "{}", kind.refusal(why));
    }
}

/// The environment in which this program acts: its place comes from its own path, whatever Claude
/// Code's environment names.
fn read_environment() -> Environment {
    let env = Environment::read();
    // macOS gives the path by which the program was started, which may be a link.
    let own = env::current_exe().map(|exe| exe.canonicalize().unwrap_or(exe));
    match own.ok().and_then(|exe| hook_program::data_dir_of(&exe)) {
        Some(data_dir) => env.of_installed_program(data_dir),
        None => env,
    }
}
