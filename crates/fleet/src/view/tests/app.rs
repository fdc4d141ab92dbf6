//! What the app itself shows: notes, start at login, the installation of tools.

use super::*;
use crate::notice::{NoticeKind, NoticePreferences, NotificationAccess, may_offer_approval};
use crate::system::System;

fn note(access: &NotificationAccess) -> Option<AppNote> {
    AppNote::of_notifications(access, &NoticePreferences::default())
}

fn items(context: MenuContext) -> Vec<MenuItem> {
    menu(&board(vec![]), &context).0
}

#[test]
fn each_state_of_notifications_is_said_with_its_remedy() {
    let remedy = |access: &NotificationAccess| {
        let remedy = note(access).expect("a note").remedy;
        remedy.map(|remedy| remedy.action)
    };
    for shown in [NotificationAccess::Unknown, NotificationAccess::Granted] {
        assert_eq!(note(&shown), None, "{shown:?}");
    }
    let ask = Some(RemedyAction::AllowNotifications);
    assert_eq!(remedy(&NotificationAccess::NotAsked), ask);
    assert_eq!(remedy(&NotificationAccess::Asking), None);
    let open = Some(RemedyAction::OpenNotificationSettings);
    assert_eq!(remedy(&NotificationAccess::Denied), open);
    for access in [
        NotificationAccess::Denied,
        NotificationAccess::NoBundle,
        NotificationAccess::NoServer,
        NotificationAccess::Failed("timed out\u{202e}".into()),
    ] {
        let text = note(&access).expect("a note").text;
        assert!(text.starts_with("Notifications are off: "), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
    // macOS asks once; only this state has a question left.
    assert!(NotificationAccess::NotAsked.may_ask());
    assert!(!NotificationAccess::Denied.may_ask() && !NotificationAccess::Granted.may_ask());
}

#[test]
fn who_wants_no_notifications_is_not_told_of_them() {
    let kinds = [
        NoticeKind::Needs,
        NoticeKind::Finished,
        NoticeKind::Failed,
        NoticeKind::Stopped,
    ];
    let mut preferences = NoticePreferences::default();
    for kind in kinds {
        let told = AppNote::of_notifications(&NotificationAccess::Denied, &preferences);
        assert!(told.is_some(), "{preferences:?}");
        preferences.off.insert(kind);
    }
    let told = AppNote::of_notifications(&NotificationAccess::Denied, &preferences);
    assert_eq!(told, None);
}

#[test]
fn a_banner_that_may_be_cut_offers_no_approval() {
    assert!(may_offer_approval(System::Linux));
    assert!(!may_offer_approval(System::Mac));
}

#[test]
fn notes_travel_with_the_board_and_its_deltas() {
    let before = board(vec![]);
    let notes: Vec<AppNote> = note(&NotificationAccess::Denied).into_iter().collect();
    let after = before.clone().with_notes(notes.clone());
    let delta = after.delta_from(&before);
    assert_eq!(delta.notes, notes);
    assert_eq!(before.apply(&delta), after);
    let listed = menu(&after, &MenuContext::default()).0;
    let action = MenuAction::Remedy(RemedyAction::OpenNotificationSettings);
    assert!(listed.contains(&MenuItem::Choice("Open settings…".into(), action)));
}

#[test]
fn the_menu_shows_whether_the_app_starts_at_login() {
    let shown = |state: StartAtLogin| {
        let all = items(MenuContext {
            start_at_login: Some(state),
            ..MenuContext::default()
        });
        let item = all.into_iter().find(|item| match item {
            MenuItem::Check(text, ..) | MenuItem::Label(text) => text.starts_with("Start at login"),
            _ => false,
        });
        item.expect("an item")
    };
    let check = |mark, action| MenuItem::Check("Start at login".into(), mark, action);
    assert_eq!(
        shown(StartAtLogin::Off),
        check(CheckMark::Unchecked, MenuAction::StartAtLogin)
    );
    assert_eq!(
        shown(StartAtLogin::On),
        check(CheckMark::Checked, MenuAction::NoStartAtLogin)
    );
    assert!(matches!(
        shown(StartAtLogin::NeedsApproval),
        MenuItem::Check(_, CheckMark::Unchecked, MenuAction::StartAtLogin)
    ));
    // What the settings file decides cannot be changed by a click.
    for state in [StartAtLogin::SetOn, StartAtLogin::SetOff] {
        assert!(matches!(shown(state), MenuItem::Label(_)), "{state:?}");
    }
    assert!(!format!("{:?}", items(MenuContext::default())).contains("at login"));
}

#[test]
fn the_menu_offers_to_install_the_tools_until_they_are() {
    let offers = |tools| {
        let context = MenuContext {
            tools,
            ..MenuContext::default()
        };
        format!("{:?}", items(context)).contains("Install command line tools…")
    };
    assert!(offers(Some(ToolInstall::Missing)));
    assert!(!offers(Some(ToolInstall::Installed)) && !offers(None));
}
