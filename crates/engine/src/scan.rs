//! One scan of all sources, without threads or watchers: `trusty list` prints it when no engine
//! runs.

use crate::recording_fleet::RecordingFleet;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use trusty_fleet::action::{Action, Plan, Refusal};
use trusty_fleet::explanation::Explanation;
use trusty_fleet::identity::MachineIdentity;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_fleet::{Fact, Fleet, Observation, SessionId, Snapshot, Timestamp};
use trusty_platform::clock::Clock;
use trusty_platform::sys;
use trusty_records::hook_marks::MarkFolder;
use trusty_records::settings::Settings;
use trusty_records::store::PauseStore;
use trusty_sources::hook_install::HookInstallSource;
use trusty_sources::listing::ListingSource;
use trusty_sources::observation_source::{AnySource, ScanProgress, ScanRound, ScanStage};
use trusty_sources::pause::PauseSource;
use trusty_sources::process::ProcessSource;
use trusty_sources::registry::RegistrySource;
use trusty_sources::screen::ScreenSource;
use trusty_sources::tmux::TmuxSource;
use trusty_sources::transcript::TranscriptSource;
use trusty_wire::environment::Environment;
use trusty_wire::process_scope::ProcessScope;

/// The most rounds of the discovery stage: sessions name folders and servers, which lead to more
/// sessions.
const MAX_SCAN_ROUNDS: usize = 3;

/// The configuration that all sources start with.
#[derive(Debug, Clone)]
pub struct SourceSetup {
    /// The machine.
    pub machine: MachineIdentity,
    /// The config folders to read.
    pub config_dirs: BTreeSet<PathBuf>,
    /// The processes to consider.
    pub scope: ProcessScope,
}

impl SourceSetup {
    /// Derives the setup from the environment and the settings.
    ///
    /// # Errors
    /// If the machine's identity cannot be read.
    pub fn from_env(env: &Environment, settings: &Settings) -> io::Result<Self> {
        let machine = sys::machine()?;
        let scope = settings.scope(env, machine.uid);
        Ok(Self {
            machine,
            config_dirs: scope.config_dirs.clone(),
            scope,
        })
    }
}

/// The preferences in the settings, and the problems of the file as health.
pub fn settings_facts(env: &Environment, settings: &Settings) -> Vec<Fact> {
    let wishes = Fact::Preferences(settings.preferences);
    let Some(problem) = settings.problem() else {
        return vec![wishes];
    };
    let subject = env.settings_file().display().to_string();
    let key = HealthKey {
        source: Source::Settings,
        subject,
    };
    vec![wishes, Fact::Health(key, Some(problem))]
}

/// All sources, in the order in which the first scan reads them.
///
/// # Errors
/// If the process source cannot start.
pub fn all_sources(
    env: &Environment,
    setup: &SourceSetup,
    clock: Clock,
) -> io::Result<Vec<Box<dyn AnySource>>> {
    let ProcessScope {
        uid, confinement, ..
    } = setup.scope;
    let config_dirs = || setup.config_dirs.iter().cloned();
    Ok(vec![
        Box::new(PauseSource::new(
            PauseStore::from_env(env),
            MarkFolder::new(env),
        )),
        Box::new(RegistrySource::new(config_dirs())),
        Box::new(ProcessSource::new(setup.scope.clone(), clock)),
        Box::new(TmuxSource::new(env, uid, confinement)),
        Box::new(TranscriptSource::new(env.folder_access())),
        Box::new(HookInstallSource::new(env, config_dirs())),
        Box::new(ScreenSource::new(env)),
        Box::new(ListingSource::new(env)),
    ])
}

/// Scans all sources. What one source finds may name what another one reads, so the discovery stage
/// is repeated until it reads nothing new, at most three times; the detail stage follows once.
pub async fn scan_sources(
    sources: &mut [Box<dyn AnySource>],
    desk: &mut RecordingFleet,
    clock: Clock,
) {
    for number in 0..MAX_SCAN_ROUNDS {
        let round = match number {
            0 => ScanRound::First,
            _ => ScanRound::Later,
        };
        let mut progress = ScanProgress::Nothing;
        for source in of_stage(sources, ScanStage::Discovery) {
            let wanted = desk.fleet.source_demand(clock.now());
            let mut sink = |facts| file_facts(desk, clock, facts);
            if source.scan(round, &wanted, &mut sink).await == ScanProgress::Read {
                progress = ScanProgress::Read;
            }
        }
        if progress == ScanProgress::Nothing {
            break;
        }
    }
    for source in of_stage(sources, ScanStage::Detail) {
        let wanted = desk.fleet.source_demand(clock.now());
        let mut sink = |facts| file_facts(desk, clock, facts);
        source.scan(ScanRound::First, &wanted, &mut sink).await;
    }
}

fn of_stage(
    sources: &mut [Box<dyn AnySource>],
    stage: ScanStage,
) -> impl Iterator<Item = &mut Box<dyn AnySource>> {
    sources
        .iter_mut()
        .filter(move |source| source.stage() == stage)
}

/// The fleet after one scan.
#[derive(Debug)]
pub struct ScannedFleet {
    fleet: Fleet,
    at: Timestamp,
}

impl ScannedFleet {
    /// All sessions, at the time of the scan.
    pub fn snapshot(&self) -> Snapshot {
        self.fleet.snapshot(self.at)
    }

    /// Plans an action.
    ///
    /// # Errors
    /// Why the action is refused.
    pub fn plan(&self, id: SessionId, action: &Action) -> Result<Plan, Refusal> {
        self.fleet.plan(id, action, self.at)
    }

    /// The config folders that running sessions name.
    pub fn config_dirs(&self) -> BTreeSet<PathBuf> {
        self.fleet.source_demand(self.at).config_dirs
    }

    /// Why a session has its status; `None` if there is no such session.
    pub fn explain(&self, id: SessionId) -> Option<Explanation> {
        self.fleet.explain(id, self.at)
    }
}

/// Scans all sources once.
///
/// # Errors
/// If the machine's identity cannot be read, or the process source cannot start.
pub async fn scan_once(env: &Environment, settings: &Settings) -> io::Result<ScannedFleet> {
    let setup = SourceSetup::from_env(env, settings)?;
    let clock = Clock::start();
    let mut sources = all_sources(env, &setup, clock)?;
    let mut desk = RecordingFleet::new(Fleet::new(setup.machine), None);
    file_facts(&mut desk, clock, settings_facts(env, settings));
    scan_sources(&mut sources, &mut desk, clock).await;
    let at = clock.now();
    let fleet = desk.fleet;
    Ok(ScannedFleet { fleet, at })
}

fn file_facts(desk: &mut RecordingFleet, clock: Clock, facts: Vec<Fact>) {
    let at = clock.now();
    for fact in facts {
        desk.handle_observation(Observation { at, fact });
    }
}
