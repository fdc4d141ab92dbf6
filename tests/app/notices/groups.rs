//! Many sessions at once are one notice.

use super::{WAIT_TIMEOUT, until_is};
use crate::bare_desktop;
use trusty_tests::desktop::artefact;
use trusty_tests::wait::until;
use trusty_tests::{DesktopKind, StandIn, TestHome};

const SESSION_COUNT: usize = 100;

/// Stand-ins in the project `work`, each with a session id of its own.
pub(super) fn start_crowd(home: &TestHome, count: usize) -> Vec<StandIn> {
    let folder = home.project("work");
    let start = |number| {
        let builder = StandIn::builder(home).cwd(&folder);
        builder.session_id(format!("s{number}")).start()
    };
    (0..count).map(start).collect()
}

#[test]
fn a_hundred_needs_at_once_do_not_flood() {
    let Some((stage, desktop)) = bare_desktop(DesktopKind::Tray) else {
        return;
    };
    let _monitor = desktop.monitor_notices();
    let _dunst = desktop.start_notifications();
    let crowd = start_crowd(&stage.home, SESSION_COUNT);
    for session in &crowd {
        session.write_status(r#""status":"idle""#);
    }
    let _app = desktop.app(&[]);
    desktop.icon();
    let tooltip = |words: &str| {
        until(WAIT_TIMEOUT, words, || {
            desktop.tray("ToolTip").filter(|told| told.contains(words))
        });
    };
    tooltip("100 sessions, all quiet");
    assert_eq!(desktop.notices(), []);

    for session in &crowd {
        session.waits();
    }
    let told = desktop.wait_notice("one notice of all", |told| {
        told.title == "100 sessions need you"
    });
    assert!(told.body.ends_with("and 97 more"), "{told:?}");
    until_is("one on the screen", &Some(1), || desktop.displayed());
    desktop.screenshot(&artefact("notice-many.png"));
    let told = desktop.notices();
    assert!(told.len() <= 8, "{told:?}");

    for session in &crowd {
        session.write_status(r#""status":"idle""#);
    }
    until_is("nothing on the screen", &Some(0), || desktop.displayed());
    assert!(desktop.notices().len() <= 16, "{:?}", desktop.notices());
}
