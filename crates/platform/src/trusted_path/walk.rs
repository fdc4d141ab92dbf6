//! The walk from `/` to a path, which judges every folder and link on the way.

use super::access_list;
use super::accounts;
use super::facts::{FileFacts, FileKind};
use super::policy::TrustPolicy;
use super::refusal::{PathRefusal, RefusalReason};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use trusty_fleet::System;

/// The most links that are followed on the way to one path.
pub const MAX_LINKS: u32 = 40;

/// The source of the facts on which the rules decide: the real system, or made-up files in tests.
pub trait FileView {
    /// The facts about a file or folder, or about a link itself.
    ///
    /// # Errors
    /// As lstat(2) fails.
    fn facts(&self, path: &Path) -> io::Result<FileFacts>;

    /// The target of a link.
    ///
    /// # Errors
    /// As readlink(2) fails.
    fn link_target(&self, path: &Path) -> io::Result<PathBuf>;

    /// Whether a group has a member besides this user and root. True if that is unknown.
    fn has_other_members(&self, gid: u32, uid: u32) -> bool;
}

/// The files and accounts of the real system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemFiles;

impl FileView for SystemFiles {
    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        let mut facts = FileFacts::from(&fs::symlink_metadata(path)?);
        facts.has_access_list =
            access_list::may_matter(facts) && access_list::has_access_list_at(path);
        Ok(facts)
    }

    fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        fs::read_link(path)
    }

    fn has_other_members(&self, gid: u32, uid: u32) -> bool {
        accounts::has_other_members(gid, uid)
    }
}

/// The result of a walk: a path without links.
#[derive(Debug)]
pub(super) struct WalkedPath {
    pub(super) path: PathBuf,
    pub(super) facts: FileFacts,
    /// The folders above the path, `/` first.
    pub(super) above: Vec<(PathBuf, FileFacts)>,
}

impl WalkedPath {
    /// The facts about the folder that contains the path; for `/`, those about `/`.
    pub(super) fn folder(&self) -> FileFacts {
        self.above.last().map_or(self.facts, |(_, folder)| *folder)
    }

    /// Whether no other user except root can reach the file, whatever its own mode allows.
    pub(super) fn is_out_of_reach(&self, uid: u32) -> bool {
        is_closed(&self.above, uid) && !self.facts.has_other_names
    }

    /// The walk extended to a file or folder inside this folder.
    pub(super) fn into_folder_of(mut self, path: PathBuf, facts: FileFacts) -> Self {
        self.above.push((self.path, self.facts));
        Self {
            path,
            facts,
            above: self.above,
        }
    }

    /// The topmost folder of the user that lies in another folder of the user's.
    ///
    /// Closing it keeps others from everything inside, including what is written there later. The
    /// home itself is never closed, because it lies in a folder of root's.
    pub(super) fn closable_folder(&self, uid: u32) -> Option<&Path> {
        let is_own = |facts: FileFacts| facts.uid == uid && !facts.is_sticky();
        let pairs = self.above.iter().zip(self.above.iter().skip(1));
        let mut own = pairs.filter(|((_, outer), (_, inner))| is_own(*outer) && is_own(*inner));
        own.next().map(|(_, (path, _))| path.as_path())
    }
}

/// Whether one of these folders admits only this user and root.
fn is_closed(folders: &[(PathBuf, FileFacts)], uid: u32) -> bool {
    let mut folders = folders.iter();
    folders.any(|(_, facts)| facts.is_closed_folder_of(uid))
}

/// Walks to an absolute path and follows links.
///
/// Refuses a folder on the way that another user except root could change. What the path itself
/// names is for the caller to judge.
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
    let mut left: Vec<OsString> = component_names(path);
    let mut links = 0;
    let root = Path::new("/");
    let mut folders = vec![(root.to_path_buf(), facts_of(root)?)];
    let mut end = None;
    while let Some(name) = left.pop() {
        // Never empty: `/` is never popped.
        let Some(((folder, folder_facts), above)) = folders.split_last() else {
            break;
        };
        if !is_closed(above, policy.uid) {
            judge_folder(policy, view, folder, *folder_facts)?;
        } else if !policy.is_trusted(folder_facts.uid) {
            let why = RefusalReason::ForeignOwner(folder_facts.uid);
            return Err(refuse_facts(folder, *folder_facts, why));
        }
        if name == ".." {
            if folders.len() > 1 {
                folders.pop();
            }
            continue;
        }
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
                left.extend(component_names(&target));
            }
            FileKind::Folder => folders.push((at, facts)),
            _ if left.is_empty() => end = Some((at, facts)),
            _ => return Err(refuse(&at, RefusalReason::NotFolder)),
        }
    }
    let (path, facts) = end
        .or_else(|| folders.pop())
        .ok_or_else(|| refuse(path, RefusalReason::Missing))?;
    Ok(WalkedPath {
        path,
        facts,
        above: folders,
    })
}

/// The names on a path, the last one first.
fn component_names(path: &Path) -> Vec<OsString> {
    let named = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(OsStr::new("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    named.map(OsStr::to_owned).collect()
}

/// Refuses a folder whose entries another user could replace. Only the user and root may write to
/// it, unless it is sticky, where only the owner of an entry may replace the entry.
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

/// Who besides the user and root may write; none if no one else may.
pub(super) fn writers(
    policy: TrustPolicy,
    view: &impl FileView,
    facts: FileFacts,
) -> Option<RefusalReason> {
    if facts.mode & 0o002 != 0 {
        return Some(RefusalReason::WritableByAll);
    }
    if facts.mode & 0o020 == 0 {
        return None;
    }
    if facts.has_access_list {
        return Some(RefusalReason::WritableByAccessList);
    }
    let is_shared = is_shared_group(policy, view, facts.gid);
    is_shared.then_some(RefusalReason::WritableByGroup(facts.gid))
}

/// The gid of the group `admin` of macOS.
const MAC_ADMIN_GID: u32 = 80;

fn is_shared_group(policy: TrustPolicy, view: &impl FileView, gid: u32) -> bool {
    let is_admin = policy.system == System::Mac && gid == MAC_ADMIN_GID;
    !is_admin && view.has_other_members(gid, policy.uid)
}
