use super::*;
use crate::test_files::make_pipe;
use crate::threads::spawn_apart;
use rustix::fs::{Mode, OFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_fleet::pause::{Initiator, InterruptedWork, PauseMethod, PausePhase, PauseRecord};
use trusty_platform::clock::Clock;
use trusty_records::store::PauseStore;

const TEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The record of a freeze in this folder, whose client has ended: nothing but the folder is left
/// to be repaired.
fn left_over(group: PathBuf) -> PauseRecord {
    PauseRecord {
        version: 1,
        session: SessionId::new(),
        boot: trusty_platform::sys::machine().expect("machine").boot,
        domain: None,
        client: ProcessKey {
            pid: std::process::id(),
            start: StartTime(1),
        },
        phase: PausePhase::Paused,
        since: SystemTime::UNIX_EPOCH,
        by: Initiator::App,
        summary: String::new(),
        at_work: InterruptedWork::Nothing,
        tty: None,
        means: PauseMethod::Freeze {
            group,
            moved: Vec::new(),
            keeper: None,
        },
    }
}

/// An executor of its own home.
struct ExecutorFixture {
    store: PauseStore,
    jobs: mpsc::Sender<EngineJob>,
    _commands: mpsc::Sender<EngineCommand>,
    _observations: mpsc::Receiver<trusty_fleet::Observation>,
}

impl ExecutorFixture {
    fn start(home: &Path) -> Self {
        let env = Environment {
            home: home.to_path_buf(),
            ..Environment::default()
        };
        let store = PauseStore::from_env(&env);
        let (commands, _) = mpsc::channel(1);
        let (send, observations) = mpsc::channel(64);
        let out = JobReporter {
            outcomes: commands.downgrade(),
            facts: ObservationSender::new(Clock::start(), send),
        };
        let (jobs, orders) = mpsc::channel(64);
        spawn_apart("test-hands", move || run_jobs(env, orders, out)).expect("starts");
        Self {
            store,
            jobs,
            _commands: commands,
            _observations: observations,
        }
    }

    fn repair(&self, record: &PauseRecord) {
        let job = EngineJob::Reconcile(record.session);
        self.jobs.try_send(job).expect("the executor runs");
    }

    /// Waits until the record of a pause is gone.
    fn wait_repaired(&self, record: &PauseRecord) {
        let begun = Instant::now();
        while self.store.read(record.session).expect("readable").is_some() {
            assert!(
                begun.elapsed() < TEST_TIMEOUT,
                "the record of a pause stays"
            );
            std::thread::yield_now();
        }
    }
}

/// How many threads of this process carry out actions.
fn action_threads() -> usize {
    let threads = fs::read_dir("/proc/self/task").expect("threads");
    let names = threads.filter_map(|t| fs::read_to_string(t.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "trusty-action").count()
}

#[test]
fn a_folder_that_hangs_under_one_session_keeps_no_other_from_its_repair() {
    let home = tempfile::tempdir().expect("folder");
    let executor = ExecutorFixture::start(home.path());
    let folder = home.path().join("hangs");
    fs::create_dir(&folder).expect("folder");
    // Whoever opens a pipe to read it waits until somebody opens it to write.
    let events = folder.join("cgroup.events");
    make_pipe(&events);
    let hanging = left_over(folder);
    let other = left_over(home.path().join("gone"));
    for record in [&hanging, &other] {
        executor.store.write(record).expect("written");
    }
    for _ in 0..20 {
        executor.repair(&hanging);
    }
    executor.repair(&other);
    executor.wait_repaired(&other);
    assert!(action_threads() <= 2, "one thread waits for one session");
    // A writer that comes and goes is an empty file to the reader that waits.
    let begun = Instant::now();
    let come_and_go = || {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK;
        rustix::fs::open(&events, flags, Mode::empty()).is_ok()
    };
    while !come_and_go() {
        assert!(begun.elapsed() < TEST_TIMEOUT, "nobody reads the pipe");
        std::thread::yield_now();
    }
    executor.wait_repaired(&hanging);
}
