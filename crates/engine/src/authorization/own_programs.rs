//! Which files are our programs.

use std::path::{Path, PathBuf};
use trusty_fleet::authorization::PeerProgram;
use trusty_platform::file_identity::FileState;
use trusty_platform::process_executable::{ProcessExecutable, process_executable};

/// Our programs: the engine's own file and those beside it, as they were when the engine started.
/// What a program of the user puts there later is none of them until the next start.
#[derive(Debug, Clone)]
pub(super) struct OwnPrograms {
    folder: Option<PathBuf>,
    engine: Option<(FileState, PeerProgram)>,
    app: Option<FileState>,
    command: Option<FileState>,
}

const APP_NAME: &str = "trusty-bar";
const COMMAND_NAME: &str = "trusty";

impl OwnPrograms {
    pub(super) fn beside_this() -> Self {
        let own = process_executable(std::process::id()).ok();
        Self::find_beside(own.as_ref())
    }

    fn find_beside(engine: Option<&ProcessExecutable>) -> Self {
        let folder = engine.and_then(|engine| Some(engine.path.parent()?.to_path_buf()));
        let there = |name: &str| FileState::of_target(&folder.as_ref()?.join(name)).ok();
        let name = engine.and_then(|engine| engine.path.file_name()?.to_str());
        let program = match name {
            Some(APP_NAME) => PeerProgram::App,
            Some(COMMAND_NAME) => PeerProgram::Command,
            _ => PeerProgram::Other,
        };
        Self {
            app: there(APP_NAME),
            command: there(COMMAND_NAME),
            engine: engine.map(|engine| (engine.file, program)),
            folder,
        }
    }

    /// Which of ours an executable is.
    pub(super) fn program(&self, executable: &ProcessExecutable) -> PeerProgram {
        match self.by_file(executable.file) {
            // An app that leads has no other app that follows it.
            PeerProgram::App if self.is_app_engine() => PeerProgram::Other,
            PeerProgram::Other if is_named_command(&executable.path) => PeerProgram::OtherCommand,
            program => program,
        }
    }

    fn is_app_engine(&self) -> bool {
        matches!(self.engine, Some((_, PeerProgram::App)))
    }

    fn by_file(&self, file: FileState) -> PeerProgram {
        if let Some((own, program)) = self.engine
            && own == file
        {
            return program;
        }
        // What root has put there since is an upgrade.
        let is = |name: &str, known: Option<FileState>| {
            let place = self.folder.as_ref().map(|folder| folder.join(name));
            let is_there = || place.is_some_and(|p| FileState::of_target(&p).ok() == Some(file));
            known == Some(file) || (file.owner == ROOT_UID && is_there())
        };
        if is(APP_NAME, self.app) {
            PeerProgram::App
        } else if is(COMMAND_NAME, self.command) {
            PeerProgram::Command
        } else {
            PeerProgram::Other
        }
    }
}

const ROOT_UID: u32 = 0;

fn is_named_command(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == COMMAND_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_were_there_at_the_start_are_our_programs() {
        let dir = tempfile::tempdir().expect("folder");
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).expect("written");
            give_away(&path);
            let file = FileState::of_target(&path).expect("there");
            ProcessExecutable { path, file }
        };
        let (engine, command) = (file("engine", "e"), file(COMMAND_NAME, "c"));
        let programs = OwnPrograms::find_beside(Some(&engine));
        assert_eq!(programs.program(&command), PeerProgram::Command);
        let planted = file(APP_NAME, "curl");
        assert_eq!(programs.program(&planted), PeerProgram::Other);
        let overwritten = file(COMMAND_NAME, "curl");
        assert_eq!(overwritten.file.file, command.file.file, "in place");
        assert_eq!(programs.program(&overwritten), PeerProgram::OtherCommand);
        let restarted = OwnPrograms::find_beside(Some(&engine));
        assert_eq!(restarted.program(&planted), PeerProgram::App);
        // An app that leads is followed by no other.
        let leads = OwnPrograms::find_beside(Some(&planted));
        assert_eq!(leads.program(&planted), PeerProgram::Other);
    }

    /// What root owns counts as an upgrade whenever it comes.
    fn give_away(path: &Path) {
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(path, Some(1), None).expect("given away");
        }
    }
}
