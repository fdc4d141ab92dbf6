//! The offer to connect the hooks.

use super::*;
use crate::observation::HookInstall;
use crate::snapshot::FolderHooks;

fn offered(told: &[(&str, HookInstall)]) -> Board {
    let connections = told
        .iter()
        .map(|(dir, connection)| FolderHooks::from_install(Path::new(dir), connection))
        .collect();
    let snapshot = Snapshot {
        connections,
        ..snapshot(vec![])
    };
    Board::from_snapshot(&snapshot, Some(Path::new("/home/dev")))
}

fn card(told: &[(&str, HookInstall)]) -> Option<ConnectCard> {
    offered(told).connect
}

const OWN_FOLDER: &str = "/home/dev/.claude";
const WORK_FOLDER: &str = "/srv/work";

#[test]
fn nothing_is_offered_where_all_is_connected_or_nobody_looked() {
    assert_eq!(card(&[]), None);
    assert_eq!(card(&[(OWN_FOLDER, HookInstall::Connected)]), None);
}

#[test]
fn an_offer_says_what_it_changes() {
    let both = card(&[
        (OWN_FOLDER, HookInstall::NotInstalled),
        (WORK_FOLDER, HookInstall::NotInstalled),
    ]);
    let both = both.expect("an offer");
    assert_eq!(both.button.as_deref(), Some("Connect"));
    assert_eq!(both.dirs, [OWN_FOLDER, WORK_FOLDER]);
    assert!(
        both.text
            .contains("entries to ~/.claude/settings.json and /srv/work/settings.json, so"),
        "{}",
        both.text
    );
    assert!(both.text.contains("a backup is kept"));
    let lost = card(&[
        (OWN_FOLDER, HookInstall::Incomplete),
        (WORK_FOLDER, HookInstall::Forbidden("no".into())),
    ]);
    let lost = lost.expect("an offer");
    assert_eq!(lost.title, "Reconnect Claude Code's hooks");
    assert_eq!(
        (lost.button.as_deref(), lost.dirs),
        (Some("Reconnect"), vec![OWN_FOLDER.into()])
    );
    assert!(lost.text.contains("missing or incomplete"));
}

#[test]
fn what_forbids_it_is_said_and_no_button_offered() {
    let policy = "disableAllHooks is set in \u{1b}managed settings";
    let forbidden = card(&[(OWN_FOLDER, HookInstall::Forbidden(policy.into()))]).expect("words");
    assert_eq!(forbidden.button, None);
    assert_eq!(
        forbidden.text,
        "disableAllHooks is set in \u{fffd}managed settings"
    );
    let broken = "/home/dev/.claude/settings.json is not valid JSON";
    let card = card(&[(OWN_FOLDER, HookInstall::Broken(broken.into()))]).expect("words");
    assert_eq!(card.text, broken);
}

#[test]
fn the_menu_offers_it_too_and_a_delta_takes_it_back() {
    let offer = |board: &Board| {
        menu(board, &MenuContext::default())
            .0
            .into_iter()
            .find_map(|item| match item {
                MenuItem::Choice(text, MenuAction::Connect) => Some(text),
                _ => None,
            })
    };
    let (apart, lost) = (
        offered(&[(OWN_FOLDER, HookInstall::NotInstalled)]),
        offered(&[(OWN_FOLDER, HookInstall::Incomplete)]),
    );
    let done = offered(&[(OWN_FOLDER, HookInstall::Connected)]);
    assert_eq!(offer(&apart).as_deref(), Some("Connect hooks…"));
    assert_eq!(offer(&lost).as_deref(), Some("Reconnect hooks…"));
    assert_eq!(offer(&done), None);
    assert_eq!(apart.apply(&done.delta_from(&apart)), done);
}
