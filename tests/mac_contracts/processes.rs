//! Processes: paths, start times, ends, and whether a client started through a link is listed.

use super::{command_text, install_linked_client, lstart, measured, real, write_mac_registry};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use trusty_fleet::identity::{ProcessKey, StartTime};
use trusty_platform::process_executable::process_executable;
use trusty_platform::sys;
use trusty_platform::waiting::wait_exit;
use trusty_tests::trusty::{list, session_of};
use trusty_tests::wait::until;
use trusty_tests::{ProcessRef, Signal, TestHome, WAIT_TIMEOUT, block_on};

/// A child that is killed when the test ends.
struct TestChild(Child);

impl TestChild {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("starts"))
    }

    fn process(&self) -> ProcessRef {
        ProcessRef::of_pid(self.0.id()).expect("alive")
    }
}

impl Drop for TestChild {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_a_program_that_is_started_through_a_link_has_the_path_behind_the_link() {
    let home = TestHome::new();
    let link = install_linked_client(&home);
    let child = TestChild::start(Command::new(&link).arg("600"));
    let told = process_executable(child.0.id()).expect("readable");
    assert_eq!(told.path, real(&link));
    let arguments = sys::arguments(child.0.id()).expect("readable");
    assert_eq!(arguments.first(), link.to_str().map(str::to_owned).as_ref());
}

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_a_client_that_is_started_through_a_link_is_listed_with_and_without_a_registry_file() {
    let home = TestHome::new();
    let link = install_linked_client(&home);
    let mut command = Command::new(&link);
    command.arg("600").env_clear().env("HOME", home.path());
    let child = TestChild::start(command.current_dir(home.path()));
    let process = child.process();
    let shown = until(WAIT_TIMEOUT, "the session without a registry file", || {
        session_of(&list(&home), process.pid)
    });
    assert!(shown["unconfirmed"].is_null(), "{shown}");
    write_mac_registry(&home, process, r#""status":"busy""#);
    let shown = until(WAIT_TIMEOUT, "the session that its file calls busy", || {
        session_of(&list(&home), process.pid).filter(|s| s["activity"]["kind"] == "Working")
    });
    assert!(shown["unconfirmed"].is_null(), "{shown}");
}

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_the_start_that_ps_prints_is_our_start_in_whole_seconds() {
    let child = TestChild::start(Command::new("sleep").arg("600"));
    let text = lstart(child.0.id());
    // The day is padded with a space, and `date` of BSD accepts that.
    let seconds = command_text(
        "/bin/date",
        ["-j", "-u", "-f", "%a %b %d %T %Y", &text, "+%s"],
    );
    let ours = child.process().start_ticks / 1_000_000;
    assert_eq!(seconds.parse(), Ok(ours), "{text}");
}

/// How many processes are ended at once.
const ENDED_CHILDREN: usize = 200;

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_the_end_of_each_of_200_processes_is_told() {
    // Each waiting process needs a queue of its own; a shell's limit is 256 files.
    let limit = rustix::process::Resource::Nofile;
    let mut set = rustix::process::getrlimit(limit);
    set.current = Some(4096);
    rustix::process::setrlimit(limit, set).expect("a higher soft limit");

    let children: Vec<TestChild> = (0..ENDED_CHILDREN)
        .map(|_| TestChild::start(Command::new("sleep").arg("600")))
        .collect();
    let keys = children.iter().map(|child| ProcessKey {
        pid: child.0.id(),
        start: StartTime(child.process().start_ticks),
    });
    let keys: Vec<ProcessKey> = keys.collect();
    let lost = block_on(async {
        let waiting: Vec<_> = keys.iter().map(|k| tokio::spawn(wait_exit(*k))).collect();
        tokio::task::yield_now().await;
        let began = Instant::now();
        for child in &children {
            assert!(child.process().signal(Signal::KILL));
        }
        let mut lost = 0;
        for task in waiting {
            match tokio::time::timeout(WAIT_TIMEOUT, task).await {
                Ok(told) => told.expect("no panic").expect("kevent"),
                Err(_) => lost += 1,
            }
        }
        measured(&format!(
            "{ENDED_CHILDREN} ends of processes told within {:?}",
            began.elapsed()
        ));
        lost
    });
    assert_eq!(lost, 0);
}

#[test]
#[ignore = "asks a Mac's kernel"]
fn mac_the_end_of_a_process_that_ends_while_the_wait_begins_is_told() {
    let mut slow = 0;
    for _ in 0..ENDED_CHILDREN {
        let child = TestChild::start(&mut Command::new("true"));
        let Ok(Some(stat)) = sys::stat(child.0.id()) else {
            continue;
        };
        let key = ProcessKey {
            pid: child.0.id(),
            start: stat.start,
        };
        let wait = async { tokio::time::timeout(Duration::from_secs(5), wait_exit(key)).await };
        slow += usize::from(block_on(wait).is_err());
    }
    measured(&format!(
        "{slow} of {ENDED_CHILDREN} ends were lost while the wait began"
    ));
    assert_eq!(slow, 0);
}
