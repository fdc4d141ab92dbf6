//! Why a path is refused, and what to do about it.

use super::facts::{FileFacts, FileKind};
use super::policy::TrustPolicy;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a path is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalReason {
    /// The path is relative, and would lead into whatever folder is the current one.
    Relative,
    /// Nothing exists at the path.
    Missing,
    /// The system refuses to say what is there; its error message.
    Unreadable(String),
    /// A part of the path is no folder.
    NotFolder,
    /// The path does not lead to a regular file.
    NotPlain,
    /// The path does not lead to a socket.
    NotSocket,
    /// A file or folder belongs to another user, with this uid.
    ForeignOwner(u32),
    /// A link belongs to another user, with this uid.
    ForeignLink(u32),
    /// The folder of a socket belongs to another user, with this uid.
    ForeignFolder(u32),
    /// A socket belongs to another user, with this uid.
    ForeignSocket(u32),
    /// Links lead to further links, more than [`super::MAX_LINKS`] of them.
    TooManyLinks,
    /// The folder of tmux's sockets is a link.
    LinkedFolder,
    /// Others may enter the folder of a socket.
    OpenFolder,
    /// All users may write to the file or folder.
    WritableByAll,
    /// Other members of the group with this gid may write to the file or folder.
    WritableByGroup(u32),
    /// Users or groups in its POSIX access list may write to the file or folder.
    WritableByAccessList,
}

impl From<io::Error> for RefusalReason {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::NotADirectory => Self::NotFolder,
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

/// The intended use of a path, on which the remedy depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathUse {
    /// A program to execute.
    Program,
    /// A file to read, or a folder of such files.
    Data,
    /// A socket, or the folder of one.
    Socket,
    /// A folder to make, or to close to others.
    PrivateFolder,
}

/// A refused path: which file or folder is at fault, why, and how to remedy that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PathRefusal {
    /// The file, folder or link at fault, which may be a folder above the path.
    pub path: PathBuf,
    /// What is wrong with that file, folder or link.
    pub reason: RefusalReason,
    /// The facts about it, if it exists.
    facts: Option<FileFacts>,
    /// The uid of the user for whom the path was judged.
    uid: u32,
    /// The intended use of the path.
    path_use: PathUse,
    /// What the remedy has to change.
    mending: Box<RemedyTarget>,
}

/// What has to be changed so that others can no longer change a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RemedyTarget {
    /// The file or folder at fault.
    Offender,
    /// The file or folder at fault, and these below it, which are at fault as well.
    Offenders(Vec<PathBuf>),
    /// This folder: once it is closed, others cannot reach anything in it.
    ClosedFolder(PathBuf),
}

impl PathRefusal {
    pub(super) fn new(policy: TrustPolicy, path: &Path, reason: RefusalReason) -> Self {
        Self {
            path: path.to_path_buf(),
            reason,
            facts: None,
            uid: policy.uid,
            path_use: PathUse::Data,
            mending: Box::new(RemedyTarget::Offender),
        }
    }

    pub(super) fn of_facts(
        policy: TrustPolicy,
        path: &Path,
        facts: FileFacts,
        reason: RefusalReason,
    ) -> Self {
        Self {
            facts: Some(facts),
            ..Self::new(policy, path, reason)
        }
    }

    /// The same refusal for this use of the path.
    pub(super) fn of_use(mut self, path_use: PathUse) -> Self {
        self.path_use = path_use;
        if let (PathUse::Socket, RefusalReason::ForeignOwner(uid)) = (path_use, &self.reason) {
            self.reason = RefusalReason::ForeignFolder(*uid);
        }
        self
    }

    /// The same refusal with this target for its remedy.
    pub(super) fn mended_by(mut self, mending: RemedyTarget) -> Self {
        *self.mending = mending;
        self
    }

    /// Whether others can write to a file or folder of the user's, which a `chmod` remedies.
    pub(super) fn is_own_and_writable(&self) -> bool {
        let is_own = self.facts.is_some_and(|facts| facts.uid == self.uid);
        let is_writable = matches!(
            self.reason,
            RefusalReason::WritableByAll
                | RefusalReason::WritableByGroup(_)
                | RefusalReason::WritableByAccessList
        );
        is_own && is_writable
    }

    /// Whether the path at fault is a folder.
    pub(super) fn is_of_folder(&self) -> bool {
        self.facts
            .is_some_and(|facts| facts.kind == FileKind::Folder)
    }

    /// Whether nothing exists at the path, which is no security problem.
    pub fn is_missing(&self) -> bool {
        self.reason == RefusalReason::Missing
    }

