use super::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use trusty_wire::environment::Environment;

struct LeaderFixture {
    dir: tempfile::TempDir,
    data_home: PathBuf,
}

impl LeaderFixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let data_home = dir.path().join("data");
        Self { dir, data_home }
    }

    /// The places of a program whose runtime folder has this name.
    fn places(&self, runtime: &str) -> EnginePlaces {
        let runtime_home = self.dir.path().join(runtime);
        fs::create_dir_all(&runtime_home).expect("folder");
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&runtime_home, private).expect("chmod");
        let env = Environment {
            system: System::Linux,
            data_home: Some(self.data_home.clone()),
            runtime_home: Some(runtime_home),
            ..Environment::default()
        };
        EnginePlaces::find(&env).expect("a machine")
    }
}

/// The places of macOS for a user whose home folder lies in `root`.
fn mac_environment(root: &Path) -> Environment {
    let home = root.join("Users/dev");
    fs::create_dir_all(home.join("Library/Application Support")).expect("folders");
    Environment {
        system: System::Mac,
        home,
        temp_dir: Some(root.join("T")),
        ..Environment::default()
    }
}

fn is_taken(places: &EnginePlaces) -> bool {
    matches!(Leader::elect(places), Err(LeadError::Taken))
}

#[tokio::test]
async fn one_leads_whatever_the_runtime_folders_are() {
    let stage = LeaderFixture::new();
    let (one, other) = (stage.places("one"), stage.places("other"));
    let first = Leader::elect(&one).expect("free");
    assert!(is_taken(&one) && is_taken(&other));
    // The folder of the leading engine is listed first.
    assert_eq!(
        other.socket_folders(),
        [one.runtime_dir(), other.runtime_dir()]
    );
    drop(first);
    assert_eq!(other.record(), None);
    let second = Leader::elect(&other).expect("free");
    assert!(is_taken(&one));
    assert_eq!(one.socket_folders()[0], other.runtime_dir());
    drop(second);
}

#[tokio::test]
async fn an_engine_of_an_older_version_keeps_its_place() {
    let stage = LeaderFixture::new();
    let places = stage.places("run");
    paths::private_dir(places.runtime_dir(), places.uid()).expect("made");
    let lock = places.runtime_dir().join("lock");
    let older = FolderLock::try_take(&lock).expect("open").expect("free");
    assert!(is_taken(&places));
    drop(older);
    let newer = Leader::elect(&places).expect("free");
    assert!(FolderLock::try_take(&lock).expect("open").is_none());
    drop(newer);
}

#[tokio::test]
async fn without_a_data_folder_it_leads_and_says_so() {
    let stage = LeaderFixture::new();
    // No user, root included, can create a folder below a file.
    fs::write(&stage.data_home, "").expect("written");
    let places = stage.places("run");
    let leader = Leader::elect(&places).expect("leads");
    assert!(is_taken(&places), "by its runtime folder");
    let mut leading = lock_state(&leader.right.state);
    assert_eq!(leading.check(), LeadershipState::Held);
    let told = leading.problem.clone().unwrap_or_default();
    assert!(told.contains("make the folder writable"), "{told}");
    fs::remove_file(&stage.data_home).expect("removed");
    assert_eq!(leading.check(), LeadershipState::Held);
    assert_eq!(leading.problem, None);
    assert!(places.record().is_some());
}

#[tokio::test]
async fn a_lock_that_another_has_taken_meanwhile_is_lost() {
    let stage = LeaderFixture::new();
    let places = stage.places("run");
    for path in [places.lock_path(), places.runtime_dir().join("lock")] {
        let leader = Leader::elect(&places).expect("leads");
        let mut leading = lock_state(&leader.right.state);
        fs::remove_file(&path).expect("removed");
        let other = FolderLock::try_take(&path).expect("open").expect("free");
        assert_eq!(leading.check(), LeadershipState::Lost, "{}", path.display());
        drop(other);
        assert_eq!(leading.check(), LeadershipState::Held, "{}", path.display());
    }
}

#[tokio::test]
async fn what_engines_left_behind_is_removed_but_not_what_is_another_s() {
    let stage = LeaderFixture::new();
    let places = stage.places("run");
    fs::create_dir_all(places.data_dir()).expect("made");
    let at = |name: &str| places.data_dir().join(name);
    let part = format!("{}.1.new", places.record_path().display());
    for name in [
        "engine.gone",
        "engine.gone.lock",
        "engine.gone.7.new",
        "engine.elsewhere",
    ] {
        fs::write(at(name), "{}").expect("written");
    }
    fs::write(&part, "{}").expect("written");
    let elsewhere = FolderLock::try_take(&at("engine.elsewhere.lock")).expect("open");
    let leader = Leader::elect(&places).expect("leads");
    for name in ["engine.gone", "engine.gone.lock", "engine.gone.7.new"] {
        assert!(!at(name).exists(), "{name}");
    }
    assert!(!Path::new(&part).exists());
    assert!(at("engine.elsewhere").exists() && at("engine.elsewhere.lock").exists());
    drop((leader, elsewhere));
}

fn set_mode(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("chmod");
}

