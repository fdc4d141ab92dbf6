//! Runs other programs to their end, within limits, and never through a shell.

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

/// How much of a program's standard error is kept, in bytes; the rest is discarded.
const MAX_STDERR_BYTES: u64 = 4096;

/// The environment of a program.
#[derive(Debug, Clone, Copy)]
pub enum ChildEnvironment<'a> {
    /// Our environment without this variable.
    OursWithout(&'a str),
    /// Our environment, with these variables added or replaced.
    OursWith(&'a [(&'a str, &'a OsStr)]),
    /// These variables only.
    Only(&'a [(&'a str, &'a OsStr)]),
}

/// The limits of one run.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// The longest running time.
    pub time: Duration,
    /// The most bytes of standard output.
    pub output: u64,
}

/// The result of a program that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramOutput {
    /// Whether the program exited with status 0.
    pub success: bool,
    /// The program's standard output.
    pub output: Vec<u8>,
    /// The first 4096 bytes of the program's standard error.
    pub complaint: Vec<u8>,
}

/// Runs a program within limits, if no other user could change it; dropping the future kills it.
///
/// The program has no input, and `/` as its current folder, which holds no files of a repository.
///
/// # Errors
/// The program is missing, refused, too slow or too talkative, or cannot be run.
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
            // Reads on, because a full pipe would block the program.
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

/// Reads to the end; none if there are more than `most` bytes.
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
