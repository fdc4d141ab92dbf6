//! What is wrong with Trusty Bar's own parts: hooks, engine, settings, watching, consents.

use super::{FindingArea, ReportFinding};
use crate::format::{MacFacts, MachineReport, ReportedRect, WatchTrial};
use trusty_fleet::System;
use trusty_fleet::observation::HookInstall;

/// The longest path of a socket, in bytes: the field of the address without its end.
const MAX_MAC_SOCKET_BYTES: usize = 103;
const MAX_LINUX_SOCKET_BYTES: usize = 107;
/// A change that is reported later than this looks like a fault to the user.
const SLOW_REPORT_MILLIS: u64 = 1_000;

pub(super) fn find(report: &MachineReport) -> Vec<ReportFinding> {
    let mut found = hooks(report);
    found.extend(engine(report));
    if let Some(settings) = &report.trusty.settings {
        let problems = settings.problems.iter();
        found.extend(
            problems
                .map(|problem| ReportFinding::new(FindingArea::Settings, &settings.file, problem)),
        );
    }
    found.extend(report.trusty.health.iter().map(|issue| {
        let area = match issue.source.as_str() {
            "Tmux" => FindingArea::Tmux,
            "Hook" => FindingArea::Hooks,
            "Settings" => FindingArea::Settings,
            "Registry" => FindingArea::Registry,
            _ => FindingArea::Process,
        };
        ReportFinding::new(area, &issue.subject, &issue.message)
    }));
    found.extend(report.watch_trial.iter().filter_map(watching));
    found.extend(report.mac.iter().flat_map(mac));
    found
}

fn hooks(report: &MachineReport) -> Vec<ReportFinding> {
    let mut found = Vec::new();
    for folder in &report.config_folders {
        let message = match folder.hooks.as_ref().map(HookInstall::from) {
            None | Some(HookInstall::Connected) => continue,
            Some(HookInstall::NotInstalled) => {
                "hooks are not connected: requests cannot be answered here; run `trusty connect`"
                    .to_owned()
            }
            Some(HookInstall::Incomplete) => {
                "some hook entries are missing; run `trusty connect`".to_owned()
            }
            Some(HookInstall::Outdated) => {
                "the hook entries are those of an earlier version; run `trusty connect`".to_owned()
            }
            Some(HookInstall::Forbidden(why)) => format!("hooks cannot be connected: {why}"),
            Some(HookInstall::Broken(why)) => format!("settings.json cannot be read: {why}"),
        };
        found.push(ReportFinding::new(
            FindingArea::Hooks,
            &folder.path,
            &message,
        ));
    }
    if let Some(problem) = &report.trusty.hook_program_problem {
        let program = report
            .trusty
            .hook_program
            .as_deref()
            .unwrap_or("trusty-hook");
        found.push(ReportFinding::new(FindingArea::Hooks, program, problem));
    }
    found
}

fn engine(report: &MachineReport) -> Vec<ReportFinding> {
    let trusty = &report.trusty;
    let folder = trusty.runtime_folder.as_deref().unwrap_or("engine");
    let mut found = Vec::new();
    if let Some(engine) = &trusty.engine
        && let (false, Some(problem)) = (engine.answers, &engine.problem)
    {
        found.push(ReportFinding::new(FindingArea::Engine, folder, problem));
    }
    let most = match report.machine.system {
        System::Linux => MAX_LINUX_SOCKET_BYTES,
        System::Mac => MAX_MAC_SOCKET_BYTES,
    };
    if let Some(bytes) = trusty.socket_path_bytes.filter(|bytes| *bytes > most) {
        let message = format!("the path of a socket has {bytes} bytes, the system allows {most}");
        found.push(ReportFinding::new(FindingArea::Engine, folder, &message));
    }
    found
}

fn watching(trial: &WatchTrial) -> Option<ReportFinding> {
    let told = |message: &str| {
        let subject = "a folder that is reached through a link";
        Some(ReportFinding::new(FindingArea::Watching, subject, message))
    };
    if let Some(problem) = &trial.problem {
        return told(problem);
    }
    if trial.reported < trial.writes {
        return told(&format!(
            "only {} of {} writes were reported: changes are found only at the next scan",
            trial.reported, trial.writes
        ));
    }
    let is_slow = trial.slowest_millis > SLOW_REPORT_MILLIS;
    is_slow
        .then(|| {
            told(&format!(
                "a write was reported only after {} ms",
                trial.slowest_millis
            ))
        })
        .flatten()
}

fn mac(mac: &MacFacts) -> Vec<ReportFinding> {
    let mut found: Vec<ReportFinding> = mac
        .problems
        .iter()
        .map(|problem| ReportFinding::new(FindingArea::Mac, "facts", problem))
        .collect();
    for consent in mac
        .consents
        .iter()
        .filter(|consent| consent.state == "denied")
    {
        let subject = consent.application.as_deref().unwrap_or(&consent.kind);
        let message = format!(
            "{} was denied; allow it in System Settings, Privacy & Security",
            consent.kind
        );
        found.push(ReportFinding::new(FindingArea::Mac, subject, &message));
    }
    let is_signed = mac.signature.is_empty()
        || !mac
            .signature
            .iter()
            .any(|line| line.contains("not signed at all"));
    if !is_signed {
        let message = "the program is not signed: macOS will not run it on Apple silicon";
        found.push(ReportFinding::new(FindingArea::Mac, "signature", message));
    }
    let is_bound = !mac
        .signature
        .iter()
        .any(|line| line.contains("Info.plist=not bound"));
    if mac.bundle.is_some() && !is_bound {
        let message = "the signature does not cover Info.plist: macOS drops notifications";
        found.push(ReportFinding::new(FindingArea::Mac, "signature", message));
    }
    if let Some(tray) = &mac.tray {
        let frames: Vec<ReportedRect> = mac.screens.iter().filter_map(|s| s.frame).collect();
        if !frames.is_empty() && !frames.iter().any(|frame| frame.contains_middle(&tray.icon)) {
            let message = "the icon lies on no screen: it is hidden behind the notch or by another \
                           program";
            found.push(ReportFinding::new(
                FindingArea::Mac,
                "menu bar icon",
                message,
            ));
        }
    }
    found
}

impl ReportedRect {
    /// Whether the middle of another rectangle lies in this one.
    fn contains_middle(&self, other: &Self) -> bool {
        let (x, y) = (other.x + other.width / 2.0, other.y + other.height / 2.0);
        (self.x..=self.x + self.width).contains(&x) && (self.y..=self.y + self.height).contains(&y)
    }
}
