//! One fact of every kind, with the word `secret` in each text of the user.

use super::pause_facts::pause_facts;
use std::path::PathBuf;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::client::ProcessRole;
use trusty_fleet::given_answer::{AnswerKind, GivenAnswer, SettingsChange};
use trusty_fleet::identity::{MachineIdentity, ProcStart, ProcessKey, StartTime};
use trusty_fleet::observation::*;
use trusty_fleet::request::{HookOutcome, PermissionRequest, RequestId, RequestKind, ToolCallHash};
use trusty_fleet::session::{ResourceUsage, Source};
use trusty_fleet::terminal::ProcessAncestor;
use trusty_fleet::{Fact, SessionId, Timestamp};

pub(super) const CONFIG_DIR: &str = "/home/alice/.claude";
pub(super) const SERVER_SOCKET: &str = "/tmp/tmux-1000/default";

/// The texts that a redacted recording must not contain.
pub(super) const SECRET_TEXTS: [&str; 20] = [
    "secret-rule",
    "secret-note",
    "secret-line",
    "secret-name",
    "secret-tmux",
    "secret-prompt",
    "secret-call",
    "secret-error",
    "secret-branch",
    "secret-task",
    "secret-agent-call",
    "secret-listed",
    "secret-hook-call",
    "secret-asked",
    "secret-failure",
    "secret-request",
    "secret-request-detail",
    "secret-print",
    "alice",
    "3d12",
];

pub(super) fn machine() -> MachineIdentity {
    MachineIdentity {
        boot: "b".into(),
        uid: 1000,
        host: Some("3d12".into()),
        pid_namespace: Some("pid:[4026531836]".into()),
    }
}

pub(super) fn key() -> ProcessKey {
    ProcessKey {
        pid: 7,
        start: StartTime(u64::MAX),
    }
}

pub(super) fn file() -> RegistryFile {
    RegistryFile {
        dir: CONFIG_DIR.into(),
        pid: 7,
    }
}

pub(super) fn entry(status: &str) -> RegistryEntry {
    RegistryEntry {
        session_id: Some("c1".into()),
        cwd: Some("/home/alice/code/shop".into()),
        started_at: Some(at(900)),
        proc_start: Some(ProcStart::Ticks(u64::MAX)),
        version: Some("2.1.330".into()),
        kind: Some("interactive".into()),
        entrypoint: Some("cli".into()),
        spare: false,
        pid_domain: Some("linux:3d12:pid:[4026531836]".into()),
        name: Some("secret-name".into()),
        name_source: Some("user".into()),
        status: Some(status.into()),
        waiting_for: None,
        status_updated_at: Some(at(1000)),
    }
}

pub(super) fn process() -> ProcessFacts {
    ProcessFacts {
        key: key(),
        uid: 1000,
        role: ProcessRole::Interactive,
        started_at: at(900),
        cwd: Some("/home/alice/code/shop".into()),
        project: Some("/home/alice/code/shop".into()),
        ancestors: vec![ProcessAncestor {
            pid: 6,
            name: "bash".into(),
            exe: Some("/home/alice/bin/bash".into()),
            start: None,
            uid: None,
            seat: None,
        }],
        tty: Some("/dev/pts/3".into()),
        config_dir: Some(CONFIG_DIR.into()),
        config_folder: ConfigFolder::Missing,
        contained: false,
        tmux_socket: Some(SERVER_SOCKET.into()),
        exe: Some("/home/alice/.local/share/claude/versions/2.1.330".into()),
        seat: None,
        freezable: false,
        hook_obstacle: Some(HookObstacle::Started(
            "CLAUDE_CODE_SIMPLE=/home/alice".into(),
        )),
        pulse: process_sample(),
    }
}

