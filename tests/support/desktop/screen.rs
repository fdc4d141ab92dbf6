//! The screen, the mouse and the keyboard of a desktop.

use super::{TestDesktop, WAIT_TIMEOUT};
use crate::wait;
use std::path::Path;

/// The area of a window, in pixels of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowArea {
    /// The distance from the left of the screen.
    pub x: i32,
    /// The distance from the top of the screen.
    pub y: i32,
    /// The extent to the right of `x`.
    pub width: i32,
    /// The extent below `y`.
    pub height: i32,
}

impl TestDesktop {
    /// The last visible window that `xdotool search` finds.
    pub(super) fn window(&self, search: &[&str]) -> Option<WindowArea> {
        let found = self.ask("xdotool", &[&["search", "--onlyvisible"], search].concat())?;
        let geometry = self.ask(
            "xdotool",
            &["getwindowgeometry", "--shell", found.lines().last()?],
        )?;
        let value = |name: &str| {
            let line = geometry.lines().find_map(|l| l.strip_prefix(name))?;
            line.strip_prefix('=')?.parse().ok()
        };
        Some(WindowArea {
            x: value("X")?,
            y: value("Y")?,
            width: value("WIDTH")?,
            height: value("HEIGHT")?,
        })
    }

    /// Clicks with the left button at a point of the screen.
    #[track_caller]
    pub fn click(&self, (x, y): (i32, i32)) {
        self.press_button("1", x, y);
    }

    /// Clicks with the right button at a point of the screen.
    #[track_caller]
    pub fn right_click(&self, (x, y): (i32, i32)) {
        self.press_button("3", x, y);
    }

    #[track_caller]
    fn press_button(&self, button: &str, x: i32, y: i32) {
        let (x, y) = (x.to_string(), y.to_string());
        let done = self.ask("xdotool", &["mousemove", &x, &y, "click", button]);
        assert!(done.is_some(), "no click at {x}, {y}");
    }

    /// Presses a key, by its X name.
    #[track_caller]
    pub fn key(&self, name: &str) {
        assert!(self.ask("xdotool", &["key", name]).is_some(), "no {name}");
    }

    /// Writes a picture of the whole screen to a file.
    #[track_caller]
    pub fn screenshot(&self, path: &Path) {
        let path = path.to_string_lossy();
        let taken = self.ask("import", &["-window", "root", &path]);
        assert!(taken.is_some(), "no picture at {path}");
    }

    /// Waits until an area of the screen shows more than 8 colours, and so not just a background.
    #[track_caller]
    pub fn wait_drawn(&self, area: WindowArea) {
        let WindowArea {
            x,
            y,
            width,
            height,
        } = area;
        let crop = format!("{width}x{height}+{x}+{y}");
        let look = ["-window", "root", "-crop", &crop, "-format", "%k", "info:"];
        let colours = || self.ask("import", &look)?.trim().parse::<u32>().ok();
        wait::until(WAIT_TIMEOUT, "something drawn", || {
            colours().filter(|n| *n > 8)
        });
    }
}
