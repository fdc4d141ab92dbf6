//! Reads a report. Any bytes are accepted or refused with a reason; what a report of any size can
//! cost is bounded.

use crate::format::{MachineReport, REPORT_FORMAT, REPORT_VERSION};
use serde::Deserialize;
use std::io::{self, Read};

/// The most bytes of a report; one of a busy machine has about 100 KiB.
pub const MAX_REPORT_BYTES: u64 = 8 << 20;
/// The most processes, registry files, panes and config folders that are replayed.
const MAX_REPORTED_ITEMS: usize = 1_000;

/// Why a file is not read as a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportReadError {
    /// Reading failed.
    #[error("failed to read: {0}")]
    Io(#[from] io::Error),
    /// The file is larger than any report.
    #[error("file is larger than {} MiB; a report is smaller", MAX_REPORT_BYTES >> 20)]
    TooLarge,
    /// The file has no content.
    #[error("file is empty; make a report with `trusty report FILE`")]
    Empty,
    /// The file ends before its JSON does.
    #[error("file is cut off: {0}; copy the whole file again")]
    CutOff(serde_json::Error),
    /// The file is not JSON.
    #[error("not JSON: {0}; undo the last edit, or make a report with `trusty report FILE`")]
    NotJson(serde_json::Error),
    /// A field has the wrong type or is missing.
    #[error("a field is not understood: {0}")]
    Malformed(serde_json::Error),
    /// The file is JSON of another kind.
    #[error("not a report; make one with `trusty report FILE`")]
    NotReport,
    /// The file is of a newer version and has a form that this version does not know.
    #[error(
        "in format {version}, which this version of trusty does not know: {error}; install a newer \
         version"
    )]
    Newer {
        /// The version of the format.
        version: u32,
        /// What is not understood.
        error: serde_json::Error,
    },
}

/// A report, and what the reader had to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedReport {
    /// The report.
    pub report: MachineReport,
    /// Remarks for the user: another version of the format, parts that were cut.
    pub remarks: Vec<String>,
}

/// The part of a report that every version has.
#[derive(Deserialize)]
struct ReportHeader {
    format: Option<String>,
    version: Option<u32>,
}

/// Reads a report.
///
/// # Errors
/// Why the input is no report, with line and column where the JSON is wrong.
pub fn read_report(input: impl Read) -> Result<ParsedReport, ReportReadError> {
    let mut bytes = Vec::new();
    input.take(MAX_REPORT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_REPORT_BYTES {
        return Err(ReportReadError::TooLarge);
    }
    parse_report(&bytes)
}

/// Reads a report from its bytes.
///
/// # Errors
/// As [`read_report`].
pub fn parse_report(bytes: &[u8]) -> Result<ParsedReport, ReportReadError> {
    // Editors on some systems write a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Err(ReportReadError::Empty);
    }
    let header = match serde_json::from_slice::<ReportHeader>(bytes) {
        Ok(header) => header,
        Err(e) if e.is_data() => return Err(ReportReadError::NotReport),
        Err(e) if e.is_eof() => return Err(ReportReadError::CutOff(e)),
        Err(e) => return Err(ReportReadError::NotJson(e)),
    };
    let (Some(REPORT_FORMAT), Some(version)) = (header.format.as_deref(), header.version) else {
        return Err(ReportReadError::NotReport);
    };
    let report = serde_json::from_slice(bytes).map_err(|error| {
        if version > REPORT_VERSION {
            ReportReadError::Newer { version, error }
        } else {
            ReportReadError::Malformed(error)
        }
    })?;
    let mut parsed = ParsedReport {
        report,
        remarks: Vec::new(),
    };
    if version > REPORT_VERSION {
        parsed.remarks.push(format!(
            "the report is in format {version}, this version of trusty knows {REPORT_VERSION}; \
             fields that it does not know are ignored"
        ));
    }
    parsed.limit_size();
    Ok(parsed)
}

