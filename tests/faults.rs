//! Faults of the machine while sessions are paused and resumed: programs killed at any moment, data
//! folders that are full or read-only. `make test` tries a few of each; `make faults` tries
//! `FAULT_ROUNDS`, and `FAULT_SEED` repeats a run.
#![cfg(target_os = "linux")]

#[path = "faults/disk.rs"]
mod disk;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};
use trusty_platform::sys;
use trusty_tests::trusty::{RunningProgram, run_successfully, serve, trusty};
use trusty_tests::wait::poll;
use trusty_tests::{Signal, StandIn, TestHome, WAIT_TIMEOUT, can_freeze};

/// The number of kills in one run of `make test`.
const DEFAULT_ROUNDS: u64 = 16;
/// In one round of this many, the engine is killed in the middle of an action.
const ENGINE_KILL_INTERVAL: u64 = 8;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Pseudo-random numbers (xorshift64), repeatable by their seed.
struct RandomNumbers(u64);

impl RandomNumbers {
    #[expect(clippy::print_stdout, reason = "repeats a run")]
    fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = since.map_or(1, |since| u64::from(since.subsec_nanos()));
        let seed = number("FAULT_SEED").unwrap_or(now).max(1);
        println!("FAULT_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A random delay from zero up to `longest`.
    fn delay_within(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.next() % micros.max(1))
    }
}

/// Starts `trusty` without output, and returns when it has exited or this delay is over.
fn start_and_wait(home: &TestHome, arguments: &[&str], delay: Duration) -> RunningProgram {
    let mut command = trusty(home);
    let quiet = command.args(arguments).stdout(Stdio::null());
    let running = RunningProgram::start(quiet.stderr(Stdio::null()));
    poll(delay, || (!running.process().is_alive()).then_some(()));
    running
}

/// Runs `trusty` and kills it after this delay, unless it has exited before.
fn kill_within(home: &TestHome, arguments: &[&str], delay: Duration) {
    let mut running = start_and_wait(home, arguments, delay);
    running.process().signal(Signal::KILL);
    running.wait(WAIT_TIMEOUT);
}

/// Kills the engine after this delay, in the middle of what `trusty` asked of it.
fn kill_engine_within(home: &TestHome, arguments: &[&str], delay: Duration) {
    let mut serving = serve(home);
    let mut asking = start_and_wait(home, arguments, delay);
    serving.process().signal(Signal::KILL);
    serving.wait(WAIT_TIMEOUT);
    asking.wait(WAIT_TIMEOUT);
}

#[track_caller]
fn assert_runs(session: &StandIn, what: &str) {
    let process = session.process();
    assert!(process.is_alive(), "{what}: session ended");
    assert_ne!(process.state(), Some('T'), "{what}: session stopped");
    assert!(!sys::is_frozen(process.pid), "{what}: session frozen");
}

/// The names of the files that pauses left on disk.
fn leftover_names(home: &TestHome) -> Vec<String> {
    let folder = home.xdg_data().join("trusty/paused");
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn resume_all_repairs_what_kills_at_random_moments_have_left() {
    let home = TestHome::new();
    let kinds = if can_freeze() {
        &["stop", "freeze"][..]
    } else {
        &["stop"]
    };
    let sessions: Vec<StandIn> = (0..3).map(|_| StandIn::busy(&home)).collect();
    let begun = Instant::now();
    run_successfully(
        &home,
        ["pause", &sessions[0].pid_argument(), "--how", kinds[0]],
    );
    // Some kills come after the end of the action.
    let longest = begun.elapsed() * 5 / 4;
    run_successfully(&home, ["resume", "--all"]);
    let mut random = RandomNumbers::new();
    for round in 0..number("FAULT_ROUNDS").unwrap_or(DEFAULT_ROUNDS) {
        let session = &sessions[usize::try_from(round % 3).expect("small")];
        let kind = kinds[usize::try_from(random.next() % 2).expect("small") % kinds.len()];
        let (pid, delay) = (session.pid_argument(), random.delay_within(longest));
        let pause = ["pause", &pid, "--how", kind];
        let what = format!("round {round}, {kind}, killed after {delay:?}");
        match round % ENGINE_KILL_INTERVAL {
            0 => kill_engine_within(&home, &pause, delay),
            1..=4 => kill_within(&home, &pause, delay),
            5 => {
                run_successfully(&home, pause);
                kill_within(&home, &["resume", "--all"], delay);
            }
            _ => {
                run_successfully(&home, pause);
                kill_within(&home, &["resume", &pid], delay);
            }
        }
        run_successfully(&home, ["resume", "--all"]);
        assert_runs(session, &what);
        // No records, locks, half-written files or marks of hooks are left.
        assert_eq!(leftover_names(&home), [""; 0], "{what}");
    }
    for session in &sessions {
        assert_runs(session, "at the end");
    }
}
