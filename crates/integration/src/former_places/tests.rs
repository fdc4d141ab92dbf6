use super::*;
use crate::{HookEntries, entry_presence, plan_connect, state};
use std::os::unix::fs::PermissionsExt;
use trusty_fleet::SessionId;
use trusty_fleet::Snapshot;
use trusty_fleet::observation::HookInstall;
use trusty_fleet::pause::{Initiator, InterruptedWork, PauseMethod, PausePhase, PauseRecord};
use trusty_platform::sys;
use trusty_records::store::PauseStore;
use trusty_wire::hook_program::program;

/// A user of version 0.1.0 on macOS whose shell sets the XDG variables.
struct FormerInstall {
    root: tempfile::TempDir,
    /// The environment in that shell.
    shell: Environment,
}

impl FormerInstall {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("folder");
        let at = |name: &str| root.path().join(name);
        let shell = Environment {
            system: System::Mac,
            home: at("Users/dev"),
            data_home: Some(at("xdg/data")),
            config_home: Some(at("xdg/config")),
            temp_dir: Some(at("T")),
            ..Environment::default()
        };
        let install = Self { root, shell };
        put(&install.former().join("bin/trusty-hook"), "#!/bin/sh\n");
        let runnable = fs::Permissions::from_mode(0o755);
        let hook = install.former().join("bin/trusty-hook");
        fs::set_permissions(hook, runnable).expect("chmod");
        install
    }

    /// The environment of the app that Finder starts.
    fn finder(&self) -> Environment {
        Environment {
            data_home: None,
            config_home: None,
            ..self.shell.clone()
        }
    }

    fn former(&self) -> PathBuf {
        self.root.path().join("xdg/data/trusty")
    }

    fn data(&self) -> PathBuf {
        self.shell.data_dir()
    }

    /// The records as a hook or program of version 0.1.0 finds them.
    fn former_store(&self) -> PauseStore {
        PauseStore::from_env(&Environment {
            system: System::Linux,
            ..self.shell.clone()
        })
    }

    fn adopt(&self) {
        let problems = adopt_former_places(&self.shell);
        assert!(problems.is_empty(), "{problems:?}");
    }
}

fn held() -> PauseRecord {
    PauseRecord {
        version: 1,
        session: SessionId::new(),
        boot: "boot".into(),
        domain: None,
        client: trusty_fleet::identity::ProcessKey {
            pid: 7,
            start: trusty_fleet::identity::StartTime(7),
        },
        phase: PausePhase::Paused,
        since: std::time::SystemTime::UNIX_EPOCH,
        by: Initiator::Api,
        summary: String::new(),
        at_work: InterruptedWork::Nothing,
        tty: None,
        means: PauseMethod::Hold,
    }
}

