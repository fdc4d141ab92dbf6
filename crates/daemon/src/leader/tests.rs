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

    /// The places of a program whose runtime folder is the one of this name.
    fn places(&self, runtime: &str) -> EnginePlaces {
        let runtime_home = self.dir.path().join(runtime);
        fs::create_dir_all(&runtime_home).expect("folder");
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&runtime_home, private).expect("chmod");
        let env = Environment {
            data_home: Some(self.data_home.clone()),
            runtime_home: Some(runtime_home),
            ..Environment::default()
        };
        EnginePlaces::find(&env).expect("a machine")
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
    // The one that leads comes first.
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
    // No folder can be made below a file, whoever asks.
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
