//! Which registry file counts for which process, and what can be done to unconfirmed sessions.

use super::*;
use crate::action::{Action, PauseOptions, Refusal};
use crate::observation::{FolderFacts, FolderIdentity, FolderOrigin};
use crate::pause::Initiator;
use crate::row::Row;

const OWN_FOLDER: FolderIdentity = FolderIdentity {
    device: 1,
    inode: 10,
};
const OTHER_FOLDER: FolderIdentity = FolderIdentity {
    device: 1,
    inode: 20,
};

fn folder(dir: &str, identity: FolderIdentity, origin: FolderOrigin) -> (i64, Fact) {
    let facts = FolderFacts {
        identity: Some(identity),
        origin,
    };
    (0, Fact::ConfigFolder(dir.into(), facts))
}

fn file_in(dir: &str, pid: u32) -> RegistryFile {
    RegistryFile {
        dir: dir.into(),
        pid,
    }
}

/// A process named by a file in a folder that only another session's environment leads to.
fn foreign(ms: i64, pid: u32, status: &str) -> Vec<(i64, Fact)> {
    let mut entry = entry(7, status, "");
    entry.name = Some("another name".into());
    entry.name_source = Some("user".into());
    let file = file_in("/foreign", pid);
    vec![
        folder("/foreign", OTHER_FOLDER, FolderOrigin::Session),
        (ms, Fact::Registry(file, Box::new(entry))),
    ]
}

fn with(edit: impl FnOnce(&mut ProcessFacts)) -> (i64, Fact) {
    let mut facts = process(1, 7);
    facts.config_dir = Some("/home/dev/.claude".into());
    facts.config_folder = ConfigFolder::Found(OWN_FOLDER);
    edit(&mut facts);
    (0, Fact::Process(Box::new(facts)))
}

fn pausing() -> Action {
    Action::Pause(PauseOptions {
        how: None,
        note: None,
        by: Initiator::App,
    })
}

fn refused(fleet: &Fleet, action: &Action) -> Option<Refusal> {
    fleet.plan(id(1, 7), action, at(60_000)).err()
}

#[test]
fn a_file_in_a_foreign_folder_changes_neither_need_nor_name() {
    let asks = says(900, 1, "waiting", "permission prompt");
    let alone = vec![with(|_| {}), asks];
    let before = fleet(alone.clone()).snapshot(at(60_000)).sessions;
    let both = [alone, foreign(5_000, 1, "idle")].concat();
    let after = fleet(both).snapshot(at(60_000)).sessions;
    assert_eq!(before, after);
    assert!(after[0].need.is_some());
    // The same where the session has no file of its own, or none yet.
    let without = vec![with(|_| {})];
    let before = fleet(without.clone()).snapshot(at(60_000)).sessions;
    let both = [without, foreign(5_000, 1, "idle")].concat();
    assert_eq!(before, fleet(both).snapshot(at(60_000)).sessions);
}

#[test]
fn a_folder_is_told_by_what_it_is_not_by_its_path() {
    let line = |facts: ConfigFolder, dir: Option<&str>, identity| {
        let session = with(|p| {
            p.config_dir = dir.map(Into::into);
            p.config_folder = facts;
        });
        let said = Fact::Registry(file_in("/linked", 1), Box::new(entry(7, "busy", "")));
        let seen = folder("/linked", identity, FolderOrigin::Session);
        told(&fleet(vec![session, seen, (900, said)]), 60_000)
    };
    let found = ConfigFolder::Found(OWN_FOLDER);
    assert_eq!(
        line(found, Some("/home/dev/.claude"), OWN_FOLDER),
        "Active Working"
    );
    assert_eq!(line(found, None, OWN_FOLDER), "Active Working");
    let unknown = "Active unknown";
    assert_eq!(
        line(found, Some("/home/dev/.claude"), OTHER_FOLDER),
        unknown
    );
    // A folder that was made after the process was examined.
    assert_eq!(
        line(ConfigFolder::Missing, Some("/linked"), OTHER_FOLDER),
        "Active Working"
    );
    assert_eq!(line(ConfigFolder::Missing, None, OTHER_FOLDER), unknown);
    // Where the environment cannot be read, path and arguments decide.
    assert_eq!(
        line(ConfigFolder::Unreadable, None, OTHER_FOLDER),
        "Active Working"
    );
}

