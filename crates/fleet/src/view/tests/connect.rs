//! The offer to connect the hooks.

use super::*;
use crate::observation::Connection;
use crate::snapshot::Hooks;

fn offered(told: &[(&str, Connection)]) -> Board {
    let connections = told
        .iter()
        .map(|(dir, connection)| Hooks::of(Path::new(dir), connection))
        .collect();
    let snapshot = Snapshot {
        connections,
        ..snapshot(vec![])
    };
    Board::of(&snapshot, Some(Path::new("/home/dev")))
}

fn card(told: &[(&str, Connection)]) -> Option<ConnectCard> {
    offered(told).connect
}

const OWN: &str = "/home/dev/.claude";
const WORK: &str = "/srv/work";

#[test]
fn nothing_is_offered_where_all_is_connected_or_nobody_looked() {
    assert_eq!(card(&[]), None);
    assert_eq!(card(&[(OWN, Connection::Connected)]), None);
}

#[test]
fn an_offer_says_what_it_changes() {
    let both = card(&[(OWN, Connection::Apart), (WORK, Connection::Apart)]);
    let both = both.expect("an offer");
    assert_eq!(both.button.as_deref(), Some("Connect"));
    assert_eq!(both.dirs, [OWN, WORK]);
    assert!(
        both.text
            .contains("entries to ~/.claude/settings.json and /srv/work/settings.json, so"),
        "{}",
        both.text
    );
    assert!(both.text.contains("a backup is kept"));
    let lost = card(&[
        (OWN, Connection::Lost),
        (WORK, Connection::Forbidden("no".into())),
    ]);
    let lost = lost.expect("an offer");
    assert_eq!(lost.title, "Reconnect Claude Code's hooks");
    assert_eq!(
        (lost.button.as_deref(), lost.dirs),
        (Some("Reconnect"), vec![OWN.into()])
    );
    assert!(lost.text.contains("missing or incomplete"));
}

#[test]
fn what_forbids_it_is_said_and_no_button_offered() {
    let policy = "disableAllHooks is set in \u{1b}managed settings";
    let forbidden = card(&[(OWN, Connection::Forbidden(policy.into()))]).expect("words");
    assert_eq!(forbidden.button, None);
    assert_eq!(
        forbidden.text,
        "disableAllHooks is set in \u{fffd}managed settings"
    );
    let broken = "/home/dev/.claude/settings.json is not valid JSON";
    let card = card(&[(OWN, Connection::Broken(broken.into()))]).expect("words");
    assert_eq!(card.text, broken);
}

#[test]
fn the_menu_offers_it_too_and_a_delta_takes_it_back() {
    let offer = |board: &Board| {
        menu(board, None).0.into_iter().find_map(|item| match item {
            MenuItem::Choice(text, MenuAction::Connect) => Some(text),
            _ => None,
        })
    };
    let (apart, lost) = (
        offered(&[(OWN, Connection::Apart)]),
        offered(&[(OWN, Connection::Lost)]),
    );
    let done = offered(&[(OWN, Connection::Connected)]);
    assert_eq!(offer(&apart).as_deref(), Some("Connect hooks…"));
    assert_eq!(offer(&lost).as_deref(), Some("Reconnect hooks…"));
    assert_eq!(offer(&done), None);
    assert_eq!(apart.apply(&done.delta_from(&apart)), done);
}
