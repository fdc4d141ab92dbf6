//! Follows a file that grows by lines, and reads each byte once.

use super::files::{self, FileReadError};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// How much of a file is read at first, from its end.
const FIRST_READ_BYTES: u64 = 256 * 1024;
/// How much is read at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// The limit for one line, in bytes; longer lines are skipped without being kept in memory.
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// How many bytes before the read position are compared to detect a rewritten file.
const REWRITE_MARK_BYTES: usize = 64;

/// What a read finds in a file, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailEvent<'a> {
    /// The file was replaced or rewritten: all lines reported so far are void.
    Restarted,
    /// A complete line, without its line end.
    Line(&'a [u8]),
}

/// The state of a file at the last read, by which an unchanged file is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TailStamp {
    device: u64,
    inode: u64,
    len: u64,
    modified: Option<SystemTime>,
}

impl TailStamp {
    fn from_metadata(meta: &fs::Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            len: meta.len(),
            modified: meta.modified().ok(),
        }
    }
}

/// The position up to which a file was read.
#[derive(Debug, Default)]
pub struct FileTail {
    stamp: Option<TailStamp>,
    offset: u64,
    /// The last bytes before `offset`, at most 64.
    mark: Vec<u8>,
    line: PartialLine,
}

impl FileTail {
    /// Passes what was appended since the last read to `take`. The first read starts 256 KiB before
    /// the end of the file, at the first line that begins there.
    ///
    /// # Errors
    /// As [`files::open_plain`], or the read itself fails.
    pub fn read(
        &mut self,
        path: &Path,
        mut take: impl FnMut(TailEvent<'_>),
    ) -> Result<(), FileReadError> {
        let (mut file, meta) = files::open_plain(path)?;
        let stamp = TailStamp::from_metadata(&meta);
        if self.stamp == Some(stamp) {
            return Ok(());
        }
        if !self.continues(&mut file, stamp)? {
            if self.stamp.is_some() {
                take(TailEvent::Restarted);
            }
            *self = Self::default();
            self.offset = stamp.len.saturating_sub(FIRST_READ_BYTES);
            if self.offset > 0 {
                // The byte before shows whether a line begins exactly here.
                self.offset -= 1;
                self.line.skips = true;
            }
        }
        file.seek(SeekFrom::Start(self.offset))?;
        // Leaves what is written meanwhile to the next read, so that this one ends.
        let mut rest = file.take(stamp.len.saturating_sub(self.offset));
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = rest.read(&mut chunk)?;
            let bytes = &chunk[..count];
            if bytes.is_empty() {
                break;
            }
            self.offset += u64::try_from(count).unwrap_or(0);
            self.mark
                .extend_from_slice(&bytes[count.saturating_sub(REWRITE_MARK_BYTES)..]);
            self.mark
                .drain(..self.mark.len().saturating_sub(REWRITE_MARK_BYTES));
            self.line.feed(bytes, &mut take);
        }
        self.stamp = Some(stamp);
        Ok(())
    }

    /// Whether the file is the one that was read before, only longer.
    fn continues(&self, file: &mut File, stamp: TailStamp) -> Result<bool, FileReadError> {
        let same = self
            .stamp
            .is_some_and(|old| (old.device, old.inode) == (stamp.device, stamp.inode));
        if !same || stamp.len < self.offset {
            return Ok(false);
        }
        let length = u64::try_from(self.mark.len()).unwrap_or(0);
        file.seek(SeekFrom::Start(self.offset.saturating_sub(length)))?;
        let mut now = vec![0; self.mark.len()];
        // The read fails if the file is truncated at this moment.
        Ok(file.read_exact(&mut now).is_ok() && now == self.mark)
    }
}

/// A line whose end has not been read yet.
#[derive(Debug, Default)]
struct PartialLine {
    begun: Vec<u8>,
    /// Whether the line is skipped, because its beginning is unknown or it is too long.
    skips: bool,
}

