//! The rules, as tables over made-up files: the owner and mode of a file, the members of its group,
//! and the system are values here.

mod reach;
mod tables;
mod with_files;

use super::{
    FileFacts, FileKind, FileView, GroupRoster, PathRefusal, RefusalReason, SocketFolder,
    TrustPolicy, has_other_members, maps_root,
};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use trusty_fleet::System;

const USER_UID: u32 = 1000;
const OTHER_UID: u32 = 31003;
const NOBODY_ACCOUNT_UID: u32 = 65534;
/// A group with no member but the user.
const PRIVATE_GROUP: u32 = 1000;
/// A group with another member.
const SHARED_GROUP: u32 = 100;
/// A group without members.
const EMPTY_GROUP: u32 = 50;
/// A group that the accounts do not know.
const UNKNOWN_GROUP: u32 = 70_000;

/// Files that exist only in a test.
#[derive(Debug, Clone)]
struct MadeUpFiles {
    files: BTreeMap<PathBuf, FileFacts>,
    links: BTreeMap<PathBuf, PathBuf>,
}

impl MadeUpFiles {
    /// A usual system: root's folders, a sticky `/tmp`, a home.
    fn new() -> Self {
        let files = Self {
            files: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        files
            .folder("/", 0, 0, 0o755)
            .folder("/tmp", 0, 0, 0o1777)
            .folder("/home", 0, 0, 0o755)
            .folder("/home/u", USER_UID, PRIVATE_GROUP, 0o755)
            .folder("/usr", 0, 0, 0o755)
            .folder("/usr/bin", 0, 0, 0o755)
            .file("/usr/bin/tmux", 0, 0, 0o755)
    }

    fn add(mut self, path: &str, kind: FileKind, uid: u32, gid: u32, mode: u32) -> Self {
        let facts = FileFacts {
            kind,
            uid,
            gid,
            mode,
            has_access_list: false,
            has_other_names: false,
        };
        self.files.insert(path.into(), facts);
        self
    }

    fn folder(self, path: &str, uid: u32, gid: u32, mode: u32) -> Self {
        self.add(path, FileKind::Folder, uid, gid, mode)
    }

    fn file(self, path: &str, uid: u32, gid: u32, mode: u32) -> Self {
        self.add(path, FileKind::Plain, uid, gid, mode)
    }

    fn socket(self, path: &str, uid: u32, mode: u32) -> Self {
        self.add(path, FileKind::Socket, uid, PRIVATE_GROUP, mode)
    }

    /// Changes the facts about an existing file.
    fn with(mut self, path: &str, change: impl Fn(&mut FileFacts)) -> Self {
        change(self.files.get_mut(Path::new(path)).expect("there"));
        self
    }

    fn link(mut self, path: &str, uid: u32, target: &str) -> Self {
        self.links.insert(path.into(), target.into());
        self.add(path, FileKind::Link, uid, uid, 0o777)
    }
}

impl FileView for MadeUpFiles {
    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        let facts = self.files.get(path).copied();
        facts.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        let target = self.links.get(path).cloned();
        target.ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    fn has_other_members(&self, gid: u32, uid: u32) -> bool {
        let roster = match gid {
            PRIVATE_GROUP => GroupRoster {
                is_known: true,
                listed: vec![Some(USER_UID)],
                primary: vec![USER_UID],
            },
            UNKNOWN_GROUP => GroupRoster::default(),
            0 | EMPTY_GROUP => GroupRoster {
                is_known: true,
                ..GroupRoster::default()
            },
            _ => GroupRoster {
                is_known: true,
                listed: vec![Some(USER_UID), Some(OTHER_UID)],
                primary: Vec::new(),
            },
        };
        has_other_members(&roster, uid)
    }
}

fn policy() -> TrustPolicy {
    TrustPolicy {
        uid: USER_UID,
        overflow_uid: None,
        system: System::Linux,
    }
}

/// The result of a rule: `Ok` if it allows the path, else the path at fault and the reason.
fn verdict(judged: Result<super::TrustedPath, PathRefusal>) -> Result<(), (String, RefusalReason)> {
    let Err(refusal) = judged else {
        return Ok(());
    };
    let words = refusal.to_string();
    assert!(words.contains(&*refusal.path.to_string_lossy()), "{words}");
    Err((refusal.path.display().to_string(), refusal.reason))
}
