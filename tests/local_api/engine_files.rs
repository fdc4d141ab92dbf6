//! Files that an engine needs vanish and are restored; those of another engine stay.

use crate::{LocalApiFixture, WAIT_TIMEOUT};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_tests::socket_client::hook_socket;
use trusty_tests::trusty::{RunningProgram, run, serve};
use trusty_tests::wait::until;
use trusty_tests::{HookClient, LocalApi, ProcessRef, Signal, TestHome};

/// How soon a vanished file is restored.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(5);

/// The paths that one engine needs.
struct EngineFiles {
    runtime: PathBuf,
    record: PathBuf,
    lock: PathBuf,
}

impl EngineFiles {
    fn of(home: &TestHome) -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot");
        let data = home.xdg_data().join("trusty");
        Self {
            runtime: home.runtime().join("trusty"),
            record: data.join(format!("engine.{}", boot.trim())),
            lock: data.join(format!("engine.{}.lock", boot.trim())),
        }
    }

    fn data(&self) -> &Path {
        self.record.parent().expect("a folder")
    }
}

/// The pid of the engine on the local socket of a home, where the hook socket must answer, too.
fn answering(home: &TestHome) -> Option<u64> {
    let hook = HookClient::open(&hook_socket(home)).ok()?;
    assert_eq!(hook.report(0, b"{}").ok()?, "taken\n");
    LocalApi::for_home(home).engine_pid()
}

fn recorded(places: &EngineFiles) -> Option<u64> {
    let record: serde_json::Value = serde_json::from_slice(&fs::read(&places.record).ok()?).ok()?;
    record["pid"].as_u64()
}

fn remove(path: &Path) {
    if path.is_dir() {
        // The engine may restore files meanwhile, which have to go, too.
        until(WAIT_TIMEOUT, "the end of a folder", || {
            fs::remove_dir_all(path).ok()
        });
    } else {
        fs::remove_file(path).expect("removed");
    }
}

#[track_caller]
fn comes_back(what: &str, remove_it: impl FnOnce(&EngineFiles)) {
    let served = LocalApiFixture::start();
    let places = EngineFiles::of(&served.home);
    let pid = u64::from(served.serving.process().pid);
    until(WAIT_TIMEOUT, "the engine file", || recorded(&places));
    remove_it(&places);
    until(RESTORE_TIMEOUT, what, || {
        let is_back = recorded(&places) == Some(pid)
            && places.lock.exists()
            && places.runtime.join("lock").exists();
        (is_back && answering(&served.home) == Some(pid)).then_some(())
    });
    let second = run(&served.home, ["serve"]);
    assert_eq!(second.status.code(), Some(3), "the first leads");
    assert_eq!(answering(&served.home), Some(pid));
}

#[test]
fn sockets_that_are_removed_come_back() {
    comes_back("both sockets", |places| {
        remove(&places.runtime.join("trusty.sock"));
        remove(&places.runtime.join("hooks.sock"));
    });
}

#[test]
fn a_runtime_folder_that_is_removed_comes_back() {
    comes_back("the runtime folder", |places| remove(&places.runtime));
}

#[test]
fn locks_that_are_removed_are_taken_anew() {
    comes_back("the lock in the runtime folder", |places| {
        remove(&places.runtime.join("lock"));
    });
    comes_back("the lock in the data folder", |places| remove(&places.lock));
}

#[test]
fn an_engine_file_that_is_removed_or_replaced_comes_back() {
    comes_back("the engine file", |places| remove(&places.record));
    comes_back("the engine file", |places| {
        let other = places.data().join("other");
        fs::write(&other, "{}").expect("written");
        fs::rename(&other, &places.record).expect("replaced");
    });
}

#[test]
fn all_that_an_engine_needs_comes_back() {
    comes_back("everything", |places| {
        remove(&places.runtime);
        remove(places.data());
    });
}

#[test]
fn while_its_places_are_gone_no_second_engine_leads() {
    for what in ["runtime", "data"] {
        let served = LocalApiFixture::start();
        let places = EngineFiles::of(&served.home);
        let first = served.serving.process();
        until(WAIT_TIMEOUT, "the engine file", || recorded(&places));
        // A stopped engine restores nothing.
        first.stop();
        remove(if what == "runtime" {
            &places.runtime
        } else {
            places.data()
        });
        let second = run(&served.home, ["serve"]);
        assert_eq!(second.status.code(), Some(3), "without its {what} folder");
        assert!(first.signal(Signal::CONT));
        until(RESTORE_TIMEOUT, "the first engine", || {
            (answering(&served.home) == Some(first.pid.into())).then_some(())
        });
    }
}

#[test]
fn an_engine_whose_place_another_has_taken_steps_down_and_leaves_it_alone() {
    let mut served = LocalApiFixture::start();
    let places = EngineFiles::of(&served.home);
    let first = served.serving.process();
    until(WAIT_TIMEOUT, "the engine file", || recorded(&places));
    first.stop();
    // Nothing is left by which a second engine could find the first one.
    remove(&places.runtime);
    remove(places.data());
    let second: RunningProgram = serve(&served.home);
    let second_pid = Some(u64::from(second.process().pid));
    assert_eq!(answering(&served.home), second_pid);
    assert!(first.signal(Signal::CONT));
    assert_eq!(
        served.serving.wait(WAIT_TIMEOUT),
        Some(3),
        "the replaced engine exits"
    );
    assert_eq!(answering(&served.home), second_pid);
    assert_eq!(recorded(&places), second_pid);
    drop(second);
}

#[test]
fn an_engine_removes_what_is_its_own_when_it_ends() {
    let mut served = LocalApiFixture::start();
    let places = EngineFiles::of(&served.home);
    until(WAIT_TIMEOUT, "the engine file", || recorded(&places));
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    };
    assert_eq!(mode(&places.record), 0o600);
    assert_eq!(mode(&places.lock), 0o600);
    let serving: ProcessRef = served.serving.process();
    assert!(serving.signal(Signal::TERM));
    served.serving.wait(WAIT_TIMEOUT);
    let left = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        let mut names: Vec<_> = entries.map(|e| e.file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(left(&places.runtime), ["lock"]);
    let lock = places.lock.file_name().expect("a name");
    assert_eq!(left(places.data()), [lock]);
}
