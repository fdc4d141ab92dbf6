use super::*;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use trusty_fleet::Fact;

fn start(out: impl Write + Send + 'static) -> (ObservationRecorder, RecordingTask) {
    let now = Timestamp::from_millis(5);
    ObservationRecorder::open_with(
        redaction(RecordingPrivacy::Redacted),
        RecordingPrivacy::Redacted,
        now,
        out,
    )
    .expect("a thread")
}

fn observation_at(ms: i64) -> Observation {
    Observation {
        at: Timestamp::from_millis(ms),
        fact: Fact::ProcessAbsent(1),
    }
}

fn outcome(mut recording: RecordingTask) -> RecordingOutcome {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(recording.wait_ended())
}

#[derive(Clone, Default)]
struct SharedWriter(Arc<Mutex<Vec<u8>>>);

impl Write for SharedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut page = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        page.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_noted_is_written_and_read_again() {
    let page = SharedWriter::default();
    let (mut recorder, recording) = start(page.clone());
    recorder.record_observation(&observation_at(10));
    recorder.record_mark(Timestamp::from_millis(11), RecordingMark::FirstScan);
    recorder.record_observation(&observation_at(12));
    recorder.record_mark(Timestamp::from_millis(13), RecordingMark::End);
    drop(recorder);
    let outcome = outcome(recording);
    assert_eq!(outcome.observations, 2);
    assert!(outcome.problem.is_none(), "{outcome:?}");
    let bytes = page
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let log = read(bytes.as_slice()).expect("a recording");
    assert_eq!(log.header.recorded_at, Timestamp::from_millis(5));
    assert_eq!(log.lines.len(), 4);
    assert_eq!(log.lines[0], RecordingLine::Observed(observation_at(10)));
}

/// Takes so many bytes, then none.
struct FullDisk(usize);

impl Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_ends_the_recording_and_nothing_else() {
    let (mut recorder, recording) = start(FullDisk(1000));
    let writing = std::thread::spawn(move || {
        for n in 0..100_000 {
            recorder.record_observation(&observation_at(n));
        }
    });
    let outcome = outcome(recording);
    let told = outcome.problem.expect("a problem").to_string();
    assert!(told.contains("is the disk full?"), "{told}");
    writing.join().expect("goes on");
}

/// Waits for leave before each write.
struct BlockedWriter(Receiver<()>);

impl Write for BlockedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Leave for all once nobody is there to give it.
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_hangs_ends_the_recording_and_nothing_waits() {
    let (leave, asked): (Sender<()>, _) = channel();
    let (mut recorder, recording) = start(BlockedWriter(asked));
    for n in 0..100_000 {
        recorder.record_observation(&observation_at(n));
    }
    drop(leave);
    let outcome = outcome(recording);
    assert!(outcome.observations < 100_000);
    let told = outcome.problem.expect("a problem").to_string();
    assert!(told.contains("faster disk"), "{told}");
}

#[test]
fn a_mark_keeps_its_word_in_the_file() {
    let word = |mark: RecordingMark| serde_json::to_string(&mark).expect("JSON");
    assert_eq!(word(RecordingMark::FirstScan), "\"FirstLook\"");
    assert_eq!(word(RecordingMark::End), "\"End\"");
}
