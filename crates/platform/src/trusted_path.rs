//! Which paths may be executed, connected to, or read as data: those that no other user can
//! change.
//!
//! Each rule walks from `/` by lstat(2). Every folder on the way belongs to the user or to root,
//! and nobody else may write to it, unless it is sticky or lies in a folder of the user's that
//! nobody else may enter. A link counts if it belongs to the user
//! or to root; its target is walked from `/` in the same way. The rules are pure functions of a
//! [`FileView`] and a [`TrustPolicy`]; [`check_execute`], [`check_connect`], [`check_data`] and
//! [`check_folder`] ask the system.

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
pub use policy::{HostSystem, TrustPolicy, maps_root};
pub use private_folder::PrivateFolderError;
pub use refusal::{PathRefusal, PathUse, RefusalReason};
pub use rules::{SocketFolder, TrustedPath};
pub use walk::{FileView, MAX_LINKS, SystemFiles};

use std::fs::{File, Metadata};
use std::path::Path;

/// Whether a program may be executed: an absolute path to a plain file of the user's or of root's
/// that nobody else may write. Returns the path without links.
///
/// # Errors
/// Names the first file or folder on the way that another user could change, or that is missing.
pub fn check_execute(program: &Path) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().execute(&SystemFiles, program)
}

/// Whether a socket may be connected to: a socket of the user's, in a folder of the user's that
/// others cannot enter, or in a sticky folder of root's with a socket that others cannot write.
///
/// # Errors
/// Names what another user could replace or listen at, or that is missing.
pub fn check_connect(socket: &Path, folder: SocketFolder) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().connect(&SystemFiles, socket, folder)
}

/// Whether a folder of tmux servers may be looked into: a folder of the user's, no link, that
/// others cannot enter, which is what tmux itself demands.
///
/// # Errors
/// Names what another user could change, or that is missing.
pub fn check_tmux_folder(folder: &Path) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().tmux_folder(&SystemFiles, folder)
}

/// Whether a file may be read as data: a file of the user's or of root's that nobody else may
/// write. It may be readable by all.
///
/// # Errors
/// Names the first file or folder on the way that another user could change, or that is missing.
pub fn check_data(file: &Path) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().data(&SystemFiles, file)
}

/// Whether what is in a folder may be read as data: nobody else may add to it or rename in it.
/// What is opened in it is checked by [`check_opened`].
///
/// # Errors
/// Names the first folder on the way that another user could change, or that is missing.
pub fn check_folder(folder: &Path) -> Result<TrustedPath, PathRefusal> {
    TrustPolicy::current().folder(&SystemFiles, folder)
}

/// Whether an opened file, found in a folder that was checked, may be read as data.
///
/// # Errors
/// Says why another user could have written what it holds.
pub fn check_opened(path: &Path, file: &File, meta: &Metadata) -> Result<(), PathRefusal> {
    let mut facts = FileFacts::from(meta);
    facts.has_access_list = access_list::may_matter(facts) && access_list::has_access_list(file);
    TrustPolicy::current().opened(&SystemFiles, path, facts)
}

/// Makes a folder that only the user can enter, and the folders that lead to it; one of the user's
/// that others can enter is closed to them.
///
/// # Errors
/// Refuses a folder of another user, and one that another user could replace on the way. Fails
/// where the system does.
pub fn make_private_folder(folder: &Path) -> Result<TrustedPath, PrivateFolderError> {
    TrustPolicy::current().make_private_folder(folder)
}

/// Makes what is missing of a folder and of those that lead to it, for the user alone; what is
/// there is left as it is.
///
/// # Errors
/// Refuses to make anything in a folder that another user has or could change. Fails where the
/// system does.
pub fn make_missing_folders(folder: &Path) -> Result<(), PrivateFolderError> {
    TrustPolicy::current().make_missing_folders(folder)
}

#[cfg(test)]
mod tests;