#[test]
fn what_the_user_named_counts_for_every_process() {
    let said = Fact::Registry(file_in("/work", 1), Box::new(entry(7, "busy", "")));
    let named = folder("/work", OTHER_FOLDER, FolderOrigin::User);
    check(
        vec![with(|_| {}), named, (900, said)],
        60_000,
        "Active Working",
    );
}

#[test]
fn other_programs_that_a_file_names_are_listed_and_left_alone() {
    let program = |exe: &'static str| {
        with(move |p| {
            p.role = ProcessRole::Other;
            p.exe = Some(exe.into());
            p.freezable = true;
        })
    };
    let named = |exe, dir: &str| match dir {
        "/foreign" => [vec![program(exe)], foreign(900, 1, "waiting")].concat(),
        _ => vec![program(exe), says(900, 1, "busy", "")],
    };
    for exe in ["/usr/bin/sleep", "/usr/bin/python3", "/sbin/init"] {
        for dir in ["/foreign", "/home/dev/.claude"] {
            let fleet = fleet(named(exe, dir));
            let session = fleet.snapshot(at(60_000)).sessions.remove(0);
            let why = session
                .unconfirmed
                .clone()
                .expect("the session is unconfirmed");
            assert!(session.need.is_none(), "{session:?}");
            assert_eq!(session.claude.is_some(), dir != "/foreign");
            let can = session.capabilities.clone().expect("capabilities");
            assert!(can.pause.is_empty() && !can.resume, "{can:?}");
            for action in [pausing(), Action::End, Action::Kill] {
                let told = refused(&fleet, &action).expect("the action is refused");
                assert_eq!(told.code().as_str(), "unconfirmed");
                assert!(told.to_string().contains("in its own terminal"), "{told}");
            }
            let row = Row::from_session(&session, None);
            assert_eq!(row.badges, ["Unconfirmed"]);
            assert!(row.sentence.contains("nconfirmed"), "{}", row.sentence);
            assert!(row.action.is_none_or(|action| !action.enabled));
            if dir == "/foreign" {
                assert!(why.contains("/foreign"), "{why}");
                assert_eq!(row.detail, format!("unconfirmed: {why}"));
                assert_eq!(fleet.source_demand(at(60_000)).config_dirs, [].into());
            } else {
                assert!(why.contains(exe), "{why}");
            }
            let explained = fleet
                .explain(session.id, at(60_000))
                .expect("the session is listed");
            let said = explained.testimonies.iter().any(|t| t.says.contains(&why));
            assert!(said, "{explained:?}");
        }
    }
}

#[test]
fn copies_and_packages_are_confirmed_by_their_key_and_name() {
    let key = |dir: &str| (950, Fact::RegistryKey(file_in(dir, 1)));
    let gap = |exe: &str, more: Vec<(i64, Fact)>| {
        let program = with(|p| {
            p.role = ProcessRole::Other;
            p.exe = Some(exe.into());
        });
        let story = [vec![program, says(900, 1, "busy", "")], more].concat();
        let session = fleet(story).snapshot(at(60_000)).sessions.remove(0);
        session.unconfirmed
    };
    let packaged = "/gnu/store/0abc-anthropic-2.1.332/bin/.claude-unwrapped";
    for exe in [packaged, "/usr/bin/claude", "/home/dev/bin/claude-2.1.332"] {
        assert!(gap(exe, vec![]).is_some(), "{exe}");
        let elsewhere = folder("/foreign", OTHER_FOLDER, FolderOrigin::Session);
        assert!(gap(exe, vec![elsewhere, key("/foreign")]).is_some());
        assert_eq!(gap(exe, vec![key("/home/dev/.claude")]), None, "{exe}");
    }
    let sleep = gap("/usr/bin/sleep", vec![key("/home/dev/.claude")]);
    assert!(
        sleep.is_some(),
        "a key proves nothing about a program of another name"
    );
    // A child that runs Claude Code's own executable, such as a background session, counts as it.
    for own in [
        "/home/dev/.local/share/claude/versions/2.1.332",
        "/nix/store/0abc-claude-code-2.1.332/bin/.claude-unwrapped",
    ] {
        assert_eq!(gap(own, vec![]), None, "{own}");
    }
}

#[test]
fn a_pause_of_ours_is_resumed_whatever_has_become_of_its_proof() {
    let program = with(|p| p.role = ProcessRole::Other);
    let told = [vec![program], foreign(900, 1, "idle")].concat();
    let refused = refused(&fleet(told), &Action::Resume).expect("resuming is refused");
    assert_eq!(refused, Refusal::NotPaused);
}
