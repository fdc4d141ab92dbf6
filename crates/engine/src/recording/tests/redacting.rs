use super::facts::{CONFIG_DIR, FACT_KINDS, SECRET_TEXTS, entry, fact_kind, file, process};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use trusty_fleet::observation::{RegistryEntry, TmuxPane};
use trusty_fleet::{Fact, session::ResourceUsage};

fn reworded(privacy: RecordingPrivacy, fact: Fact) -> Fact {
    let at = Timestamp::default();
    redaction(privacy).apply(Observation { at, fact }).fact
}

#[test]
fn nothing_of_the_owners_is_left_in_a_redacted_recording() {
    let full = recorded(RecordingPrivacy::Full, rich());
    let redacted = recorded(RecordingPrivacy::Redacted, rich());
    for secret in SECRET_TEXTS {
        assert!(full.contains(secret), "{secret} was planted");
        assert!(!redacted.contains(secret), "{secret} is told");
    }
    assert!(redacted.contains("[redacted 13]"), "lengths are kept");
    assert!(redacted.contains("/home/user/code/shop"));
    assert!(redacted.contains("projects/-home-user-code-shop/"));
    assert!(redacted.contains("\"redacted\":true"));
    assert!(full.contains("\"redacted\":false"));
}

#[test]
fn every_kind_of_fact_is_redacted_in_these_tests() {
    let kinds: BTreeSet<usize> = rich().iter().map(fact_kind).collect();
    assert_eq!(kinds, (0..FACT_KINDS).collect());
}

#[test]
fn a_full_recording_tells_what_was_seen() {
    for fact in rich() {
        assert_eq!(reworded(RecordingPrivacy::Full, fact.clone()), fact);
    }
}

#[test]
fn a_redacted_recording_shows_the_same_statuses() {
    let words = |privacy| {
        let mut log = read(recorded(privacy, rich()).as_bytes()).expect("a recording");
        let (at, mark) = (Timestamp::from_millis(3000), RecordingMark::FirstScan);
        log.lines.insert(3, RecordingLine::Mark { at, mark });
        let told = describe_timeline(&log, &timeline(&log));
        let told = told.into_iter().map(|t| (t.after, t.id, t.word, t.because));
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        words(RecordingPrivacy::Redacted),
        words(RecordingPrivacy::Full)
    );
    assert!(words(RecordingPrivacy::Full).len() > 1);
}

#[test]
fn paths_below_the_home_are_moved_and_no_others() {
    for (path, expected) in [
        ("/home/alice", "/home/user"),
        ("/home/alice/", "/home/user"),
        ("/home/alice/a/b", "/home/user/a/b"),
        ("/home/alice2/a", "/home/alice2/a"),
        ("/srv/home/alice/a", "/srv/home/alice/a"),
        ("/", "/"),
        ("", ""),
        ("a/b", "a/b"),
        ("/x/-home-alice-a-b/c", "/x/-home-user-a-b/c"),
        ("/x/-home-alicea/c", "/x/-home-alicea/c"),
    ] {
        let cwd = Some(path.to_owned());
        let entry = RegistryEntry { cwd, ..entry("") };
        let Fact::Registry(_, entry) = reworded(
            RecordingPrivacy::Redacted,
            Fact::Registry(file(), Box::new(entry)),
        ) else {
            panic!("another fact")
        };
        assert_eq!(entry.cwd.as_deref(), Some(expected), "{path}");
    }
}

#[test]
fn a_home_has_several_names_and_may_be_the_root() {
    let fact = Fact::RegistryKey(file());
    let seen = |homes: &[&str]| {
        let homes = homes.iter().map(PathBuf::from);
        let redaction = RecordingRedactor::new(RecordingPrivacy::Redacted, machine(), homes);
        let at = Timestamp::default();
        let fact = fact.clone();
        match redaction.apply(Observation { at, fact }).fact {
            Fact::RegistryKey(file) => file.dir,
            _ => PathBuf::new(),
        }
    };
    assert_eq!(
        seen(&["/Users/alice", "/home/alice"]),
        Path::new("/home/user/.claude")
    );
    assert_eq!(seen(&["/"]), Path::new(CONFIG_DIR));
    assert_eq!(seen(&[""]), Path::new(CONFIG_DIR));
}