    /// Whether another user could change what is there. False if the path is missing, of the wrong
    /// type, or unreadable.
    pub fn is_distrust(&self) -> bool {
        !matches!(
            self.reason,
            RefusalReason::Missing
                | RefusalReason::Unreadable(_)
                | RefusalReason::NotFolder
                | RefusalReason::NotPlain
                | RefusalReason::NotSocket
                | RefusalReason::TooManyLinks
        )
    }

    /// The command that remedies the refusal, if there is one.
    ///
    /// None for a file of another user: handing it over to this user would make this user trust
    /// whatever the other one has put there.
    pub fn remedy(&self) -> Option<String> {
        let facts = self.facts?;
        let is_of_root = facts.uid != self.uid;
        match &*self.mending {
            RemedyTarget::Offender => {}
            RemedyTarget::Offenders(more) => {
                let mut paths = quoted(&self.path);
                for path in more {
                    paths = format!("{paths} {}", quoted(path));
                }
                return Some(format!("chmod go-w {paths}"));
            }
            RemedyTarget::ClosedFolder(folder) => {
                return Some(format!("chmod 700 {}", quoted(folder)));
            }
        }
        let command = match self.reason {
            // A folder such as /tmp, where others are meant to write.
            RefusalReason::WritableByAll if is_of_root && facts.kind == FileKind::Folder => {
                "chmod +t"
            }
            RefusalReason::WritableByAll => "chmod go-w",
            RefusalReason::WritableByGroup(_) | RefusalReason::WritableByAccessList => "chmod g-w",
            RefusalReason::OpenFolder => "chmod 700",
            _ => return None,
        };
        let sudo = if is_of_root { "sudo " } else { "" };
        Some(format!("{sudo}{command} {}", quoted(&self.path)))
    }

    /// What to do about a file, folder, link or socket of another user.
    fn remedy_hint(&self, owner: u32) -> &'static str {
        let is_folder = self.is_of_folder();
        match (self.path_use, is_folder) {
            (PathUse::Socket, _) if self.uid == 0 => {
                "root uses only its own sockets; run this as that user"
            }
            // For example a home folder that `sudo` has left in the environment.
            (_, true) if self.uid == 0 => "run this as that user",
            (PathUse::Program, true) => "remove the folder from PATH",
            (PathUse::Program, false) => "remove the file, or remove its folder from PATH",
            (PathUse::Socket, true) => "put the socket into a folder of your own",
            (PathUse::Socket, false) if owner == 0 => "put the socket into a folder of your own",
            (PathUse::Socket, false) => "remove the socket, or use another one",
            (PathUse::Data | PathUse::PrivateFolder, true) => "use a folder of your own instead",
            (PathUse::Data | PathUse::PrivateFolder, false) => "remove it",
        }
    }
}

impl fmt::Display for PathRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", quoted(&self.path))?;
        match &self.reason {
            RefusalReason::Relative => write!(f, "is not an absolute path")?,
            RefusalReason::Missing => write!(f, "does not exist")?,
            RefusalReason::Unreadable(why) => write!(f, "cannot be checked: {why}")?,
            RefusalReason::NotFolder => write!(f, "is not a folder")?,
            RefusalReason::NotPlain => write!(f, "is not a regular file")?,
            RefusalReason::NotSocket => write!(f, "is not a socket")?,
            RefusalReason::ForeignOwner(uid)
            | RefusalReason::ForeignLink(uid)
            | RefusalReason::ForeignFolder(uid)
            | RefusalReason::ForeignSocket(uid) => {
                let way_out = self.remedy_hint(*uid);
                write!(f, "belongs to another user (uid {uid}); {way_out}")?;
            }
            RefusalReason::TooManyLinks => write!(f, "leads through too many links")?,
            RefusalReason::LinkedFolder => {
                write!(
                    f,
                    "is a link, which tmux refuses; replace the link with a folder"
                )?;
            }
            RefusalReason::OpenFolder => write!(f, "can be entered by other users")?,
            RefusalReason::WritableByAll => write!(f, "can be changed by other users")?,
            RefusalReason::WritableByAccessList => {
                write!(
                    f,
                    "can be changed by users in its access control list (ACL)"
                )?;
            }
            RefusalReason::WritableByGroup(gid) => {
                write!(
                    f,
                    "can be changed by other members of its group (gid {gid})"
                )?;
            }
        }
        match self.remedy() {
            Some(remedy) => write!(f, "; run `{remedy}`"),
            None => Ok(()),
        }
    }
}

/// A path quoted for a shell. A path with control characters or invalid UTF-8 is escaped instead,
/// to be read and not to be run.
fn quoted(path: &Path) -> String {
    let Some(text) = path
        .to_str()
        .filter(|text| !text.contains(char::is_control))
    else {
        return format!("\"{}\"", path.to_string_lossy().escape_debug());
    };
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@%:,=".contains(c);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
