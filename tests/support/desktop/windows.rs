//! Windows of a desktop, as its window manager reports them.

use super::{OwnedProcess, TestDesktop, WAIT_TIMEOUT, until_is};
use crate::wait::until;
use std::fmt::Debug;

impl TestDesktop {
    /// The environment of the desktop's programs.
    pub fn env(&self) -> &[(String, String)] {
        &self.env
    }

    /// The name of the X display, such as `:7`.
    pub fn display(&self) -> &str {
        let named = self.env.iter().find(|(name, _)| name == "DISPLAY");
        named.map(|(_, value)| value.as_str()).expect("a display")
    }

    /// Waits for the window of a program; returns its id.
    #[track_caller]
    pub fn window_of(&self, program: &OwnedProcess) -> u32 {
        let pid = program.process().pid;
        until(WAIT_TIMEOUT, "a window", || self.window_with(pid))
    }

    /// The window of a process, by the pid that the window states in `_NET_WM_PID`.
    pub fn window_with(&self, pid: u32) -> Option<u32> {
        let told = self.ask("xprop", &["-root", "_NET_CLIENT_LIST"])?;
        let ids = told.split("# ").nth(1)?.split(',').filter_map(number);
        ids.into_iter()
            .find(|id| self.property(*id, "_NET_WM_PID") == Some(pid))
    }

    /// The window that has the focus.
    pub fn active_window(&self) -> Option<u32> {
        let told = self.ask("xprop", &["-root", "_NET_ACTIVE_WINDOW"])?;
        number(told.split("# ").nth(1)?)
    }

    /// Activates a window and waits until it has the focus.
    #[track_caller]
    pub fn activate(&self, window: u32) {
        self.send_to_window("windowactivate", window, &[]);
        until_is("the focus", &Some(window), || self.active_window());
    }

    /// Minimises a window and waits until it is minimised.
    #[track_caller]
    pub fn minimise(&self, window: u32) {
        self.send_to_window("windowminimize", window, &[]);
        until_is("an icon", &true, || self.is_minimised(window));
    }

    /// Whether a window is minimised.
    pub fn is_minimised(&self, window: u32) -> bool {
        let id = window.to_string();
        let told = self.ask("xprop", &["-id", &id, "WM_STATE"]);
        told.is_some_and(|told| told.contains("Iconic"))
    }

    /// Moves a window to another virtual desktop and waits until it is there.
    #[track_caller]
    pub fn move_to(&self, window: u32, desktop: u32) {
        self.send_to_window("set_desktop_for_window", window, &[&desktop.to_string()]);
        until_is("a window elsewhere", &Some(desktop), || {
            self.property(window, "_NET_WM_DESKTOP")
        });
    }

    /// The number of the current virtual desktop.
    pub fn shown_desktop(&self) -> Option<u32> {
        self.ask("xdotool", &["get_desktop"])?.trim().parse().ok()
    }

    fn property(&self, window: u32, name: &str) -> Option<u32> {
        let told = self.ask("xprop", &["-id", &window.to_string(), name])?;
        told.split("= ").nth(1)?.trim().parse().ok()
    }

    #[track_caller]
    fn send_to_window(&self, what: &str, window: u32, more: &[&str]) {
        let id = window.to_string();
        let done = self.ask("xdotool", &[&[what, &id], more].concat());
        assert!(done.is_some(), "{what} {window}");
    }
}

impl Debug for OwnedProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.process().fmt(f)
    }
}

fn number(word: &str) -> Option<u32> {
    let digits = word.trim().strip_prefix("0x")?;
    u32::from_str_radix(digits, 16).ok()
}
