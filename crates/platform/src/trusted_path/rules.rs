//! The rules for each use of a path: execute, connect, read as data.

use super::facts::{FileFacts, FileKind};
use super::policy::TrustPolicy;
use super::refusal::{PathRefusal, PathUse, RefusalReason, RemedyTarget};
use super::walk::{FileView, WalkedPath, walk, writers};
use std::path::{Path, PathBuf};

/// A checked path without links: only the user and root can make it lead elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedPath {
    /// The path with all links resolved.
    pub resolved: PathBuf,
}

/// Whether the folder of a socket may be a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketFolder {
    /// A folder, or a link of the user's or of root's.
    Any,
    /// A folder only, as tmux demands of its own.
    NoLink,
}

impl TrustPolicy {
    /// Checks that a program may be executed; see [`super::check_execute`].
    ///
    /// # Errors
    /// Names the first file or folder on the way that another user could change.
    pub fn execute(self, view: &impl FileView, program: &Path) -> Result<TrustedPath, PathRefusal> {
        self.file(view, program, PathUse::Program)
    }

    /// Checks that a file may be read as data; see [`super::check_data`].
    ///
    /// # Errors
    /// Names the first file or folder on the way that another user could change.
    pub fn data(self, view: &impl FileView, file: &Path) -> Result<TrustedPath, PathRefusal> {
        self.file(view, file, PathUse::Data)
    }

    fn file(
        self,
        view: &impl FileView,
        file: &Path,
        path_use: PathUse,
    ) -> Result<TrustedPath, PathRefusal> {
        let judged = walk(self, view, file).and_then(|walked| {
            if walked.facts.kind != FileKind::Plain {
                let why = RefusalReason::NotPlain;
                return Err(PathRefusal::new(self, &walked.path, why));
            }
            self.judge_end(view, &walked, path_use)?;
            Ok(TrustedPath {
                resolved: walked.path,
            })
        });
        judged.map_err(|refusal| self.refusal_with_remedy(view, refusal, file, path_use))
    }

    /// Checks that the entries of a folder may be read as data; see [`super::check_folder`].
    ///
    /// # Errors
    /// Names the first folder on the way that another user could change.
    pub fn folder(self, view: &impl FileView, folder: &Path) -> Result<TrustedPath, PathRefusal> {
        let judged = walk(self, view, folder).and_then(|walked| {
            if walked.facts.kind != FileKind::Folder {
                let why = RefusalReason::NotFolder;
                return Err(PathRefusal::new(self, &walked.path, why));
            }
            if !(walked.facts.is_sticky() && self.is_trusted(walked.facts.uid)) {
                self.judge_end(view, &walked, PathUse::Data)?;
            }
            Ok(TrustedPath {
                resolved: walked.path,
            })
        });
        judged.map_err(|refusal| self.refusal_with_remedy(view, refusal, folder, PathUse::Data))
    }

    /// Checks that an opened file may be read as data; see [`super::check_opened`].
    ///
    /// # Errors
    /// Says why another user could have written the file's content.
    pub fn opened(
        self,
        view: &impl FileView,
        path: &Path,
        facts: FileFacts,
    ) -> Result<(), PathRefusal> {
        let alone = WalkedPath {
            path: path.to_path_buf(),
            facts,
            above: Vec::new(),
        };
        let Err(refusal) = self.judge_end(view, &alone, PathUse::Data) else {
            return Ok(());
        };
        if refusal.is_own_and_writable()
            && let Some(folder) = path.parent()
            && let Ok(folder) = walk(self, view, folder)
        {
            let walked = folder.into_folder_of(alone.path, facts);
            return self.judge_end(view, &walked, PathUse::Data);
        }
        Err(refusal)
    }

    /// Judges the end of a walk: who owns the file or folder, and who else may write to it.
    fn judge_end(
        self,
        view: &impl FileView,
        walked: &WalkedPath,
        path_use: PathUse,
    ) -> Result<(), PathRefusal> {
        let refusal = |why| PathRefusal::of_facts(self, &walked.path, walked.facts, why);
        if !self.is_trusted(walked.facts.uid) {
            return Err(refusal(RefusalReason::ForeignOwner(walked.facts.uid)));
        }
        if walked.is_out_of_reach(self.uid) {
            return Ok(());
        }
        let Some(why) = writers(self, view, walked.facts) else {
            return Ok(());
        };
        let is_of_group = why != RefusalReason::WritableByAll;
        let refusal = refusal(why);
        // With umask 002, each file that is written later is open to the group as well, so closing
        // the folder is the better remedy. Closing a folder of programs, or one that root uses,
        // could break it for others.
        let is_of_umask = is_of_group && refusal.is_own_and_writable() && self.uid != 0;
        match walked.closable_folder(self.uid) {
            Some(folder) if is_of_umask && path_use == PathUse::Data && !refusal.is_of_folder() => {
                Err(refusal.mended_by(RemedyTarget::ClosedFolder(folder.to_path_buf())))
            }
            _ => Err(refusal),
        }
    }