fn put(path: &Path, text: &str) {
    make_private_folder(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn a_pause_of_the_former_place_is_found_and_ended_by_programs_of_both_versions() {
    let install = FormerInstall::new();
    let record = held();
    install.former_store().write(&record).expect("written");
    install.adopt();
    let store = PauseStore::from_env(&install.finder());
    for store in [&store, &install.former_store()] {
        let found = store.read(record.session).expect("readable");
        assert_eq!(
            found.as_ref(),
            Some(&record),
            "{}",
            store.folder().display()
        );
    }
    assert!(store.folder().starts_with(install.data()));
    store.remove(record.session).expect("removed");
    let former = install.former_store().read(record.session);
    assert_eq!(former.expect("readable"), None, "a waiting hook goes on");
    install.adopt();
    let names: Vec<_> = fs::read_dir(install.former().parent().expect("a folder"))
        .expect("listed")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(names, ["trusty"], "nothing is left beside the link");
}

#[test]
fn files_of_both_places_are_joined_and_none_is_lost() {
    let install = FormerInstall::new();
    let (former, data) = (install.former(), install.data());
    let (old, new) = (held(), held());
    install.former_store().write(&old).expect("written");
    PauseStore::from_env(&install.finder())
        .write(&new)
        .expect("written");
    put(&former.join("answers.jsonl"), "{\"old\":1}\n");
    put(&data.join("answers.jsonl"), "{\"new\":1}\n");
    let connected = |dir: &str| format!(r#"{{"folders":{{"{dir}":{{"backup":"{dir}/b"}}}}}}"#);
    put(&former.join(CONNECTIONS_FILE), &connected("/old/.claude"));
    put(&data.join(CONNECTIONS_FILE), &connected("/new/.claude"));
    put(&former.join("hook-marks/other"), "old");
    put(&data.join("hook-marks/other"), "new");
    put(&former.join("engine.boot"), "{}");
    install.adopt();
    let store = PauseStore::from_env(&install.shell);
    for record in [&old, &new] {
        let found = store.read(record.session).expect("readable");
        assert_eq!(found.as_ref(), Some(record));
    }
    assert_eq!(
        text(&data.join("answers.jsonl")),
        "{\"old\":1}\n{\"new\":1}\n"
    );
    let folders = ConnectedFolders::read(&install.shell);
    for dir in ["/old/.claude", "/new/.claude"] {
        assert!(folders.folder(Path::new(dir)).is_some(), "{dir}");
    }
    assert!(!data.join("engine.boot").exists());
    assert_eq!(text(&data.join("hook-marks/other")), "new");
    let left = former.with_file_name("trusty.before-0.2");
    assert_eq!(text(&left.join("hook-marks/other")), "old", "kept");
}

#[test]
fn a_start_that_another_start_overtook_removes_nothing() {
    let install = FormerInstall::new();
    let record = held();
    install.former_store().write(&record).expect("written");
    let listed = former_data_folders(&install.shell);
    assert_eq!(listed, BTreeSet::from([install.former()]));
    install.adopt();
    // The second start listed the folder before the first one put the link there.
    adopt_folder(&install.shell, &install.former()).expect("nothing to do");
    let _ = remove_copies(&install.former(), &install.data());
    let found = PauseStore::from_env(&install.finder()).read(record.session);
    assert_eq!(found.expect("readable"), Some(record));
    assert!(program(&install.finder()).is_file());
    let link = fs::read_link(install.former()).expect("a link");
    assert_eq!(link, install.data());
}

#[test]
fn one_start_moves_files_while_others_are_told_so() {
    let install = FormerInstall::new();
    make_private_folder(&install.data()).expect("made");
    let turn = FolderLock::try_take(&install.data().join(MOVE_LOCK)).expect("made");
    let problems = adopt_former_places(&install.shell);
    let [problem @ AdoptionError::Moving(_)] = &problems[..] else {
        panic!("{problems:?}");
    };
    assert!(problem.to_string().contains("try again"), "{problem}");
    assert!(install.former().join("bin/trusty-hook").is_file());
    drop(turn);
    install.adopt();
}

#[test]
fn a_file_that_has_the_name_by_now_is_not_overwritten() {
    let root = tempfile::tempdir().expect("folder");
    let (from, to) = (root.path().join("from"), root.path().join("to"));
    for give in [give_name, copy_to_new] {
        put(&from, "text");
        give(&from, &to).expect("named");
        give(&from, &to).expect("there already");
        assert_eq!((text(&from), text(&to)), ("text".into(), "text".into()));
        fs::remove_file(&to).expect("removed");
        put(&to, "newer");
        give(&from, &to).expect("left alone");
        assert_eq!(text(&to), "newer");
        fs::remove_file(&to).expect("removed");
    }
    assert_eq!(fs::read_dir(root.path()).expect("listed").count(), 1);
}

#[test]
fn a_folder_around_the_data_folder_or_in_it_is_no_former_place() {
    let mut install = FormerInstall::new();
    install.shell.home = install.root.path().join("Users/trusty");
    for outer in [install.root.path().join("Users"), install.data()] {
        install.shell.data_home = Some(outer);
        for folder in install.shell.former_data_dirs() {
            make_private_folder(&folder).expect("made");
        }
        assert_eq!(former_data_folders(&install.shell), BTreeSet::new());
    }
}

#[expect(clippy::disallowed_methods, reason = "tests start programs")]
fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo").success());
}

#[test]
fn a_pipe_in_a_former_place_keeps_no_start_waiting() {
    let install = FormerInstall::new();
    let (one, other) = (install.former().join("pipe"), install.data().join("pipe"));
    for pipe in [&one, &other] {
        make_private_folder(pipe.parent().expect("a folder")).expect("made");
        make_pipe(pipe);
    }
    install.adopt();
    assert!(other.symlink_metadata().is_ok());
}

#[test]
fn hooks_that_run_the_former_program_count_as_connected_and_connect_names_the_new_one() {
    let install = FormerInstall::new();
    let former_program = install.former().join("bin/trusty-hook");
    let config = install.finder().claude_dir();
    let settings = config.join(SETTINGS_FILE_NAME);
    for (entries, expected) in [
        (
            HookEntries::for_program(&former_program),
            HookInstall::Connected,
        ),
        (HookEntries::of_0_1(&former_program), HookInstall::Outdated),
    ] {
        let written = crate::merge_hooks("{}", &entries.expect("UTF-8")).expect("merged");
        put(&settings, &written);
        // The app finds the former place by the settings alone.
        let problems = adopt_former_places(&install.finder());
        assert!(problems.is_empty(), "{problems:?}");
        assert!(
            former_program.is_file(),
            "Claude Code still finds the program"
        );
        assert_eq!(
            former_program.canonicalize().ok(),
            program(&install.finder()).canonicalize().ok()
        );
        assert_eq!(state(&install.finder(), &config), expected);
        let edit = plan_connect(&install.finder(), &config, &Snapshot::default());
        let after = edit.expect("planned").after.expect("a text");
        let new = HookEntries::for_program(&program(&install.finder())).expect("UTF-8");
        assert_eq!(entry_presence(&after, &new), Ok(crate::EntryPresence::All));
        assert!(!after.contains("xdg"), "{after}");
    }
}

#[test]
fn while_an_earlier_version_works_with_the_former_place_nothing_is_moved() {
    let install = FormerInstall::new();
    let uid = sys::machine().expect("a machine").uid;
    let runtime_dir = install.shell.former_runtime_dirs(uid).remove(0);
    put(&runtime_dir.join("lock"), "");
    put(&install.former().join("engine.boot.lock"), "");
    put(&install.former().join("paused/1.lock"), "");
    for lock in [
        runtime_dir.join("lock"),
        install.former().join("engine.boot.lock"),
        install.former().join("paused/1.lock"),
    ] {
        let taken = FolderLock::try_take(&lock).expect("open").expect("free");
        let problems = adopt_former_places(&install.shell);
        let [AdoptionError::InUse(folder)] = &problems[..] else {
            panic!("{}: {problems:?}", lock.display());
        };
        assert_eq!(*folder, install.former());
        assert!(!install.data().join("bin").exists(), "{}", lock.display());
        drop(taken);
    }
    install.adopt();
    assert!(
        install
            .former()
            .symlink_metadata()
            .expect("there")
            .is_symlink()
    );
}

#[test]
fn files_that_other_users_could_have_changed_are_not_taken_over() {
    let install = FormerInstall::new();
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(install.former(), open).expect("chmod");
    let problems = adopt_former_places(&install.shell);
    let [problem @ AdoptionError::Open(_)] = &problems[..] else {
        panic!("{problems:?}");
    };
    assert!(problem.to_string().contains("chmod 700"), "{problem}");
    assert!(!install.data().exists());
}

#[test]
fn the_settings_of_the_former_place_still_apply_unless_there_are_others() {
    let install = FormerInstall::new();
    let former = install.shell.former_settings_file().expect("another file");
    put(&former, "[answers]\nprograms = true\n");
    install.adopt();
    let settings = trusty_records::Settings::read(&install.finder());
    assert!(settings.answer_policy.programs);
    let file = install.shell.settings_file();
    fs::remove_file(&file).expect("removed");
    fs::write(&file, "").expect("written");
    install.adopt();
    assert!(
        !trusty_records::Settings::read(&install.finder())
            .answer_policy
            .programs
    );
}

#[test]
fn on_linux_all_places_stay_as_they_are() {
    let install = FormerInstall::new();
    let linux = Environment {
        system: System::Linux,
        ..install.shell.clone()
    };
    let record = held();
    PauseStore::from_env(&linux)
        .write(&record)
        .expect("written");
    assert!(adopt_former_places(&linux).is_empty());
    assert_eq!(linux.data_dir(), install.former());
    assert!(install.former().symlink_metadata().expect("there").is_dir());
    let found = PauseStore::from_env(&linux).read(record.session);
    assert_eq!(found.expect("readable"), Some(record));
}
