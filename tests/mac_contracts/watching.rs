//! File events: which paths events have, and how late they come.

use super::{measured, real};
use notify::{Event, RecursiveMode, Watcher, recommended_watcher};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use trusty_tests::WAIT_TIMEOUT;

const WRITE_COUNT: usize = 200;

/// A folder, a link to it, and a watch of the link.
struct WatchedLink {
    _folder: tempfile::TempDir,
    folder: PathBuf,
    link: PathBuf,
    events: Receiver<notify::Result<Event>>,
    _watcher: notify::RecommendedWatcher,
}

impl WatchedLink {
    fn new() -> Self {
        let parent = tempfile::tempdir().expect("a folder");
        let (folder, link) = (parent.path().join("real"), parent.path().join("link"));
        fs::create_dir(&folder).expect("a folder");
        symlink(&folder, &link).expect("a link");
        let (tell, events) = channel();
        let mut watcher = recommended_watcher(tell).expect("a watcher");
        watcher
            .watch(&link, RecursiveMode::Recursive)
            .expect("a watch");
        Self {
            folder: real(&folder),
            _folder: parent,
            link,
            events,
            _watcher: watcher,
        }
    }

    /// Writes a file and waits until an event names this path; returns how long that took.
    fn latency(&self, written: &Path, told: &Path) -> Duration {
        let began = Instant::now();
        fs::write(written, "text").expect("written");
        loop {
            let event = self.events.recv_timeout(WAIT_TIMEOUT);
            let event = event.expect("an event within a minute").expect("no error");
            if event.paths.iter().any(|path| path == told) {
                return began.elapsed();
            }
        }
    }
}

#[test]
#[ignore = "asks a Mac's file system"]
fn mac_events_of_a_watched_link_name_the_path_behind_the_link() {
    let watched = WatchedLink::new();
    let told = watched.folder.join("file");
    let latency = watched.latency(&watched.link.join("file"), &told);
    measured(&format!("the first event through a link took {latency:?}"));
    let latency = watched.latency(&told, &told);
    measured(&format!("an event of the real path took {latency:?}"));
}

#[test]
#[ignore = "asks a Mac's file system"]
fn mac_every_write_through_a_link_is_told() {
    let watched = WatchedLink::new();
    let mut latencies: Vec<Duration> = (0..WRITE_COUNT)
        .map(|number| {
            let name = format!("{number}.json");
            watched.latency(&watched.link.join(&name), &watched.folder.join(&name))
        })
        .collect();
    latencies.sort();
    measured(&format!(
        "FSEvents, {WRITE_COUNT} writes: p50 {:?}, p99 {:?}, worst {:?}",
        latencies[WRITE_COUNT / 2],
        latencies[WRITE_COUNT * 99 / 100],
        latencies[WRITE_COUNT - 1]
    ));
}

#[test]
#[ignore = "asks a Mac's file system"]
fn mac_a_file_that_replaces_another_by_rename_is_told() {
    let watched = WatchedLink::new();
    let told = watched.folder.join("state.json");
    watched.latency(&told, &told);
    for _ in 0..20 {
        let new = watched.folder.join("state.json.new");
        fs::write(&new, "text").expect("written");
        fs::rename(&new, &told).expect("renamed");
        let began = Instant::now();
        loop {
            let event = watched.events.recv_timeout(WAIT_TIMEOUT);
            let event = event.expect("an event within a minute").expect("no error");
            if event.paths.contains(&told) {
                break;
            }
        }
        assert!(began.elapsed() < WAIT_TIMEOUT);
    }
}
