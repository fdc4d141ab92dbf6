//! An app that follows `trusty serve`: its answers travel over the socket.

use super::{AppAnswerFixture, WAIT_TIMEOUT, connected};
use std::time::Instant;
use trusty_tests::trusty::serve;
use trusty_tests::wait::until;

#[test]
fn answers_of_popover_and_notification_count_while_trusty_serve_leads() {
    let Some(mut stage) = AppAnswerFixture::open(connected(""), "manual") else {
        return;
    };
    let _serving = serve(&stage.home);
    let _dunst = stage.desktop.start_notifications();
    let _monitor = stage.desktop.monitor_notices();
    stage.drive();
    stage.terminal.submit("bash: touch made");
    stage.press("Approve");
    stage.wait_made("made");
    stage.wait_no_card();
    stage.terminal.wait_status(WAIT_TIMEOUT, "idle");

    stage.desktop.key("Escape");
    stage.desktop.wait_no_popover();
    stage.terminal.submit("bash: touch paid");
    stage.desktop.wait_notice("buttons", |told| {
        told.body.contains("touch paid") && told.actions.contains(&"Approve".to_owned())
    });
    // An approval that comes sooner than anyone can read shows the session instead.
    let shown = Instant::now();
    until(WAIT_TIMEOUT, "time to read it", || {
        (shown.elapsed() > crate::notices::READ_DELAY).then_some(())
    });
    stage.desktop.press_notice("Approve");
    stage.wait_made("paid");
}
