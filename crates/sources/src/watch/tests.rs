use super::*;
use notify::event::{CreateKind, DataChange, Flag, ModifyKind, RemoveKind};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const BOTH_SYSTEMS: [System; 2] = [System::Linux, System::Mac];

struct WatchFixture {
    _dir: tempfile::TempDir,
    root: PathBuf,
    watch: SourceWatcher,
}

impl WatchFixture {
    /// Watches as a system does. The Mac's plan works on Linux, too: there, notify adds a watch for
    /// each folder of a tree.
    fn new(system: System) -> Self {
        let dir = tempfile::tempdir().expect("folder");
        Self {
            root: dir.path().canonicalize().expect("there"),
            _dir: dir,
            watch: SourceWatcher::with_system(Source::Registry, system),
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn make(&self, folder: &str) {
        fs::create_dir_all(self.at(folder)).expect("folders");
    }

    fn write(&self, file: &str) {
        fs::write(self.at(file), "").expect("written");
    }

    fn set_folders(&mut self, folders: &[&str]) -> bool {
        let folders: Vec<PathBuf> = folders.iter().map(|f| self.at(f)).collect();
        self.watch
            .set_folders(folders.into_iter().map(WatchedFolder::single))
    }

    /// Watches folders below one root.
    fn set_tree(&mut self, root: &str, folders: &[&str]) -> bool {
        let root = self.at(root);
        let folders: Vec<WatchedFolder> = folders
            .iter()
            .map(|folder| WatchedFolder {
                folder: root.join(folder),
                root: root.clone(),
            })
            .collect();
        self.watch.set_folders(folders.into_iter())
    }

    /// The next path that is reported; what is reported of folders is skipped.
    async fn next_path(&mut self) -> PathBuf {
        let long = Duration::from_secs(30);
        loop {
            let next = tokio::time::timeout(long, self.watch.next());
            if let WatchEvent::Path(path) = next.await.expect("a change is reported") {
                return path;
            }
        }
    }

    async fn expect_path(&mut self, path: &str) {
        assert_eq!(self.next_path().await, self.at(path));
    }
}

#[tokio::test]
async fn a_change_behind_a_link_is_reported_by_the_path_that_was_asked_for() {
    for system in BOTH_SYSTEMS {
        let mut place = WatchFixture::new(system);
        place.make("dotfiles/claude/sessions");
        symlink(place.at("dotfiles/claude"), place.at("claude")).expect("link");
        assert!(place.set_folders(&["claude/sessions"]));
        assert!(!place.set_folders(&["claude/sessions"]), "nothing moved");
        place.write("dotfiles/claude/sessions/7.json");
        place.expect_path("claude/sessions/7.json").await;
    }
}

#[tokio::test]
async fn a_folder_that_is_watched_by_two_names_reports_both() {
    for system in BOTH_SYSTEMS {
        let mut place = WatchFixture::new(system);
        place.make("real");
        symlink(place.at("real"), place.at("link")).expect("link");
        place.set_folders(&["link", "real"]);
        place.write("real/7.json");
        place.expect_path("link/7.json").await;
        place.expect_path("real/7.json").await;
        // The last name to go does not take the watch of the other one with it.
        place.set_folders(&["link"]);
        place.write("real/8.json");
        while place.next_path().await != place.at("link/8.json") {}
    }
}

#[tokio::test]
async fn a_folder_that_becomes_a_link_is_watched_where_the_link_leads() {
    for system in BOTH_SYSTEMS {
        let mut place = WatchFixture::new(system);
        place.make("claude/sessions");
        place.set_folders(&["claude/sessions"]);
        fs::rename(place.at("claude"), place.at("dotfiles")).expect("moved");
        symlink(place.at("dotfiles"), place.at("claude")).expect("link");
        assert!(place.set_folders(&["claude/sessions"]), "the folder moved");
        place.write("dotfiles/sessions/7.json");
        place.expect_path("claude/sessions/7.json").await;
    }
}

#[tokio::test]
async fn a_folder_is_watched_once_it_exists_and_when_it_is_created_again() {
    for system in BOTH_SYSTEMS {
        let mut place = WatchFixture::new(system);
        assert!(place.set_folders(&["claude/sessions"]));
        for file in ["claude/sessions/1.json", "claude/sessions/2.json"] {
            for folder in ["claude", "claude/sessions"] {
                fs::create_dir(place.at(folder)).expect("folder");
                let told = place.watch.next().await;
                assert!(matches!(told, WatchEvent::Anything), "{told:?}");
                while place.set_folders(&["claude/sessions"]) {}
            }
            place.write(file);
            place.expect_path(file).await;
            fs::remove_dir_all(place.at("claude")).expect("removed");
            while !matches!(place.watch.next().await, WatchEvent::Anything) {}
            while place.set_folders(&["claude/sessions"]) {}
        }
    }
}

#[tokio::test]
async fn on_a_mac_a_session_more_changes_no_watch_and_other_files_are_not_reported() {
    let mut place = WatchFixture::new(System::Mac);
    for folder in ["projects/-a", "projects/-b", "projects/-c/deep"] {
        place.make(folder);
    }
    assert!(place.set_tree("projects", &["-a"]));
    let watched = place.watch.targets.clone();
    assert_eq!(watched.keys().collect::<Vec<_>>(), [&place.at("projects")]);
    assert!(place.set_tree("projects", &["-a", "-b"]), "to be read once");
    assert!(!place.set_tree("projects", &["-a", "-b"]));
    assert_eq!(place.watch.targets, watched);
    for file in ["-c/1.jsonl", "-c/deep/2.jsonl", "3.txt", "-b/4.jsonl"] {
        place.write(&format!("projects/{file}"));
    }
    place.expect_path("projects/-b/4.jsonl").await;
    assert!(!place.set_tree("projects", &["-b"]), "a session that ended");
    assert_eq!(place.watch.targets, watched);
    place.write("projects/-a/5.jsonl");
    place.write("projects/-b/6.jsonl");
    while place.next_path().await != place.at("projects/-b/6.jsonl") {}
}

#[tokio::test]
async fn on_a_mac_a_linked_folder_of_a_tree_has_a_watch_of_its_own() {
    let mut place = WatchFixture::new(System::Mac);
    place.make("projects");
    place.make("elsewhere");
    symlink(place.at("elsewhere"), place.at("projects/-a")).expect("link");
    place.set_tree("projects", &["-a"]);
    place.write("elsewhere/1.jsonl");
    place.expect_path("projects/-a/1.jsonl").await;
}

#[tokio::test]
async fn more_changes_than_the_queue_holds_are_one_change_of_anything() {
    let mut place = WatchFixture::new(System::Linux);
    place.make("sessions");
    place.set_folders(&["sessions"]);
    for n in 0..EVENT_QUEUE_LEN {
        place.write(&format!("sessions/{n}.json"));
    }
    // The thread that receives events fills the queue meanwhile, and says so.
    while !lock_filter(&place.watch.filter).has_lost_events {
        tokio::task::yield_now().await;
    }
    let told = place.watch.next().await;
    assert!(matches!(told, WatchEvent::Anything), "{told:?}");
}

/// What a source hears of an event as `FSEvents` reports it.
fn heard(filter: &mut EventFilter, event: Event) -> Vec<String> {
    let told = filter.apply(System::Mac, Ok(event)).into_iter();
    let texts = told.map(|event| match event {
        WatchEvent::Path(path) => path.display().to_string(),
        WatchEvent::Anything => "*".to_owned(),
    });
    texts.collect()
}

#[test]
fn events_of_a_mac_that_name_no_single_change_mean_anything() {
    let dir = tempfile::tempdir().expect("folder");
    let root = dir.path().canonicalize().expect("there");
    let (real, link) = (root.join("private"), root.join("tmp"));
    fs::create_dir(&real).expect("folder");
    symlink(&real, &link).expect("link");
    let aim = FolderAim::find(&WatchedFolder::single(link.clone())).expect("found");
    let mut filter = EventFilter {
        aims: vec![aim],
        ..EventFilter::default()
    };
    let event = |kind: EventKind, path: &Path| Event::new(kind).add_path(path.to_path_buf());
    let changed = EventKind::Modify(ModifyKind::Data(DataChange::Content));
    let file = real.join("7.json");
    let asked = [link.join("7.json").display().to_string()];
    // One event with several flags is handed on as several.
    for kind in [EventKind::Create(CreateKind::File), changed] {
        assert_eq!(heard(&mut filter, event(kind, &file)), asked);
    }
    let upper = root.join("PRIVATE/7.json");
    assert_eq!(heard(&mut filter, event(changed, &upper)), asked);
    assert!(heard(&mut filter, event(changed, &root.join("other"))).is_empty());
    assert!(filter.touched.is_empty());
    // `kFSEventStreamEventFlagMustScanSubDirs`: single changes were dropped.
    let rescan = event(EventKind::Other, &real).set_flag(Flag::Rescan);
    assert_eq!(heard(&mut filter, rescan), ["*"]);
    let removed = event(EventKind::Remove(RemoveKind::Folder), &real);
    assert_eq!(heard(&mut filter, removed), ["*"]);
    assert_eq!(filter.touched, [real].into());
}
