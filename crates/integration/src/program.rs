//! The hook program: a copy in the data folder, so that the hooks survive when our programs are
//! moved, rebuilt or installed twice.

use super::ConnectError;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_platform::child_process::run_to_end;
use trusty_platform::disk_sync;
use trusty_platform::trusted_path::{PrivateFolderError, check_execute, make_private_folder};
use trusty_wire::environment::Environment;
use trusty_wire::hook_program::{HOOK_PROGRAM_FOLDER, HOOK_PROGRAM_NAME, program};

/// The name of an incomplete copy, up to the pid.
pub(super) const PARTIAL_COPY_PREFIX: &str = ".trusty-hook.";

/// Whether Claude Code could start the program.
pub(super) fn is_there(program: &Path) -> bool {
    fs::metadata(program).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o100 != 0)
}

/// Whether the system permits running the program, which it does not on a noexec mount.
pub(super) fn may_run(program: &Path) -> bool {
    rustix::fs::access(program, rustix::fs::Access::EXEC_OK).is_ok()
}

/// The argument with which the hook program does nothing.
const TRIAL_ARGUMENT: &str = "try";
/// How long a trial may take; even a machine under load starts a program within this.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(20);

/// Runs a copy once, as Claude Code would, with nothing to do. `program` is its final path.
fn try_once(copy: &Path, program: &Path) -> Result<(), ConnectError> {
    let failed = |why: String| ConnectError::ProgramCannotRun(program.to_path_buf(), why);
    let ended = run_to_end(copy, &[TRIAL_ARGUMENT], TRIAL_TIMEOUT);
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(status.to_string())),
        Err(e) => Err(failed(e.to_string())),
    }
}

/// Whether Claude Code could start the program, and no other user could replace it.
pub(super) fn is_safe(program: &Path) -> bool {
    is_there(program) && check_execute(program).is_ok()
}

/// Checks that no other user could replace the program; a missing one passes.
pub(super) fn check(program: &Path) -> Result<(), ConnectError> {
    match check_execute(program) {
        Err(refusal) if !refusal.is_missing() => Err(ConnectError::UnsafeProgram(refusal)),
        _ => Ok(()),
    }
}

/// The hook program beside the running program.
fn bundled_program() -> io::Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name(HOOK_PROGRAM_NAME))
}

/// Installs or renews the copy and runs it once; returns whether the copy was replaced or new.
pub(super) fn install(env: &Environment) -> Result<bool, ConnectError> {
    let from =
        bundled_program().map_err(|e| ConnectError::Io(PathBuf::from(HOOK_PROGRAM_NAME), e))?;
    let bytes = fs::read(&from).map_err(|_| ConnectError::NoProgram(from))?;
    let to = program(env);
    make_folders(&env.data_dir())?;
    let new = install_program(&to, &bytes, |copy| try_once(copy, &to))?;
    check(&to)?;
    if !new {
        try_once(&to, &to)?;
    }
    Ok(new)
}

/// Creates the folders of the copy, or closes them to other users.
fn make_folders(data: &Path) -> Result<(), ConnectError> {
    for folder in [data, data.join(HOOK_PROGRAM_FOLDER).as_path()] {
        make_private_folder(folder).map_err(|e| match e {
            PrivateFolderError::Refused(refusal) => ConnectError::UnsafeProgram(refusal),
            PrivateFolderError::Io(path, e) => ConnectError::Io(path, e),
        })?;
    }
    Ok(())
}

/// Renews the copy that another version of ours has installed; returns whether it was replaced.
/// Without a hook program beside the running program, the existing copy stays in use.
pub(super) fn renew(env: &Environment) -> Result<bool, ConnectError> {
    let there = bundled_program().is_ok_and(|from| from.is_file());
    if there || !is_there(&program(env)) {
        install(env)
    } else {
        Ok(false)
    }
}

