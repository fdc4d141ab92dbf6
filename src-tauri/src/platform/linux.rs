//! Linux desktops.

mod automation;
mod notifications;
mod rendering;
mod text_scale;
mod theme;

use automation::AutomationPolicy;
use gtk::gdk;
use gtk::glib::object::{Cast, IsA};
use gtk::prelude::{GtkWindowExt, WidgetExt};
pub(crate) use notifications::DesktopNotifications;
use rendering::RenderingPath;
use std::io::Write as _;
use std::process::ExitCode;
use tauri::window::Color;
use tauri::{App, AppHandle, LogicalSize, Manager, PhysicalPosition, WebviewWindow};
pub(crate) use text_scale::text_scale;
pub(crate) use theme::icon;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

/// Panels of Linux show icons as they are.
pub(crate) const ICONS_ARE_TEMPLATES: bool = false;

/// A window that GTK takes for fixed is never narrower than its page is now; ours is fixed for the
/// window manager alone, by `place`.
pub(crate) const WINDOW_IS_RESIZABLE: bool = true;

/// Physical pixels; about as large as an icon.
const MAX_CLICK_DISTANCE_PX: f64 = 48.0;

/// `--surface` of the style sheet, which a window without transparency shows until its page
/// is drawn.
const SURFACE_LIGHT: Color = Color(0xfc, 0xfc, 0xfd, 0xff);
const SURFACE_DARK: Color = Color(0x1c, 0x1d, 0x20, 0xff);

/// Does what this process was started for, if that is not to be the app.
pub(crate) fn other_task() -> Option<ExitCode> {
    if std::env::args_os().nth(1)? != rendering::PROBE_ARGUMENT {
        return None;
    }
    let Some(driver) = trusty_platform::graphics::opengl_driver() else {
        return Some(ExitCode::FAILURE);
    };
    // The app that asked may have gone.
    let _ = writeln!(std::io::stdout(), "{driver}");
    Some(ExitCode::SUCCESS)
}

/// What must be settled before the first window.
pub(crate) fn prepare() {
    automation::refuse_automation(AutomationPolicy::OF_BUILD);
    rendering::settle_early();
    // Wayland lets no client choose the place of its window; through XWayland the popover
    // stands under its icon.
    gdk::set_allowed_backends("x11,*");
}

/// Follows the desktop: `repaint` draws the tray anew for another theme, `refit` makes windows
/// follow another size of text. Finds out what draws.
pub(crate) fn follow_desktop(app: &mut App, repaint: fn(&AppHandle), refit: fn(&AppHandle)) {
    theme::follow_theme(app.handle(), repaint);
    text_scale::follow_text_scale(app.handle(), refit);
    tauri::async_runtime::spawn(rendering::known_path());
}

/// Whether a web view can be made right now; else `ready_to_draw` waits for that.
pub(crate) fn is_ready_to_draw() -> bool {
    rendering::path_now().is_some()
}

/// Waits until it is known how a web view is to draw, three seconds at most.
pub(crate) async fn ready_to_draw() {
    rendering::known_path().await;
}

/// Sets a new web view up before it draws. `ended` is called when its page has crashed.
pub(crate) fn set_up_web_view(window: &WebviewWindow, ended: fn(&AppHandle)) {
    let unaccelerated = rendering_path() == RenderingPath::Unaccelerated;
    let app = window.app_handle().clone();
    let tuned = window.with_webview(move |view| {
        let view = view.inner();
        if let Some(settings) = WebViewExt::settings(&view).filter(|_| unaccelerated) {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
        view.connect_web_process_terminated(move |_, _| ended(&app));
    });
    if let Err(e) = tuned {
        crate::log::line(&format!("failed to set up the web view: {e}"));
    }
}

/// A driver that is not known yet is left to `WebKit`.
fn rendering_path() -> RenderingPath {
    rendering::path_now().unwrap_or(RenderingPath::Accelerated)
}

/// Trays of Linux show no text beside the icon; the title heads the tooltip.
pub(crate) fn tray_title(_count: Option<usize>) -> String {
    "Trusty Bar".into()
}

/// Whether a window may be transparent, and so have round corners. Without a compositor what is
/// transparent is black; without the accelerated path newer web views do not paint it.
pub(crate) fn shows_transparency() -> bool {
    let composited = gdk::Screen::default().is_some_and(|screen| screen.is_composited());
    let version = tauri::webview_version().unwrap_or_default();
    composited && rendering::paints_transparent(rendering_path(), &version)
}

/// Where a tray was clicked, in physical pixels. Most trays tell logical ones; the pointer tells
/// which of the two it was.
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

/// Gives a window its size and place.
pub(crate) fn place_window(
    window: &WebviewWindow,
    size: LogicalSize<f64>,
    at: PhysicalPosition<f64>,
) -> tauri::Result<()> {
    let gtk = window.gtk_window()?;
    let size = size.cast::<i32>();
    let at = at.to_logical::<i32>(f64::from(gtk.scale_factor()));
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

/// Shows a window and gives it the focus.
pub(crate) fn present_window(window: &WebviewWindow) -> tauri::Result<()> {
    if !shows_transparency() {
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
