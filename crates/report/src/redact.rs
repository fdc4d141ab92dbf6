//! Removes from a report what says who the user is and what they work on: the home folder and the
//! user's name are replaced everywhere, prompts and names that the user gave by their length.
//!
//! Kept, because verdicts depend on them: paths below the home, the words of Claude Code, names of
//! programs, ids and times. Each type is taken apart without `..`, so that a new field cannot be
//! forgotten.

mod arguments;
mod identity;
mod registry;
mod variables;

pub use identity::UserIdentity;
pub use registry::STAND_IN_HOST;
pub use variables::REPORTED_VARIABLES;

use crate::format::{
    MacFacts, MachineReport, ReportedConsent, ReportedEngine, ReportedFile, ReportedFolder,
    ReportedHealth, ReportedHooks, ReportedInstallation, ReportedMachine, ReportedProcess,
    ReportedRow, ReportedScreen, ReportedServer, ReportedSettings, WatchTrial,
};
use std::collections::BTreeMap;

/// Redacts one report. Equal names become equal.
#[derive(Debug, Clone)]
pub struct ReportRedactor {
    user: UserIdentity,
    /// The names of tmux sessions, which the user gave, and what replaces each.
    session_names: BTreeMap<String, String>,
}

/// A text replaced by its length in characters.
fn redacted(text: &str) -> String {
    match text.chars().count() {
        0 => String::new(),
        length => format!("[redacted {length}]"),
    }
}

impl ReportRedactor {
    /// A redactor of reports about this user.
    pub fn new(user: UserIdentity) -> Self {
        Self {
            user,
            session_names: BTreeMap::new(),
        }
    }

    /// Redacts a report.
    pub fn apply(&mut self, report: MachineReport) -> MachineReport {
        let MachineReport {
            format,
            version,
            made_by,
            source,
            taken_at,
            machine,
            home: _,
            variables,
            config_folders,
            processes,
            tmux,
            trusty,
            watch_trial,
            mac,
        } = report;
        let tmux = tmux.into_iter().map(|server| self.server(server)).collect();
        let folders = config_folders.into_iter();
        let config_folders = folders.map(|folder| self.folder(folder)).collect();
        MachineReport {
            format,
            version,
            made_by,
            source: source.map(|text| self.user.clean(&text)),
            taken_at,
            machine: self.machine(machine),
            home: self.user.home().to_owned(),
            variables: self.variables(variables),
            config_folders,
            processes: processes.into_iter().map(|p| self.process(p)).collect(),
            tmux,
            trusty: self.installation(trusty),
            watch_trial: watch_trial.map(|trial| self.watch_trial(trial)),
            mac: mac.map(|mac| self.mac(mac)),
        }
    }

    fn text(&self, text: Option<String>) -> Option<String> {
        text.map(|text| self.user.clean(&text))
    }

