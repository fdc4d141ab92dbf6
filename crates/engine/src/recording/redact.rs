//! Redacts observations before they are recorded.
//!
//! Left out unless requested: prompts, the input of tools, errors, names that the user gave,
//! branches, and the machine's id. Kept, because verdicts depend on them: the words of Claude Code,
//! names of tools and programs, ids, times, and paths with the home replaced. The boot id is kept,
//! too: it is random, does not identify the machine, and session ids are derived from it.

mod pause;
mod words;

use std::collections::hash_map::RandomState;
use std::path::{Path, PathBuf};
use trusty_fleet::given_answer::{GivenAnswer, SettingsChange};
use trusty_fleet::identity::MachineIdentity;
use trusty_fleet::observation::{
    ActionProgress, DatedText, HealthKey, HookEvent, HookEventKind, HookInstall, HookObstacle,
    ListedSession, ProcessFacts, ProcessSample, RegistryEntry, RegistryFile, ScreenContent,
    ScreenReading, SubagentFacts, TmuxPane, ToolCall, TranscriptFacts, TranscriptKey,
};
use trusty_fleet::request::{PermissionRequest, RequestId, ToolCallHash};
use trusty_fleet::terminal::ProcessAncestor;
use trusty_fleet::{Fact, Observation};

/// How much a recording reveals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordingPrivacy {
    /// Prompts, other texts and names are replaced.
    #[default]
    Redacted,
    /// Everything is kept.
    Full,
}

/// Redacts the facts of one recording; equal facts become equal.
#[derive(Debug, Clone)]
pub struct RecordingRedactor {
    privacy: RecordingPrivacy,
    /// The user's home, by all its paths.
    homes: Vec<PathBuf>,
    machine: MachineIdentity,
    /// The random keys with which names are hashed: names stay distinct and cannot be guessed.
    names: RandomState,
}

impl RecordingRedactor {
    /// A redactor for a machine and a home, which may have several paths.
    pub fn new(
        privacy: RecordingPrivacy,
        machine: MachineIdentity,
        homes: impl IntoIterator<Item = PathBuf>,
    ) -> Self {
        let named = |home: &PathBuf| home.is_absolute() && home.parent().is_some();
        Self {
            privacy,
            homes: homes.into_iter().filter(named).collect(),
            machine,
            names: RandomState::new(),
        }
    }

    /// The machine's identity as the header shows it.
    pub fn machine(&self) -> MachineIdentity {
        let MachineIdentity {
            boot,
            uid,
            host,
            pid_namespace,
        } = self.machine.clone();
        let host = match self.privacy {
            RecordingPrivacy::Redacted => host.map(|_| words::REDACTED_MACHINE.to_owned()),
            RecordingPrivacy::Full => host,
        };
        MachineIdentity {
            boot,
            uid,
            host,
            pid_namespace,
        }
    }

    /// Redacts an observation. Bytes of a path that are not UTF-8 are replaced in any case, because
    /// JSON cannot hold them.
    pub fn apply(&self, observation: Observation) -> Observation {
        Observation {
            at: observation.at,
            fact: self.fact(observation.fact),
        }
    }

