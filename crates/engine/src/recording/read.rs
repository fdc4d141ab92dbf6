//! Reading, of whatever a file holds: a line that is none is named and left out.

use super::{RECORDING_FORMAT, RECORDING_VERSION, RecordingHeader, RecordingLine};
use serde::Deserialize;
use std::fmt;
use std::io::{self, BufRead, Read};

/// The longest line we read, in bytes; the largest fact by far is the list of a tmux server's
/// panes.
const MAX_RECORDING_LINE_BYTES: u64 = 1 << 20;
/// The largest recording that is read, in bytes and in lines: weeks of some sessions.
const MAX_RECORDING_BYTES: u64 = 512 << 20;
const MAX_RECORDING_LINES: usize = 2_000_000;
/// The most bad lines that are named.
const MAX_NAMED_LINES: usize = 20;

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum RecordingReadError {
    /// The file itself.
    #[error("read failed: {0}")]
    Io(#[from] io::Error),
    /// The file is larger than what is read, or has no end.
    #[error(
        "recording is too large (more than {} MiB or {MAX_RECORDING_LINES} lines); record for a \
         shorter time",
        MAX_RECORDING_BYTES >> 20
    )]
    TooLarge,
    /// The first line is not a header of a recording.
    #[error("not a recording; make one with `trusty record FILE`")]
    NoRecording,
    /// A newer version wrote the recording.
    #[error(
        "written by {by} in format {version}, and this version reads up to {RECORDING_VERSION}; \
         replay the file with a newer trusty"
    )]
    Newer {
        /// The form it has.
        version: u32,
        /// The program that wrote it.
        by: String,
    },
}

/// A recording as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedRecording {
    /// Its first line.
    pub header: RecordingHeader,
    /// The others that are understood, in their order.
    pub lines: Vec<RecordingLine>,
    /// The first of those that are not.
    pub problems: Vec<SkippedLine>,
    /// How many more of them there are.
    pub more_problems: usize,
}

/// A line that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedLine {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub trouble: LineDefect,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineDefect {
    /// The line is not an observation.
    Unknown,
    /// The line is longer than any that is written.
    TooLong,
    /// The last line has no end: the program that wrote it was killed.
    CutShort,
}

impl fmt::Display for SkippedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.trouble {
            LineDefect::Unknown => "is not an observation",
            LineDefect::TooLong => "is too long",
            LineDefect::CutShort => "is truncated",
        };
        write!(f, "line {} {what}; skipped", self.line)
    }
}

/// What a header of any version holds.
#[derive(Deserialize)]
struct AnyHeader {
    format: String,
    version: u32,
    #[serde(default)]
    trusty: String,
}

/// Reads a recording to its end.
///
/// # Errors
/// Where it cannot be read, is none of ours, of a newer form, or larger than 512 MiB.
pub fn read(from: impl BufRead) -> Result<ParsedRecording, RecordingReadError> {
    read_bounded(from, MAX_RECORDING_BYTES, MAX_RECORDING_LINES)
}

/// The same within other bounds.
pub(super) fn read_bounded(
    from: impl BufRead,
    bytes: u64,
    lines: usize,
) -> Result<ParsedRecording, RecordingReadError> {
    let mut from = from.take(bytes + 1);
    // A first line of no end is not looked for the end of.
    let mut head = (&mut from).take(MAX_RECORDING_LINE_BYTES);
    let first = match next(&mut head)? {
        Some(RawLine::Complete(bytes) | RawLine::Unterminated(bytes)) => bytes,
        Some(RawLine::TooLong) | None => return Err(RecordingReadError::NoRecording),
    };
    let header = header(&first)?;
    let mut log = ParsedRecording {
        header,
        lines: Vec::new(),
        problems: Vec::new(),
        more_problems: 0,
    };
    for number in 2.. {
        let read = next(&mut from)?;
        if from.limit() == 0 || number > lines {
            return Err(RecordingReadError::TooLarge);
        }
        let (bytes, otherwise) = match read {
            None => break,
            Some(RawLine::Complete(bytes)) => (bytes, LineDefect::Unknown),
            Some(RawLine::Unterminated(bytes)) => (bytes, LineDefect::CutShort),
            Some(RawLine::TooLong) => {
                log.note_defect(number, LineDefect::TooLong);
                continue;
            }
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(&bytes) {
            Ok(line) => log.lines.push(line),
            Err(_) => log.note_defect(number, otherwise),
        }
    }
    Ok(log)
}

impl ParsedRecording {
    fn note_defect(&mut self, line: usize, trouble: LineDefect) {
        if self.problems.len() < MAX_NAMED_LINES {
            self.problems.push(SkippedLine { line, trouble });
        } else {
            self.more_problems += 1;
        }
    }
}

fn header(bytes: &[u8]) -> Result<RecordingHeader, RecordingReadError> {
    let any: AnyHeader =
        serde_json::from_slice(bytes).map_err(|_| RecordingReadError::NoRecording)?;
    if any.format != RECORDING_FORMAT {
        return Err(RecordingReadError::NoRecording);
    }
    if any.version > RECORDING_VERSION {
        return Err(RecordingReadError::Newer {
            version: any.version,
            by: if any.trusty.is_empty() {
                "an unknown version of trusty".to_owned()
            } else {
                format!("trusty {}", any.trusty)
            },
        });
    }
    serde_json::from_slice(bytes).map_err(|_| RecordingReadError::NoRecording)
}

/// Bytes up to the end of a line or of the file.
enum RawLine {
    Complete(Vec<u8>),
    Unterminated(Vec<u8>),
    TooLong,
}

fn next(from: &mut impl BufRead) -> io::Result<Option<RawLine>> {
    let mut bytes = Vec::new();
    let read = from
        .take(MAX_RECORDING_LINE_BYTES)
        .read_until(b'\n', &mut bytes)?;
    Ok(match bytes.last() {
        None => None,
        Some(b'\n') => Some(RawLine::Complete(bytes)),
        Some(_) if (read as u64) < MAX_RECORDING_LINE_BYTES => Some(RawLine::Unterminated(bytes)),
        Some(_) => {
            skip_line(from)?;
            Some(RawLine::TooLong)
        }
    })
}

fn skip_line(from: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|b| *b == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        from.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
