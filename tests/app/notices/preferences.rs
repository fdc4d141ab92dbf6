//! Changes of the notification settings take effect at once, and an app that quits withdraws
//! notices that could no longer be answered.

use super::super::EFFECT_TIMEOUT;
use super::{DesktopNoticeFixture, WAIT_TIMEOUT, open, until_is};
use std::process::Command;
use std::time::Instant;
use trusty_fleet::notice::SETTLE_DELAY;
use trusty_tests::Signal;
use trusty_tests::trusty::{configure, list};
use trusty_tests::wait::{poll, until};

impl DesktopNoticeFixture {
    /// Writes the notification settings, and waits until the app has read them.
    pub(super) fn wish(&self, text: &str) {
        configure(&self.home, &format!("[notifications]\n{text}\nodd = 1\n"));
        self.wait_problem("notifications.odd", true);
        configure(&self.home, &format!("[notifications]\n{text}\n"));
        self.wait_problem("notifications.odd", false);
    }

    /// Waits until the app reports this as wrong in the settings, or no longer does.
    fn wait_problem(&self, words: &str, named: bool) {
        until_is("what is wrong in the settings", &named, || {
            list(&self.home)["health"].to_string().contains(words)
        });
    }

    /// Chooses a line of the menu, counted from the last one, until that has its effect, because
    /// the menu may be redrawn under the keys.
    fn choose_until(&mut self, number: usize, mut done: impl FnMut(&mut Self) -> Option<()>) {
        let icon = self.desktop.icon();
        until(WAIT_TIMEOUT, "what the menu was to do", || {
            let begun = Instant::now();
            self.desktop.right_click(icon);
            self.windows.shown_within(begun, EFFECT_TIMEOUT)?;
            for _ in 0..number {
                self.desktop.key("Up");
            }
            self.desktop.key("Return");
            let seen = poll(EFFECT_TIMEOUT, || done(self));
            if seen.is_none() {
                self.desktop.key("Escape");
            }
            seen
        });
    }
}

/// Waits until everything before would have been reported.
pub(super) fn settle() {
    let begun = Instant::now();
    until(WAIT_TIMEOUT, "a decision", || {
        (begun.elapsed() > 2 * SETTLE_DELAY).then_some(())
    });
}

/// A time of day relative to now, in the form that the settings take.
fn hour(from_now: &str) -> String {
    let told = Command::new("date")
        .args(["+%H:%M", "-d", from_now])
        .output();
    let told = told.expect("date runs").stdout;
    String::from_utf8_lossy(&told).trim().to_owned()
}

#[test]
fn a_kind_that_is_off_is_not_told_and_a_bad_value_is_named() {
    let Some(scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    configure(&scene.home, "[notifications]\nneeds = 'no'\n");
    scene.wait_problem("notifications.needs must be true or false", true);
    scene.ask("touch paid");
    scene.wait_displayed(1);
    scene.let_it();
    scene.wait_displayed(0);

    scene.wish("needs = false");
    let told = scene.desktop.notices().len();
    let other = scene.beside();
    scene.ask("touch again");
    scene.wait_needs(1);
    settle();
    // The other kinds are reported as before.
    assert!(other.client().signal(Signal::KILL));
    let stopped = scene
        .desktop
        .wait_notice("an end", |told| told.title == "orders");
    assert!(stopped.body.starts_with("Stopped"), "{stopped:?}");
    assert_eq!(scene.desktop.notices().len(), told + 1);
}

#[test]
fn what_quiet_hours_held_back_is_told_after_them() {
    let Some(scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    let (from, to) = (hour("-1 hour"), hour("+2 hours"));
    scene.wish(&format!("quiet_hours = '{from}-{to}'"));
    scene.ask("touch paid");
    scene.wait_needs(1);
    settle();
    assert_eq!(scene.desktop.notices(), []);

    scene.wish("");
    scene.wait_displayed(1);
    let told = scene.desktop.wait_notice("the need", |_| true);
    assert_eq!(told.title, "payments");
}

#[test]
fn a_snooze_from_the_menu_holds_all_back() {
    let Some(mut scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    // The third line from below; below it are the settings and Quit.
    scene.choose_until(4, |scene| {
        scene.desktop.menu().contains("End snooze").then_some(())
    });
    scene.ask("touch paid");
    scene.wait_needs(1);
    settle();
    assert_eq!(scene.desktop.notices(), []);
    // The same line ends the snooze, and what was held back is reported.
    scene.choose_until(4, |scene| {
        (!scene.desktop.menu().contains("End snooze")).then_some(())
    });
    scene.wait_displayed(1);
    assert!(scene.app.is_running());
}

#[test]
fn an_app_that_quits_takes_its_notices_back() {
    let Some(mut scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    scene.ask("touch paid");
    scene.wait_displayed(1);
    scene.choose_until(1, |scene| (!scene.app.is_running()).then_some(()));
    assert_eq!(scene.app.wait_exit(WAIT_TIMEOUT), Some(0));
    scene.wait_displayed(0);
    // The session still asks; only the notice is gone.
    scene.terminal.wait_status(WAIT_TIMEOUT, "waiting");
}

#[test]
fn an_app_that_is_told_to_end_takes_its_notices_back() {
    let Some(mut scene) = open() else { return };
    let _dunst = scene.desktop.start_notifications();
    scene.ask("touch paid");
    // The app inherits the signals that these tests ignore, as under nohup.
    let deaf = |signal: &Signal| trusty_platform::sys::is_ignored(signal.as_raw());
    let all = [Signal::TERM, Signal::INT, Signal::HUP];
    for signal in all.into_iter().filter(|signal| !deaf(signal)) {
        scene.wait_displayed(1);
        assert!(scene.app.process().signal(signal));
        assert_eq!(scene.app.wait_exit(WAIT_TIMEOUT), Some(0), "{signal:?}");
        scene.wait_displayed(0);
        scene.app = scene.desktop.app(&[]);
    }
    assert_eq!(scene.app.log(), "");
}
