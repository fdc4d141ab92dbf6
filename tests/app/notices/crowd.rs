//! Many sessions at once are one notice.

use super::{WAIT_TIMEOUT, until_is};
use crate::bare_desktop;
use std::fs;
use trusty_tests::desktop::{OwnedProcess, artefact};
use trusty_tests::wait::until;
use trusty_tests::{DesktopKind, ProcessRef, TestHome};

const SESSION_COUNT: usize = 100;

/// A process of this home with a registry file that says it waits, or does not.
pub(super) fn say(home: &TestHome, process: ProcessRef, number: usize, status: &str) {
    let folder = home.config_dir().join("sessions");
    fs::create_dir_all(&folder).expect("a folder");
    let (pid, start) = (process.pid, process.start_ticks);
    let waiting = if status == "waiting" {
        r#","waitingFor":"permission prompt""#
    } else {
        ""
    };
    let text = format!(
        r#"{{"pid":{pid},"procStart":"{start}","sessionId":"s{number}","cwd":"/srv/s{number}","version":"2.1.330","kind":"interactive","entrypoint":"cli","status":"{status}"{waiting}}}"#
    );
    fs::write(folder.join(format!("{pid}.json")), text).expect("a registry file");
}

#[test]
fn a_hundred_needs_at_once_do_not_flood() {
    let Some((stage, desktop)) = bare_desktop(DesktopKind::Tray) else {
        return;
    };
    let _monitor = desktop.monitor_notices();
    let _dunst = desktop.start_notifications();
    let sleepers: Vec<OwnedProcess> = (0..SESSION_COUNT)
        .map(|_| desktop.tool("sleep", &["600"]))
        .collect();
    let processes: Vec<ProcessRef> = sleepers.iter().map(OwnedProcess::process).collect();
    for (number, process) in processes.iter().enumerate() {
        say(&stage.home, *process, number, "idle");
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

    for (number, process) in processes.iter().enumerate() {
        say(&stage.home, *process, number, "waiting");
    }
    let told = desktop.wait_notice("one notice of all", |told| {
        told.title == "100 sessions need you"
    });
    assert!(told.body.ends_with("and 97 more"), "{told:?}");
    until_is("one on the screen", &Some(1), || desktop.displayed());
    desktop.screenshot(&artefact("notice-many.png"));
    let told = desktop.notices();
    assert!(told.len() <= 8, "{told:?}");

    for (number, process) in processes.iter().enumerate() {
        say(&stage.home, *process, number, "idle");
    }
    until_is("nothing on the screen", &Some(0), || desktop.displayed());
    assert!(desktop.notices().len() <= 16, "{:?}", desktop.notices());
}