fn process_sample() -> ProcessSample {
    ProcessSample {
        key: key(),
        state: RunState::Stopped(StopSignal::Keyboard),
        usage: Some(ResourceUsage { cpu: 0.1, rss: 1 }),
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn call(detail: &str) -> ToolCall {
    ToolCall {
        id: "toolu_1".into(),
        tool: "Bash".into(),
        detail: Some(detail.into()),
        at: at(1000),
    }
}

fn transcript() -> TranscriptFacts {
    let said = |text: &str| DatedText {
        at: at(1000),
        text: text.into(),
    };
    TranscriptFacts {
        turn_at: Some(at(1000)),
        prompt: Some(said("secret-prompt")),
        calls: vec![call("secret-call")],
        end: Some(TurnEnd {
            at: at(1000),
            how: TurnEndKind::Interrupted,
        }),
        retry: Some(RetryAttempt {
            at: at(1000),
            attempt: 1,
            of: Some(10),
            next_at: Some(at(2000)),
        }),
        error: Some(said("secret-error")),
        model: Some("claude-opus-4-5".into()),
        mode: Some("plan".into()),
        branch: Some("secret-branch".into()),
        tokens: Some(u64::MAX),
        newest_at: Some(at(1000)),
        delegations: vec![SubagentFacts {
            agent_id: "a1".into(),
            agent_type: Some("general-purpose".into()),
            description: Some("secret-task".into()),
            at: at(1000),
            depth: 1,
            calls: vec![call("secret-agent-call")],
        }],
        results: vec!["toolu_0".into()],
    }
}

fn hook(what: HookEventKind) -> Fact {
    let folder = "/home/alice/.claude/projects/-home-alice-code-shop/c1.jsonl";
    Fact::Hook(Box::new(HookEvent {
        session_id: "c1".into(),
        pid: Some(7),
        transcript: Some(folder.into()),
        agent: Some("a1".into()),
        call: None,
        what,
    }))
}

/// One fact of every kind, and of every form that holds a text.
#[expect(clippy::too_many_lines, reason = "one of each kind of fact")]
pub(super) fn rich() -> Vec<Fact> {
    let server = || PathBuf::from(SERVER_SOCKET);
    let transcript_of = |which| TranscriptKey {
        dir: CONFIG_DIR.into(),
        cwd: "/home/alice/code/shop".into(),
        which,
    };
    let pane = PaneKey {
        server: server(),
        pane: "%0".into(),
    };
    let mut facts = pause_facts();
    facts.extend([
        Fact::RegistryKey(file()),
        Fact::Registry(file(), Box::new(entry("busy"))),
        Fact::Process(Box::new(process())),
        Fact::ProcessSamples(vec![process_sample()]),
        Fact::Panes(
            server(),
            vec![TmuxPane {
                pane: "%0".into(),
                pid: 6,
                tty: "/dev/pts/3".into(),
                window: "@0".into(),
                session: "secret-tmux".into(),
                clients: 1,
            }],
        ),
        Fact::Transcript(
            transcript_of(TranscriptSelector::Session("c1".into())),
            Box::new(transcript()),
        ),
        Fact::TranscriptGone(transcript_of(TranscriptSelector::NewestSince(at(900)))),
        Fact::Screen(
            pane,
            ScreenReading {
                shows: Some(ScreenContent::Permission {
                    tool: Some("Bash".into()),
                }),
                title_busy: Some(true),
            },
        ),
        Fact::Listed(
            CONFIG_DIR.into(),
            vec![ListedSession {
                pid: 7,
                status: Some("busy".into()),
                waiting_for: None,
                session_id: Some("c1".into()),
                name: Some("secret-listed".into()),
                kind: Some("interactive".into()),
                cwd: Some("/home/alice/code/shop".into()),
            }],
        ),
        hook(HookEventKind::ToolStarting(call("secret-hook-call"))),
        hook(HookEventKind::PermissionAsked {
            tool: "Bash".into(),
            detail: Some("secret-asked".into()),
        }),
        hook(HookEventKind::Failed {
            error: "secret-failure".into(),
        }),
        hook(HookEventKind::Stopped {
            agents: vec!["a1".into()],
        }),
        Fact::RequestHeld(
            machine().session_id(key()),
            Box::new(PermissionRequest {
                id: RequestId("secret-request".into()),
                session_id: "c1".into(),
                kind: RequestKind::Permission,
                tool: "Bash".into(),
                detail: Some("secret-request-detail".into()),
                agent: Some("a1".into()),
                agent_type: Some("Explore".into()),
                call: ToolCallHash("secret-print".into()),
            }),
        ),
        Fact::RequestEnded(
            machine().session_id(key()),
            RequestId("secret-request".into()),
            HookOutcome::Answered,
        ),
        Fact::Answered(
            machine().session_id(key()),
            Box::new(GivenAnswer {
                request: RequestId("secret-request".into()),
                kind: AnswerKind::Always,
                by: AnswerChannel::Program,
                pid: Some(9),
                executable: Some("/home/alice/bin/tool".into()),
                tty: Some("/dev/pts/7".into()),
                changes: vec![SettingsChange {
                    value: "Bash(secret-rule:*)".into(),
                    key: "permissions.allow".into(),
                    file: Some("/home/alice/code/shop/.claude/settings.local.json".into()),
                }],
            }),
        ),
        Fact::WallClock(i64::MIN),
        Fact::Health(
            HealthKey {
                source: Source::Registry,
                subject: CONFIG_DIR.into(),
            },
            Some("/home/alice/.claude/sessions cannot be read".into()),
        ),
        Fact::Attention(FocusEvent::Popover),
        Fact::Attention(FocusEvent::Terminal(SessionId(
            machine().session_id(key()).0,
        ))),
        Fact::RegistryGone(file()),
        Fact::ProcessAbsent(8),
        Fact::ProcessExited(key()),
    ]);
    facts
}

/// The kind of a fact, as a number below [`FACT_KINDS`].
pub(super) fn fact_kind(fact: &Fact) -> usize {
    match fact {
        Fact::Registry(..) => 0,
        Fact::RegistryGone(_) => 1,
        Fact::RegistryKey(_) => 2,
        Fact::ConfigFolder(..) => 3,
        Fact::Process(_) => 4,
        Fact::ProcessSamples(_) => 5,
        Fact::ProcessExited(_) => 6,
        Fact::ProcessAbsent(_) => 7,
        Fact::Panes(..) => 8,
        Fact::Transcript(..) => 9,
        Fact::TranscriptGone(_) => 10,
        Fact::Screen(..) => 11,
        Fact::Listed(..) => 12,
        Fact::Hook(_) => 13,
        Fact::Pause(..) => 14,
        Fact::PauseGone(_) => 15,
        Fact::Gates(..) => 16,
        Fact::HookMarks(_) => 17,
        Fact::HookInstall(..) => 18,
        Fact::RequestHeld(..) => 19,
        Fact::RequestEnded(..) => 20,
        Fact::Answered(..) => 21,
        Fact::ActionProgress(..) => 22,
        Fact::Preferences(_) => 23,
        Fact::WallClock(_) => 24,
        Fact::Health(..) => 25,
        Fact::Attention(_) => 26,
    }
}

/// The number of kinds of facts.
pub(super) const FACT_KINDS: usize = 27;
