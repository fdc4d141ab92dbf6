//! The engine as it starts: its loop, its sources and whatever works beside them, each on a thread
//! of its own.

use crate::answer_recorder::AnswerRecorder;
use crate::authorization::CallerRegister;
use crate::event_loop::EngineLoop;
use crate::handle::{EngineChannels, EngineHandle};
use crate::input::{COMMAND_QUEUE_LEN, OBSERVATION_QUEUE_LEN};
use crate::job_executor::{self, JobReporter};
use crate::leftovers;
use crate::recording::ObservationRecorder;
use crate::recording_fleet::RecordingFleet;
use crate::scan::{SourceSetup, all_sources};
use crate::source_threads::spawn_source;
use crate::threads::{StartError, spawn, spawn_apart};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use trusty_fleet::cadence::{FleetActivity, UiVisibility, cadence};
use trusty_fleet::derivation::SourceDemand;
use trusty_fleet::{Fact, Fleet, Observation};
use trusty_platform::clock::Clock;
use trusty_platform::open_files;
use trusty_records::answer_log::AnswerLog;
use trusty_records::settings::Settings;
use trusty_sources::{ObservationSender, Shutdown, SourceConfig, settings};
use trusty_wire::environment::Environment;

/// Jobs that may wait for the hands.
const JOB_QUEUE_LEN: usize = 256;

/// The running engine.
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Starts the loop and the sources, each on a thread of its own, and returns at once.
    pub fn start(env: &Environment, settings: &Settings) -> Result<EngineHandle, StartError> {
        Self::open_and_spawn(env, settings, None)
    }

    /// The same, and all that the loop is told is recorded.
    pub fn start_recorded(
        env: &Environment,
        settings: &Settings,
        recorder: ObservationRecorder,
    ) -> Result<EngineHandle, StartError> {
        Self::open_and_spawn(env, settings, Some(recorder))
    }

    fn open_and_spawn(
        env: &Environment,
        settings: &Settings,
        recorder: Option<ObservationRecorder>,
    ) -> Result<EngineHandle, StartError> {
        let (handle, ends) = Self::open_channels(env, settings)?;
        Self::spawn_loop(env, ends, recorder)?;
        Ok(handle)
    }

    /// A handle, and its other ends for whoever is to be the engine.
    pub fn open_channels(
        env: &Environment,
        settings: &Settings,
    ) -> Result<(EngineHandle, EngineChannels), StartError> {
        // One that cannot be raised holds; that few are left is told when they are.
        let _ = open_files::raise_soft_limit();
        let clock = Clock::start();
        let callers = CallerRegister::new(env, settings).map_err(StartError::Machine)?;
        let policy = callers.policy();
        let (send_commands, commands) = mpsc::channel(COMMAND_QUEUE_LEN);
        let (send_snapshots, snapshots) = watch::channel(Arc::default());
        let (looking, looks) = watch::channel(0);
        let (send_settings, settings) = watch::channel(Arc::new(settings.clone()));
        let within = env.clone();
        spawn("trusty-settings", move || {
            settings::follow_settings_file(within, send_settings)
        })?;
        let ends = EngineChannels {
            clock,
            commands,
            outcomes: send_commands.downgrade(),
            looks,
            snapshots: send_snapshots,
            settings: settings.clone(),
            policy,
        };
        let handle = EngineHandle {
            _presence: None,
            clock,
            commands: send_commands,
            snapshots,
            looking: Arc::new(looking),
            settings,
            callers: Arc::new(callers),
        };
        Ok((handle, ends))
    }

    /// Starts the loop and the sources behind a handle.
    pub fn spawn_loop(
        env: &Environment,
        ends: EngineChannels,
        recorder: Option<ObservationRecorder>,
    ) -> Result<(), StartError> {
        let EngineChannels {
            clock,
            commands,
            outcomes,
            looks,
            snapshots,
            settings,
            policy,
        } = ends;
        let now = Arc::clone(&settings.borrow());
        let setup = SourceSetup::from_env(env, &now).map_err(StartError::Machine)?;
        let (send_observations, observations) = mpsc::channel(OBSERVATION_QUEUE_LEN);
        let first = SourceConfig {
            wanted: SourceDemand::default(),
            cadence: cadence(UiVisibility::Hidden, FleetActivity::Still),
            nudge: 0,
        };
        let (send_orders, orders) = watch::channel(first);
        let out = ObservationSender::new(clock, send_observations);

        let (within, dirs) = (env.clone(), setup.config_dirs.clone());
        spawn("trusty-cleanup", async move || {
            leftovers::clean_leftovers(&within, &dirs);
            Shutdown
        })?;
        let sources = all_sources(env, &setup, clock).map_err(StartError::Machine)?;
        let feed = (orders, out);
        let mut handovers = Vec::new();
        for source in &sources {
            handovers.push(spawn_source(source.name(), &feed)?);
        }
        let (file, told) = (env.settings_file(), feed.1.clone());
        spawn("trusty-prefs", move || {
            settings::run_settings_source(file, policy, settings, told)
        })?;
        let (send_jobs, jobs) = mpsc::channel(JOB_QUEUE_LEN);
        let (within, facts) = (env.clone(), feed.1.clone());
        let told = JobReporter { outcomes, facts };
        // What it does calls fsync and waits for locks, so it never shares a runtime.
        spawn_apart("trusty-jobs", move || {
            job_executor::run_jobs(within, jobs, told)
        })?;
        let answers = AnswerRecorder::start(AnswerLog::from_env(env), feed.1.clone())?;
        let mut desk = RecordingFleet::new(Fleet::new(setup.machine), recorder);
        for fact in settings::settings_facts(&env.settings_file(), policy, &now) {
            if matches!(fact, Fact::Health(_, None)) {
                continue;
            }
            desk.handle_observation(Observation {
                at: clock.now(),
                fact,
            });
        }
        let mut state = EngineLoop::new(
            clock,
            desk,
            answers,
            send_jobs,
            looks,
            send_orders,
            snapshots,
        );
        spawn("trusty-engine", move || async move {
            state.run_first_scan(sources, handovers).await;
            state.run_loop(commands, observations).await
        })
    }
}
