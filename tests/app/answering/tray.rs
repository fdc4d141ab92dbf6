//! The tray menu leads to the card, and can deny, but never approves.

use super::super::EFFECT_TIMEOUT;
use super::{AppAnswerFixture, WAIT_TIMEOUT, connected};
use std::time::Instant;
use trusty_tests::ApiEventKind;
use trusty_tests::desktop::until_is;
use trusty_tests::wait::{poll, until_or};

#[test]
fn the_menu_of_the_tray_says_no() {
    let Some(stage) = AppAnswerFixture::open(connected(""), "manual") else {
        return;
    };
    let windows = stage.desktop.windows_shown();
    let _app = stage.desktop.app(&[]);
    let icon = stage.desktop.icon();
    stage.terminal.submit("bash: touch made");
    stage.terminal.wait_status(WAIT_TIMEOUT, "waiting");
    until_is("the words of the icon", &true, || {
        let told = stage.desktop.tray("ToolTip");
        told.is_some_and(|told| told.contains("1 needs you"))
    });
    // The session's submenu holds "Review…", then "Deny"; the request above them cannot be chosen.
    let deny = || {
        let begun = Instant::now();
        stage.desktop.right_click(icon);
        windows.shown_within(begun, EFFECT_TIMEOUT)?;
        stage.desktop.key("Down");
        let begun = Instant::now();
        stage.desktop.key("Right");
        windows.shown_within(begun, EFFECT_TIMEOUT)?;
        stage.desktop.key("Down");
        stage.desktop.key("Return");
        Some(())
    };
    let begun = Instant::now();
    until_or(
        WAIT_TIMEOUT,
        "the request denied",
        || {
            let chosen = deny();
            let over = |status: &str| {
                let registry = stage.terminal.registry();
                registry.is_some_and(|r| r["status"] == status)
            };
            let done = chosen.and_then(|()| poll(EFFECT_TIMEOUT, || over("idle").then_some(())));
            if done.is_none() {
                stage.desktop.key("Escape");
                stage.desktop.key("Escape");
            }
            done
        },
        || format!("{:?}\n{}", begun.elapsed(), stage.terminal.screen()),
    );
    assert!(!stage.made("made"));
    assert_eq!(stage.desktop.popover(), None);
    let events = stage.api.events();
    let went_on = events
        .iter()
        .any(|e| e.step == 1 && e.kind == ApiEventKind::Requested);
    assert!(went_on, "the turn went on: {events:?}");
}
