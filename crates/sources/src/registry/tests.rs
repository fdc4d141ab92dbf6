use super::*;
use crate::test_files::make_pipe;
use std::os::unix::fs::symlink;
use std::time::Instant;

/// A config folder whose registry file names this process, which is alive.
struct RegistryFixture(tempfile::TempDir);

impl RegistryFixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("folder");
        fs::create_dir(dir.path().join("sessions")).expect("sessions");
        Self(dir)
    }

    fn path(&self) -> PathBuf {
        self.0
            .path()
            .join("sessions")
            .join(format!("{}.json", std::process::id()))
    }

    fn write(&self, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(), bytes).expect("write");
    }

    fn registry(&self) -> RegistrySource {
        RegistrySource::new([self.0.path().to_path_buf()])
    }
}

fn entry(fact: &Fact) -> Option<&RegistryEntry> {
    match fact {
        Fact::Registry(_, entry) => Some(entry),
        _ => None,
    }
}

fn problem(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::Health(_, problem) => Some(problem.as_deref().unwrap_or("works")),
        _ => None,
    }
}

fn entries(facts: &[Fact]) -> Vec<&RegistryEntry> {
    facts.iter().filter_map(entry).collect()
}

fn problems(facts: &[Fact]) -> Vec<&str> {
    facts.iter().filter_map(problem).collect()
}

