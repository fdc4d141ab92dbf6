//! `trusty report`

use crate::cli_context::CliContext;
use crate::failure::CommandFailure;
use crate::json_output::print_json;
use crate::table::render_table;
use crate::terminal_output::{self, OutputFormat};
use crate::why::render_explanation;
use anyhow::{Context, anyhow};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use trusty_fleet::Snapshot;
use trusty_fleet::explanation::{Explanation, TestimonyOutcome};
use trusty_fleet::session::{SessionId, Source};
use trusty_fleet::text::replace_hidden_chars;
use trusty_fleet::view::{Board, Row};
use trusty_platform::{clock, disk_sync, files};
use trusty_report::collect::{CallerFacts, collect_report};
use trusty_report::format::{MachineReport, ReportedEngine, ReportedHealth, ReportedRow};
use trusty_report::read::{ParsedReport, read_report};
use trusty_report::replay::{ReplayedReport, replay_report};

/// The name of standard input and standard output.
const STANDARD_STREAM: &str = "-";

#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// File to create, or - for standard output; without FILE, a new file in this folder
    file: Option<PathBuf>,
    /// Read a report of any machine and show its sessions and what is wrong
    #[arg(long, value_name = "REPORT", conflicts_with = "file")]
    read: Option<PathBuf>,
    /// With --read, print JSON: {"snapshot", "explanations", "problems", …}
    #[arg(long, requires = "read")]
    json: bool,
}

pub(crate) async fn report(args: &ReportArgs) -> Result<(), CommandFailure> {
    match &args.read {
        Some(file) => {
            let (report, replayed) = replay_file(file)?;
            if args.json {
                return print_json(&replayed);
            }
            let text = render_replay(&report, &replayed, OutputFormat::now());
            Ok(terminal_output::print(&text)?)
        }
        None => write_report(args.file.as_deref()).await,
    }
}

/// Where a report is written.
enum ReportTarget {
    StandardOutput,
    /// A file of this name, created before the facts are collected, which takes seconds.
    NewFile(PathBuf, File),
}

impl ReportTarget {
    fn open(file: Option<&Path>) -> Result<Self, CommandFailure> {
        let path = match file {
            Some(file) if file == Path::new(STANDARD_STREAM) => return Ok(Self::StandardOutput),
            Some(file) => file.to_path_buf(),
            None if io::stdout().is_terminal() => default_name(clock::wall()),
            None => return Ok(Self::StandardOutput),
        };
        let file = create(&path)?;
        Ok(Self::NewFile(path, file))
    }

    fn write(&mut self, text: &str) -> Result<(), CommandFailure> {
        match self {
            Self::StandardOutput => Ok(terminal_output::print(text)?),
            Self::NewFile(path, file) => {
                let written = file
                    .write_all(text.as_bytes())
                    .and_then(|()| disk_sync::sync_file(file));
                Ok(written.with_context(|| format!("failed to write {}", path.display()))?)
            }
        }
    }
}

async fn write_report(file: Option<&Path>) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let mut target = ReportTarget::open(file)?;
    let caller = caller_facts(&place).await;
    let report = collect_report(&place.env, &place.settings, caller)
        .await
        .context("failed to read the facts of this machine")?;
    let mut text = serde_json::to_string_pretty(&report).context("failed to write JSON")?;
    text.push('\n');
    target.write(&text)?;
    terminal_output::print_diagnostic(&written_message(&report, &target, text.len()));
    Ok(())
}

/// A name that says what the file is and from when.
fn default_name(now: SystemTime) -> PathBuf {
    let time = clock::local_text(now).replace(' ', "-").replace(':', "");
    PathBuf::from(format!("trusty-report-{time}.json"))
}

fn create(path: &Path) -> Result<File, CommandFailure> {
    if path.is_dir() {
        let example = path.join("report.json");
        return Err(CommandFailure::Refused(format!(
            "{} is a folder; name a file in that folder, such as {}",
            path.display(),
            example.display()
        )));
    }
    files::create_private(path).map_err(|e| {
        if e.kind() == io::ErrorKind::AlreadyExists {
            return CommandFailure::Refused(format!(
                "{} already exists; name another file, or remove that one first",
                path.display()
            ));
        }
        anyhow!(
            "failed to create {}: {e}; name a file in a folder that you can write to",
            path.display()
        )
        .into()
    })
}

/// What was written, what was left out, and what to do next.
fn written_message(report: &MachineReport, target: &ReportTarget, bytes: usize) -> String {
    let (name, next) = match target {
        ReportTarget::StandardOutput => ("the report to standard output".to_owned(), String::new()),
        ReportTarget::NewFile(path, _) => {
            let name = path.display().to_string();
            let next =
                format!(" `trusty report --read {name}` shows what Trusty Bar makes of the file.");
            (name, next)
        }
    };
    let sessions = match report.trusty.listed.len() {
        1 => "1 session".to_owned(),
        number => format!("{number} sessions"),
    };
    let processes = match report.processes.len() {
        1 => "1 process".to_owned(),
        number => format!("{number} processes"),
    };
    let kib = bytes.div_ceil(1024);
    format!(
        "wrote {name} ({kib} KiB): {sessions}, {processes}\n\
         Left out: prompts, texts, names that you gave, other variables and arguments. Replaced: \
         your home folder and user name. Kept: names of folders and programs.\n\
         Read the file before you send it.{next}"
    )
}