impl PartialLine {
    fn feed(&mut self, mut bytes: &[u8], take: &mut impl FnMut(TailEvent<'_>)) {
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            let (head, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.skips || self.begun.len() + head.len() > MAX_LINE_BYTES {
                self.skips = false;
            } else if self.begun.is_empty() {
                take(TailEvent::Line(trim(head)));
            } else {
                self.begun.extend_from_slice(head);
                take(TailEvent::Line(trim(&self.begun)));
            }
            // Frees the memory of a long line.
            self.begun = Vec::new();
        }
        if self.skips || self.begun.len() + bytes.len() > MAX_LINE_BYTES {
            self.skips = true;
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_files::make_pipe;
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    struct GrowingFile {
        dir: tempfile::TempDir,
        tail: FileTail,
    }

    impl GrowingFile {
        fn new() -> Self {
            Self {
                dir: tempfile::tempdir().expect("folder"),
                tail: FileTail::default(),
            }
        }

        fn path(&self) -> PathBuf {
            self.dir.path().join("log")
        }

        fn append(&self, bytes: &[u8]) {
            let file = File::options().append(true).create(true).open(self.path());
            file.expect("open").write_all(bytes).expect("write");
        }

        fn read(&mut self) -> Vec<String> {
            let mut found = Vec::new();
            let path = self.path();
            let take = |piece: TailEvent<'_>| {
                found.push(match piece {
                    TailEvent::Restarted => "(afresh)".to_owned(),
                    TailEvent::Line(line) => String::from_utf8_lossy(line).into_owned(),
                });
            };
            self.tail.read(&path, take).expect("read");
            found
        }
    }

    #[test]
    fn each_line_is_told_once_and_when_it_is_whole() {
        let mut log = GrowingFile::new();
        log.append(b"one\r\ntwo\n\nthr");
        assert_eq!(log.read(), ["one", "two", ""]);
        assert_eq!(log.read(), [""; 0]);
        log.append(b"ee");
        assert_eq!(log.read(), [""; 0]);
        log.append(b"\nf\0\xffr\n");
        assert_eq!(log.read(), ["three", "f\0\u{fffd}r"]);
    }

    #[test]
    fn a_file_that_is_another_or_shorter_or_other_begins_afresh() {
        let mut log = GrowingFile::new();
        log.append(b"one\ntwo\n");
        assert_eq!(log.read(), ["one", "two"]);
        fs::write(log.path(), "1\n").expect("shorter");
        assert_eq!(log.read(), ["(afresh)", "1"]);
        fs::write(log.path(), "a\nb\nc\n").expect("longer, in place");
        assert_eq!(log.read(), ["(afresh)", "a", "b", "c"]);
        let other = log.dir.path().join("other");
        fs::write(&other, "a\nb\nc\nd\n").expect("other");
        fs::rename(&other, log.path()).expect("replaced");
        assert_eq!(log.read(), ["(afresh)", "a", "b", "c", "d"]);
    }

    #[test]
    fn only_the_end_of_a_large_file_is_read() {
        let mut log = GrowingFile::new();
        let line = |n: usize| format!("{n:099}\n").into_bytes();
        for n in 0..10_000 {
            log.append(&line(n));
        }
        let read = log.read();
        assert_eq!(read.len(), 2621, "all whole lines of 256 KiB");
        assert_eq!(read.last().expect("some").trim_start_matches('0'), "9999");

        // A line that begins exactly at the start of the read is complete.
        let mut log = GrowingFile::new();
        let filler = vec![b'x'; 999];
        log.append(&[&filler[..], b"\n"].concat());
        let first = usize::try_from(FIRST_READ_BYTES).expect("small");
        log.append(&[&vec![b'y'; first - 1][..], b"\n"].concat());
        assert_eq!(log.read().len(), 1);
    }

    #[test]
    fn a_line_of_100_mb_is_streamed_past() {
        let mut log = GrowingFile::new();
        log.append(b"one\n");
        assert_eq!(log.read(), ["one"]);
        let file = File::options().append(true).open(log.path()).expect("open");
        file.set_len(100 << 20).expect("sparse");
        assert_eq!(log.read(), [""; 0]);
        assert!(log.tail.line.begun.capacity() <= MAX_LINE_BYTES);
        log.append(b"\ntwo\n");
        assert_eq!(log.read(), ["two"]);
    }

    #[test]
    fn what_is_no_plain_file_is_never_waited_for() {
        let make: [fn(&Path); 3] = [
            |path| fs::create_dir(path).expect("folder"),
            |path| make_pipe(path),
            |path| symlink(path, path).expect("loop"),
        ];
        for make in make {
            let mut log = GrowingFile::new();
            make(&log.path());
            let path = log.path();
            assert!(matches!(
                log.tail.read(&path, |_| ()),
                Err(FileReadError::NotPlain)
            ));
        }
    }

    proptest::proptest! {
        #[test]
        fn the_cuts_between_reads_do_not_matter(
            bytes in proptest::collection::vec(proptest::prop_oneof![
                proptest::strategy::Just(b'\n'),
                proptest::prelude::any::<u8>(),
            ], 0..400),
            cuts in proptest::collection::vec(0_usize..400, 0..8),
        ) {
            let mut whole = Vec::new();
            PartialLine::default().feed(&bytes, &mut |piece| collect_line(piece, &mut whole));
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut parts = Vec::new();
            let mut line = PartialLine::default();
            for cut in cuts.windows(2) {
                line.feed(&bytes[cut[0]..cut[1]], &mut |piece| collect_line(piece, &mut parts));
            }
            proptest::prop_assert_eq!(whole, parts);
        }
    }

    fn collect_line(piece: TailEvent<'_>, into: &mut Vec<Vec<u8>>) {
        if let TailEvent::Line(line) = piece {
            into.push(line.to_vec());
        }
    }
}