    fn texts(&self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.user.clean(text)).collect()
    }

    fn machine(&self, machine: ReportedMachine) -> ReportedMachine {
        let ReportedMachine {
            system,
            release,
            build,
            kernel,
            architecture,
            uid,
            boot,
            uptime_millis,
            pid_namespace,
        } = machine;
        ReportedMachine {
            system,
            release: self.text(release),
            build: self.text(build),
            kernel: self.text(kernel),
            architecture: self.text(architecture),
            uid,
            boot,
            uptime_millis,
            pid_namespace,
        }
    }

    fn folder(&mut self, folder: ReportedFolder) -> ReportedFolder {
        let ReportedFolder {
            path,
            real_path,
            named_by_session,
            problem,
            registry,
            hooks,
        } = folder;
        ReportedFolder {
            path: self.user.clean(&path),
            real_path: self.text(real_path),
            named_by_session,
            problem: self.text(problem),
            registry: registry.into_iter().map(|file| self.file(file)).collect(),
            hooks: hooks.map(|hooks| ReportedHooks {
                state: hooks.state,
                why: self.text(hooks.why),
            }),
        }
    }

    fn file(&mut self, file: ReportedFile) -> ReportedFile {
        let ReportedFile {
            name,
            content,
            problem,
        } = file;
        ReportedFile {
            name: self.user.clean(&name),
            content: content.map(|content| self.registry_content(content)),
            problem: self.text(problem),
        }
    }

    fn process(&self, process: ReportedProcess) -> ReportedProcess {
        let ReportedProcess {
            pid,
            parent,
            start,
            started_at,
            uid,
            name,
            exec_path,
            real_path,
            exec_target,
            argv,
            folder,
            project,
            tty,
            session,
            group,
            foreground,
            stopped,
            zombie,
            frozen,
            freezable,
            contained,
            other_pid_namespace,
            environment,
            hooks_disabled_in,
        } = process;
        let executable = real_path.as_deref().or(exec_path.as_deref());
        let argv = argv.map(|argv| self.arguments(executable, &argv));
        ReportedProcess {
            pid,
            parent,
            start,
            started_at,
            uid,
            name: self.text(name),
            exec_path: self.text(exec_path),
            real_path: self.text(real_path),
            exec_target: self.text(exec_target),
            argv,
            folder: self.text(folder),
            project: self.text(project),
            tty: self.text(tty),
            session,
            group,
            foreground,
            stopped,
            zombie,
            frozen,
            freezable,
            contained,
            other_pid_namespace,
            environment: environment.map(|all| self.variables(all)),
            hooks_disabled_in: self.text(hooks_disabled_in),
        }
    }

    fn server(&mut self, server: ReportedServer) -> ReportedServer {
        let ReportedServer {
            socket,
            program,
            panes,
            problem,
        } = server;
        ReportedServer {
            socket: self.user.clean(&socket),
            program: self.text(program),
            panes: panes.iter().map(|line| self.pane_line(line)).collect(),
            problem: self.text(problem),
        }
    }

    /// The line of a pane: five fields without a space, then the name of the tmux session.
    fn pane_line(&mut self, line: &str) -> String {
        let fields: Vec<&str> = line.splitn(6, ' ').collect();
        match fields.as_slice() {
            [pane, rest @ .., name] if fields.len() == 6 && pane.starts_with('%') => {
                let name = self.session_name(name);
                let rest = rest.iter().map(|field| self.user.clean(field));
                let rest: Vec<String> = rest.collect();
                format!("{pane} {} {name}", rest.join(" "))
            }
            // The rest of a name with a line break, or no pane at all.
            _ => redacted(line),
        }
    }

    /// What replaces the name of a tmux session.
    fn session_name(&mut self, name: &str) -> String {
        let next = format!("session-{}", self.session_names.len() + 1);
        let replaced = self.session_names.entry(name.to_owned());
        replaced.or_insert(next).clone()
    }

    fn installation(&self, installation: ReportedInstallation) -> ReportedInstallation {
        let ReportedInstallation {
            program,
            data_folder,
            runtime_folder,
            socket_path_bytes,
            settings,
            engine,
            hook_program,
            hook_program_problem,
            listed,
            health,
        } = installation;
        ReportedInstallation {
            program: self.text(program),
            data_folder: self.text(data_folder),
            runtime_folder: self.text(runtime_folder),
            socket_path_bytes,
            settings: settings.map(|settings| self.settings(settings)),
            engine: engine.map(|engine| self.engine(engine)),
            hook_program: self.text(hook_program),
            hook_program_problem: self.text(hook_program_problem),
            listed: listed.into_iter().map(|row| self.row(row)).collect(),
            health: health.into_iter().map(|issue| self.health(issue)).collect(),
        }
    }

    fn settings(&self, settings: ReportedSettings) -> ReportedSettings {
        let ReportedSettings {
            file,
            exists,
            confined,
            config_dirs,
            programs_answer,
            terminal_answers,
            notifications_off,
            start_at_login,
            problems,
        } = settings;
        ReportedSettings {
            file: self.user.clean(&file),
            exists,
            confined,
            config_dirs: self.texts(&config_dirs),
            programs_answer,
            terminal_answers,
            notifications_off,
            start_at_login,
            problems: self.texts(&problems),
        }
    }

    fn engine(&self, engine: ReportedEngine) -> ReportedEngine {
        let ReportedEngine {
            answers,
            version,
            pid,
            problem,
        } = engine;
        ReportedEngine {
            answers,
            version: self.text(version),
            pid,
            problem: self.text(problem),
        }
    }

    fn row(&self, row: ReportedRow) -> ReportedRow {
        let ReportedRow {
            pid,
            word,
            inferred,
            confirmed,
            terminal,
        } = row;
        ReportedRow {
            pid,
            word: self.user.clean(&word),
            inferred,
            confirmed,
            terminal: self.text(terminal),
        }
    }

    fn health(&self, health: ReportedHealth) -> ReportedHealth {
        let ReportedHealth {
            source,
            subject,
            message,
        } = health;
        ReportedHealth {
            source,
            subject: self.user.clean(&subject),
            message: self.user.clean(&message),
        }
    }

    fn watch_trial(&self, trial: WatchTrial) -> WatchTrial {
        let WatchTrial {
            writes,
            reported,
            keeps_link,
            median_millis,
            slowest_millis,
            problem,
        } = trial;
        WatchTrial {
            writes,
            reported,
            keeps_link,
            median_millis,
            slowest_millis,
            problem: self.text(problem),
        }
    }

    /// A line of codesign. The certificate of a developer names a person, often with an address:
    /// `Authority=Apple Development: alice@example.com (A1B2C3D4E5)`.
    fn signature_line(&self, line: &str) -> String {
        match line.split_once(": ") {
            Some((kind, name)) if kind.starts_with("Authority=") => {
                format!("{}: {}", self.user.clean(kind), redacted(name))
            }
            _ => self.user.clean(line),
        }
    }

    fn mac(&self, mac: MacFacts) -> MacFacts {
        let MacFacts {
            bundle,
            signature,
            screens,
            tray,
            consents,
            problems,
        } = mac;
        let screens = screens.into_iter().map(|screen| {
            let ReportedScreen {
                frame,
                resolution,
                scale,
                main,
            } = screen;
            ReportedScreen {
                frame,
                resolution: self.text(resolution),
                scale,
                main,
            }
        });
        let consents = consents.into_iter().map(|consent| {
            let ReportedConsent {
                kind,
                application,
                state,
            } = consent;
            ReportedConsent {
                kind: self.user.clean(&kind),
                application: self.text(application),
                state: self.user.clean(&state),
            }
        });
        MacFacts {
            bundle: self.text(bundle),
            signature: signature
                .iter()
                .map(|line| self.signature_line(line))
                .collect(),
            screens: screens.collect(),
            tray,
            consents: consents.collect(),
            problems: self.texts(&problems),
        }
    }
}

#[cfg(test)]
mod tests;
