//! Registry files that do not count, processes that are not recognised, and what is listed
//! differently on the machine itself.

use super::{FindingArea, ReportFinding};
use crate::format::{MachineReport, ReportedProcess};
use crate::replay::DecodedEntries;
use crate::replay::kernel::ReportedKernel;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use trusty_fleet::client::{ProcessRole, identify_program, is_named_after_client};
use trusty_fleet::identity::StartMatch;
use trusty_fleet::observation::{RegistryEntry, RegistryFile};
use trusty_fleet::view::Row;
use trusty_fleet::{Session, Snapshot, System};
use trusty_platform::process_reader::ProcessReader;
use trusty_platform::tmux;
use trusty_sources::process::DiscoveryReader;

pub(super) fn find(
    report: &MachineReport,
    kernel: &ReportedKernel<'_>,
    entries: &DecodedEntries,
    snapshot: &Snapshot,
) -> Vec<ReportFinding> {
    let sessions: BTreeMap<u32, &Session> = snapshot
        .sessions
        .iter()
        .filter_map(|session| Some((session.pid?, session)))
        .collect();
    let mut found = Vec::new();
    for (file, entry) in entries {
        let session = sessions.get(&file.pid).copied();
        found.extend(disbelieved_file(
            report.machine.uid,
            kernel,
            file,
            entry,
            session,
        ));
    }
    for session in sessions.values() {
        if let (Some(why), Some(pid)) = (&session.unconfirmed, session.pid) {
            let message = format!("listed as unconfirmed: {why}");
            found.push(process_finding(pid, &message));
        }
    }
    for process in &report.processes {
        found.extend(unrecognised_process(kernel, process, &sessions));
        found.extend(missing_pane(report, kernel, process, &sessions));
    }
    found.extend(listed_differently(report, &sessions));
    found
}

fn process_finding(pid: u32, message: &str) -> ReportFinding {
    ReportFinding::new(FindingArea::Process, &format!("pid {pid}"), message)
}

/// Why a file does not count for the process that it names.
fn disbelieved_file(
    user: u32,
    kernel: &ReportedKernel<'_>,
    file: &RegistryFile,
    entry: &RegistryEntry,
    session: Option<&Session>,
) -> Option<ReportFinding> {
    let counts = session.is_some_and(|session| session.claude.is_some());
    let kind = entry.kind.as_deref().unwrap_or_default();
    let is_no_session = entry.spare || kind.starts_with("daemon");
    if counts || is_no_session {
        return None;
    }
    let process = kernel.process(file.pid)?;
    let start = kernel.start_of(process);
    let message = if process.zombie {
        "ignored: the process has ended".to_owned()
    } else if entry
        .proc_start
        .is_some_and(|told| told.compare(start) == StartMatch::Different)
    {
        let unit = match kernel.system() {
            System::Linux => "clock ticks since boot",
            System::Mac => "microseconds since 1970",
        };
        format!(
            "ignored: the file is about another process with this pid: its procStart is not the \
             start of the process ({} {unit})",
            start.0
        )
    } else if process.uid.is_some_and(|uid| uid != user) {
        "ignored: the process belongs to another user".to_owned()
    } else if began_before(kernel, process, entry) {
        "ignored: the session in the file began before the process, and the file says nothing \
         else about the process"
            .to_owned()
    } else if session.is_some() {
        "ignored: the process does not use this config folder, or its pids are those of another \
         machine"
            .to_owned()
    } else {
        "ignored: neither the file nor the program of the process shows that it is Claude Code"
            .to_owned()
    };
    let subject = file.dir.join("sessions").join(format!("{}.json", file.pid));
    let subject = subject.display().to_string();
    Some(ReportFinding::new(
        FindingArea::Registry,
        &subject,
        &message,
    ))
}

/// Whether the session of a file began before a process, which then is another one.
fn began_before(
    kernel: &ReportedKernel<'_>,
    process: &ReportedProcess,
    entry: &RegistryEntry,
) -> bool {
    let age = kernel
        .since_boot()
        .saturating_sub(kernel.start_since_boot(kernel.start_of(process)));
    let started = kernel.taken_at().before(age);
    entry.started_at.is_some_and(|at| at < started)
}

/// A process that is called like Claude Code and is not listed.
fn unrecognised_process(
    kernel: &ReportedKernel<'_>,
    process: &ReportedProcess,
    sessions: &BTreeMap<u32, &Session>,
) -> Option<ReportFinding> {
    let program = kernel.program(process.pid)?;
    if sessions.contains_key(&process.pid) || process.zombie {
        return None;
    }
    let identified = identify_program(&program.paths(), &program.argv);
    let first = program.argv.first().map(Path::new);
    let is_called_so = identified.path.is_some_and(is_named_after_client)
        || first.is_some_and(is_named_after_client);
    // A child that Claude Code starts from its own executable is no session of its own.
    let is_child = kernel.process(process.parent).is_some_and(|parent| {
        kernel.program(parent.pid).is_some_and(|above| {
            identify_program(&above.paths(), &above.argv).role != ProcessRole::Other
        })
    });
    let path = identified.path.map_or_else(
        || "a program whose path could not be read".to_owned(),
        |path| path.display().to_string(),
    );
    match identified.role {
        ProcessRole::Other if is_called_so && !is_child => {
            let message = format!(
                "not listed: {path} is called like Claude Code and is at no place that Trusty Bar \
                 knows; if it is Claude Code, please report how it was installed"
            );
            Some(process_finding(process.pid, &message))
        }
        ProcessRole::Interactive | ProcessRole::Headless if !is_child => {
            let message = format!("not listed although {path} is Claude Code; please report this");
            Some(process_finding(process.pid, &message))
        }
        _ => None,
    }
}

/// A session that names a tmux server in which it has no pane.
fn missing_pane(
    report: &MachineReport,
    kernel: &ReportedKernel<'_>,
    process: &ReportedProcess,
    sessions: &BTreeMap<u32, &Session>,
) -> Option<ReportFinding> {
    let session = sessions.get(&process.pid)?;
    let tmux = process.environment.as_ref()?.get("TMUX")?;
    let named = tmux::socket_in_variable(OsStr::new(tmux))?;
    let socket = kernel.tmux_server_path(&named);
    let has_pane = session.terminal.as_ref().is_some_and(|t| t.tmux.is_some());
    if has_pane || process.contained {
        return None;
    }
    let server = report
        .tmux
        .iter()
        .find(|server| Path::new(&server.socket) == socket);
    let message = match server {
        None => format!(
            "runs in tmux, but its server {} was not asked",
            socket.display()
        ),
        Some(server) if server.problem.is_some() => return None,
        Some(_) => format!(
            "runs in tmux, but the server {} has no pane of it",
            socket.display()
        ),
    };
    Some(process_finding(process.pid, &message))
}

/// Sessions that the machine itself listed otherwise, or not at all.
fn listed_differently(
    report: &MachineReport,
    sessions: &BTreeMap<u32, &Session>,
) -> Vec<ReportFinding> {
    let mut found = Vec::new();
    for row in &report.trusty.listed {
        let message = match sessions.get(&row.pid) {
            None => format!("listed on the machine ({}), but not here", row.word),
            Some(session) => {
                let here = Row::from_session(session, None).word;
                if here == row.word {
                    continue;
                }
                format!(
                    "listed on the machine as {:?}, here as {here:?}: transcripts, hooks and screens \
                     are not in a report",
                    row.word
                )
            }
        };
        found.push(process_finding(row.pid, &message));
    }
    found
}