#[test]
fn tmux_sessions_stay_apart_without_their_names() {
    let pane = |session: &str| TmuxPane {
        pane: "%0".into(),
        pid: 1,
        tty: String::new(),
        window: String::new(),
        session: session.into(),
        clients: 0,
    };
    let redaction = redaction(RecordingPrivacy::Redacted);
    let fact = Fact::Panes(
        CONFIG_DIR.into(),
        vec![pane("one"), pane("two"), pane("one")],
    );
    let at = Timestamp::default();
    let Fact::Panes(_, panes) = redaction.apply(Observation { at, fact }).fact else {
        panic!("another fact")
    };
    assert_eq!(panes[0], panes[2]);
    assert_ne!(panes[0].session, panes[1].session);
}

#[test]
fn derived_names_are_kept_and_others_are_not() {
    for (source, expected) in [
        (Some("derived"), "secret-name"),
        (Some("user"), "[redacted 11]"),
        (Some("model"), "[redacted 11]"),
        (None, "[redacted 11]"),
    ] {
        let entry = RegistryEntry {
            name_source: source.map(str::to_owned),
            ..entry("idle")
        };
        let fact = Fact::Registry(file(), Box::new(entry));
        let Fact::Registry(_, entry) = reworded(RecordingPrivacy::Redacted, fact) else {
            panic!("another fact")
        };
        assert_eq!(entry.name.as_deref(), Some(expected), "{source:?}");
    }
}

#[test]
fn what_json_cannot_hold_is_reworded_in_any_case() {
    for privacy in [RecordingPrivacy::Full, RecordingPrivacy::Redacted] {
        let mut facts = process();
        facts.cwd = Some(PathBuf::from(OsStr::from_bytes(b"/home/alice/\xff/x")));
        let cpu = f32::NAN;
        facts.pulse.usage = Some(ResourceUsage { cpu, rss: 0 });
        let text = recorded(privacy, vec![Fact::Process(Box::new(facts))]);
        let log = read(text.as_bytes()).expect("a recording");
        assert_eq!((log.lines.len(), log.problems), (1, Vec::new()), "{text}");
        assert!(text.contains("/\u{fffd}/x"), "{text}");
    }
}

proptest! {
    /// Whether a file's pids are ours is the same question before and after.
    #[test]
    fn a_domain_says_the_same_of_the_machine(
        system in "(linux|darwin|x)?",
        host in "(3d12|77aa|)",
        namespace in "(:pid:\\[4026531836\\]|:pid:\\[1\\]|:pid:\\[|:mnt:|)",
        own in prop::option::of("3d12"),
        ours in prop::option::of("pid:\\[4026531836\\]"),
        colon in ":?",
    ) {
        let machine = MachineIdentity { host: own, pid_namespace: ours, ..machine() };
        let redaction = RecordingRedactor::new(RecordingPrivacy::Redacted, machine.clone(), []);
        let domain = Some(format!("{system}{colon}{host}{namespace}"));
        let before = machine.shares_pids_with(domain.as_deref());
        let entry = RegistryEntry { pid_domain: domain, ..entry("") };
        let fact = Fact::Registry(file(), Box::new(entry));
        let at = Timestamp::default();
        let Fact::Registry(_, entry) = redaction.apply(Observation { at, fact }).fact else {
            panic!("another fact")
        };
        let after = redaction.machine().shares_pids_with(entry.pid_domain.as_deref());
        prop_assert_eq!(before, after);
        let told = entry.pid_domain.unwrap_or_default();
        prop_assert!(!told.contains("3d12") && !told.contains("77aa"), "{}", told);
    }
}
