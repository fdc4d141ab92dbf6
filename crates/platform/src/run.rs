//! Runs other programs to their end, within bounds. Never through a shell.

use super::checked_program::{RunError, checked_program};
use super::child;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

/// The most that is kept of what a program complains, in bytes.
const MAX_STDERR_BYTES: u64 = 4096;

/// What a program finds in its environment.
#[derive(Debug, Clone, Copy)]
pub enum ChildEnvironment<'a> {
    /// What we have, without this variable.
    OursWithout(&'a str),
    /// What we have, and these besides or instead.
    OursWith(&'a [(&'a str, &'a OsStr)]),
    /// Nothing but this.
    Only(&'a [(&'a str, &'a OsStr)]),
}

/// How much a program may take.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// From its start to its end.
    pub time: Duration,
    /// The most it may write to standard output, in bytes.
    pub output: u64,
}

/// A program that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramOutput {
    /// Whether it says that all went well.
    pub success: bool,
    /// What it wrote to standard output.
    pub output: Vec<u8>,
    /// The beginning of what it wrote to standard error.
    pub complaint: Vec<u8>,
}

/// Runs a program without input and in the root folder, where nothing of a repository lies, if no
/// other user could change it. It does not outlive the returned future.
pub async fn run_bounded(
    program: &Path,
    arguments: &[&OsStr],
    environment: ChildEnvironment<'_>,
    bounds: RunLimits,
) -> Result<ProgramOutput, RunError> {
    let mut command = child::command(&checked_program(program)?);
    match environment {
        ChildEnvironment::OursWithout(name) => {
            command.env_remove(name);
        }
        ChildEnvironment::OursWith(_) => {}
        ChildEnvironment::Only(_) => {
            command.env_clear();
        }
    }
    if let ChildEnvironment::OursWith(variables) | ChildEnvironment::Only(variables) = environment {
        for (name, value) in variables {
            child::set_variable(&mut command, name, value);
        }
    }
    let mut command = Command::from(command);
    command
        .arg0(program)
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    match timeout(bounds.time, finish(command, bounds.output)).await {
        Err(_) => Err(RunError::Late(bounds.time)),
        Ok(Err(RunError::Io(e))) if e.kind() == io::ErrorKind::NotFound => Err(RunError::NotFound),
        Ok(ran) => ran,
    }
}

async fn finish(mut command: Command, most: u64) -> Result<ProgramOutput, RunError> {
    let mut child = command.spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (output, complaint, status) = tokio::try_join!(
        async { read(out, most).await?.ok_or(RunError::TooMuch(most)) },
        async {
            let Some(mut err) = err else {
                return Ok(Vec::new());
            };
            let mut kept = Vec::new();
            (&mut err)
                .take(MAX_STDERR_BYTES)
                .read_to_end(&mut kept)
                .await?;
            // A full pipe would stop it.
            tokio::io::copy(&mut err, &mut tokio::io::sink()).await?;
            Ok(kept)
        },
        async { Ok(child.wait().await?) },
    )?;
    Ok(ProgramOutput {
        success: status.success(),
        output,
        complaint,
    })
}

/// All of it, unless it is more than that.
async fn read(from: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        let read = from.take(most + 1).read_to_end(&mut bytes).await?;
        if read as u64 > most {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(
        script: &str,
        environment: ChildEnvironment<'_>,
    ) -> Result<ProgramOutput, RunError> {
        let bounds = RunLimits {
            time: Duration::from_secs(5),
            output: 10,
        };
        let arguments = [OsStr::new("-c"), OsStr::new(script)];
        run_bounded(Path::new("/bin/sh"), &arguments, environment, bounds).await
    }

    const EMPTY_ENVIRONMENT: ChildEnvironment<'_> = ChildEnvironment::Only(&[]);

    #[tokio::test]
    async fn what_it_says_is_told() {
        let ran = shell("echo out; echo err >&2; exit 3", EMPTY_ENVIRONMENT).await;
        let told = ProgramOutput {
            success: false,
            output: b"out\n".into(),
            complaint: b"err\n".into(),
        };
        assert_eq!(ran.expect("runs"), told);
    }

    #[tokio::test]
    async fn its_environment_is_what_was_named() {
        let only = [("A", OsStr::new("1"))];
        let ran = shell("echo $A$HOME$PATH_", ChildEnvironment::Only(&only)).await;
        assert_eq!(ran.expect("runs").output, b"1\n");
        let ran = shell("echo ${PATH:+p}", ChildEnvironment::OursWithout("PATH_")).await;
        assert_eq!(ran.expect("runs").output, b"p\n");
    }

    #[tokio::test]
    async fn nothing_of_the_current_folder_is_named_to_it() {
        let hostile = OsStr::new("node_modules/.bin:/usr/bin::/bin:.");
        let variables = [("PATH", hostile)];
        for environment in [
            ChildEnvironment::Only(&variables),
            ChildEnvironment::OursWith(&variables),
        ] {
            let bounds = RunLimits {
                time: Duration::from_secs(5),
                output: 100,
            };
            let arguments = ["-c", "echo $PATH; pwd"].map(OsStr::new);
            let shell = Path::new("/bin/sh");
            let ran = run_bounded(shell, &arguments, environment, bounds).await;
            assert_eq!(ran.expect("runs").output, b"/usr/bin:/bin\n/\n");
        }
    }

    #[tokio::test]
    async fn bounds_are_kept() {
        let late = shell("exec sleep 30", EMPTY_ENVIRONMENT)
            .await
            .expect_err("late");
        assert_eq!(late.to_string(), "did not answer within 5 s");
        let much = shell("echo 12345678901; exec sleep 30", EMPTY_ENVIRONMENT).await;
        assert_eq!(
            much.expect_err("too much").to_string(),
            "answered with more than 10 bytes"
        );
        let long = "i=0; while [ $i -lt 9000 ]; do echo 1234567890 >&2; i=$((i+1)); done; echo ok";
        let long = shell(long, EMPTY_ENVIRONMENT).await.expect("runs");
        assert_eq!(
            (long.complaint.len(), &long.output[..]),
            (4096, &b"ok\n"[..])
        );
    }

    #[test]
    fn what_was_checked_is_what_runs_unless_a_link_names_what_it_does() {
        let root = tempfile::tempdir().expect("folder");
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir(at("real")).expect("folder");
        std::fs::write(at("real/tmux"), "").expect("written");
        for (name, runs) in [("tmux", "real/tmux"), ("applet", "applet")] {
            std::os::unix::fs::symlink(at("real/tmux"), at(name)).expect("link");
            let checked = checked_program(&at(name)).expect("ours");
            let real = root.path().canonicalize().expect("there").join(runs);
            let expected = if runs == name { at(name) } else { real };
            assert_eq!(checked, expected);
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_installed() {
        let bounds = RunLimits {
            time: Duration::from_secs(1),
            output: 10,
        };
        let none = run_bounded(
            Path::new("/nowhere/program"),
            &[],
            EMPTY_ENVIRONMENT,
            bounds,
        )
        .await;
        assert!(matches!(none, Err(RunError::NotFound)));
    }
}
