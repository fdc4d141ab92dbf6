//! The notification server of a desktop, and the notices that it receives.

use super::program::OwnedProcess;
use super::{TestDesktop, WAIT_TIMEOUT};
use crate::wait::until;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const SERVER_BUS_NAME: &str = "org.freedesktop.Notifications";
const MONITOR_PROGRAM: &str = "dbus-monitor";

/// Keeps D-Bus from starting a notification server on demand: a desktop has one only if a test
/// starts one.
pub(super) fn start_none_by_itself(data: &Path) {
    let services = data.join("dbus-1/services");
    fs::create_dir_all(&services).expect("a folder for services");
    let none = format!("[D-BUS Service]\nName={SERVER_BUS_NAME}\nExec=/bin/false\n");
    fs::write(services.join(format!("{SERVER_BUS_NAME}.service")), none).expect("a service");
}

/// A notice, as sent to the notification server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedNotice {
    /// The summary of the notice.
    pub title: String,
    /// The text below the title.
    pub body: String,
    /// The keys and labels of the buttons, alternating.
    pub actions: Vec<String>,
}

impl TestDesktop {
    /// Starts dunst as the notification server, and waits until it answers.
    #[track_caller]
    pub fn start_notifications(&self) -> OwnedProcess {
        // Acts as the user who chooses in dunst's menu: prints the first line with the word.
        let menu = self.logs.join("menu");
        let choose = format!("#!/bin/sh\ngrep -m1 \"$(cat '{}')\"\n", self.choice());
        fs::write(&menu, choose).expect("a menu");
        fs::set_permissions(&menu, fs::Permissions::from_mode(0o755)).expect("a program");
        let settings = self.logs.join("dunstrc");
        let text = format!(
            "[global]\n dmenu = {}\n font = DejaVu Sans 10\n width = 360\n height = 200\n \
             offset = 10x40\n max_icon_size = 48\n frame_width = 1\n",
            menu.display()
        );
        fs::write(&settings, text).expect("settings");
        let settings = settings.to_string_lossy().into_owned();
        let dunst = self.tool("dunst", &["-conf", &settings]);
        until(WAIT_TIMEOUT, "the notification server", || self.displayed());
        dunst
    }

    fn choice(&self) -> String {
        self.logs.join("choice").to_string_lossy().into_owned()
    }

    /// The number of notices on the screen; `None` without dunst.
    pub fn displayed(&self) -> Option<usize> {
        let told = self.ask("dunstctl", &["count", "displayed"])?;
        told.trim().parse().ok()
    }

    /// Invokes the default action of the newest notice, as a click does.
    #[track_caller]
    pub fn click_notice(&self) {
        assert!(self.ask("dunstctl", &["action"]).is_some(), "no click");
    }

    /// Chooses the button of the newest notice whose menu line holds `word`.
    #[track_caller]
    pub fn press_notice(&self, word: &str) {
        fs::write(self.choice(), word).expect("a choice");
        assert!(self.ask("dunstctl", &["context"]).is_some(), "no {word}");
    }

    /// Records all calls and signals of notification servers from now on.
    #[track_caller]
    pub fn monitor_notices(&self) -> OwnedProcess {
        let rule = format!("interface='{SERVER_BUS_NAME}'");
        let monitor = self.tool(MONITOR_PROGRAM, &[&rule]);
        until(WAIT_TIMEOUT, "the monitor of the bus", || {
            // The monitor also sees a call that no server answers.
            let ping = [
                "-d",
                SERVER_BUS_NAME,
                "-o",
                "/",
                "-m",
                "org.freedesktop.Notifications.Ping",
            ];
            self.gdbus(&ping);
            self.bus_log().contains("member=Ping").then_some(())
        });
        monitor
    }

    fn bus_log(&self) -> String {
        fs::read_to_string(self.logs.join(MONITOR_PROGRAM)).unwrap_or_default()
    }

    /// All notices recorded by [`monitor_notices`](Self::monitor_notices) so far, in order.
    pub fn notices(&self) -> Vec<ReceivedNotice> {
        let log = self.bus_log();
        let calls = log.split("\nmethod call ").filter(|call| {
            call.lines()
                .next()
                .is_some_and(|head| head.contains("member=Notify"))
        });
        calls
            .filter_map(|call| {
                let call = call.split("\nmethod return ").next()?;
                let call = call.split("\nsignal ").next()?;
                // Without its last argument a call is not yet written to the log in full.
                call.contains("\n   int32 ").then_some(())?;
                // The hints after the texts hold strings, too.
                let call = call.split("dict entry(").next()?;
                let mut texts = call.split('"').skip(1).step_by(2).map(str::to_owned);
                let (_app, _icon) = (texts.next()?, texts.next()?);
                Some(ReceivedNotice {
                    title: texts.next()?,
                    body: texts.next()?,
                    actions: texts.collect(),
                })
            })
            .collect()
    }

    /// Waits until the newest notice is as wanted; returns the notice.
    #[track_caller]
    pub fn wait_notice(
        &self,
        what: &str,
        wanted: impl Fn(&ReceivedNotice) -> bool,
    ) -> ReceivedNotice {
        crate::wait::until_or(
            WAIT_TIMEOUT,
            what,
            || self.notices().pop().filter(&wanted),
            || format!("{:?}", self.notices()),
        )
    }

    /// The address of the session bus.
    pub fn bus(&self) -> &str {
        let found = self
            .env
            .iter()
            .find(|(k, _)| k == "DBUS_SESSION_BUS_ADDRESS");
        found.map_or("", |(_, address)| address)
    }
}
