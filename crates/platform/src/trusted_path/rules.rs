//! The rules: execute, connect, read as data.

use super::policy::TrustPolicy;
use super::refusal::{PathRefusal, PathUse, RefusalReason};
use super::walk::{FileFacts, FileKind, FileView, Walked, judge_folder, walk, writers};
use std::path::{Path, PathBuf};

/// A path that was judged, without links: nobody but the user and root can make it lead elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedPath {
    /// The path, links followed.
    pub resolved: PathBuf,
}

/// Whether the folder of a socket may be a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketFolder {
    /// It may be a link of the user's or of root's.
    Any,
    /// It is a folder itself, as tmux demands of its own.
    NoLink,
}

impl TrustPolicy {
    /// Whether a program may be executed; see [`super::check_execute`].
    ///
    /// # Errors
    /// Names the first file or folder on the way that another user could change.
    pub fn execute(self, view: &impl FileView, program: &Path) -> Result<TrustedPath, PathRefusal> {
        let judged = self.data(view, program);
        judged.map_err(|refusal| refusal.of_use(PathUse::Program))
    }

    /// Whether a file may be read as data; see [`super::check_data`].
    ///
    /// # Errors
    /// Names the first file or folder on the way that another user could change.
    pub fn data(self, view: &impl FileView, file: &Path) -> Result<TrustedPath, PathRefusal> {
        let Walked { path, facts, .. } = walk(self, view, file)?;
        if facts.kind != FileKind::Plain {
            return Err(PathRefusal::new(self, &path, RefusalReason::NotPlain));
        }
        self.opened(view, &path, facts)?;
        Ok(TrustedPath { resolved: path })
    }

    /// Whether what is in a folder may be read as data; see [`super::check_folder`].
    ///
    /// # Errors
    /// Names the first folder on the way that another user could change.
    pub fn folder(self, view: &impl FileView, folder: &Path) -> Result<TrustedPath, PathRefusal> {
        let Walked { path, facts, .. } = walk(self, view, folder)?;
        if facts.kind != FileKind::Folder {
            return Err(PathRefusal::new(self, &path, RefusalReason::NotFolder));
        }
        judge_folder(self, view, &path, facts)?;
        Ok(TrustedPath { resolved: path })
    }

    /// Whether an opened file may be read as data; see [`super::check_opened`].
    ///
    /// # Errors
    /// Says why another user could have written what it holds.
    pub fn opened(
        self,
        view: &impl FileView,
        path: &Path,
        facts: FileFacts,
    ) -> Result<(), PathRefusal> {
        let refuse = |why| Err(PathRefusal::of_facts(self, path, facts, why));
        if !self.is_trusted(facts.uid) {
            return refuse(RefusalReason::ForeignOwner(facts.uid));
        }
        match writers(self, view, facts) {
            None => Ok(()),
            Some(why) => refuse(why),
        }
    }

    /// Whether a folder of tmux servers may be looked into; see [`super::check_tmux_folder`].
    ///
    /// # Errors
    /// Names what another user could change.
    pub fn tmux_folder(
        self,
        view: &impl FileView,
        folder: &Path,
    ) -> Result<TrustedPath, PathRefusal> {
        let judged = self.judge_tmux_folder(view, folder);
        judged.map_err(|refusal| refusal.of_use(PathUse::Socket))
    }

    fn judge_tmux_folder(
        self,
        view: &impl FileView,
        folder: &Path,
    ) -> Result<TrustedPath, PathRefusal> {
        self.refuse_link(view, folder)?;
        let Walked { path, facts, .. } = walk(self, view, folder)?;
        self.own_closed_folder(view, &path, facts)?;
        Ok(TrustedPath { resolved: path })
    }

    /// Whether a socket may be connected to; see [`super::check_connect`].
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
        judged.map_err(|refusal| refusal.of_use(PathUse::Socket))
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
        let is_sticky_of_root = self.is_root(walked.folder.uid) && walked.folder.is_sticky();
        if !is_sticky_of_root {
            self.own_closed_folder(view, path.parent().unwrap_or(path), walked.folder)?;
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

    /// A folder that nobody of others may enter, and whose group, if it may write, has no others.
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
        if facts.mode & 0o007 != 0 {
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
            // What is wrong with it otherwise, the walk tells.
            _ => Ok(()),
        }
    }
}