#[test]
fn a_file_is_told_once_and_again_when_it_changes() {
    let folder = RegistryFixture::new();
    let mut registry = folder.registry();
    assert!(registry.scan().is_empty());
    folder.write(r#"{"status":"idle"}"#);
    let facts = registry.scan();
    assert_eq!(entries(&facts)[0].status.as_deref(), Some("idle"));
    assert!(registry.scan().is_empty());
    folder.write(r#"{"status":"busy"}"#);
    assert_eq!(
        entries(&registry.read_changed_path(&folder.path()))[0]
            .status
            .as_deref(),
        Some("busy")
    );
    fs::remove_file(folder.path()).expect("remove");
    assert!(matches!(
        registry.read_changed_path(&folder.path())[..],
        [Fact::RegistryGone(_)]
    ));
    assert!(registry.scan().is_empty());
}

#[test]
fn two_writes_within_one_step_of_the_file_clock_are_both_seen() {
    let folder = RegistryFixture::new();
    let mut registry = folder.registry();
    // The words have the same length, so that only the time in the stamp differs.
    for n in 0..200 {
        let word = ["busy", "idle"][n % 2];
        folder.write(format!(r#"{{"status":"{word}"}}"#));
        let facts = registry.read_changed_path(&folder.path());
        assert_eq!(entries(&facts)[0].status.as_deref(), Some(word));
        assert!(
            registry.read_changed_path(&folder.path()).is_empty(),
            "reported once"
        );
    }
    folder.write(r#"{"status":"busy"}"#);
    let scanned = registry.scan();
    assert_eq!(
        entries(&scanned)[0].status.as_deref(),
        Some("busy"),
        "also by a scan"
    );
}

#[test]
fn a_half_written_file_is_read_again() {
    let folder = RegistryFixture::new();
    let mut registry = folder.registry();
    for (half, whole) in [("", "busy"), ("{\"status\":\"bu", "idle")] {
        folder.write(half);
        assert!(
            registry.scan().is_empty(),
            "not reported while the file may be half written"
        );
        assert!(registry.retry_delay().is_some());
        folder.write(format!(r#"{{"status":"{whole}"}}"#));
        assert_eq!(
            entries(&registry.retry_once())[0].status.as_deref(),
            Some(whole)
        );
        assert!(registry.retry_delay().is_none());
    }
}

#[tokio::test]
async fn a_broken_file_is_told_in_words_and_healed() {
    let big = vec![b' '; 70_000];
    for (bytes, told) in [
        (&b""[..], "file is empty"),
        (&b"{\"status\":"[..], "file is not JSON"),
        (&b"\xff\xfe\xfd"[..], "file is not JSON"),
        (&b"[]"[..], "file holds no JSON object"),
        (&big[..], "file is too large (70000 bytes)"),
    ] {
        let folder = RegistryFixture::new();
        let mut registry = folder.registry();
        folder.write(bytes);
        let mut facts = registry.scan();
        facts.extend(registry.retry_half_written().await);
        assert_eq!(problems(&facts), [told]);
        assert!(registry.scan().is_empty(), "reported once");
        folder.write(r#"{"status":"idle"}"#);
        assert_eq!(problems(&registry.scan()), ["works"]);
    }
}

#[tokio::test]
async fn a_file_that_is_not_understood_is_not_told_as_a_missing_one() {
    let unknown = RegistryEntry {
        status: Some(NOT_UNDERSTOOD_STATUS.into()),
        ..RegistryEntry::default()
    };
    let folder = RegistryFixture::new();
    let mut registry = folder.registry();
    folder.write("[1]");
    let mut facts = registry.scan();
    facts.extend(registry.retry_half_written().await);
    assert_eq!(entries(&facts), [&unknown]);

    // The identity in a file that was understood before is kept.
    let good = r#"{"sessionId":"s","procStart":"7","version":"2.1.330","status":"waiting",
        "waitingFor":"permission prompt","statusUpdatedAt":5}"#;
    folder.write(good);
    let facts = registry.read_changed_path(&folder.path());
    assert_eq!(
        entries(&facts)[0].waiting_for.as_deref(),
        Some("permission prompt")
    );
    folder.write("[2]");
    assert!(
        registry.read_changed_path(&folder.path()).is_empty(),
        "it may be half written"
    );
    let unknown = RegistryEntry {
        session_id: Some("s".into()),
        proc_start: Some(trusty_fleet::identity::StartTime(7)),
        version: Some("2.1.330".into()),
        ..unknown
    };
    assert_eq!(entries(&registry.retry_half_written().await), [&unknown]);
    folder.write("[3]");
    let mut facts = registry.read_changed_path(&folder.path());
    facts.extend(registry.retry_half_written().await);
    assert!(facts.is_empty(), "reported once");
    folder.write(good);
    let facts = registry.read_changed_path(&folder.path());
    assert_eq!(entries(&facts)[0].status.as_deref(), Some("waiting"));
    assert_eq!(problems(&facts), ["works"]);
}

#[test]
fn a_file_that_could_not_be_read_is_tried_again_though_it_is_the_same() {
    let folder = RegistryFixture::new();
    let mut registry = folder.registry();
    fs::create_dir(folder.path()).expect("no file");
    let long_ago = clock::wall() - Duration::from_hours(1);
    let opened = fs::File::open(folder.path()).expect("open");
    opened.set_modified(long_ago).expect("set");
    assert_eq!(problems(&registry.scan()), ["not a regular file"]);
    let file = RegistryFile {
        dir: folder.0.path().to_path_buf(),
        pid: std::process::id(),
    };
    assert!(!registry.read[&file].settled);
    assert!(registry.scan().is_empty(), "reported once");
}

#[test]
fn a_file_of_100_mb_costs_nothing() {
    let folder = RegistryFixture::new();
    let file = fs::File::create(folder.path()).expect("create");
    file.set_len(100 << 20).expect("sparse");
    let mut registry = folder.registry();
    assert!(problems(&registry.scan())[0].contains("104857600 bytes"));
}

#[test]
fn what_is_no_plain_file_is_told_and_never_waited_for() {
    let make: [fn(&Path); 3] = [
        |path| fs::create_dir(path).expect("folder"),
        |path| make_pipe(path),
        |path| symlink(path, path).expect("loop"),
    ];
    for make in make {
        let folder = RegistryFixture::new();
        make(&folder.path());
        let mut registry = folder.registry();
        assert_eq!(problems(&registry.scan()), ["not a regular file"]);
    }
}

#[test]
fn a_folder_that_cannot_be_listed_is_told() {
    let dir = tempfile::tempdir().expect("folder");
    fs::write(
        dir.path().join("sessions"),
        "a file where a folder should be",
    )
    .expect("write");
    let mut registry = RegistrySource::new([dir.path().to_path_buf()]);
    let facts = registry.scan();
    assert!(
        problems(&facts)[0].starts_with("could not list the folder"),
        "{facts:?}"
    );
    fs::remove_file(dir.path().join("sessions")).expect("remove");
    assert_eq!(problems(&registry.scan()), ["works"]);
}

#[test]
fn left_over_files_are_neither_opened_nor_deleted() {
    let folder = RegistryFixture::new();
    // Above the largest pid of Linux.
    let stale = |n: u32| {
        folder
            .0
            .path()
            .join(format!("sessions/{}.json", 5_000_000 + n))
    };
    for n in 0..10_000 {
        fs::write(stale(n), "not even JSON").expect("write");
    }
    folder.write(r#"{"status":"idle"}"#);
    let mut registry = folder.registry();
    let facts = registry.scan();
    assert_eq!(facts.len(), 1, "only the live process is reported");
    assert_eq!(
        fs::read_dir(folder.0.path().join("sessions"))
            .expect("list")
            .count(),
        10_001
    );
}

#[test]
fn keys_are_known_by_name_alone() {
    let folder = RegistryFixture::new();
    let key = folder.path().with_extension("0123abcd.key");
    // A pipe, because opening one would wait for a writer for ever.
    make_pipe(&key);
    let mut registry = folder.registry();
    assert!(matches!(
        registry.scan()[..],
        [Fact::RegistryKey(RegistryFile { .. })]
    ));
    assert!(registry.scan().is_empty(), "reported once");
    for odd in [
        "x.json",
        "007.json",
        "-1.json",
        "1.json.bak",
        "99999999999.json",
        ".json",
    ] {
        assert!(
            file_of(Path::new("/c"), &Path::new("/c/sessions").join(odd)).is_none(),
            "{odd}"
        );
    }
}

#[tokio::test]
async fn a_folder_that_does_not_exist_yet_is_noticed() {
    use trusty_fleet::cadence::{FleetActivity, UiVisibility, cadence};
    use trusty_platform::clock::Clock;
    let root = tempfile::tempdir().expect("folder");
    let config = root.path().join("home/.claude");
    let orders = SourceConfig {
        wanted: SourceDemand::default(),
        cadence: cadence(UiVisibility::Hidden, FleetActivity::Still),
        nudge: 0,
    };
    let (_keep, orders) = tokio::sync::watch::channel(orders);
    let (send, mut facts) = tokio::sync::mpsc::channel(64);
    let out = ObservationSender::new(Clock::start(), send);
    let running = tokio::spawn(run_registry_source(
        RegistrySource::new([config.clone()]),
        orders,
        out,
    ));
    tokio::task::yield_now().await;

    let begun = Instant::now();
    let path = config
        .join("sessions")
        .join(format!("{}.json", std::process::id()));
    fs::create_dir_all(config.join("sessions")).expect("folders");
    fs::write(&path, r#"{"status":"idle"}"#).expect("write");
    let status = async |facts: &mut tokio::sync::mpsc::Receiver<trusty_fleet::Observation>| loop {
        match facts.recv().await.expect("runs").fact {
            Fact::Registry(_, entry) => return entry.status,
            Fact::RegistryGone(_) => return None,
            _ => {}
        }
    };
    assert_eq!(status(&mut facts).await.as_deref(), Some("idle"));
    fs::write(&path, r#"{"status":"busy"}"#).expect("write");
    assert_eq!(status(&mut facts).await.as_deref(), Some("busy"));
    // The folder is removed and created again.
    fs::remove_dir_all(&config).expect("remove");
    assert_eq!(status(&mut facts).await, None);
    fs::create_dir_all(config.join("sessions")).expect("folders");
    fs::write(&path, r#"{"status":"shell"}"#).expect("write");
    assert_eq!(status(&mut facts).await.as_deref(), Some("shell"));
    // A folder created again at once may have the same inode, but has lost its watch.
    for word in ["busy", "idle", "busy"] {
        fs::remove_dir_all(config.join("sessions")).expect("remove");
        fs::create_dir(config.join("sessions")).expect("folder");
        fs::write(&path, format!(r#"{{"status":"{word}"}}"#)).expect("write");
        while status(&mut facts).await.as_deref() != Some(word) {}
    }
    assert!(
        begun.elapsed() < cadence(UiVisibility::Hidden, FleetActivity::Still).registry,
        "by events"
    );
    running.abort();
}

#[test]
fn a_folder_that_does_not_answer_is_named_and_stops_neither_the_others_nor_what_was_read() {
    let (slow, good) = (RegistryFixture::new(), RegistryFixture::new());
    slow.write(r#"{"status":"idle"}"#);
    let mut registry = good.registry();
    registry.set_named_folders(&[slow.0.path().to_path_buf()].into());
    assert_eq!(entries(&registry.scan()).len(), 1);
    good.write(r#"{"status":"busy"}"#);
    // A folder that does not answer, as on a file server that is gone.
    registry.list_folder = |folder| {
        if folder.join("silent").exists() {
            loop {
                std::thread::park();
            }
        }
        list_folder(folder)
    };
    fs::write(slow.path().with_file_name("silent"), "").expect("write");
    let facts = registry.scan();
    assert_eq!(problems(&facts), [SILENT_FOLDER_MESSAGE]);
    assert_eq!(entries(&facts).len(), 1, "{facts:?}");
    assert!(
        !facts.iter().any(|f| matches!(f, Fact::RegistryGone(_))),
        "{facts:?}"
    );
    let watched: Vec<PathBuf> = registry.folders().map(|w| w.folder).collect();
    assert_eq!(watched, [good.0.path().join("sessions")]);
}
