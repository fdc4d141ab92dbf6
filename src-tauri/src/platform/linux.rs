//! The app on Linux desktops.

mod automation;
mod placement;
mod rendering;
mod text_scale;
mod theme;

use crate::popover::AppActivation;
use automation::AutomationPolicy;
use gtk::gdk;
use gtk::glib::object::{Cast, IsA};
use gtk::prelude::{GtkWindowExt, WidgetExt};
pub(crate) use placement::{click_position, displays, icon_area, place_window};
use rendering::RenderingPath;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use tauri::window::Color;
use tauri::{App, AppHandle, Builder, Manager, RunEvent, WebviewWindow, Wry};
pub(crate) use text_scale::text_scale;
pub(crate) use theme::icon;
use trusty_platform::xdg_autostart::XdgAutostart;
use trusty_wire::Environment;
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

/// Panels on Linux show icons unchanged.
pub(crate) const ICONS_ARE_TEMPLATES: bool = false;

/// GTK keeps a window that is not resizable at least as wide as its page. The popover is therefore
/// resizable for GTK, and `place_window` fixes its size for the window manager alone.
pub(crate) const WINDOW_IS_RESIZABLE: bool = true;

/// A new page gets the focus of its window, which gets that of the desktop when it is shown.
pub(crate) const NEW_PAGE_TAKES_FOCUS: bool = true;

/// The identifier in `tauri.conf.json`.
const APP_ID: &str = "app.trusty.bar";

/// The plugin through which a second start reaches the first instance.
const SINGLE_INSTANCE: &str = "single-instance";

/// `--surface` of the style sheet: a window without transparency shows this colour until its page
/// is drawn.
const SURFACE_LIGHT: Color = Color(0xfc, 0xfc, 0xfd, 0xff);
const SURFACE_DARK: Color = Color(0x1c, 0x1d, 0x20, 0xff);

/// Runs the graphics probe if this process was started for it.
pub(crate) fn other_task() -> Option<ExitCode> {
    if std::env::args_os().nth(1)? != rendering::PROBE_ARGUMENT {
        return None;
    }
    let Some(driver) = trusty_platform::graphics::opengl_driver() else {
        return Some(ExitCode::FAILURE);
    };
    // The write fails only if the app that asked has exited.
    let _ = writeln!(std::io::stdout(), "{driver}");
    Some(ExitCode::SUCCESS)
}

/// Adds what this desktop needs to the app. A second start calls `opened` in the first instance.
pub(crate) fn configure(
    builder: Builder<Wry>,
    opened: fn(&AppHandle),
    _quit: fn(&AppHandle),
) -> Builder<Wry> {
    builder.plugin(tauri_plugin_single_instance::init(
        move |app, _arguments, _folder| opened(app),
    ))
}

/// Runs the app until it exits; `on_event` is called for each event.
pub(crate) fn run_app(app: App, _opened: fn(&AppHandle), on_event: fn(&AppHandle, RunEvent)) {
    app.run(on_event);
}

/// Whether another start may succeed where this one failed: a first instance that was about to exit
/// took this instance's call with it.
pub(crate) fn is_worth_another_start(e: &tauri::Error) -> bool {
    matches!(e, tauri::Error::PluginInitialization(name, _) if name == SINGLE_INSTANCE)
}

/// Prepares the process; must be called before the first window is created.
pub(crate) fn prepare() {
    automation::refuse_automation(AutomationPolicy::OF_BUILD);
    rendering::settle_early();
    // Wayland does not let a program choose the position of its window; through XWayland the
    // popover appears under its icon.
    gdk::set_allowed_backends("x11,*");
}

/// Follows changes of the desktop: calls `repaint` on a new theme and `refit` on a new text scale.
/// Starts the probe of the graphics driver.
///
/// The wake from sleep needs no handler: sources poll after 15 s at most, and the engine's clock
/// runs on while the machine sleeps.
pub(crate) fn follow_desktop(
    app: &mut App,
    repaint: fn(&AppHandle),
    refit: fn(&AppHandle),
    _woke: fn(&AppHandle),
) {
    theme::follow_theme(app.handle(), repaint);
    text_scale::follow_text_scale(app.handle(), refit);
    tauri::async_runtime::spawn(rendering::known_path());
}

/// Whether a web view can be created now; otherwise `ready_to_draw` waits for that.
pub(crate) fn is_ready_to_draw() -> bool {
    rendering::path_now().is_some()
}

/// Waits, at most three seconds, until the rendering path of web views is known.
pub(crate) async fn ready_to_draw() {
    rendering::known_path().await;
}

/// Sets up a new web view before its first frame; `ended` is called when its page has crashed.
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

/// The rendering path; an unknown driver is left to `WebKit`.
fn rendering_path() -> RenderingPath {
    rendering::path_now().unwrap_or(RenderingPath::Accelerated)
}

/// Trays on Linux show no text beside the icon; the title heads the tooltip.
pub(crate) fn tray_title(_count: Option<usize>) -> String {
    "Trusty Bar".into()
}

/// Whether windows may be transparent, and so have round corners. Without a compositor, transparent
/// areas are black; without the accelerated path, newer web views do not paint a transparent
/// window.
pub(crate) fn shows_transparency() -> bool {
    let composited = gdk::Screen::default().is_some_and(|screen| screen.is_composited());
    let version = tauri::webview_version().unwrap_or_default();
    composited && rendering::paints_transparent(rendering_path(), &version)
}

/// Start at login: a file in `~/.config/autostart`.
pub(crate) fn login_item(env: &Environment) -> XdgAutostart {
    let config_home = env.config_home.clone();
    let config_home = config_home.unwrap_or_else(|| env.home.join(".config"));
    // Without a path of its own, the program is looked up by the desktop.
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("trusty-bar"));
    XdgAutostart::new(&config_home, APP_ID, "Trusty Bar", program)
}

/// Desktops on Linux keep no list of what may start.
pub(crate) fn open_login_item_settings() {}

/// No note offers this on Linux.
pub(crate) fn open_notification_settings() {}

/// Packages on Linux install the tools themselves.
pub(crate) fn bundled_tool(_part: &str) -> Option<PathBuf> {
    None
}

/// Whether the window is on the screen.
pub(crate) fn is_window_visible(window: &WebviewWindow) -> bool {
    window.is_visible().unwrap_or(false)
}

/// Hides the window.
pub(crate) fn hide_window(window: &WebviewWindow) -> tauri::Result<()> {
    window.hide()
}

/// Nothing outlives a window of GTK.
pub(crate) fn note_window_destroyed() {}

/// Whether this app is the active one, which it is on Linux while its window has the focus.
pub(crate) fn app_activation(window: &WebviewWindow) -> AppActivation {
    if window.is_focused().unwrap_or(false) {
        AppActivation::Active
    } else {
        AppActivation::Inactive
    }
}

/// The window manager returns the focus.
pub(crate) fn hide_app(_app: &AppHandle) {}

/// Linux suspends no program in the background.
pub(crate) fn set_activity(_reason: Option<&'static str>) {}

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
    // Tauri queues its own calls, and loses the focus of a window that is not shown yet.
    let gtk = window.gtk_window()?;
    gtk.show_all();
    gtk.present_with_time(server_time(&gtk));
    Ok(())
}

/// The current time of the X server: a strict window manager gives no focus to a window that
/// presents an older one. Zero, which means unknown, on other displays.
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
