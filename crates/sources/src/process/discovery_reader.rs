//! What discovery asks of a machine: what the kernel says about processes, and what lies in a few
//! files and folders that a process leads to.

use crate::project::project_of;
use std::io;
use std::path::{Path, PathBuf};
use trusty_fleet::observation::{FolderIdentity, HookObstacle};
use trusty_integration::StartedProcess;
use trusty_platform::file_identity::{self, FileIdentity};
use trusty_platform::files;
use trusty_platform::folder_access::FolderAccess;
use trusty_platform::process_reader::{LiveKernel, ProcessReader};
use trusty_platform::tmux;

/// A machine whose processes are described. The live machine is [`LiveKernel`]; a report of another
/// machine answers from what was written down there, and nothing is asked of the machine on which
/// the report is read.
pub trait DiscoveryReader: ProcessReader {
    /// What a process finds at an absolute path. `None` if the path does not respond, or may not be
    /// read.
    fn folder_of_process(&self, pid: u32, path: &Path) -> Option<ProcessFolder>;

    /// Whether a look at this path makes the system ask the user for nothing.
    fn may_look(&self, path: &Path) -> bool;

    /// The project of a session that works in this folder: the root of its git work tree.
    fn project_folder(&self, folder: &Path) -> Option<PathBuf>;

    /// The one path by which a tmux server is known: without links above the folder of its socket.
    fn tmux_server_path(&self, socket: &Path) -> PathBuf;

    /// Why no hook of the user can hold a process; `None` if no obstacle is known.
    fn hook_obstacle(&self, process: &StartedProcess<'_>) -> Option<HookObstacle>;
}

/// What a process finds at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessFolder {
    /// The folder there; `None` if it does not exist.
    pub identity: Option<FolderIdentity>,
    /// Whether the path leads this program to the same folder, or to none likewise.
    pub is_shared: bool,
}

impl DiscoveryReader for LiveKernel {
    fn folder_of_process(&self, pid: u32, path: &Path) -> Option<ProcessFolder> {
        files::with_folder_timeout(path, move |path| {
            let identity = identity_if_found(file_identity::within_root(pid, path)).ok()?;
            let ours = identity_if_found(FileIdentity::of_target(path)).ok()?;
            Some(ProcessFolder {
                identity,
                is_shared: identity == ours,
            })
        })
    }

    fn may_look(&self, path: &Path) -> bool {
        FolderAccess::current().may_look(path)
    }

    fn project_folder(&self, folder: &Path) -> Option<PathBuf> {
        project_of(folder, &FolderAccess::current())
    }

    fn tmux_server_path(&self, socket: &Path) -> PathBuf {
        tmux::server_path(socket, &FolderAccess::current())
    }

    fn hook_obstacle(&self, process: &StartedProcess<'_>) -> Option<HookObstacle> {
        trusty_integration::hook_obstacle(process, &FolderAccess::current())
    }
}

/// The device and inode of a folder; `None` if the folder does not exist.
fn identity_if_found(looked_up: io::Result<FileIdentity>) -> io::Result<Option<FolderIdentity>> {
    match looked_up {
        Ok(FileIdentity { device, inode }) => Ok(Some(FolderIdentity { device, inode })),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(e) => Err(e),
    }
}