    fn fact(&self, fact: Fact) -> Fact {
        match fact {
            Fact::Registry(file, entry) => {
                Fact::Registry(self.file(&file), Box::new(self.entry(*entry)))
            }
            Fact::RegistryGone(file) => Fact::RegistryGone(self.file(&file)),
            Fact::RegistryKey(file) => Fact::RegistryKey(self.file(&file)),
            Fact::ConfigFolder(dir, facts) => {
                Fact::ConfigFolder(self.path(&dir), keep_textless(facts))
            }
            Fact::Process(facts) => Fact::Process(Box::new(self.process(*facts))),
            Fact::ProcessSamples(pulses) => {
                Fact::ProcessSamples(pulses.into_iter().map(process_sample).collect())
            }
            Fact::ProcessExited(key) => Fact::ProcessExited(keep_textless(key)),
            Fact::ProcessAbsent(pid) => Fact::ProcessAbsent(pid),
            Fact::Panes(server, panes) => {
                let panes = panes.into_iter().map(|pane| self.pane(pane));
                Fact::Panes(self.path(&server), panes.collect())
            }
            Fact::Transcript(key, told) => {
                Fact::Transcript(self.key(key), Box::new(self.transcript(*told)))
            }
            Fact::TranscriptGone(key) => Fact::TranscriptGone(self.key(key)),
            Fact::Screen(pane, screen) => Fact::Screen(self.pane_key(pane), Self::screen(screen)),
            Fact::Listed(dir, sessions) => {
                let sessions = sessions.into_iter().map(|s| self.listed_session(s));
                Fact::Listed(self.path(&dir), sessions.collect())
            }
            Fact::Hook(event) => Fact::Hook(Box::new(self.hook(*event))),
            Fact::Pause(id, record) => Fact::Pause(id, Box::new(self.pause(*record))),
            Fact::PauseGone(id) => Fact::PauseGone(id),
            Fact::Gates(id, gates) => Fact::Gates(id, gates.into_iter().map(pause::gate).collect()),
            Fact::HookMarks(marks) => Fact::HookMarks(pause::hook_marks(marks)),
            Fact::HookInstall(dir, connection) => {
                Fact::HookInstall(self.path(&dir), self.connection(connection))
            }
            Fact::RequestHeld(id, asking) => {
                Fact::RequestHeld(id, Box::new(self.permission_request(*asking)))
            }
            Fact::RequestEnded(id, request, over) => {
                Fact::RequestEnded(id, RequestId(self.name(request.0)), over)
            }
            Fact::Answered(id, given) => Fact::Answered(id, Box::new(self.given_answer(*given))),
            Fact::ActionProgress(id, act) => Fact::ActionProgress(id, self.act(act)),
            Fact::Preferences(preferences) => Fact::Preferences(keep_textless(preferences)),
            Fact::WallClock(ahead) => Fact::WallClock(ahead),
            Fact::Health(key, problem) => {
                let HealthKey { source, subject } = key;
                let subject = self.replace_homes(subject);
                let key = HealthKey { source, subject };
                Fact::Health(key, problem.map(|words| self.replace_homes(words)))
            }
            Fact::Attention(attention) => Fact::Attention(keep_textless(attention)),
        }
    }

    fn file(&self, file: &RegistryFile) -> RegistryFile {
        RegistryFile {
            dir: self.path(&file.dir),
            pid: file.pid,
        }
    }

    fn entry(&self, entry: RegistryEntry) -> RegistryEntry {
        let RegistryEntry {
            session_id,
            cwd,
            started_at,
            proc_start,
            version,
            kind,
            entrypoint,
            spare,
            pid_domain,
            name,
            name_source,
            status,
            waiting_for,
            status_updated_at,
        } = entry;
        // A derived name comes from the folder's name, which the recording shows anyway.
        let derived = name_source.as_deref() == Some("derived");
        let name = name.map(|name| if derived { name } else { self.text(name) });
        RegistryEntry {
            session_id,
            cwd: cwd.map(|cwd| self.path_text(&cwd)),
            started_at,
            proc_start,
            version,
            kind,
            entrypoint,
            spare,
            pid_domain: pid_domain.map(|domain| self.domain(domain)),
            name,
            name_source,
            status,
            waiting_for,
            status_updated_at,
        }
    }

