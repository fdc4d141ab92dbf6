//! Linux desktops.

mod automation;
mod notifications;
mod theme;

use gtk::gdk;
use gtk::glib::object::{Cast, IsA};
use gtk::prelude::{GtkWindowExt, WidgetExt};
pub(crate) use notifications::Notifications;
use tauri::window::Color;
use tauri::{App, AppHandle, LogicalSize, PhysicalPosition, WebviewWindow};
pub(crate) use theme::icon;

/// Panels of Linux show icons as they are.
pub(crate) const ICONS_ARE_TEMPLATES: bool = false;

/// Physical pixels; about as large as an icon.
const NEAR: f64 = 48.0;

/// `--surface` of the style sheet, which a window without transparency shows until its page
/// is drawn.
const SURFACE_LIGHT: Color = Color(0xfc, 0xfc, 0xfd, 0xff);
const SURFACE_DARK: Color = Color(0x1c, 0x1d, 0x20, 0xff);

/// What must be settled before the first window.
pub(crate) fn prepare() {
    automation::refuse_automation();
    // Wayland lets no client choose the place of its window; through XWayland the popover
    // stands under its icon.
    gdk::set_allowed_backends("x11,*");
}

/// Follows the desktop's theme; `changed` draws the tray anew.
pub(crate) fn settle(app: &mut App, changed: fn(&AppHandle)) {
    theme::follow(app.handle(), changed);
}

/// Trays of Linux show no text beside the icon; the title heads the tooltip.
pub(crate) fn title(_count: Option<usize>) -> String {
    "Trusty Bar".into()
}

/// Whether the desktop can show a window with round corners. Without a compositor what is
/// transparent is black.
pub(crate) fn is_composited() -> bool {
    gdk::Screen::default().is_some_and(|screen| screen.is_composited())
}

/// Where a tray was clicked, in physical pixels. Most trays tell logical ones; the pointer tells
/// which of the two it was.
pub(crate) fn clicked_at(app: &AppHandle, told: PhysicalPosition<f64>) -> PhysicalPosition<f64> {
    let near = |at: PhysicalPosition<f64>| {
        app.cursor_position()
            .is_ok_and(|pointer| (pointer.x - at.x).hypot(pointer.y - at.y) < NEAR)
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

/// Gives a window its size and place.
pub(crate) fn place(
    window: &WebviewWindow,
    size: LogicalSize<f64>,
    at: PhysicalPosition<f64>,
) -> tauri::Result<()> {
    let gtk = window.gtk_window()?;
    let size = size.cast::<i32>();
    let at = at.to_logical::<i32>(f64::from(gtk.scale_factor()));
    // A window that its user cannot resize is as large as its content asks for; before it is
    // shown first, as large as it was told.
    gtk.set_size_request(size.width, size.height);
    gtk.resize(size.width, size.height);
    gtk.move_(at.x, at.y);
    Ok(())
}

/// Shows a window and gives it the focus.
pub(crate) fn present(window: &WebviewWindow) -> tauri::Result<()> {
    if !is_composited() {
        let surface = if theme::is_dark() {
            SURFACE_DARK
        } else {
            SURFACE_LIGHT
        };
        window.set_background_color(Some(surface))?;
    }
    // Tauri's own calls are queued, and its focus is lost on a window not yet shown.
    let gtk = window.gtk_window()?;
    gtk.show_all();
    gtk.present_with_time(server_time(&gtk));
    Ok(())
}

/// The X server's time of now: a strict window manager gives no focus for an older one. Zero,
/// "unknown", elsewhere.
fn server_time(gtk: &impl IsA<gtk::Widget>) -> u32 {
    let window = gtk
        .window()
        .and_then(|w| w.downcast::<gdkx11::X11Window>().ok());
    window.map_or(0, |window| gdkx11::functions::x11_get_server_time(&window))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surface_is_that_of_the_style_sheet() {
        let sheet = include_str!("../../../ui/src/tokens.css");
        let surfaces: Vec<&str> = sheet
            .lines()
            .filter_map(|line| line.trim().strip_prefix("--surface: "))
            .collect();
        let css = |Color(r, g, b, _): Color| format!("#{r:02x}{g:02x}{b:02x};");
        assert_eq!(surfaces[..2], [css(SURFACE_LIGHT), css(SURFACE_DARK)]);
    }
}
