//! `trusty record`

use crate::cli_context::CliContext;
use crate::failure::CommandFailure;
use crate::terminal_output;
use anyhow::Context;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use trusty_engine::Engine;
use trusty_engine::recording::{
    ObservationRecorder, RecordingOutcome, RecordingPrivacy, WriteError,
};
use trusty_platform::files;

/// How long the engine may take to end; it may be in the middle of its first look.
const ENGINE_STOP_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(crate) struct RecordArgs {
    /// File to create, or - for standard output
    file: PathBuf,
    /// Include prompts, texts and names
    #[arg(long)]
    full: bool,
}

pub(crate) async fn record_sessions(record: &RecordArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let piped = record.file == Path::new("-");
    let (out, name) = if piped {
        let out: Box<dyn Write + Send> = Box::new(io::stdout());
        (out, "standard output".to_owned())
    } else {
        (create(&record.file)?, record.file.display().to_string())
    };
    // Both are asked for before anybody is told that we run.
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to listen for signals")?;
    let (privacy, told) = if record.full {
        (RecordingPrivacy::Full, "with prompts, texts and names")
    } else {
        (
            RecordingPrivacy::Redacted,
            "without prompts, texts and names",
        )
    };
    let (recorder, mut recording) = ObservationRecorder::start(&place.env, privacy, out)
        .context("failed to start the recording")?;
    let start = move || Engine::start_recorded(&place.env, &place.settings, recorder);
    let handle = tokio::task::spawn_blocking(start)
        .await
        .context("failed to start the engine")?
        .context("failed to start the engine")?;
    let looking = handle.mark_visible();
    terminal_output::print_diagnostic(&format!("recording to {name}, {told}; stop with Ctrl-C"));
    let early = tokio::select! {
        outcome = recording.wait_ended() => Some(outcome),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        () = terminal_output::reader_gone(), if piped => return Err(CommandFailure::OutputClosed),
    };
    drop((looking, handle));
    let outcome = match early {
        Some(outcome) => outcome,
        None => timeout(ENGINE_STOP_TIMEOUT, recording.wait_ended())
            .await
            .context("the engine did not exit within 5 s; the recording holds what it observed")?,
    };
    report_outcome(outcome, &name)
}

fn create(path: &Path) -> Result<Box<dyn Write + Send>, CommandFailure> {
    match files::create_private(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            Err(CommandFailure::Refused(format!(
                "{} already exists; name another file, or remove that one first",
                path.display()
            )))
        }
        Err(e) => {
            let told = format!("failed to create {}", path.display());
            Err(anyhow::Error::from(e).context(told).into())
        }
    }
}

fn report_outcome(outcome: RecordingOutcome, name: &str) -> Result<(), CommandFailure> {
    match outcome.problem {
        Some(WriteError::Io(e)) if e.kind() == io::ErrorKind::BrokenPipe => {
            return Err(CommandFailure::OutputClosed);
        }
        Some(problem) => {
            let told = format!(
                "the recording stopped after {} observations",
                outcome.observations
            );
            return Err(anyhow::Error::from(problem).context(told).into());
        }
        None => {}
    }
    terminal_output::print_diagnostic(&format!(
        "recorded {} observations in {name}",
        outcome.observations
    ));
    Ok(())
}
