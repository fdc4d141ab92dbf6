//! Reads recordings from any file; lines that cannot be parsed are reported and skipped.

use super::{RECORDING_FORMAT, RECORDING_VERSION, RecordingHeader, RecordingLine};
use serde::Deserialize;
use std::fmt;
use std::io::{self, BufRead, Read};

/// The longest line that is read, in bytes. By far the largest fact is the list of panes of a tmux
/// server.
const MAX_RECORDING_LINE_BYTES: u64 = 1 << 20;
/// The largest recording that is read, in bytes and in lines: weeks of a few sessions.
const MAX_RECORDING_BYTES: u64 = 512 << 20;
const MAX_RECORDING_LINES: usize = 2_000_000;
/// The most skipped lines that are reported one by one.
const MAX_NAMED_LINES: usize = 20;

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingReadError {
    /// Reading the file failed.
    #[error("read failed: {0}")]
    Io(#[from] io::Error),
    /// The recording exceeds the limits in bytes or lines.
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
        /// The version of its format.
        version: u32,
        /// The program that wrote it.
        by: String,
    },
}

/// A recording that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedRecording {
    /// The header, from the first line.
    pub header: RecordingHeader,
    /// The later lines that were parsed, in their order.
    pub lines: Vec<RecordingLine>,
    /// The first 20 skipped lines.
    pub problems: Vec<SkippedLine>,
    /// How many more lines were skipped.
    pub more_problems: usize,
}

/// A line that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedLine {
    /// The line number, from 1.
    pub line: usize,
    /// Why the line was skipped.
    pub trouble: LineDefect,
}

/// Why a line cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineDefect {
    /// The line is not an observation.
    Unknown,
    /// The line is longer than 1 MiB.
    TooLong,
    /// The last line has no newline and cannot be parsed: the program that wrote it was killed.
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

/// The fields that headers of every version have.
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
/// If the file cannot be read, is not a recording, has a newer format, or exceeds 512 MiB or
/// 2,000,000 lines.
pub fn read(from: impl BufRead) -> Result<ParsedRecording, RecordingReadError> {
    read_bounded(from, MAX_RECORDING_BYTES, MAX_RECORDING_LINES)
}

/// [`read`] with other limits.
pub(super) fn read_bounded(
    from: impl BufRead,
    bytes: u64,
    lines: usize,
) -> Result<ParsedRecording, RecordingReadError> {
    let mut from = from.take(bytes + 1);
    // Without this limit, the end of an endless first line would be searched for up to `bytes`.
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

/// The bytes up to the end of a line or of the file.
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
