//! The marks that show that a session started a process.

use crate::identity::{ProcessKey, SessionId};
use crate::row::Row;
use crate::session::{Session, SessionStatus};
use crate::snapshot::Snapshot;

/// The first process of a PID namespace, which adopts the namespace's orphans.
pub const FIRST_PID: u32 = 1;

/// What identifies the processes of a session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivingSession {
    /// The session.
    pub id: SessionId,
    /// The title of the session's row.
    pub title: String,
    /// The pid of the session's Claude Code process.
    pub pid: u32,
    /// The session's id in Claude Code.
    pub claude_id: Option<String>,
    /// The session's terminal, such as `/dev/pts/7`.
    pub tty: Option<String>,
}

impl LivingSession {
    /// The sessions of a snapshot that have not ended.
    pub fn from_snapshot(snapshot: &Snapshot) -> Vec<Self> {
        let alive = |session: &&Session| session.status != SessionStatus::Stopped;
        let sessions = snapshot.sessions.iter().filter(alive);
        let living = sessions.filter_map(|session| {
            Some(Self {
                id: session.id,
                title: Row::from_session(session, None).title,
                pid: session.pid?,
                claude_id: session.claude.as_ref().and_then(|c| c.session_id.clone()),
                tty: session.terminal.as_ref().and_then(|t| t.tty.clone()),
            })
        });
        living.collect()
    }
}

/// A process, and what ties it to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedProcess {
    /// The process.
    pub key: ProcessKey,
    /// The id that a session of this process would have; the process need not be a session.
    pub id: SessionId,
    /// Whether executable and arguments are those of Claude Code, within the bounds of discovery.
    pub is_client: bool,
    /// The process that `CLAUDE_PID` in this process's environment names, if that process lives.
    pub client: Option<NamedProcess>,
    /// The `CLAUDE_CODE_SESSION_ID` in this process's environment.
    pub claude_id: Option<String>,
}

/// The process that a variable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedProcess {
    /// The process.
    pub key: ProcessKey,
    /// The id that a session of this process would have; the process need not be a session.
    pub id: SessionId,
    /// As [`TracedProcess::is_client`].
    pub is_client: bool,
}

/// A process of a cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupMember {
    /// The process.
    pub key: ProcessKey,
    /// The id that a session of this process would have; the process need not be a session.
    pub id: SessionId,
    /// As [`TracedProcess::is_client`]; determined only for the oldest members, else `false`.
    pub is_client: bool,
}

/// Where a process comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessOrigin {
    /// The process itself, its parent, and so on.
    pub lineage: Vec<TracedProcess>,
    /// Whether the process was put into this PID namespace from outside (`docker exec`): its line
    /// of parents ends without the namespace's first process. A process that was started within
    /// the namespace never has such parents, because the first process adopts its orphans.
    pub entered_namespace: bool,
    /// The process's controlling terminal, such as `/dev/pts/7`.
    pub tty: Option<String>,
    /// The sessions whose terminal has the same path in another devpts instance, such as a
    /// container's.
    pub foreign_ttys: Vec<SessionId>,
    /// The processes of the process's cgroup; empty where the cgroup cannot be read, or is the
    /// visible root and may hold every process.
    pub group: Vec<GroupMember>,
}

/// What shows that a session started a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessMark {
    /// The kind of the mark.
    pub kind: MarkKind,
    /// The pid of the session's Claude Code process.
    pub pid: u32,
    /// The session, which need not be listed yet.
    pub id: SessionId,
    /// The title of the session's row, where the session is listed.
    pub title: Option<String>,
}

/// The kind of a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkKind {
    /// Claude Code is among the process's parents, or is the process itself.
    Ancestor,
    /// This variable of the process, or of a parent, names a session.
    Variable(&'static str),
    /// The process's controlling terminal is that of a session.
    Terminal(String),
    /// The cgroup was made for a session: the session's process is the oldest one in it.
    ControlGroup,
}

impl std::fmt::Display for ProcessMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            MarkKind::Ancestor => f.write_str("this shell was started by ")?,
            MarkKind::Variable(name) => write!(f, "{name} of this shell names ")?,
            MarkKind::Terminal(tty) => write!(f, "this terminal ({tty}) belongs to ")?,
            MarkKind::ControlGroup => f.write_str("this shell is in the cgroup of ")?,
        }
        match &self.title {
            Some(title) => write!(f, "session {title}, pid {}", self.pid),
            None => write!(f, "a session, pid {}", self.pid),
        }
    }
}

/// Finds the first mark of a process.
pub fn find_mark(origin: &ProcessOrigin, sessions: &[LivingSession]) -> Option<ProcessMark> {
    let listed = |id: SessionId| sessions.iter().find(|session| session.id == id);
    let mark = |kind: MarkKind, pid: u32, id: SessionId| ProcessMark {
        kind,
        pid,
        id,
        title: listed(id).map(|session| session.title.clone()),
    };
    let of_session = |kind: MarkKind, session: &LivingSession| mark(kind, session.pid, session.id);
    let is_session = |is_client: bool, id: SessionId| is_client || listed(id).is_some();

    let mut lineage = origin.lineage.iter();
    if let Some(client) = lineage.find(|process| is_session(process.is_client, process.id)) {
        return Some(mark(MarkKind::Ancestor, client.key.pid, client.id));
    }
    for process in &origin.lineage {
        if let Some(named) = process.client
            && is_session(named.is_client, named.id)
        {
            let kind = MarkKind::Variable("CLAUDE_PID");
            return Some(mark(kind, named.key.pid, named.id));
        }
        if let Some(claude_id) = &process.claude_id
            && let Some(session) = sessions
                .iter()
                .find(|session| session.claude_id.as_ref() == Some(claude_id))
        {
            return Some(of_session(
                MarkKind::Variable("CLAUDE_CODE_SESSION_ID"),
                session,
            ));
        }
    }
    if let Some(tty) = &origin.tty
        && let Some(session) = sessions
            .iter()
            .find(|s| s.tty.as_ref() == Some(tty) && !origin.foreign_ttys.contains(&s.id))
    {
        return Some(of_session(MarkKind::Terminal(tty.clone()), session));
    }
    let client = oldest_member(&origin.group)?;
    // `docker exec` puts a process into the container's cgroup, whose oldest process is the
    // container's first one. Only that process could itself start a process that seems to come
    // from outside, and the kernel denies that to it (CLONE_PARENT).
    if origin.entered_namespace && client.key.pid == FIRST_PID {
        return None;
    }
    is_session(client.is_client, client.id)
        .then(|| mark(MarkKind::ControlGroup, client.key.pid, client.id))
}

/// The process that is older than all others of a cgroup: the cgroup was made for that process,
/// and the others descend from it. A cgroup that Claude Code shares with the shell, terminal or
/// login that started it has an older process.
fn oldest_member(group: &[GroupMember]) -> Option<&GroupMember> {
    let oldest = group.iter().min_by_key(|member| member.key.start)?;
    let mut others = group.iter().filter(|member| member.key != oldest.key);
    others
        .all(|member| member.key.start > oldest.key.start)
        .then_some(oldest)
}