/// Installs a copy once a trial shows that it runs, so that a working copy is never replaced by one
/// that does not work; returns whether the copy was replaced or new.
fn install_program(
    to: &Path,
    bytes: &[u8],
    is_tried: impl Fn(&Path) -> Result<(), ConnectError>,
) -> Result<bool, ConnectError> {
    if is_safe(to) && fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(false);
    }
    let failed = |e: io::Error| ConnectError::Io(to.to_path_buf(), e);
    let folder = to.parent().ok_or(io::ErrorKind::InvalidInput);
    let folder = folder.map_err(|e| failed(e.into()))?;
    let new = folder.join(format!("{PARTIAL_COPY_PREFIX}{}", std::process::id()));
    // Left behind by a process of the same pid that was killed.
    let _ = fs::remove_file(&new);
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o700).open(&new);
    let written = file.and_then(|mut file| {
        file.write_all(bytes)?;
        file.set_permissions(fs::Permissions::from_mode(0o700))?;
        disk_sync::sync_file(&file)
        // The file is closed here: a file that is open for writing cannot be executed.
    });
    let tried = written.map_err(failed).and_then(|()| is_tried(&new));
    let done = tried.and_then(|()| {
        let placed = fs::rename(&new, to).and_then(|()| disk_sync::sync_folder(folder));
        placed.map_err(failed)
    });
    if done.is_err() {
        let _ = fs::remove_file(&new);
    }
    done.map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_wire::hook_program::data_home_of;

    #[test]
    fn a_copy_knows_where_it_was_put() {
        let env = Environment {
            data_home: Some("/d".into()),
            ..Environment::default()
        };
        let copy = program(&env);
        assert_eq!(data_home_of(&copy), Some(PathBuf::from("/d")));
        for other in [
            "/usr/bin/trusty-hook",
            "/w/target/debug/trusty-hook",
            "trusty-hook",
        ] {
            assert_eq!(data_home_of(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn a_copy_is_renewed_when_it_differs_or_cannot_run() {
        let dir = tempfile::tempdir().expect("folder");
        let to = dir.path().join("bin").join(HOOK_PROGRAM_NAME);
        make_folders(dir.path()).expect("made");
        for folder in [dir.path(), to.parent().expect("a folder")] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("chmod");
        }
        for bytes in ["one", "two"] {
            install_program(&to, bytes.as_bytes(), |_| Ok(())).expect("put");
            assert_eq!(fs::read_to_string(&to).expect("read"), bytes);
        }
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).expect("chmod");
        assert!(!is_there(&to));
        install_program(&to, b"two", |_| Ok(())).expect("put");
        assert!(is_there(&to));
        let cannot_run = |copy: &Path| {
            let why = "exit status: 126".to_owned();
            Err(ConnectError::ProgramCannotRun(copy.to_path_buf(), why))
        };
        install_program(&to, b"three", cannot_run).expect_err("the copy does not run");
        assert_eq!(fs::read_to_string(&to).expect("read"), "two");
        // Another user wrote into the copy, or could have.
        fs::set_permissions(&to, fs::Permissions::from_mode(0o757)).expect("chmod");
        assert!(!is_safe(&to));
        install_program(&to, b"two", |_| Ok(())).expect("put");
        assert!(is_safe(&to));
        let names = fs::read_dir(dir.path().join("bin"))
            .expect("listed")
            .count();
        assert_eq!(names, 1, "nothing is left behind");
    }

    #[test]
    fn the_folders_of_the_copy_are_closed_to_others_or_refused() {
        let root = tempfile::tempdir().expect("folder");
        let share = root.path().join("share");
        let data = share.join("trusty");
        let mode = |path: &Path, bits| {
            fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("chmod");
        };
        let bits = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        // As an older version created them with umask 000.
        fs::create_dir_all(data.join(HOOK_PROGRAM_FOLDER)).expect("folders");
        mode(root.path(), 0o755);
        mode(&data, 0o777);
        mode(&data.join(HOOK_PROGRAM_FOLDER), 0o777);
        make_folders(&data).expect("closed");
        assert_eq!(
            (bits(&data), bits(&data.join(HOOK_PROGRAM_FOLDER))),
            (0o700, 0o700)
        );
        mode(&share, 0o777);
        let refused = make_folders(&data).expect_err("others could rename it");
        assert!(
            matches!(refused, ConnectError::UnsafeProgram(_)),
            "{refused:?}"
        );
        let told = refused.to_string();
        assert!(
            told.contains(&format!("`chmod go-w {}`", share.display())),
            "{told}"
        );
    }
}
