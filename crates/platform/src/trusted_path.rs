//! Which paths may be executed, connected to, or read as data: those that no other user can change.
//!
//! Each rule walks from `/` by lstat(2). Every folder on the way has to belong to the user or to
//! root, and no other user may write to it, unless it is sticky or lies in a folder of the user's
//! that no other user may enter. A link counts if it belongs to the user or to root; its target is
//! walked from `/` in the same way.
//!
//! The rules are pure functions of a [`FileView`] and a [`TrustPolicy`]; [`check_execute`],
//! [`check_connect`], [`check_data`] and [`check_folder`] apply them to the real system.

mod access_list;
mod accounts;
mod facts;
mod members;
mod policy;
mod private_folder;
mod refusal;
mod rules;
mod walk;

pub use facts::{FileFacts, FileKind};
pub use members::{GroupRoster, has_other_members};
pub use policy::{TrustPolicy, maps_root};
pub use private_folder::PrivateFolderError;
pub use refusal::{PathRefusal, PathUse, RefusalReason};
pub use rules::{SocketFolder, TrustedPath};
pub use walk::{FileView, MAX_LINKS, SystemFiles};

use std::fs::{File, Metadata};
use std::path::Path;

/// Checks that a program may be executed, and returns its path without links.
///
/// The path has to be absolute and lead to a regular file that belongs to the user or to root and
/// that no other user may write.
///
/// # Errors
/// Names the first file or folder on the way that another user could change, or that is missing.
pub fn check_execute(program: &Path) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().execute(&SystemFiles, program)
}

/// Checks that a socket may be connected to.
///
/// The socket has to belong to the user, and lie in a folder of the user's that others cannot
/// enter, or in a sticky folder of root's where others cannot write to the socket.
///
/// # Errors
/// Names what another user could replace or listen at, or what is missing.
pub fn check_connect(socket: &Path, folder: SocketFolder) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().connect(&SystemFiles, socket, folder)
}

/// Checks that a folder of tmux sockets may be read: a folder of the user's, not a link, that
/// others cannot enter, as tmux itself demands.
///
/// # Errors
/// Names what another user could change, or what is missing.
pub fn check_tmux_folder(folder: &Path) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().tmux_folder(&SystemFiles, folder)
}

/// Checks that a file may be read as data: a file of the user's or of root's that no other user may
/// write. All users may be able to read it.
///
/// # Errors
/// Names the first file or folder on the way that another user could change, or that is missing.
pub fn check_data(file: &Path) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().data(&SystemFiles, file)
}

/// Checks that the entries of a folder may be read as data: no other user may add or rename
/// entries. Each file that is opened in the folder needs [`check_opened`] as well.
///
/// # Errors
/// Names the first folder on the way that another user could change, or that is missing.
pub fn check_folder(folder: &Path) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().folder(&SystemFiles, folder)
}

/// Checks that an opened file, found in a checked folder, may be read as data.
///
/// # Errors
/// Says why another user could have written the file's content.
pub fn check_opened(path: &Path, file: &File, meta: &Metadata) -> Result<(), PathRefusal> {
    let mut facts = FileFacts::from(meta);
    facts.has_access_list = access_list::may_matter(facts) && access_list::has_access_list(file);
    TrustPolicy::current().opened(&SystemFiles, path, facts)
}

/// Makes a folder that only the user can enter, and the folders above it. An existing folder of the
/// user's that others can enter is closed to them.
///
/// # Errors
/// Refuses a folder of another user, and one that another user could replace. Also fails as
/// mkdir(2), open(2) and fchmod(2) fail.
pub fn make_private_folder(folder: &Path) -> Result<TrustedPath, PrivateFolderError> {
    TrustPolicy::current().make_private_folder(folder)
}

/// Makes the missing part of a folder's path, for the user alone; existing folders stay as they
/// are.
///
/// # Errors
/// Refuses to make anything in a folder that another user owns or could change. Also fails as
/// mkdir(2) fails.
pub fn make_missing_folders(folder: &Path) -> Result<(), PrivateFolderError> {
    TrustPolicy::current().make_missing_folders(folder)
}

#[cfg(test)]
mod tests;
