//! An engine's hook socket, what it shows, and sessions that are nothing but a process and a
//! registry file.

use serde_json::json;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use trusty_tests::trusty::{RunningProgram, session_of};
use trusty_tests::{LocalApi, ProcessRef, TestHome, Value, stand_in};

/// The length of what is large, in bytes.
pub(crate) const LARGE_TEXT_BYTES: usize = 10 << 20;
const IO_TIMEOUT: Duration = Duration::from_mins(1);

/// The two sockets of one engine.
pub(crate) struct EngineSockets {
    api: LocalApi,
    hooks: PathBuf,
    /// Where stand-ins hand on what their hooks say.
    relays: PathBuf,
}

impl EngineSockets {
    pub(crate) fn of(home: &TestHome) -> Self {
        Self {
            api: LocalApi::for_home(home),
            hooks: stand_in::hook_socket(home),
            relays: home.path().join("lib/claude-code"),
        }
    }

    /// A connection to the hook socket from a process that is below no session.
    pub(crate) fn connect(&self) -> UnixStream {
        Self::connect_to(&self.hooks)
    }

    /// A connection to the hook socket that belongs to the stand-in with this pid.
    pub(crate) fn connect_from(&self, pid: u32) -> UnixStream {
        Self::connect_to(&self.relays.join(format!("{pid}.sock")))
    }

    fn connect_to(socket: &Path) -> UnixStream {
        let stream = UnixStream::connect(socket).expect("connects");
        stream.set_read_timeout(Some(IO_TIMEOUT)).expect("set");
        stream.set_write_timeout(Some(IO_TIMEOUT)).expect("set");
        stream
    }

    fn snapshot(&self) -> Value {
        self.api.get("/v1/sessions").expect("an engine").1
    }

    /// How many sessions are shown.
    pub(crate) fn sessions(&self) -> usize {
        self.snapshot()["sessions"].as_array().map_or(0, Vec::len)
    }

    /// How many requests are held.
    pub(crate) fn held(&self) -> usize {
        let snapshot = self.snapshot();
        let sessions = snapshot["sessions"].as_array().into_iter().flatten();
        let requests = sessions.filter_map(|s| s["requests"].as_array()).flatten();
        requests.filter(|r| r["held"] == true).count()
    }

    /// The requests of a session, by their ids.
    pub(crate) fn requests(&self, pid: u32) -> Vec<String> {
        let session = session_of(&self.snapshot(), pid).expect("it is there");
        let requests = session["requests"].as_array().into_iter().flatten();
        requests
            .filter_map(|request| Some(request["id"].as_str()?.to_owned()))
            .collect()
    }

    /// What the hooks of a session told last, as it is explained.
    pub(crate) fn hook_says(&self, pid: u32) -> Option<String> {
        let id = session_of(&self.snapshot(), pid)?["id"]
            .as_str()?
            .to_owned();
        let (_, why) = self.api.get(&format!("/v1/sessions/{id}/why"))?;
        let hook = why["testimonies"].as_array()?.iter();
        let mut hook = hook.filter(|t| t["source"] == "Hook");
        Some(hook.next()?["says"].as_str()?.to_owned())
    }
}

/// An event of a session, as its client would write it.
pub(crate) fn event(what: &str, session: usize, tool: &str) -> Vec<u8> {
    json!({
        "hook_event_name": what,
        "session_id": format!("s-{session}"),
        "tool_name": tool,
        "tool_use_id": format!("id of {tool}"),
        "tool_input": {"command": "make", "description": "builds all"},
    })
    .to_string()
    .into_bytes()
}

