//! The marks by which a process is known to have been started by a session.

use crate::identity::{ProcessKey, SessionId};
use crate::row::Row;
use crate::session::{Session, SessionStatus};
use crate::snapshot::Snapshot;

/// The first process of a PID namespace, to which its orphans fall.
pub const FIRST_PID: u32 = 1;

/// A session that lives, as far as its processes can be told by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivingSession {
    /// The session.
    pub id: SessionId,
    /// What it is called.
    pub title: String,
    /// Its client.
    pub pid: u32,
    /// Claude's own id of it.
    pub claude_id: Option<String>,
    /// Its terminal, `/dev/pts/7`.
    pub tty: Option<String>,
}

impl LivingSession {
    /// All of a snapshot that have not ended.
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
    /// The session that it is, if it is one.
    pub id: SessionId,
    /// Whether it is a client by its executable and arguments, within the bounds of discovery.
    pub is_client: bool,
    /// The process that its `CLAUDE_PID` names, if that lives.
    pub client: Option<NamedProcess>,
    /// Its `CLAUDE_CODE_SESSION_ID`.
    pub claude_id: Option<String>,
}

/// The process that a variable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedProcess {
    /// The process.
    pub key: ProcessKey,
    /// The session that it is, if it is one.
    pub id: SessionId,
    /// As [`TracedProcess::is_client`].
    pub is_client: bool,
}

/// A process of a control group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupMember {
    /// The process.
    pub key: ProcessKey,
    /// The session that it is, if it is one.
    pub id: SessionId,
    /// As [`TracedProcess::is_client`]; to be told of the oldest ones only.
    pub is_client: bool,
}

/// Where a process comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessOrigin {
    /// The process itself, its parent, and so on.
    pub lineage: Vec<TracedProcess>,
    /// Whether it was put into this PID namespace from outside (`docker exec`): its parents end
    /// here without the namespace's first process. What runs within a namespace never has such
    /// parents, for its orphans become children of the first process.
    pub entered_namespace: bool,
    /// Its controlling terminal, `/dev/pts/7`.
    pub tty: Option<String>,
    /// The sessions whose terminal has that path too, but in another devpts instance, such as a
    /// container's.
    pub foreign_ttys: Vec<SessionId>,
    /// The processes of its control group; empty where that cannot be read, or where everything
    /// that is seen lies in one.
    pub group: Vec<GroupMember>,
}

/// What tells that a session started a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessMark {
    /// Which mark it is.
    pub kind: MarkKind,
    /// The client's process.
    pub pid: u32,
    /// The session; one that is not listed yet has an id, too.
    pub id: SessionId,
    /// What it is called, where it is listed.
    pub title: Option<String>,
}

/// The kinds of marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkKind {
    /// A client is among the parents.
    Ancestor,
    /// A variable of the process, or of a parent, names a session.
    Variable(&'static str),
    /// The controlling terminal is that of a session.
    Terminal(String),
    /// The control group was made for a session: nothing in it is older than its client.
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

/// The first mark of a process, if it has one.
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
    // The first process of a container is the oldest of the control group of all that is put into
    // it, too. Only that process could itself start one that seems to come from outside, and the
    // kernel denies it that (CLONE_PARENT).
    if origin.entered_namespace && client.key.pid == FIRST_PID {
        return None;
    }
    is_session(client.is_client, client.id)
        .then(|| mark(MarkKind::ControlGroup, client.key.pid, client.id))
}

/// The one process that is older than all others of a group: it was made for that one, and the
/// others came out of it. A shell, a terminal or a login that is older than a client shares its
/// group with it.
fn oldest_member(group: &[GroupMember]) -> Option<&GroupMember> {
    let oldest = group.iter().min_by_key(|member| member.key.start)?;
    let mut others = group.iter().filter(|member| member.key != oldest.key);
    others
        .all(|member| member.key.start > oldest.key.start)
        .then_some(oldest)
}
