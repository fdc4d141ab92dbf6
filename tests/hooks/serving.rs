//! What an engine shows of its sessions, and sessions that are only a process and a registry file.

use crate::stage::WAIT_TIMEOUT;
use serde_json::json;
use std::fs;
use trusty_tests::wait::{until, until_or};
use trusty_tests::{HookClient, LocalApi, ProcessRef, StandIn, TestHome, Value};

/// The length of a large text, in bytes.
pub(crate) const LARGE_TEXT_BYTES: usize = 10 << 20;

/// The payload of an event of a session, as Claude Code would write it.
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

/// The payload of an event with as many values as a message has room for.
pub(crate) fn crowded(what: &str, session: usize, field: &str) -> Vec<u8> {
    let values = r#"{"a":0},"#.repeat((15 << 20) / 8);
    let head =
        format!(r#"{{"hook_event_name":"{what}","session_id":"s-{session}","tool_name":"X""#);
    let rest = r#""tool_use_id":"t","permission_suggestions":[]"#;
    format!(r#"{head},{rest},"{field}":{{"list":[{values}0]}}}}"#).into_bytes()
}

/// The payload of a request to run a command, for the session with this number.
pub(crate) fn permission(session: usize, command: &str) -> Vec<u8> {
    json!({
        "hook_event_name": "PermissionRequest",
        "session_id": format!("s-{session}"),
        "tool_name": "Bash",
        "tool_input": {"command": command},
        "permission_suggestions": [],
    })
    .to_string()
    .into_bytes()
}

/// Processes at the path of a Claude Code program, each with its registry file, as an engine lists
/// them.
pub(crate) struct ProcessCrowd {
    api: LocalApi,
    stand_ins: Vec<StandIn>,
}

impl ProcessCrowd {
    /// Starts sessions of this status, and waits until the engine of the home lists all of them.
    #[track_caller]
    pub(crate) fn start(home: &TestHome, number: usize, status: &str) -> Self {
        let start = |number| {
            let builder = StandIn::builder(home).session_id(format!("s-{number}"));
            let stand_in = builder.start();
            stand_in.write_status(&format!(
                r#""entrypoint":"cli","status":"{status}","waitingFor":"permission prompt""#
            ));
            stand_in
        };
        let crowd = Self {
            api: LocalApi::for_home(home),
            stand_ins: (0..number).map(start).collect(),
        };
        until(WAIT_TIMEOUT, "the crowd", || {
            let snapshot = crowd.api.sessions();
            let mut all = crowd.stand_ins.iter();
            all.all(|one| one.status_word(&snapshot).is_some())
                .then_some(())
        });
        crowd
    }

    pub(crate) fn len(&self) -> usize {
        self.stand_ins.len()
    }

    pub(crate) fn pid(&self, number: usize) -> u32 {
        self.stand_ins[number].process().pid
    }

    /// A connection to the hook socket from below this session.
    pub(crate) fn connect(&self, number: usize) -> HookClient {
        self.stand_ins[number].hook_connection()
    }

    /// Reports an event as a hook of this session does; the reply, or the error as text.
    pub(crate) fn report(&self, number: usize, payload: &[u8]) -> String {
        let told = self.connect(number).report(self.pid(number), payload);
        told.unwrap_or_else(|error| error.to_string())
    }

    /// Asks as a hook of this session does; `None` where the engine does not take the request.
    pub(crate) fn ask(&self, number: usize, payload: &[u8]) -> Option<HookClient> {
        self.connect(number).ask(self.pid(number), payload)
    }

    /// The number of held requests of all sessions.
    pub(crate) fn held(&self) -> usize {
        let snapshot = self.api.sessions();
        let sessions = snapshot["sessions"].as_array().into_iter().flatten();
        let requests = sessions.filter_map(|s| s["requests"].as_array()).flatten();
        requests.filter(|r| r["held"] == true).count()
    }

    /// The ids of the requests of a session.
    pub(crate) fn requests(&self, number: usize) -> Vec<Value> {
        let session = self.api.session(self.pid(number)).expect("listed");
        let requests = session["requests"].as_array().into_iter().flatten();
        requests.map(|request| request["id"].clone()).collect()
    }

    /// What the hooks of a session reported last, in the words of the explanation.
    pub(crate) fn hook_says(&self, number: usize) -> Option<String> {
        let id = self.stand_ins[number].id(&self.api.sessions())?;
        let why = self.api.get_if_served(&format!("/v1/sessions/{id}/why"))?;
        let mut testimonies = why["testimonies"].as_array()?.iter();
        let hook = testimonies.find(|t| t["source"] == "Hook")?;
        Some(hook["says"].as_str()?.to_owned())
    }

    /// Waits until what the hooks of a session reported last is explained in these words.
    #[track_caller]
    pub(crate) fn wait_hook_says(&self, number: usize, words: &str) {
        until_or(
            WAIT_TIMEOUT,
            words,
            || (self.hook_says(number)? == words).then_some(()),
            || format!("{number}: {:?}", self.hook_says(number)),
        );
    }
}

/// The memory of a process, in kB.
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
