//! Finished and failed turns are reported, and nothing that the user is looking at.

use super::preferences::settle;
use super::{MANUAL_MODE_ARGS, WAIT_TIMEOUT, ask, open, until_is};
use trusty_tests::TerminalShape;
use trusty_tests::wait::until_or;

#[test]
fn a_turn_that_has_finished_is_told_and_so_is_one_that_failed() {
    let Some(scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    scene.wish("finished_after = 0");
    scene.terminal.run_turn(WAIT_TIMEOUT, "say hello");
    let told = scene.desktop.wait_notice("the end of a turn", |_| true);
    assert_eq!(told.title, "payments");
    assert_eq!(told.body, "Finished · ready for review");
    assert_eq!(told.actions, ["default", "Show", "show", "Show"]);
    scene.wait_displayed(1);

    scene.terminal.run_turn(WAIT_TIMEOUT, "error 400");
    let told = scene
        .desktop
        .wait_notice("a failure", |told| told.body.starts_with("Failed"));
    assert!(told.body.contains("400"), "{told:?}");
    // The failure has replaced the notice of the finished turn.
    scene.wait_displayed(1);
    assert_eq!(scene.desktop.notices().len(), 2);
}

#[test]
fn what_the_open_popover_shows_is_not_told() {
    let Some(mut scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    assert_eq!(scene.desktop.app(&[]).wait_exit(WAIT_TIMEOUT), Some(0));
    scene.desktop.wait_popover();
    scene.desktop.wait_focus();
    scene.ask("touch paid");
    scene.wait_needs(1);
    settle();
    assert_eq!(scene.desktop.notices(), []);

    // What the user has seen there is not reported later; the next need is.
    scene.desktop.key("Escape");
    scene.desktop.wait_no_popover();
    let other = scene.beside();
    ask(&other, "touch shipped");
    let told = scene.desktop.wait_notice("the next need", |_| true);
    assert_eq!(told.title, "orders");
    scene.wait_displayed(1);
    assert_eq!(scene.app.log(), "");
    assert!(scene.app.is_running());
}

#[test]
fn two_sessions_of_one_folder_that_ask_the_same_are_two_notices() {
    let Some(scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    let twin = scene.open_at(TerminalShape::PtyBash, &scene.folder, &MANUAL_MODE_ARGS);
    twin.wait_status(WAIT_TIMEOUT, "idle");
    scene.ask("touch paid");
    scene.wait_displayed(1);
    ask(&twin, "touch paid");
    scene.wait_displayed(2);
    let titles = || -> Vec<String> {
        let told = scene.desktop.notices().into_iter();
        told.map(|told| told.title).collect()
    };
    for one in [&scene.terminal, &twin] {
        let wanted = format!("payments ({})", one.client().pid);
        until_or(
            WAIT_TIMEOUT,
            &wanted,
            || titles().contains(&wanted).then_some(()),
            || format!("{:?}", titles()),
        );
    }
    // Both stay until each is answered.
    settle();
    assert_eq!(scene.desktop.displayed(), Some(2));
    twin.approve();
    scene.wait_displayed(1);
    scene.let_it();
    until_is("nothing on the screen", &Some(0), || {
        scene.desktop.displayed()
    });
}