/// An event of a session that holds as many values as a message has room for.
pub(crate) fn crowded(what: &str, session: usize, field: &str) -> Vec<u8> {
    let values = r#"{"a":0},"#.repeat((15 << 20) / 8);
    let head =
        format!(r#"{{"hook_event_name":"{what}","session_id":"s-{session}","tool_name":"X""#);
    let rest = r#""tool_use_id":"t","permission_suggestions":[]"#;
    format!(r#"{head},{rest},"{field}":{{"list":[{values}0]}}}}"#).into_bytes()
}

/// Hands over a payload as a hook of this client does; what is answered.
pub(crate) fn tell(serving: &EngineSockets, pid: u32, payload: &[u8]) -> String {
    tell_on(serving.connect_from(pid), pid, payload)
}

/// Hands over a payload on this connection, in the name of this client; what is answered.
pub(crate) fn tell_on(mut stream: UnixStream, pid: u32, payload: &[u8]) -> String {
    let mut answer = String::new();
    let told =
        send(&mut stream, pid, payload, "").and_then(|()| stream.read_to_string(&mut answer));
    told.map_or_else(|error| error.to_string(), |_| answer)
}

fn send(stream: &mut UnixStream, pid: u32, payload: &[u8], more: &str) -> std::io::Result<()> {
    let mut message = format!("trusty-hook 1 {pid} {}{more}\n", payload.len()).into_bytes();
    message.extend_from_slice(payload);
    stream.write_all(&message)
}

/// Asks for leave, and waits for the answer for as long as what is returned lives; nothing if the
/// engine did not take it.
pub(crate) fn asks(
    serving: &EngineSockets,
    pid: u32,
    session: usize,
    command: &str,
) -> Option<UnixStream> {
    let payload = json!({
        "hook_event_name": "PermissionRequest",
        "session_id": format!("s-{session}"),
        "tool_name": "Bash",
        "tool_input": {"command": command},
        "permission_suggestions": [],
    });
    asks_this(serving, pid, payload.to_string().as_bytes())
}

/// Asks so.
pub(crate) fn asks_this(serving: &EngineSockets, pid: u32, payload: &[u8]) -> Option<UnixStream> {
    asks_on(serving.connect_from(pid), pid, payload)
}

/// Asks so on this connection, in the name of this client.
pub(crate) fn asks_on(mut stream: UnixStream, pid: u32, payload: &[u8]) -> Option<UnixStream> {
    send(&mut stream, pid, payload, " ask").ok()?;
    let mut taken = [0; "taken\n".len()];
    stream.read_exact(&mut taken).ok()?;
    (&taken == b"taken\n").then_some(stream)
}

/// Processes where a client would lie, each with its registry file.
pub(crate) struct ProcessCrowd(Vec<RunningProgram>);

impl ProcessCrowd {
    /// Sessions of this status.
    pub(crate) fn start(home: &TestHome, number: usize, status: &str) -> Self {
        let exe = stand_in::executable(home);
        let sessions = home.config_dir().join("sessions");
        fs::create_dir_all(&sessions).expect("a folder");
        let one = |number| {
            let mut command = Command::new(&exe);
            command.arg("600").arg(stand_in::hook_socket(home));
            command.env_clear().env("HOME", home.path());
            let running = RunningProgram::start(&mut command);
            let ProcessRef { pid, start_ticks } = running.process();
            stand_in::hook_relay(&exe, pid);
            let told = json!({
                "sessionId": format!("s-{number}"),
                "procStart": start_ticks.to_string(),
                "version": "2.1.330",
                "kind": "interactive",
                "entrypoint": "cli",
                "status": status,
                "waitingFor": "permission prompt",
            });
            fs::write(sessions.join(format!("{pid}.json")), told.to_string()).expect("written");
            running
        };
        Self((0..number).map(one).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn pid(&self, number: usize) -> u32 {
        self.0[number].process().pid
    }
}

/// What a process keeps in memory, in kB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemoryUsage {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

pub(crate) fn memory(process: ProcessRef) -> MemoryUsage {
    let text = fs::read_to_string(format!("/proc/{}/status", process.pid)).expect("readable");
    let field = |name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name));
        let number = line.and_then(|l| l.split_whitespace().next());
        number.and_then(|n| n.parse().ok()).expect("a number")
    };
    MemoryUsage {
        now: field("VmRSS:"),
        peak: field("VmHWM:"),
    }
}