    fn process(&self, facts: ProcessFacts) -> ProcessFacts {
        let ProcessFacts {
            key,
            uid,
            role,
            started_at,
            cwd,
            project,
            ancestors,
            tty,
            config_dir,
            config_folder,
            contained,
            tmux_socket,
            exe,
            seat,
            freezable,
            hook_obstacle,
            pulse: newest,
        } = facts;
        let path = |path: Option<PathBuf>| path.map(|p| self.path(&p));
        let ancestors = ancestors
            .into_iter()
            .map(|ancestor| self.ancestor(ancestor));
        ProcessFacts {
            key,
            uid,
            role,
            started_at,
            cwd: path(cwd),
            project: path(project),
            ancestors: ancestors.collect(),
            tty,
            config_dir: path(config_dir),
            config_folder,
            contained,
            tmux_socket: path(tmux_socket),
            exe: path(exe),
            seat,
            freezable,
            hook_obstacle: hook_obstacle.map(|obstacle| match obstacle {
                HookObstacle::Disabled(file) => HookObstacle::Disabled(self.path(&file)),
                HookObstacle::Started(argument) => {
                    HookObstacle::Started(self.replace_homes(argument))
                }
                HookObstacle::OtherPidNamespace => HookObstacle::OtherPidNamespace,
                HookObstacle::Unread(folder) => HookObstacle::Unread(self.path(&folder)),
            }),
            pulse: process_sample(newest),
        }
    }

    fn ancestor(&self, ancestor: ProcessAncestor) -> ProcessAncestor {
        let ProcessAncestor {
            pid,
            name,
            exe,
            start,
            uid,
            seat,
        } = ancestor;
        ProcessAncestor {
            pid,
            name,
            exe: exe.map(|exe| self.path(&exe)),
            start,
            uid,
            seat,
        }
    }

    fn connection(&self, connection: HookInstall) -> HookInstall {
        match connection {
            HookInstall::Forbidden(words) => HookInstall::Forbidden(self.replace_homes(words)),
            HookInstall::Broken(words) => HookInstall::Broken(self.replace_homes(words)),
            HookInstall::Connected
            | HookInstall::NotInstalled
            | HookInstall::Incomplete
            | HookInstall::Outdated => connection,
        }
    }

    fn act(&self, act: ActionProgress) -> ActionProgress {
        match act {
            ActionProgress::Failed(verb, words) => {
                ActionProgress::Failed(verb, self.replace_homes(words))
            }
            ActionProgress::Begun(_) | ActionProgress::Done(_) | ActionProgress::NotHeld => act,
        }
    }

    fn pane(&self, pane: TmuxPane) -> TmuxPane {
        let TmuxPane {
            pane,
            pid,
            tty,
            window,
            session,
            clients,
        } = pane;
        TmuxPane {
            pane,
            pid,
            tty,
            window,
            session: self.name(session),
            clients,
        }
    }

    fn key(&self, key: TranscriptKey) -> TranscriptKey {
        TranscriptKey {
            dir: self.path(&key.dir),
            cwd: self.path(&key.cwd),
            which: key.which,
        }
    }

    fn transcript(&self, told: TranscriptFacts) -> TranscriptFacts {
        let TranscriptFacts {
            turn_at,
            prompt,
            calls,
            end,
            retry,
            error,
            model,
            mode,
            branch,
            tokens,
            newest_at,
            delegations,
            results,
        } = told;
        TranscriptFacts {
            turn_at,
            prompt: prompt.map(|said| self.dated_text(said)),
            calls: self.calls(calls),
            end,
            retry,
            error: error.map(|said| self.dated_text(said)),
            model,
            mode,
            branch: branch.map(|branch| self.text(branch)),
            tokens,
            newest_at,
            delegations: delegations.into_iter().map(|d| self.delegated(d)).collect(),
            results,
        }
    }

    fn delegated(&self, agent: SubagentFacts) -> SubagentFacts {
        let SubagentFacts {
            agent_id,
            agent_type,
            description,
            at,
            depth,
            calls,
        } = agent;
        SubagentFacts {
            agent_id,
            agent_type,
            description: description.map(|d| self.text(d)),
            at,
            depth,
            calls: self.calls(calls),
        }
    }

    fn dated_text(&self, DatedText { at, text }: DatedText) -> DatedText {
        let text = self.text(text);
        DatedText { at, text }
    }

    fn calls(&self, calls: Vec<ToolCall>) -> Vec<ToolCall> {
        calls.into_iter().map(|call| self.call(call)).collect()
    }

    fn call(&self, call: ToolCall) -> ToolCall {
        let ToolCall {
            id,
            tool,
            detail,
            at,
        } = call;
        ToolCall {
            id,
            tool,
            detail: detail.map(|d| self.text(d)),
            at,
        }
    }