/// What the running engine says, or a scan of this process.
async fn caller_facts(place: &CliContext) -> CallerFacts {
    let (engine, shown) = match place.sessions.snapshot().await {
        Ok(shown) => {
            let health = place.engine_health().await.ok();
            let engine = ReportedEngine {
                answers: true,
                version: health.as_ref().map(|health| health.version.clone()),
                pid: health.as_ref().map(|health| health.pid),
                problem: None,
            };
            (engine, Some(Snapshot::clone(&shown)))
        }
        Err(e) => {
            let problem =
                (!matches!(e, trusty_client::ClientError::NotRunning)).then(|| e.to_string());
            let engine = ReportedEngine {
                problem,
                ..ReportedEngine::default()
            };
            let scanned = place.scan().await.ok();
            (engine, scanned.map(|scanned| scanned.snapshot()))
        }
    };
    let shown = shown.unwrap_or_default();
    CallerFacts {
        engine,
        listed: shown.sessions.iter().filter_map(reported_row).collect(),
        health: shown
            .health
            .iter()
            .map(|issue| ReportedHealth {
                source: format!("{:?}", issue.source),
                subject: issue.subject.clone(),
                message: issue.message.clone(),
            })
            .collect(),
    }
}

fn reported_row(session: &trusty_fleet::Session) -> Option<ReportedRow> {
    let row = Row::from_session(session, None);
    let terminal = session.terminal.as_ref();
    let app = terminal.and_then(|terminal| match terminal.tmux {
        Some(_) => Some("tmux".to_owned()),
        None => terminal.app.clone(),
    });
    Some(ReportedRow {
        pid: session.pid?,
        word: row.word,
        inferred: row.inferred,
        confirmed: session.unconfirmed.is_none(),
        terminal: app,
    })
}

/// Reads a report and replays it.
fn replay_file(file: &Path) -> Result<(MachineReport, ReplayedReport), CommandFailure> {
    let is_standard = file == Path::new(STANDARD_STREAM);
    let name = if is_standard {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let parsed = if is_standard {
        read_report(io::stdin().lock())
    } else {
        let opened = File::open(file).with_context(|| format!("failed to open {name}"))?;
        read_report(opened)
    };
    let ParsedReport { report, remarks } = parsed.with_context(|| name.clone())?;
    for remark in &remarks {
        terminal_output::print_diagnostic(&format!("{name}: {remark}"));
    }
    let replayed = replay_report(&report);
    Ok((report, replayed))
}

/// What is wrong, the sessions as a table, and why each has its status. What is wrong comes first,
/// because the reasons of many sessions fill screens.
fn render_replay(report: &MachineReport, replayed: &ReplayedReport, paper: OutputFormat) -> String {
    let home = Path::new(&report.home);
    let mut parts = vec![render_heading(report), render_problems(replayed)];
    // The health of the sources is among what is wrong.
    let sessions = Snapshot {
        health: Vec::new(),
        ..replayed.snapshot.clone()
    };
    if sessions.sessions.is_empty() {
        parts.push("The report shows no Claude Code session.\n".to_owned());
        return parts.join("\n");
    }
    parts.push(render_table(&sessions, home, report.taken_at, paper));
    parts.push(
        "Why, without transcripts, hooks and screens, which are not in a report:\n".to_owned(),
    );
    let mut explanations: BTreeMap<SessionId, &Explanation> = replayed
        .explanations
        .iter()
        .map(|explanation| (explanation.session.id, explanation))
        .collect();
    for row in Board::from_snapshot(&sessions, Some(home)).rows {
        if let Some(explanation) = explanations.remove(&row.id) {
            let reported = without_unreported_sources(explanation);
            parts.push(render_explanation(&reported, row, report.taken_at, paper));
        }
    }
    let more = sessions.sessions.len() - replayed.explanations.len();
    if more > 0 {
        parts.push(format!("{more} more sessions are not explained.\n"));
    }
    parts.join("\n")
}

fn render_problems(replayed: &ReplayedReport) -> String {
    if replayed.problems.is_empty() {
        return "Nothing is wrong, as far as the report shows.\n".to_owned();
    }
    let lines = replayed.problems.iter();
    let lines = lines.map(|problem| format!("! {}: {}\n", problem.subject, problem.message));
    format!("What is wrong:\n{}", lines.collect::<String>())
}

/// The explanation without the sources that no report holds: their lines are the same for each
/// session and say nothing about the machine.
fn without_unreported_sources(explanation: &Explanation) -> Explanation {
    let mut reported = explanation.clone();
    reported.testimonies.retain(|testimony| {
        let is_reported = matches!(
            testimony.source,
            Source::Registry | Source::Process | Source::Tmux
        );
        is_reported || testimony.part != TestimonyOutcome::Silent
    });
    reported
}

/// One line that says of which machine the report is and when it was made.
fn render_heading(report: &MachineReport) -> String {
    let machine = &report.machine;
    let system = match machine.system {
        trusty_fleet::System::Linux => "Linux",
        trusty_fleet::System::Mac => "macOS",
    };
    let release = machine.release.as_deref().unwrap_or(system);
    let architecture = machine.architecture.as_deref();
    let architecture = architecture.map_or_else(String::new, |name| format!(" ({name})"));
    let made_by = report.made_by.as_deref().unwrap_or("hand");
    let time = clock::local_text(report.taken_at);
    let line = format!("{release}{architecture}, {time}, made by {made_by}");
    format!("{}\n", replace_hidden_chars(&line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_new_report_sorts_by_time_and_needs_no_quotes() {
        let name = default_name(SystemTime::UNIX_EPOCH);
        let name = name.to_string_lossy();
        assert!(name.starts_with("trusty-report-19"), "{name}");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        assert!(name.ends_with(".json") && name.chars().all(plain), "{name}");
    }
}
