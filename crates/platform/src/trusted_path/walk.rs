//! The walk from `/` to a path, link by link.

use super::accounts;
use super::policy::TrustPolicy;
use super::refusal::{PathRefusal, RefusalReason};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

/// The most links that are followed on the way to one path.
pub const MAX_LINKS: u32 = 40;

/// The bit of a folder in which only owners may remove and rename.
const STICKY_BIT: u32 = 0o1000;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A folder.
    Folder,
    /// A plain file.
    Plain,
    /// A symbolic link.
    Link,
    /// A socket.
    Socket,
    /// A pipe, a device, …
    Other,
}

/// What lstat(2) tells of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// What is there.
    pub kind: FileKind,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits, the sticky bit among them.
    pub mode: u32,
}

impl FileFacts {
    pub(super) fn is_sticky(self) -> bool {
        self.mode & STICKY_BIT != 0
    }
}

impl From<&Metadata> for FileFacts {
    fn from(meta: &Metadata) -> Self {
        let kind = meta.file_type();
        let kind = if kind.is_dir() {
            FileKind::Folder
        } else if kind.is_file() {
            FileKind::Plain
        } else if kind.is_symlink() {
            FileKind::Link
        } else if kind.is_socket() {
            FileKind::Socket
        } else {
            FileKind::Other
        };
        Self {
            kind,
            uid: meta.uid(),
            gid: meta.gid(),
            mode: meta.mode() & 0o7777,
        }
    }
}

/// Where the rules get their facts from.
pub trait FileView {
    /// What lstat(2) tells of a path.
    ///
    /// # Errors
    /// Those of lstat(2).
    fn facts(&self, path: &Path) -> io::Result<FileFacts>;

    /// Where a link leads.
    ///
    /// # Errors
    /// Those of readlink(2).
    fn link_target(&self, path: &Path) -> io::Result<PathBuf>;

    /// Whether a group has a member besides this user and root. True where that is not known.
    fn has_other_members(&self, gid: u32, uid: u32) -> bool;
}

/// The files and accounts of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemFiles;

impl FileView for SystemFiles {
    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        Ok(FileFacts::from(&fs::symlink_metadata(path)?))
    }

    fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        fs::read_link(path)
    }

    fn has_other_members(&self, gid: u32, uid: u32) -> bool {
        accounts::has_other_members(gid, uid)
    }
}

/// Where a walk has come to: no link is on this path.
#[derive(Debug)]
pub(super) struct WalkedPath {
    pub(super) path: PathBuf,
    pub(super) facts: FileFacts,
    /// The folder that it is in; itself for `/`.
    pub(super) folder: FileFacts,
}

/// Walks to an absolute path, links followed. Every folder on the way is one that only the user
/// and root may change; what the path itself names is for the caller to judge.
pub(super) fn walk(
    policy: TrustPolicy,
    view: &impl FileView,
    path: &Path,
) -> Result<WalkedPath, PathRefusal> {
    let refuse = |at: &Path, why| PathRefusal::new(policy, at, why);
    let refuse_facts = |at: &Path, facts, why| PathRefusal::of_facts(policy, at, facts, why);
    let facts_of = |at: &Path| {
        view.facts(at)
            .map_err(|e| refuse(at, RefusalReason::from(e)))
    };
    if !path.is_absolute() {
        return Err(refuse(path, RefusalReason::Relative));
    }
    let mut left: Vec<OsString> = names(path);
    let mut links = 0;
    let root = Path::new("/");
    let mut folders = vec![(root.to_path_buf(), facts_of(root)?)];
    let mut end = None;
    while let Some(name) = left.pop() {
        if name == ".." {
            if folders.len() > 1 {
                folders.pop();
            }
            continue;
        }
        // `/` is never taken off.
        let Some((folder, folder_facts)) = folders.last() else {
            break;
        };
        judge_folder(policy, view, folder, *folder_facts)?;
        let at = folder.join(&name);
        let facts = facts_of(&at)?;
        match facts.kind {
            FileKind::Link => {
                if !policy.is_trusted(facts.uid) {
                    let why = RefusalReason::ForeignLink(facts.uid);
                    return Err(refuse_facts(&at, facts, why));
                }
                links += 1;
                if links > MAX_LINKS {
                    return Err(refuse(path, RefusalReason::TooManyLinks));
                }
                let target = view.link_target(&at);
                let target = target.map_err(|e| refuse(&at, RefusalReason::from(e)))?;
                if target.is_absolute() {
                    folders.truncate(1);
                }
                left.extend(names(&target));
            }
            FileKind::Folder => folders.push((at, facts)),
            _ if left.is_empty() => end = Some((at, facts)),
            _ => return Err(refuse(&at, RefusalReason::NotFolder)),
        }
    }
    let walked = match end {
        Some((path, facts)) => folders.last().map(|(_, folder)| WalkedPath {
            path,
            facts,
            folder: *folder,
        }),
        None => folders.pop().map(|(path, facts)| WalkedPath {
            path,
            facts,
            folder: folders.last().map_or(facts, |(_, folder)| *folder),
        }),
    };
    walked.ok_or_else(|| refuse(path, RefusalReason::Missing))
}

/// The names on a path, the last first.
fn names(path: &Path) -> Vec<OsString> {
    let named = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(OsStr::new("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    named.map(OsStr::to_owned).collect()
}

/// Whether what a folder holds stays what it is: only the user and root may write to it, or only
/// they may replace what is theirs.
pub(super) fn judge_folder(
    policy: TrustPolicy,
    view: &impl FileView,
    path: &Path,
    facts: FileFacts,
) -> Result<(), PathRefusal> {
    let refuse = |why| Err(PathRefusal::of_facts(policy, path, facts, why));
    if !policy.is_trusted(facts.uid) {
        return refuse(RefusalReason::ForeignOwner(facts.uid));
    }
    if facts.is_sticky() {
        return Ok(());
    }
    match writers(policy, view, facts) {
        None => Ok(()),
        Some(why) => refuse(why),
    }
}

/// Who but the user and root may write; none if nobody may.
pub(super) fn writers(
    policy: TrustPolicy,
    view: &impl FileView,
    facts: FileFacts,
) -> Option<RefusalReason> {
    let group = facts.mode & 0o020 != 0 && is_shared_group(policy, view, facts.gid);
    match (facts.mode & 0o002 != 0, group) {
        (true, _) => Some(RefusalReason::WritableByAll),
        (false, true) => Some(RefusalReason::WritableByGroup(facts.gid)),
        (false, false) => None,
    }
}

/// The group `admin` of macOS.
const MAC_ADMIN_GID: u32 = 80;

fn is_shared_group(policy: TrustPolicy, view: &impl FileView, gid: u32) -> bool {
    let is_admin = policy.system == super::HostSystem::Mac && gid == MAC_ADMIN_GID;
    !is_admin && view.has_other_members(gid, policy.uid)
}
