//! Displays, the place of the icon, and the place of the window, in physical pixels.

use crate::popover::{DisplayArea, DisplayRect};
use gtk::gdk;
use gtk::prelude::{GtkWindowExt, WidgetExt};
use tauri::{AppHandle, Monitor, PhysicalPosition, PhysicalSize, WebviewWindow};

/// In physical pixels; about the size of an icon.
const MAX_CLICK_DISTANCE_PX: f64 = 48.0;

/// All displays, the primary one first.
pub(crate) fn displays(window: &WebviewWindow) -> tauri::Result<Vec<DisplayArea>> {
    let primary = window.primary_monitor()?;
    let others = window.available_monitors()?;
    Ok(primary.iter().chain(&others).map(display).collect())
}

fn display(monitor: &Monitor) -> DisplayArea {
    let (position, size, work) = (monitor.position(), monitor.size(), monitor.work_area());
    let rect = |x: i32, y: i32, width: u32, height: u32| DisplayRect {
        x: f64::from(x),
        y: f64::from(y),
        width: f64::from(width),
        height: f64::from(height),
    };
    DisplayArea {
        frame: rect(position.x, position.y, size.width, size.height),
        work_area: rect(
            work.position.x,
            work.position.y,
            work.size.width,
            work.size.height,
        ),
        units_per_pixel: monitor.scale_factor(),
    }
}

/// Where the icon is: at the point of the click on it, since trays do not report more.
#[expect(
    clippy::unnecessary_wraps,
    reason = "on macOS a display may show no icon"
)]
pub(crate) fn icon_area(_app: &AppHandle, click: PhysicalPosition<f64>) -> Option<DisplayRect> {
    Some(DisplayRect {
        x: click.x,
        y: click.y,
        width: 0.0,
        height: 0.0,
    })
}

/// The point of a click on the tray, in physical pixels. Most trays report logical pixels; the
/// position of the pointer shows which of the two was reported.
pub(crate) fn click_position(
    app: &AppHandle,
    told: PhysicalPosition<f64>,
) -> PhysicalPosition<f64> {
    let near = |at: PhysicalPosition<f64>| {
        app.cursor_position()
            .is_ok_and(|pointer| (pointer.x - at.x).hypot(pointer.y - at.y) < MAX_CLICK_DISTANCE_PX)
    };
    let monitor = app.primary_monitor().ok().flatten();
    let scale = monitor.map_or(1.0, |monitor| monitor.scale_factor());
    let scaled = PhysicalPosition::new(told.x * scale, told.y * scale);
    if near(told) && !near(scaled) {
        told
    } else {
        scaled
    }
}

/// Sets the size and position of a window.
pub(crate) fn place_window(window: &WebviewWindow, frame: DisplayRect) -> tauri::Result<()> {
    let gtk = window.gtk_window()?;
    let scale = f64::from(gtk.scale_factor());
    let size = PhysicalSize::new(frame.width, frame.height).to_logical::<i32>(scale);
    let at = PhysicalPosition::new(frame.x, frame.y).to_logical::<i32>(scale);
    let fixed = gdk::Geometry::new(
        size.width,
        size.height,
        size.width,
        size.height,
        0,
        0,
        0,
        0,
        0.0,
        0.0,
        gdk::Gravity::NorthWest,
    );
    let bounds = gdk::WindowHints::MIN_SIZE | gdk::WindowHints::MAX_SIZE;
    gtk.set_geometry_hints(None::<&gtk::Widget>, Some(&fixed), bounds);
    gtk.resize(size.width, size.height);
    gtk.move_(at.x, at.y);
    Ok(())
}
