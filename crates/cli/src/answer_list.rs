//! `trusty requests --answered`: who answered what, and when.

use crate::cli_context::{CliContext, find_session};
use crate::failure::CommandFailure;
use crate::terminal_output;
use anyhow::Context;
use serde_json::json;
use std::path::Path;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::given_answer::AnswerRecord;
use trusty_fleet::view::{Row, replace_hidden_chars};
use trusty_fleet::{SessionId, Snapshot};
use trusty_platform::clock;
use trusty_records::AnswerLog;
use unicode_width::UnicodeWidthStr;

/// So many characters of a session's or a request's id are printed.
const SHORT_ID_CHARS: usize = 12;

/// How the record of answers is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswersFormat {
    /// A line for each answer, below a heading.
    Table,
    /// One JSON object.
    Json,
}

pub(crate) async fn print_answers(
    place: &CliContext,
    word: Option<&str>,
    format: AnswersFormat,
) -> Result<(), CommandFailure> {
    let log = AnswerLog::from_env(&place.env);
    let mut records = log.read().context("failed to read the record of answers")?;
    // Names are those of sessions that an engine lists now; without one, ids are printed.
    let snapshot = place.sessions.snapshot().await.unwrap_or_default();
    if let Some(word) = word {
        let id = recorded(&records, word).map_or_else(|| find_session(&snapshot, word), Ok)?;
        records.retain(|record| record.session == id);
    }
    if format == AnswersFormat::Json {
        return Ok(terminal_output::print(&format!(
            "{}\n",
            json!({"answers": records})
        ))?);
    }
    if records.is_empty() {
        return Ok(terminal_output::print("No answers are recorded.\n")?);
    }
    Ok(terminal_output::print(&table(&records, &snapshot))?)
}

/// The session of a record whose id begins so: it may have ended long ago.
fn recorded(records: &[AnswerRecord], prefix: &str) -> Option<SessionId> {
    let is_meant = |id: &SessionId| prefix.len() >= 8 && id.to_string().starts_with(prefix);
    records.iter().map(|record| record.session).find(is_meant)
}

fn table(records: &[AnswerRecord], snapshot: &Snapshot) -> String {
    let heading = [
        "TIME", "ANSWER", "BY", "PROGRAM", "PID", "SESSION", "REQUEST",
    ];
    let rows = records.iter().map(|record| {
        [
            clock::local_text(record.time),
            record.kind.done().to_owned(),
            place_of(record),
            program(record),
            record.pid.map_or_else(String::new, |pid| pid.to_string()),
            title(record.session, snapshot),
            short(&record.request.0),
        ]
        .map(|cell| replace_hidden_chars(&cell))
    });
    let rows: Vec<[String; 7]> = std::iter::once(heading.map(str::to_owned))
        .chain(rows)
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let widest = rows.iter().map(|row| row[column].width()).max();
            let gap = widest.unwrap_or(0).saturating_sub(cell.width());
            format!("{cell}{}", " ".repeat(gap))
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// "terminal pts/7"
fn place_of(record: &AnswerRecord) -> String {
    let tty = record.tty.as_deref();
    let tty = tty.filter(|_| record.by == AnswerChannel::Terminal);
    let tty = tty.map(|tty| format!(" {}", tty.strip_prefix("/dev/").unwrap_or(tty)));
    format!("{}{}", record.by.as_str(), tty.unwrap_or_default())
}

fn program(record: &AnswerRecord) -> String {
    let name = record.executable.as_deref().map(Path::new);
    let name = name.and_then(Path::file_name);
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn title(id: SessionId, snapshot: &Snapshot) -> String {
    let session = snapshot.sessions.iter().find(|session| session.id == id);
    session.map_or_else(
        || short(&id.to_string()),
        |s| Row::from_session(s, None).title,
    )
}

fn short(id: &str) -> String {
    id.chars().take(SHORT_ID_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;
    use trusty_fleet::given_answer::AnswerKind;
    use trusty_fleet::request::RequestId;

    #[test]
    fn the_table_of_answers_says_who_answered_what_and_steers_no_terminal() {
        let record = |by, tty: Option<&str>| AnswerRecord {
            time: SystemTime::UNIX_EPOCH,
            by,
            pid: Some(4242),
            executable: Some("/usr/bin/tru\u{1b}[2Jsty".into()),
            tty: tty.map(str::to_owned),
            session: SessionId(uuid::Uuid::from_u128(7)),
            request: RequestId("ab".repeat(32)),
            kind: AnswerKind::Approve,
        };
        let records = [
            record(AnswerChannel::Terminal, Some("/dev/pts/7")),
            record(AnswerChannel::Popover, None),
        ];
        let text = table(&records, &Snapshot::default());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("TIME "), "{text}");
        for part in [
            "  approved  ",
            "  terminal pts/7  ",
            "  4242  ",
            "  00000000-000  abababababab",
        ] {
            assert!(lines[1].contains(part), "{part}: {text}");
        }
        assert!(lines[2].contains("  popover "), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
