use super::*;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use trusty_fleet::observation::{ScreenContent, ScreenReading};

const SAMPLE_VERSIONS: [&str; 4] = ["2.0.77", "2.1.90", "2.1.120", "2.1.330"];

/// What each sample shows, whatever the version and the width.
fn expected(name: &str, version: &str) -> Option<ScreenContent> {
    let permission = |tool: &str| ScreenContent::Permission {
        tool: Some(tool.to_owned()),
    };
    Some(match name {
        "trust" => ScreenContent::Trust,
        "permission-bash" | "permission-mkdir" | "permission-down" | "permission-agent" => {
            permission("Bash")
        }
        "permission-write" => permission("Write"),
        "permission-edit" => permission("Edit"),
        "question" | "question-multi" => ScreenContent::Question,
        "plan" | "plan-empty" => ScreenContent::Plan,
        // A text in the input hides whether a turn runs, but for the oldest, which has a spinner.
        "streaming-typed" if version != "2.0.77" => return None,
        // The oldest counts its agents among background tasks, which shells are, too.
        "agents" if version == "2.0.77" => return None,
        "streaming"
        | "streaming-typed"
        | "streaming-queued"
        | "streaming-plan-mode"
        | "thinking"
        | "stalled"
        | "tool-running"
        | "shell-running"
        | "agents" => ScreenContent::Busy,
        "compacting" => ScreenContent::Compacting,
        "suspended" => ScreenContent::Suspended,
        // It takes the prompt back, and with it the hint.
        "retrying-escaped" if ["2.1.90", "2.1.330"].contains(&version) => return None,
        "background-shell" if version == "2.1.330" => return None,
        "idle" | "idle-plan-mode" | "interrupted" | "quoted" | "quoted-busy" | "compacted"
        | "failed" | "retrying-escaped" | "background-shell" => ScreenContent::Idle,
        "typed" | "typed-dialog" | "completing" | "shortcuts" | "shell-typed" | "menu-model"
        | "menu-config" | "menu-permissions" => return None,
        other => panic!("what does {other:?} show?"),
    })
}

/// All samples: version, name, and what was captured.
fn samples() -> Vec<(&'static str, String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/screen/samples");
    let of = |version: &'static str| {
        let entries = fs::read_dir(folder.join(version)).expect("samples");
        entries.map(move |entry| {
            let path = entry.expect("a sample").path();
            let name = path.file_stem().expect("a name").to_string_lossy();
            (version, name.into_owned(), fs::read(&path).expect("read"))
        })
    };
    SAMPLE_VERSIONS.into_iter().flat_map(of).collect()
}

