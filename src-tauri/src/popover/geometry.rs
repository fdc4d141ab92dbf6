//! The position and size of the popover, as pure functions of the displays, for both systems.

use tauri::PhysicalPosition;
use trusty_fleet::System;

/// In CSS pixels, which grow with the desktop's text.
const PAGE_WIDTH: f64 = 360.0;
const MIN_PAGE_HEIGHT: f64 = 120.0;
const MAX_PAGE_HEIGHT: f64 = 600.0;
/// The largest share of the work area that the window takes in either direction.
const MAX_AREA_SHARE: f64 = 0.9;
/// The largest share of its height for text of the usual size; larger text may take more.
const USUAL_HEIGHT_SHARE: f64 = 0.7;
/// The gap between the bar and the popover, in logical pixels.
const BAR_GAP_PX: f64 = 5.0;

/// Where the popover is to appear.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum WindowLocation {
    /// Under the icon, which was clicked at this point, in physical pixels. macOS asks the icon
    /// itself where it is, since physical pixels of several displays overlap there.
    Below(PhysicalPosition<f64>),
    /// In the corner in which bars have their icons.
    #[default]
    Corner,
}

/// A rectangle in the coordinates of the desktop.
///
/// On Linux these are physical pixels, `x` and `y` are the top left corner, and `y` grows
/// downwards. On macOS these are `AppKit`'s points, which are the same on all displays, `x` and `y`
/// are the bottom left corner, and `y` grows upwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DisplayRect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl DisplayRect {
    fn contains(&self, x: f64, y: f64) -> bool {
        x >= self.x && x < self.x + self.width && y >= self.y && y < self.y + self.height
    }

    fn center(&self) -> (f64, f64) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }
}

/// A display of the desktop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DisplayArea {
    /// The whole display.
    pub(crate) frame: DisplayRect,
    /// The part that panels, menu bar and Dock leave free.
    pub(crate) work_area: DisplayRect,
    /// How many units of the rectangles make a logical pixel: 1 where they are points.
    pub(crate) units_per_pixel: f64,
}

/// The frame of the popover: under the icon if one is given and on a display, else in the corner of
/// the first display. `None` without a display.
///
/// `displays` begins with the main one, which on macOS is the one with the menu bar. The page is
/// `content` CSS pixels high and drawn `text_scale` times as large.
pub(crate) fn popover_frame(
    system: System,
    displays: &[DisplayArea],
    icon: Option<DisplayRect>,
    content: f64,
    text_scale: f64,
) -> Option<DisplayRect> {
    let under = icon.and_then(|icon| {
        let (x, y) = icon.center();
        displays.iter().find(|d| d.frame.contains(x, y))
    });
    // A status item that the notch or a hidden menu bar covers reports a rectangle beside all
    // displays: its x says nothing, either. A click on Linux is where it was, on any display.
    let icon = icon.filter(|_| under.is_some() || system == System::Linux);
    let display = under.or(displays.first())?;
    let (scale, area) = (display.units_per_pixel, display.work_area);
    let free = (area.width / scale, area.height / scale);
    let (width, height) = window_size(content, text_scale, free);
    let (width, height) = (width * scale, height * scale);
    let (x, y) = match system {
        System::Linux => {
            let at = icon.map(|icon| icon.center());
            corner(at, area, width, height, scale)
        }
        System::Mac => corner_in_points(icon, area, width, height),
    };
    Some(DisplayRect {
        x,
        y,
        width,
        height,
    })
}

/// The bottom left corner of the window in `AppKit`'s points, below the menu bar and within the work
/// area.
fn corner_in_points(
    icon: Option<DisplayRect>,
    area: DisplayRect,
    width: f64,
    height: f64,
) -> (f64, f64) {
    let (left, right) = (
        area.x + BAR_GAP_PX,
        area.x + area.width - width - BAR_GAP_PX,
    );
    let x = icon.map_or(right, |icon| icon.center().0 - width / 2.0);
    // A menu bar that hides itself takes nothing from the work area, but covers its upper edge.
    let ceiling = area.y + area.height;
    let top = icon.map_or(ceiling, |icon| icon.y.min(ceiling)) - BAR_GAP_PX;
    (
        x.min(right).max(left).round(),
        (top - height).max(area.y).round(),
    )
}

/// The width and height of the window, in logical pixels.
///
/// The page is `content` CSS pixels high and drawn `text_scale` times as large; `work_area` is the
/// width and height of the work area in logical pixels.
pub(super) fn window_size(content: f64, text_scale: f64, work_area: (f64, f64)) -> (f64, f64) {
    let (area_width, area_height) = work_area;
    let width = (PAGE_WIDTH * text_scale).min(area_width * MAX_AREA_SHARE);
    let share = (USUAL_HEIGHT_SHARE * text_scale).clamp(USUAL_HEIGHT_SHARE, MAX_AREA_SHARE);
    let lowest = MIN_PAGE_HEIGHT.min(MIN_PAGE_HEIGHT * text_scale);
    let highest = (MAX_PAGE_HEIGHT * text_scale).min(area_height * share);
    let wanted = (content * text_scale).max(MIN_PAGE_HEIGHT * text_scale);
    (width.round(), wanted.min(highest).max(lowest).round())
}

/// The top left corner of the window, in physical pixels, within the work area.
fn corner(
    at: Option<(f64, f64)>,
    area: DisplayRect,
    width: f64,
    height: f64,
    scale: f64,
) -> (f64, f64) {
    let gap = BAR_GAP_PX * scale;
    let right = area.x + area.width - width - gap;
    let bottom = area.y + area.height - height - gap;
    let (left, top) = (area.x + gap, area.y + gap);
    let (x, y) = match at {
        // A click in the lower half comes from a bar at the bottom.
        Some((x, y)) if y > area.y + area.height / 2.0 => (x - width / 2.0, bottom),
        Some((x, _)) => (x - width / 2.0, top),
        None => (right, top),
    };
    (
        x.min(right).max(left).round(),
        y.min(bottom).max(top).round(),
    )
}

#[cfg(test)]
mod tests;
