//! One look at everything, without threads or watchers: what `trusty list` prints when no
//! engine runs.

use crate::desk::Desk;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use trusty_fleet::action::{Action, Plan, Refusal};
use trusty_fleet::derivation::Wanted;
use trusty_fleet::identity::Machine;
use trusty_fleet::observation::HealthKey;
use trusty_fleet::session::Source;
use trusty_fleet::why::Explanation;
use trusty_fleet::{Fact, Fleet, Observation, SessionId, Snapshot, Timestamp};
use trusty_platform::clock::Clock;
use trusty_platform::sys;
use trusty_records::hook_marks::MarkFolder;
use trusty_records::settings::Settings;
use trusty_records::store::Store;
use trusty_sources::connection::Connections;
use trusty_sources::listing::Lists;
use trusty_sources::pause::Pauses;
use trusty_sources::process::Processes;
use trusty_sources::registry::Registry;
use trusty_sources::screen::Screens;
use trusty_sources::tmux::Tmux;
use trusty_sources::transcript::Transcripts;
use trusty_wire::scope::Scope;
use trusty_wire::surroundings::Surroundings;

/// Sessions name folders and servers, which name sessions: so often are they followed.
const ROUNDS: usize = 3;

/// What all sources start from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The machine.
    pub machine: Machine,
    /// The config folders to look into.
    pub config_dirs: BTreeSet<PathBuf>,
    /// Whose processes to look for.
    pub scope: Scope,
}

impl Setup {
    /// Derives it from the surroundings and the settings.
    pub fn of(around: &Surroundings, settings: &Settings) -> io::Result<Self> {
        let machine = sys::machine()?;
        let scope = settings.scope(around, machine.uid);
        Ok(Self {
            machine,
            config_dirs: scope.config_dirs.clone(),
            scope,
        })
    }
}

/// What the settings file wishes, and what is wrong in it, as health.
pub fn settings_facts(around: &Surroundings, settings: &Settings) -> Vec<Fact> {
    let wishes = Fact::Preferences(settings.preferences);
    let Some(problem) = settings.problem() else {
        return vec![wishes];
    };
    let subject = around.settings_file().display().to_string();
    let key = HealthKey {
        source: Source::Settings,
        subject,
    };
    vec![wishes, Fact::Health(key, Some(problem))]
}

/// All sources, before they follow changes.
#[derive(Debug)]
pub struct Sources {
    /// The client's registry.
    pub registry: Registry,
    /// The process table.
    pub processes: Processes,
    /// The tmux servers.
    pub tmux: Tmux,
    /// The transcripts of sessions.
    pub transcripts: Transcripts,
    /// The text of panes.
    pub screens: Screens,
    /// The client's own lists.
    pub lists: Lists,
    /// The records of pauses.
    pub pauses: Pauses,
    /// The hooks of the config folders.
    pub connections: Connections,
}

impl Sources {
    /// Those of these surroundings.
    pub fn new(around: &Surroundings, setup: &Setup, clock: Clock) -> io::Result<Self> {
        let Scope {
            uid, confinement, ..
        } = setup.scope;
        Ok(Self {
            registry: Registry::new(setup.config_dirs.iter().cloned()),
            processes: Processes::new(setup.scope.clone(), clock)?,
            tmux: Tmux::new(around, uid, confinement),
            transcripts: Transcripts::new(),
            screens: Screens::new(around),
            lists: Lists::new(around),
            pauses: Pauses::new(Store::of(around), MarkFolder::new(around)),
            connections: Connections::new(around, setup.config_dirs.iter().cloned()),
        })
    }

    /// Looks at everything once.
    pub async fn look(&mut self, desk: &mut Desk, clock: Clock) {
        file(desk, clock, self.pauses.look());
        let mut asked = false;
        for round in 0..ROUNDS {
            let mut facts = self.registry.identify();
            facts.extend(self.registry.scan());
            facts.extend(self.registry.settle().await);
            if round == 0 {
                facts.extend(self.processes.sweep());
            }
            file(desk, clock, facts);
            let wanted = desk.fleet.wanted(clock.now());
            file(desk, clock, self.processes.probe(&wanted.pids));
            let wanted = desk.fleet.wanted(clock.now());
            if self.tmux.follow(&wanted.tmux_sockets) || !asked {
                self.tmux.list(async |facts| file(desk, clock, facts)).await;
                asked = true;
            }
            if self.transcripts.follow(&wanted.transcripts) {
                file(desk, clock, self.transcripts.look());
            }
            if !self.registry.follow(&wanted.config_dirs) {
                break;
            }
        }
        let Wanted {
            screens,
            lists,
            config_dirs,
            ..
        } = desk.fleet.wanted(clock.now());
        self.connections.follow(&config_dirs);
        file(desk, clock, self.connections.look());
        self.screens
            .look(&screens, async |facts| file(desk, clock, facts))
            .await;
        self.lists
            .look_briefly(&lists, async |facts| file(desk, clock, facts))
            .await;
    }
}

/// What one look has found.
#[derive(Debug)]
pub struct Swept {
    fleet: Fleet,
    at: Timestamp,
}

impl Swept {
    /// All sessions.
    pub fn snapshot(&self) -> Snapshot {
        self.fleet.snapshot(self.at)
    }

    /// Decides how an action is done, or why it is not.
    pub fn plan(&self, id: SessionId, action: &Action) -> Result<Plan, Refusal> {
        self.fleet.plan(id, action, self.at)
    }

    /// The config folders that running sessions name.
    pub fn config_dirs(&self) -> BTreeSet<PathBuf> {
        self.fleet.wanted(self.at).config_dirs
    }

    /// Why a session is what it is.
    pub fn explain(&self, id: SessionId) -> Option<Explanation> {
        self.fleet.explain(id, self.at)
    }
}

/// Looks at everything once; the fleet, and when that was.
pub async fn sweep(around: &Surroundings, settings: &Settings) -> io::Result<Swept> {
    let setup = Setup::of(around, settings)?;
    let clock = Clock::start();
    let mut sources = Sources::new(around, &setup, clock)?;
    let mut desk = Desk::new(Fleet::new(setup.machine), None);
    file(&mut desk, clock, settings_facts(around, settings));
    sources.look(&mut desk, clock).await;
    let at = clock.now();
    let fleet = desk.fleet;
    Ok(Swept { fleet, at })
}

fn file(desk: &mut Desk, clock: Clock, facts: Vec<Fact>) {
    let at = clock.now();
    for fact in facts {
        desk.file(Observation { at, fact });
    }
}
