//! Displays and the status item in `AppKit`'s points, which are the same on displays of all scales.
//! Type-checked on Linux, not yet run on a Mac.

use objc2::MainThreadMarker;
use objc2_app_kit::{NSScreen, NSStatusItem};
use objc2_foundation::NSRect;

/// A rectangle in points; the origin is the bottom left corner, and `y` grows upwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointRect {
    /// The left edge.
    pub x: f64,
    /// The lower edge.
    pub y: f64,
    /// The width.
    pub width: f64,
    /// The height.
    pub height: f64,
}

/// A display.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenArea {
    /// The whole display.
    pub frame: PointRect,
    /// The part that the menu bar and the Dock leave free.
    pub visible: PointRect,
}

impl PointRect {
    pub(crate) fn from_ns_rect(rect: NSRect) -> Self {
        Self {
            x: rect.origin.x,
            y: rect.origin.y,
            width: rect.size.width,
            height: rect.size.height,
        }
    }
}

/// All displays; the first is the one with the menu bar. Empty on a thread other than the main one.
pub fn screens() -> Vec<ScreenArea> {
    let Some(main_thread) = MainThreadMarker::new() else {
        return Vec::new();
    };
    let screens = NSScreen::screens(main_thread);
    let area = |screen: &NSScreen| ScreenArea {
        frame: PointRect::from_ns_rect(screen.frame()),
        visible: PointRect::from_ns_rect(screen.visibleFrame()),
    };
    screens.iter().map(|screen| area(&screen)).collect()
}

/// Where a status item is; beside all displays if the notch or a hidden menu bar covers it.
pub fn status_item_frame(item: &NSStatusItem) -> Option<PointRect> {
    let button = item.button(MainThreadMarker::new()?)?;
    Some(PointRect::from_ns_rect(button.window()?.frame()))
}
