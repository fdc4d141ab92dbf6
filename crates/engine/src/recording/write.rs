//! Writing: on a thread of its own, so that no disk holds the engine up.

use super::{
    RECORDING_FORMAT, RECORDING_VERSION, RecordingHeader, RecordingLine, RecordingMark,
    RecordingPrivacy, RecordingRedactor,
};
use crate::threads::StartError;
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use tokio::sync::oneshot;
use trusty_fleet::text::escape_json;
use trusty_fleet::{Observation, Timestamp};
use trusty_platform::{clock, sys};
use trusty_wire::environment::Environment;
use trusty_wire::version;

/// Lines that may wait for the disk.
const LINE_QUEUE_LEN: usize = 4096;

/// Why a recording stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file takes no more.
    #[error("failed to write: {0}; is the disk full?")]
    Io(#[from] io::Error),
    /// More was seen than could be written.
    #[error("events arrived faster than they could be written; record to a faster disk")]
    TooSlow,
}

/// How a recording ended.
#[derive(Debug)]
pub struct RecordingOutcome {
    /// Observations written.
    pub observations: u64,
    /// Why there are not more, if it was not stopped on purpose.
    pub problem: Option<WriteError>,
}

/// Where the engine puts what it files. Never waits; stops for good at the first trouble.
#[derive(Debug)]
pub struct ObservationRecorder {
    lines: Option<SyncSender<RecordingLine>>,
    overtaken: Arc<AtomicBool>,
}

/// The end of a recording, to wait for.
#[derive(Debug)]
pub struct RecordingTask(oneshot::Receiver<RecordingOutcome>);

impl ObservationRecorder {
    /// Starts writing to `out`; the recording ends with the engine that has the recorder.
    pub fn start(
        env: &Environment,
        privacy: RecordingPrivacy,
        out: impl Write + Send + 'static,
    ) -> Result<(Self, RecordingTask), StartError> {
        let homes = [Some(env.home.clone()), env.home.canonicalize().ok()];
        let machine = sys::machine().map_err(StartError::Machine)?;
        let redaction = RecordingRedactor::new(privacy, machine, homes.into_iter().flatten());
        Self::open_with(redaction, privacy, clock::wall().into(), out)
    }

    pub(super) fn open_with(
        redaction: RecordingRedactor,
        privacy: RecordingPrivacy,
        recorded_at: Timestamp,
        out: impl Write + Send + 'static,
    ) -> Result<(Self, RecordingTask), StartError> {
        let header = RecordingHeader {
            format: RECORDING_FORMAT.to_owned(),
            version: RECORDING_VERSION,
            trusty: version::TRUSTY_VERSION.to_owned(),
            recorded_at,
            machine: redaction.machine(),
            redacted: privacy == RecordingPrivacy::Redacted,
        };
        let (send, lines) = sync_channel(LINE_QUEUE_LEN);
        let overtaken = Arc::<AtomicBool>::default();
        let (end, ended) = oneshot::channel();
        let stopped = Arc::clone(&overtaken);
        let write = move || {
            let mut observations = 0;
            let written = write_all(out, &header, &redaction, &lines, &mut observations);
            let problem = match written {
                Ok(()) if stopped.load(Ordering::Relaxed) => Some(WriteError::TooSlow),
                Ok(()) => None,
                Err(e) => Some(e.into()),
            };
            // Nobody may be waiting.
            let _ = end.send(RecordingOutcome {
                observations,
                problem,
            });
        };
        thread::Builder::new()
            .name("trusty-record".into())
            .spawn(write)
            .map_err(StartError::Thread)?;
        let recorder = Self {
            lines: Some(send),
            overtaken,
        };
        Ok((recorder, RecordingTask(ended)))
    }

    /// Writes down what is being filed.
    pub fn record_observation(&mut self, observation: &Observation) {
        if self.lines.is_some() {
            self.send_line(RecordingLine::Observed(observation.clone()));
        }
    }

    /// Writes down what point the engine has come to.
    pub fn record_mark(&mut self, at: Timestamp, mark: RecordingMark) {
        self.send_line(RecordingLine::Mark { at, mark });
    }

    fn send_line(&mut self, line: RecordingLine) {
        let Some(lines) = &self.lines else { return };
        match lines.try_send(line) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.overtaken.store(true, Ordering::Relaxed);
                self.lines = None;
            }
            Err(TrySendError::Disconnected(_)) => self.lines = None,
        }
    }
}

impl RecordingTask {
    /// Waits until all is written, or nothing more can be.
    pub async fn wait_ended(&mut self) -> RecordingOutcome {
        // A thread that ended without a word has panicked.
        (&mut self.0).await.unwrap_or_else(|_| RecordingOutcome {
            observations: 0,
            problem: Some(io::Error::other("the recording thread crashed").into()),
        })
    }
}

/// Writes lines as they come, and nothing stays behind while none comes.
fn write_all(
    out: impl Write,
    header: &RecordingHeader,
    redaction: &RecordingRedactor,
    lines: &Receiver<RecordingLine>,
    observations: &mut u64,
) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    write_line(&mut out, header)?;
    out.flush()?;
    while let Ok(first) = lines.recv() {
        for line in iter::once(first).chain(lines.try_iter()) {
            match line {
                RecordingLine::Observed(observation) => {
                    write_line(
                        &mut out,
                        &RecordingLine::Observed(redaction.apply(observation)),
                    )?;
                    *observations += 1;
                }
                mark @ RecordingLine::Mark { .. } => write_line(&mut out, &mark)?,
            }
        }
        out.flush()?;
    }
    Ok(())
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    let json = serde_json::to_string(line)?;
    // It may be written to a terminal.
    out.write_all(escape_json(&json).as_bytes())?;
    out.write_all(b"\n")
}