#[tokio::test]
async fn a_data_folder_that_was_open_to_others_is_closed_before_it_is_used() {
    let stage = LeaderFixture::new();
    let places = stage.places("run");
    fs::create_dir_all(places.data_dir()).expect("folders");
    set_mode(&stage.data_home, 0o755);
    set_mode(places.data_dir(), 0o777);
    let theirs = FolderLock::try_take(&places.lock_path()).expect("open");
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(places.lock_path(), Some(31003), None).expect("chown");
    } else {
        crate::skip::skip("needs root to act as another user");
        drop(theirs);
    }
    let leader = Leader::elect(&places).expect("another user keeps no engine off");
    let mode = fs::metadata(places.data_dir()).expect("there").mode() & 0o777;
    assert_eq!(
        (mode, lock_state(&leader.right.state).problem.take()),
        (0o700, None)
    );
    let owner = fs::metadata(places.lock_path()).expect("there").uid();
    assert_eq!(owner, places.uid());
}

#[tokio::test]
async fn an_engine_makes_nothing_in_a_folder_that_another_user_has_or_could_change() {
    let stage = LeaderFixture::new();
    let places = stage.places("run");
    let tells = |words: &str| {
        let leader = Leader::elect(&places).expect("leads by its runtime folder");
        let told = lock_state(&leader.right.state).problem.clone();
        let told = told.unwrap_or_default();
        assert!(told.contains(words), "{told}");
        assert!(!places.data_dir().exists(), "nothing was made");
    };
    fs::create_dir(&stage.data_home).expect("folder");
    set_mode(stage.dir.path(), 0o755);
    set_mode(&stage.data_home, 0o777);
    tells(&format!("`chmod go-w {}`", stage.data_home.display()));
    set_mode(&stage.data_home, 0o755);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&stage.data_home, Some(31003), None).expect("chown");
        tells("run this as that user");
    } else {
        crate::skip::skip("needs root to act as another user");
    }
}

/// Whether connections to the sockets of a leader arrive.
async fn is_reached(leader: &mut Leader) -> bool {
    let runtime_dir = leader.places.runtime_dir().to_path_buf();
    let api = socket_names::api_socket(&runtime_dir);
    let hooks = runtime_dir.join(hooks::HOOK_SOCKET);
    let mut is_reached = true;
    for (path, feed) in [(api, &mut leader.api), (hooks, &mut leader.hooks)] {
        let (near, far) = tokio::join!(tokio::net::UnixStream::connect(path), feed.accept());
        is_reached &= near.is_ok() && far.is_ok();
    }
    is_reached
}

#[tokio::test]
async fn in_the_places_of_macos_each_file_that_vanishes_comes_back_and_no_second_engine_leads() {
    let root = tempfile::tempdir().expect("folder");
    let places = EnginePlaces::find(&mac_environment(root.path())).expect("a machine");
    let mut leader = Leader::elect(&places).expect("free");
    let runtime_dir = places.runtime_dir();
    assert!(runtime_dir.starts_with(places.data_dir()), "in one folder");
    let files = [
        socket_names::api_socket(runtime_dir),
        runtime_dir.join(hooks::HOOK_SOCKET),
        runtime_dir.join(RUNTIME_LOCK),
        places.lock_path(),
        places.record_path(),
    ];
    let folder = runtime_dir.to_path_buf();
    for vanishes in files.iter().chain([&folder]) {
        if vanishes.is_dir() {
            fs::remove_dir_all(vanishes).expect("removed");
        } else {
            fs::remove_file(vanishes).expect("removed");
        }
        let told = vanishes.display();
        assert!(is_taken(&places), "another engine leads without {told}");
        let checked = lock_state(&leader.right.state).check();
        assert_eq!(checked, LeadershipState::Held, "{told}");
        assert!(files.iter().all(|file| file.exists()), "{told}");
        assert!(is_reached(&mut leader).await, "{told}");
        assert!(is_taken(&places), "another engine leads after {told}");
        assert_eq!(places.socket_folders(), [runtime_dir], "{told}");
    }
}

#[tokio::test]
async fn an_engine_of_version_0_1_0_in_the_places_of_macos_that_variables_named_keeps_its_place() {
    let root = tempfile::tempdir().expect("folder");
    let env = mac_environment(root.path());
    let places = EnginePlaces::find(&env).expect("a machine");
    let former: Vec<&Path> = places.former_runtime_dirs().collect();
    let [former] = former[..] else {
        panic!("{former:?}");
    };
    paths::private_dir(former, places.uid()).expect("made");
    let lock = former.join(RUNTIME_LOCK);
    let older = FolderLock::try_take(&lock).expect("open").expect("free");
    assert!(is_taken(&places));
    assert!(!places.data_dir().exists(), "nothing was made");
    assert_eq!(
        places.socket_folders(),
        [former],
        "hooks and programs reach it"
    );
    drop(older);
    let newer = Leader::elect(&places).expect("free");
    let taken = FolderLock::try_take(&lock).expect("open");
    assert!(
        taken.is_none(),
        "no older engine starts beside the newer one"
    );
    drop(newer);
}

#[tokio::test]
async fn where_the_path_of_a_socket_is_too_long_the_error_says_so() {
    let root = tempfile::tempdir().expect("folder");
    let places = EnginePlaces::find(&mac_environment(&root.path().join("h".repeat(90))));
    let places = places.expect("a machine");
    let refused = Leader::elect(&places).expect_err("too long").to_string();
    assert!(
        refused.contains("a socket's path may have 103"),
        "{refused}"
    );
    assert!(!places.data_dir().exists(), "nothing was made");
}
