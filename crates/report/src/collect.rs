//! Collects the raw facts of this machine. Nothing is changed, no `.key` file is opened, and
//! whatever cannot be read is named in the report.

mod folders;
mod mac;
mod machine;
mod processes;
mod tmux;
mod watch_trial;

pub use watch_trial::try_watch;

use crate::format::{
    MachineReport, REPORT_FORMAT, REPORT_VERSION, ReportedEngine, ReportedHealth,
    ReportedInstallation, ReportedRow, ReportedSettings,
};
use crate::redact::{REPORTED_VARIABLES, ReportRedactor, UserIdentity};
use processes::ProcessCollector;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use trusty_fleet::System;
use trusty_platform::process_reader::{LiveKernel, ProcessReader};
use trusty_platform::{clock, sys};
use trusty_records::settings::{Confinement, Settings};
use trusty_wire::environment::Environment;
use trusty_wire::hooks::HOOK_SOCKET;
use trusty_wire::{socket_names, version};

/// What the program that writes a report knows besides the facts that are read here.
#[derive(Debug, Clone, Default)]
pub struct CallerFacts {
    /// The running engine, or why there is none.
    pub engine: ReportedEngine,
    /// The sessions as listed on this machine.
    pub listed: Vec<ReportedRow>,
    /// The problems of the sources.
    pub health: Vec<ReportedHealth>,
}

/// Collects a report of this machine, redacted.
///
/// # Errors
/// The system does not report what identifies this machine, or its processes.
pub async fn collect_report(
    env: &Environment,
    settings: &Settings,
    caller: CallerFacts,
) -> io::Result<MachineReport> {
    let report = collect_raw(env, settings, caller).await?;
    Ok(ReportRedactor::new(user_identity(env)).apply(report))
}

async fn collect_raw(
    env: &Environment,
    settings: &Settings,
    caller: CallerFacts,
) -> io::Result<MachineReport> {
    let identity = sys::machine()?;
    let kernel = LiveKernel;
    let taken_at = clock::wall();
    let uptime = kernel.since_boot();
    let configured = settings.all_config_dirs(env);
    let alive: BTreeSet<u32> = kernel.pids()?.into_iter().collect();
    let mut collector = ProcessCollector::new(&kernel, env, settings.scope(env, identity.uid));
    collector.add_recognised(&alive);
    let mut folders = BTreeMap::new();
    // Files name more processes, and their environments more folders.
    for _ in 0..3 {
        let known = folders.len();
        for dir in configured.iter().chain(&collector.config_folders()) {
            if !folders.contains_key(dir) {
                let read = folders::read_folder(dir, env, &identity, &configured, &alive);
                collector.add_all(folders::named_pids(&read));
                folders.insert(dir.clone(), read);
            }
        }
        if folders.len() == known {
            break;
        }
    }
    let (servers, panes) = tmux::read_servers(env, settings, identity.uid, &collector).await;
    collector.add_ancestors_of(&panes);
    let mac = match sys::CURRENT_SYSTEM {
        System::Linux => None,
        System::Mac => Some(mac::read_mac_facts().await),
    };
    let names = REPORTED_VARIABLES.iter();
    let variables = names.filter_map(|name| {
        let value = std::env::var_os(name)?;
        Some(((*name).to_owned(), value.to_string_lossy().into_owned()))
    });
    Ok(MachineReport {
        format: REPORT_FORMAT.to_owned(),
        version: REPORT_VERSION,
        made_by: Some(format!("trusty {}", version::TRUSTY_VERSION)),
        source: None,
        taken_at,
        machine: machine::describe_machine(sys::CURRENT_SYSTEM, identity, uptime).await,
        home: text(&env.home),
        variables: variables.collect(),
        config_folders: folders.into_values().collect(),
        processes: collector.into_processes(),
        tmux: servers,
        trusty: installation(env, settings, caller),
        watch_trial: Some(try_watch().await),
        mac,
    })
}

/// The user whose home folder and names are replaced.
fn user_identity(env: &Environment) -> UserIdentity {
    let homes = [Some(env.home.clone()), env.home.canonicalize().ok()];
    let homes = homes.into_iter().flatten().map(|home| text(&home));
    let names = ["USER", "LOGNAME"];
    let names = names.iter().filter_map(|name| std::env::var(name).ok());
    UserIdentity::new(sys::CURRENT_SYSTEM, homes, names)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn installation(
    env: &Environment,
    settings: &Settings,
    caller: CallerFacts,
) -> ReportedInstallation {
    let uid = sys::machine().map_or(0, |machine| machine.uid);
    let runtime = env.runtime_dir(uid);
    let hook_program = trusty_integration::program(env);
    let problem = trusty_integration::check_hook_program(env).err();
    ReportedInstallation {
        program: std::env::current_exe().ok().map(|path| text(&path)),
        data_folder: Some(text(&env.data_dir())),
        socket_path_bytes: Some(longest_socket_bytes(&runtime)),
        runtime_folder: Some(text(&runtime)),
        settings: Some(reported_settings(env, settings)),
        engine: Some(caller.engine),
        hook_program_problem: problem.map(|e| e.to_string()),
        hook_program: hook_program.exists().then(|| text(&hook_program)),
        listed: caller.listed,
        health: caller.health,
    }
}

fn longest_socket_bytes(runtime: &Path) -> usize {
    let sockets = [socket_names::api_socket(runtime), runtime.join(HOOK_SOCKET)];
    let lengths = sockets.iter().map(|path| path.as_os_str().len());
    lengths.max().unwrap_or(0)
}

fn reported_settings(env: &Environment, settings: &Settings) -> ReportedSettings {
    let Settings {
        config_dirs,
        confinement,
        preferences: _,
        answer_policy,
        notices,
        // The command of the user's terminal may hold anything.
        terminal: _,
        start_at_login,
        problems,
    } = settings;
    let file = env.settings_file();
    ReportedSettings {
        exists: file.exists(),
        file: text(&file),
        confined: *confinement == Confinement::Confined,
        config_dirs: config_dirs.iter().map(|dir: &PathBuf| text(dir)).collect(),
        programs_answer: answer_policy.programs,
        terminal_answers: answer_policy.terminal,
        notifications_off: notices
            .off
            .iter()
            .map(|kind| format!("{kind:?}").to_lowercase())
            .collect(),
        start_at_login: *start_at_login,
        problems: problems.clone(),
    }
}