    fn screen(screen: ScreenReading) -> ScreenReading {
        match &screen.shows {
            // Only words of Claude Code; a variant with text of another origin has to be redacted
            // here.
            None
            | Some(
                ScreenContent::Trust
                | ScreenContent::Permission { tool: _ }
                | ScreenContent::Question
                | ScreenContent::Plan
                | ScreenContent::Busy
                | ScreenContent::Retrying {
                    attempt: _,
                    of: _,
                    seconds: _,
                }
                | ScreenContent::Compacting
                | ScreenContent::Idle
                | ScreenContent::Suspended,
            ) => screen,
        }
    }

    fn listed_session(&self, session: ListedSession) -> ListedSession {
        let ListedSession {
            pid,
            status,
            waiting_for,
            session_id,
            name,
            kind,
            cwd,
        } = session;
        ListedSession {
            pid,
            status,
            waiting_for,
            session_id,
            name: name.map(|name| self.text(name)),
            kind,
            cwd: cwd.map(|cwd| self.path_text(&cwd)),
        }
    }

    fn hook(&self, event: HookEvent) -> HookEvent {
        let HookEvent {
            session_id,
            pid,
            transcript,
            agent,
            call,
            what,
        } = event;
        let what = match what {
            HookEventKind::ToolStarting(call) => HookEventKind::ToolStarting(self.call(call)),
            HookEventKind::PermissionAsked { tool, detail } => HookEventKind::PermissionAsked {
                tool,
                detail: detail.map(|d| self.text(d)),
            },
            HookEventKind::Failed { error } => HookEventKind::Failed {
                error: self.text(error),
            },
            what @ (HookEventKind::SessionStarted
            | HookEventKind::SessionEnded
            | HookEventKind::Prompted
            | HookEventKind::ToolEnded { id: _ }
            | HookEventKind::Stopped { agents: _ }
            | HookEventKind::AgentStarted { agent_type: _ }
            | HookEventKind::AgentEnded
            | HookEventKind::Compacting
            | HookEventKind::Compacted) => what,
        };
        HookEvent {
            session_id,
            pid,
            transcript: transcript.map(|path| self.path(&path)),
            agent,
            call: call.map(|call| ToolCallHash(self.name(call.0))),
            what,
        }
    }

    fn permission_request(&self, asking: PermissionRequest) -> PermissionRequest {
        let PermissionRequest {
            id,
            session_id,
            kind,
            tool,
            detail,
            agent,
            agent_type,
            call,
        } = asking;
        PermissionRequest {
            // A hash of guessable content would reveal the content.
            id: RequestId(self.name(id.0)),
            call: ToolCallHash(self.name(call.0)),
            session_id,
            kind,
            tool,
            detail: detail.map(|d| self.text(d)),
            agent,
            agent_type,
        }
    }

    fn given_answer(&self, given: GivenAnswer) -> GivenAnswer {
        let GivenAnswer {
            request,
            kind,
            by,
            pid,
            executable,
            tty,
            changes,
        } = given;
        let changes = changes.into_iter().map(|change| {
            let SettingsChange { value, key, file } = change;
            let file = file.map(|file| self.path(Path::new(&file)));
            SettingsChange {
                value: self.text(value),
                key,
                file: file.map(|file| file.to_string_lossy().into_owned()),
            }
        });
        GivenAnswer {
            request: RequestId(self.name(request.0)),
            kind,
            by,
            pid,
            executable: executable.map(|path| self.path(&path)),
            tty,
            changes: changes.collect(),
        }
    }
}

/// JSON has no number for an infinite or NaN value.
fn process_sample(pulse: ProcessSample) -> ProcessSample {
    let ProcessSample { key, state, usage } = pulse;
    ProcessSample {
        key,
        state,
        usage: usage.filter(|usage| usage.cpu.is_finite()),
    }
}

/// Keeps a fact without text: a field with text would make the type not `Copy`.
fn keep_textless<T: Copy>(fact: T) -> T {
    fact
}