impl ParsedReport {
    /// Cuts lists that no real report has, because the work of a replay grows faster than its input.
    fn limit_size(&mut self) {
        let Self { report, remarks } = self;
        let mut limit = |what: &str, len: usize| {
            if len > MAX_REPORTED_ITEMS {
                remarks.push(format!(
                    "only the first {MAX_REPORTED_ITEMS} of {len} {what} are read"
                ));
            }
        };
        limit("processes", report.processes.len());
        report.processes.truncate(MAX_REPORTED_ITEMS);
        limit("config folders", report.config_folders.len());
        report.config_folders.truncate(MAX_REPORTED_ITEMS);
        let mut left = MAX_REPORTED_ITEMS;
        let files = report.config_folders.iter().map(|f| f.registry.len()).sum();
        limit("registry files", files);
        for folder in &mut report.config_folders {
            folder.registry.truncate(left);
            left -= folder.registry.len();
        }
        limit("tmux servers", report.tmux.len());
        report.tmux.truncate(MAX_REPORTED_ITEMS);
        let mut left = MAX_REPORTED_ITEMS;
        let panes = report.tmux.iter().map(|server| server.panes.len()).sum();
        limit("panes", panes);
        for server in &mut report.tmux {
            server.panes.truncate(left);
            left -= server.panes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL_REPORT: &str = r#"{
  "format": "trusty-report", "version": 1, "taken_at": "2026-11-30T12:00:00Z",
  "machine": {"system": "mac", "uid": 501},
  "home": "/Users/user"
}"#;

    fn refusal(text: &str) -> String {
        parse_report(text.as_bytes())
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn a_report_needs_little_and_unknown_fields_are_ignored() {
        let parsed = parse_report(SMALL_REPORT.as_bytes()).expect("a report");
        assert_eq!(parsed.report.machine.uid, 501);
        assert!(parsed.remarks.is_empty());
        let more = SMALL_REPORT.replace("\"uid\"", "\"colour\": {\"a\": [1]}, \"uid\"");
        assert_eq!(parse_report(more.as_bytes()).expect("the same"), parsed);
        let marked = format!("\u{feff}{SMALL_REPORT}");
        assert_eq!(parse_report(marked.as_bytes()).expect("the same"), parsed);
    }

    #[test]
    fn a_fault_is_named_with_its_line_and_column() {
        let cut = refusal(&SMALL_REPORT[..SMALL_REPORT.len() - 2]);
        assert!(
            cut.contains("cut off") && cut.contains("line 4 column"),
            "{cut}"
        );
        let edited = refusal(&SMALL_REPORT.replace("501", "501,"));
        assert!(
            edited.contains("not JSON") && edited.contains("line 3 column"),
            "{edited}"
        );
        let wrong = SMALL_REPORT.replace("501", "\"me\"");
        assert!(
            refusal(&wrong).contains("line 3 column"),
            "{}",
            refusal(&wrong)
        );
        let wrong = SMALL_REPORT.replace("\"mac\"", "\"beos\"");
        assert!(refusal(&wrong).contains("linux"), "{}", refusal(&wrong));
        for other in [
            "{}",
            "[]",
            "7",
            "{\"format\":\"trusty-observations\",\"version\":1}",
        ] {
            assert!(refusal(other).contains("make one with"), "{other}");
        }
        for nothing in ["", " \n"] {
            assert!(refusal(nothing).starts_with("file is empty"), "{nothing:?}");
        }
    }

    #[test]
    fn a_newer_version_is_said() {
        let newer = SMALL_REPORT.replace("\"version\": 1", "\"version\": 7");
        let parsed = parse_report(newer.as_bytes()).expect("read as far as known");
        assert!(
            parsed.remarks[0].contains("format 7"),
            "{:?}",
            parsed.remarks
        );
        let changed = newer.replace("501", "{}");
        assert!(
            refusal(&changed).contains("in format 7"),
            "{}",
            refusal(&changed)
        );
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let endless = io::repeat(b' ');
        let refused = read_report(endless).expect_err("refused").to_string();
        assert!(refused.contains("8 MiB"), "{refused}");
    }

    #[test]
    fn lists_that_no_machine_has_are_cut_and_that_is_said() {
        let many = "{\"pid\": 1},".repeat(MAX_REPORTED_ITEMS + 1);
        let many = many.trim_end_matches(',');
        let text = SMALL_REPORT.replace("\"home\"", &format!("\"processes\": [{many}], \"home\""));
        let parsed = parse_report(text.as_bytes()).expect("a report");
        assert_eq!(parsed.report.processes.len(), MAX_REPORTED_ITEMS);
        assert!(
            parsed.remarks[0].contains("1001 processes"),
            "{:?}",
            parsed.remarks
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            let _ = parse_report(&bytes);
        }

        #[test]
        fn any_change_of_a_report_is_read_or_refused(at in 0..SMALL_REPORT.len(), with in any::<u8>()) {
            let mut bytes = SMALL_REPORT.as_bytes().to_vec();
            bytes[at] = with;
            let _ = parse_report(&bytes);
        }
    }
}