#[test]
fn samples_of_four_versions_are_understood() {
    let mut wrong = Vec::new();
    for (version, name, bytes) in samples() {
        let (state, _) = name.rsplit_once('-').expect("a name and a width");
        let shown = decode(&bytes, Some(version)).shows;
        let right = if state == "retrying" {
            matches!(
                shown,
                Some(ScreenContent::Retrying {
                    attempt: 1..=10,
                    of: 10,
                    seconds: Some(_)
                })
            )
        } else {
            shown == expected(state, version)
        };
        // Clients that keep no registry tell no version.
        let unversioned = decode(&bytes, None).shows;
        if !right || unversioned != shown {
            wrong.push(format!("{version} {name}: {shown:?}, {unversioned:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn titles_tell_work_where_they_change_with_it() {
    for (version, name, bytes) in samples() {
        let ScreenReading { shows, title_busy } = decode(&bytes, Some(version));
        let works = match shows {
            Some(
                ScreenContent::Busy | ScreenContent::Compacting | ScreenContent::Retrying { .. },
            ) => Some(true),
            Some(ScreenContent::Idle) => Some(false),
            None if name.starts_with("streaming-typed") => Some(true),
            _ => None,
        };
        match version {
            "2.0.77" | "2.1.330" => assert_eq!(title_busy, None, "{version} {name}"),
            // The work of agents is not in its title.
            "2.1.90" if name.starts_with("agents") => assert_eq!(title_busy, Some(false)),
            _ => {
                assert!(works.is_none() || title_busy == works, "{version} {name}");
                assert!(
                    works.is_some() || title_busy != Some(true),
                    "{version} {name}"
                );
            }
        }
    }
    let titled = |title: &str, version| decode(title.as_bytes(), version).title_busy;
    assert_eq!(titled("⠐ work\n", None), Some(true));
    assert_eq!(titled("⠐ work\n", Some("2.1.227")), Some(true));
    assert_eq!(titled("⠐ work\n", Some("2.1.228")), None);
    let idle = "✳ work\n──────────\n❯\n──────────\n";
    assert_eq!(titled(idle, Some("2.1.227")), Some(false));
    assert_eq!(
        titled(idle, None),
        None,
        "it may be a title that never changes"
    );
    assert_eq!(
        titled("✳ work\n", Some("2.1.227")),
        None,
        "a dialog may be open"
    );
}

#[test]
fn p18_prose_is_no_dialog() {
    let dialog = "Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel · Tab to amend\n";
    let asked = format!("t\n {dialog}");
    let permission = Some(ScreenContent::Permission { tool: None });
    assert_eq!(decode(asked.as_bytes(), Some("2.1.330")).shows, permission);
    let boxed = "──────────\n❯ \n──────────\n  ⏸ manual mode on · ? for shortcuts\n";
    for prose in [
        format!("t\n {dialog}{boxed}"),
        format!("t\n● Quick safety check: is it?\n ❯ 1. Yes\n Enter to confirm\n{boxed}"),
        format!("t\nClaude Code is suspended. Run `fg` to bring it back.\n{boxed}"),
        format!("t\n  · Working… (esc to interrupt)\n{boxed}"),
        format!("t\n● retrying in 10s · attempt 5/10\n{boxed}"),
    ] {
        assert_eq!(
            decode(prose.as_bytes(), None).shows,
            Some(ScreenContent::Idle),
            "{prose}"
        );
    }
    let typed = format!("t\n──────────\n❯ {dialog}──────────\n");
    assert_eq!(decode(typed.as_bytes(), None).shows, None);
}

proptest! {
    #[test]
    fn any_bytes_decode(bytes in prop::collection::vec(any::<u8>(), 0..512), version in ".{0,12}") {
        let _ = decode(&bytes, Some(&version));
        let _ = decode(&bytes, None);
    }

    #[test]
    fn any_lines_decode(lines in prop::collection::vec(
        prop_oneof![
            Just("──────────────"), Just("❯ "), Just("❯ 1. Yes"), Just(" Esc to cancel"), Just(""),
            Just("✻ Retrying in 4s · attempt 5/10"), Just("✻ x · retrying in "), Just("· Working…"),
            Just(" Do you want to proceed?"), Just("  ? for shortcuts"), Just(" attempt /"),
        ], 0..24)) {
        let text = lines.join("\n");
        for version in SAMPLE_VERSIONS {
            let _ = decode(text.as_bytes(), Some(version));
        }
        let _ = decode(text.as_bytes(), None);
    }
}

/// Surroundings with a `tmux` that runs this script.
fn environment(root: &Path, script: &str) -> Environment {
    let program = root.join("tmux");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("write");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
    Environment {
        path: Some(root.as_os_str().to_owned()),
        ..Environment::default()
    }
}

/// A pane of a server whose socket lies in this folder.
fn pane(root: &Path, server: &str) -> (PaneKey, Option<String>) {
    let socket = root.join(server);
    // A server that is asked again is there already; it listens until this process ends.
    if let Ok(listener) = UnixListener::bind(&socket) {
        std::mem::forget(listener);
    }
    let key = PaneKey {
        server: socket,
        pane: "%3".into(),
    };
    (key, Some("2.1.90".into()))
}

async fn poll_screens(screens: &mut ScreenSource, wanted: &DoubtfulPanes) -> Vec<Fact> {
    let mut all = Vec::new();
    screens.poll(wanted, async |facts| all.extend(facts)).await;
    all
}

#[tokio::test]
async fn a_pane_is_looked_at_once_in_two_seconds() {
    let root = crate::test_files::private_tempdir();
    let mut screens = ScreenSource::new(&environment(root.path(), "echo \"⠐ $3 $7 $8 $9\""));
    let wanted: DoubtfulPanes = [pane(root.path(), "a"), pane(root.path(), "b")].into();
    let facts = poll_screens(&mut screens, &wanted).await;
    assert_eq!(facts.len(), 2, "{facts:?}");
    for fact in facts {
        let Fact::Screen(of, screen) = fact else {
            panic!("{fact:?}");
        };
        assert!(wanted.contains_key(&of));
        assert_eq!((screen.shows, screen.title_busy), (None, Some(true)));
    }
    assert_eq!(poll_screens(&mut screens, &wanted).await, []);
    assert_eq!(
        poll_screens(&mut screens, &[pane(root.path(), "c")].into())
            .await
            .len(),
        1,
        "new"
    );
    assert_eq!(
        poll_screens(&mut screens, &wanted).await.len(),
        2,
        "new again"
    );
}

#[tokio::test]
async fn what_is_wrong_is_told_until_nobody_asks() {
    let root = crate::test_files::private_tempdir();
    let script = "case \"$(readlink \"$3\" || echo \"$3\")\" in */slow) exec sleep 30;; */gone) echo \"can't find pane: %3\" >&2;; *) echo odd >&2;; esac; exit 1";
    let mut screens = ScreenSource::new(&environment(root.path(), script));
    let wanted = ["slow", "gone", "odd"].map(|server| pane(root.path(), server));
    let wanted = wanted.into();
    let facts = poll_screens(&mut screens, &wanted).await;
    let told: BTreeMap<_, _> = facts
        .into_iter()
        .filter_map(|fact| match fact {
            Fact::Health(key, problem) => Some((key.subject, problem)),
            _ => None,
        })
        .collect();
    let problem = |server: &str| {
        let subject = root.path().join(server).display().to_string();
        told.get(&subject).cloned().flatten()
    };
    assert_eq!(
        problem("slow").as_deref(),
        Some("tmux did not answer within 1 s")
    );
    assert_eq!(problem("odd").as_deref(), Some("tmux failed: odd"));
    assert_eq!(told.len(), 2);
    let over = poll_screens(&mut screens, &DoubtfulPanes::new()).await;
    assert_eq!(over.len(), 2, "{over:?}");
    assert!(
        over.iter()
            .all(|fact| matches!(fact, Fact::Health(_, None)))
    );
}
