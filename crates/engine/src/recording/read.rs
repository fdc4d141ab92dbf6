//! Reading, of whatever a file holds: a line that is none is named and left out.

use super::{FORMAT, Header, Line, VERSION};
use serde::Deserialize;
use std::fmt;
use std::io::{self, BufRead, Read};

/// The longest line we read, in bytes; the largest fact by far is the list of a tmux server's
/// panes.
const LONGEST: u64 = 1 << 20;
/// The largest recording that is read, in bytes and in lines: weeks of some sessions.
const MAX_RECORDING_BYTES: u64 = 512 << 20;
const MAX_RECORDING_LINES: usize = 2_000_000;
/// The most bad lines that are named.
const NAMED: usize = 20;

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
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
        "written by {by} in format {version}, and this version reads up to {VERSION}; \
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
pub struct Log {
    /// Its first line.
    pub header: Header,
    /// The others that are understood, in their order.
    pub lines: Vec<Line>,
    /// The first of those that are not.
    pub problems: Vec<Problem>,
    /// How many more of them there are.
    pub more_problems: usize,
}

/// A line that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub trouble: Trouble,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The line is not an observation.
    Unknown,
    /// The line is longer than any that is written.
    TooLong,
    /// The last line has no end: the program that wrote it was killed.
    CutShort,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.trouble {
            Trouble::Unknown => "is not an observation",
            Trouble::TooLong => "is too long",
            Trouble::CutShort => "is truncated",
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
pub fn read(from: impl BufRead) -> Result<Log, ReadError> {
    read_bounded(from, MAX_RECORDING_BYTES, MAX_RECORDING_LINES)
}

/// The same within other bounds.
pub(super) fn read_bounded(from: impl BufRead, bytes: u64, lines: usize) -> Result<Log, ReadError> {
    let mut from = from.take(bytes + 1);
    // A first line of no end is not looked for the end of.
    let mut head = (&mut from).take(LONGEST);
    let first = match next(&mut head)? {
        Some(Raw::Whole(bytes) | Raw::Open(bytes)) => bytes,
        Some(Raw::TooLong) | None => return Err(ReadError::NoRecording),
    };
    let header = header(&first)?;
    let mut log = Log {
        header,
        lines: Vec::new(),
        problems: Vec::new(),
        more_problems: 0,
    };
    for number in 2.. {
        let read = next(&mut from)?;
        if from.limit() == 0 || number > lines {
            return Err(ReadError::TooLarge);
        }
        let (bytes, otherwise) = match read {
            None => break,
            Some(Raw::Whole(bytes)) => (bytes, Trouble::Unknown),
            Some(Raw::Open(bytes)) => (bytes, Trouble::CutShort),
            Some(Raw::TooLong) => {
                log.miss(number, Trouble::TooLong);
                continue;
            }
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(&bytes) {
            Ok(line) => log.lines.push(line),
            Err(_) => log.miss(number, otherwise),
        }
    }
    Ok(log)
}

impl Log {
    fn miss(&mut self, line: usize, trouble: Trouble) {
        if self.problems.len() < NAMED {
            self.problems.push(Problem { line, trouble });
        } else {
            self.more_problems += 1;
        }
    }
}

fn header(bytes: &[u8]) -> Result<Header, ReadError> {
    let any: AnyHeader = serde_json::from_slice(bytes).map_err(|_| ReadError::NoRecording)?;
    if any.format != FORMAT {
        return Err(ReadError::NoRecording);
    }
    if any.version > VERSION {
        return Err(ReadError::Newer {
            version: any.version,
            by: if any.trusty.is_empty() {
                "an unknown version of trusty".to_owned()
            } else {
                format!("trusty {}", any.trusty)
            },
        });
    }
    serde_json::from_slice(bytes).map_err(|_| ReadError::NoRecording)
}

/// Bytes up to the end of a line or of the file.
enum Raw {
    Whole(Vec<u8>),
    Open(Vec<u8>),
    TooLong,
}

fn next(from: &mut impl BufRead) -> io::Result<Option<Raw>> {
    let mut bytes = Vec::new();
    let read = from.take(LONGEST).read_until(b'\n', &mut bytes)?;
    Ok(match bytes.last() {
        None => None,
        Some(b'\n') => Some(Raw::Whole(bytes)),
        Some(_) if (read as u64) < LONGEST => Some(Raw::Open(bytes)),
        Some(_) => {
            skip_line(from)?;
            Some(Raw::TooLong)
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