    /// The refusal with one command that remedies everything at fault on the way to a path.
    pub(super) fn refusal_with_remedy(
        self,
        view: &impl FileView,
        refusal: PathRefusal,
        path: &Path,
        path_use: PathUse,
    ) -> PathRefusal {
        let refusal = refusal.of_use(path_use);
        if !refusal.is_own_and_writable() || !refusal.is_of_folder() {
            return refusal;
        }
        let more = self.more_at_fault(view, &refusal.path, path);
        if more.is_empty() {
            return refusal;
        }
        let mending = if path_use == PathUse::Data && self.uid != 0 {
            RemedyTarget::ClosedFolder(refusal.path.clone())
        } else {
            RemedyTarget::Offenders(more)
        };
        refusal.mended_by(mending)
    }

    /// The user's own files and folders between a folder and a path below it to which others can
    /// write, up to the first link.
    fn more_at_fault(self, view: &impl FileView, folder: &Path, path: &Path) -> Vec<PathBuf> {
        let mut more = Vec::new();
        let mut at = folder.to_path_buf();
        for name in path.strip_prefix(folder).into_iter().flatten() {
            if name == ".." {
                break;
            }
            at.push(name);
            match view.facts(&at) {
                Ok(facts) if facts.uid != self.uid || facts.kind == FileKind::Link => break,
                Ok(facts) if facts.is_closed_folder_of(self.uid) => break,
                Ok(facts) if facts.is_sticky() || writers(self, view, facts).is_none() => {}
                Ok(_) => more.push(at.clone()),
                Err(_) => break,
            }
        }
        more
    }

    /// Checks that a folder of tmux sockets may be read; see [`super::check_tmux_folder`].
    ///
    /// # Errors
    /// Names what another user could change.
    pub fn tmux_folder(
        self,
        view: &impl FileView,
        folder: &Path,
    ) -> Result<TrustedPath, PathRefusal> {
        let judged = self.judge_tmux_folder(view, folder);
        judged.map_err(|refusal| self.refusal_with_remedy(view, refusal, folder, PathUse::Socket))
    }

    fn judge_tmux_folder(
        self,
        view: &impl FileView,
        folder: &Path,
    ) -> Result<TrustedPath, PathRefusal> {
        self.refuse_link(view, folder)?;
        let WalkedPath { path, facts, .. } = walk(self, view, folder)?;
        self.own_closed_folder(view, &path, facts)?;
        Ok(TrustedPath { resolved: path })
    }

    /// Checks that a socket may be connected to; see [`super::check_connect`].
    ///
    /// # Errors
    /// Names what another user could replace or listen at.
    pub fn connect(
        self,
        view: &impl FileView,
        socket: &Path,
        folder: SocketFolder,
    ) -> Result<TrustedPath, PathRefusal> {
        let judged = self.judge_socket(view, socket, folder);
        judged.map_err(|refusal| self.refusal_with_remedy(view, refusal, socket, PathUse::Socket))
    }

    fn judge_socket(
        self,
        view: &impl FileView,
        socket: &Path,
        folder: SocketFolder,
    ) -> Result<TrustedPath, PathRefusal> {
        if let (SocketFolder::NoLink, Some(folder)) = (folder, socket.parent()) {
            self.refuse_link(view, folder)?;
        }
        let walked = walk(self, view, socket)?;
        let (path, facts) = (&walked.path, walked.facts);
        let refuse = |why| Err(PathRefusal::of_facts(self, path, facts, why));
        let folder = walked.folder();
        let is_sticky_of_root = self.is_root(folder.uid) && folder.is_sticky();
        if !is_sticky_of_root {
            self.own_closed_folder(view, path.parent().unwrap_or(path), folder)?;
        }
        if facts.kind != FileKind::Socket {
            return refuse(RefusalReason::NotSocket);
        }
        if facts.uid != self.uid {
            return refuse(RefusalReason::ForeignSocket(facts.uid));
        }
        if is_sticky_of_root && let Some(why) = writers(self, view, facts) {
            return refuse(why);
        }
        Ok(TrustedPath {
            resolved: path.clone(),
        })
    }

    /// Refuses a folder that is not the user's, that others may enter, or to which another member
    /// of its group may write.
    fn own_closed_folder(
        self,
        view: &impl FileView,
        path: &Path,
        facts: FileFacts,
    ) -> Result<(), PathRefusal> {
        let refuse = |why| Err(PathRefusal::of_facts(self, path, facts, why));
        if facts.kind != FileKind::Folder {
            return refuse(RefusalReason::NotFolder);
        }
        if facts.uid != self.uid {
            return refuse(RefusalReason::ForeignFolder(facts.uid));
        }
        let may_enter = if facts.has_access_list { 0o077 } else { 0o007 };
        if facts.mode & may_enter != 0 {
            return refuse(RefusalReason::OpenFolder);
        }
        match writers(self, view, facts) {
            None => Ok(()),
            Some(why) => refuse(why),
        }
    }

    fn refuse_link(self, view: &impl FileView, path: &Path) -> Result<(), PathRefusal> {
        match view.facts(path) {
            Ok(facts) if facts.kind == FileKind::Link => {
                Err(PathRefusal::new(self, path, RefusalReason::LinkedFolder))
            }
            // The walk reports any other problem.
            _ => Ok(()),
        }
    }
}
