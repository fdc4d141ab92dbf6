//! The app on macOS. Type-checked on Linux, not yet run on a Mac.

mod app_menu;
mod login_item;
mod panel;

use crate::{log, popover};
pub(crate) use login_item::{login_item, open_login_item_settings};
pub(crate) use panel::{
    app_activation, displays, hide_app, hide_window, icon_area, is_window_visible,
    note_window_destroyed, place_window, present_window, set_up_web_view,
};
use std::path::PathBuf;
use std::process::ExitCode;
use tauri::{ActivationPolicy, App, AppHandle, Builder, Manager, PhysicalPosition, RunEvent, Wry};
use tokio::sync::mpsc;
use trusty_fleet::view::TrayGlyph;
use trusty_mac::activity;
use trusty_mac::notification_center::in_bundle;
use trusty_mac::system_events::{SystemEvent, follow_system_events};
use trusty_platform::launch;

/// The menu bar colours the icons itself.
pub(crate) const ICONS_ARE_TEMPLATES: bool = true;

/// The user cannot resize the popover.
pub(crate) const WINDOW_IS_RESIZABLE: bool = false;

/// wry makes the whole app active when it makes a page that takes the focus, shown or not: the user
/// would lose the keyboard three seconds after the start.
pub(crate) const NEW_PAGE_TAKES_FOCUS: bool = false;

/// The icon of a glyph, as a PNG.
pub(crate) fn icon(glyph: TrayGlyph) -> &'static [u8] {
    match glyph {
        TrayGlyph::Quiet => include_bytes!("../../../icons/tray/quiet-template.png"),
        TrayGlyph::Working => include_bytes!("../../../icons/tray/working-template.png"),
        TrayGlyph::Paused => include_bytes!("../../../icons/tray/paused-template.png"),
        TrayGlyph::NeedsYou => include_bytes!("../../../icons/tray/needs-you-template.png"),
    }
}

/// The count stands beside the icon.
pub(crate) fn tray_title(count: Option<usize>) -> String {
    count.map_or_else(String::new, |n| n.to_string())
}

/// macOS has no task besides the app.
pub(crate) fn other_task() -> Option<ExitCode> {
    None
}

/// macOS needs no preparation.
pub(crate) fn prepare() {}

/// Adds what this desktop needs to the app: no activation at the start, a menu whose Quit calls
/// `quit`, and a new page for one whose process has ended, which `WebKit` reports only to a hook of
/// the whole app. `LaunchServices` starts no second instance, but reopens the first: see
/// [`run_app`].
pub(crate) fn configure(
    builder: Builder<Wry>,
    _opened: fn(&AppHandle),
    quit: fn(&AppHandle),
) -> Builder<Wry> {
    let builder = builder
        .activate_ignoring_other_apps(false)
        .on_web_content_process_terminate(|page| popover::page_ended(page.app_handle()));
    app_menu::add_app_menu(builder, quit)
}

/// Runs the app until it exits. `on_event` is called for each event, and `opened` when the app is
/// started again, or opened from the Finder or the Dock.
///
/// The policy is set here, because tao applies it before the first event, and its default shows an
/// icon in the Dock: `setup` would be too late.
pub(crate) fn run_app(mut app: App, opened: fn(&AppHandle), on_event: fn(&AppHandle, RunEvent)) {
    app.set_activation_policy(ActivationPolicy::Accessory);
    app.run(move |app, event| match event {
        RunEvent::Reopen { .. } => opened(app),
        event => on_event(app, event),
    });
}

/// Always false: nothing at the start depends on another instance.
pub(crate) fn is_worth_another_start(_e: &tauri::Error) -> bool {
    false
}

/// Follows changes of the displays and the wake from sleep. Theme changes need no handler: the menu
/// bar colours template icons itself.
pub(crate) fn follow_desktop(
    app: &mut App,
    _repaint: fn(&AppHandle),
    refit: fn(&AppHandle),
    woke: fn(&AppHandle),
) {
    activity::refuse_automatic_termination();
    let (tell, mut events) = mpsc::unbounded_channel();
    follow_system_events(&tell);
    let app = app.handle().clone();
    tauri::async_runtime::spawn(async move {
        while let Some(event) = events.recv().await {
            let react = match event {
                SystemEvent::Woke => woke,
                SystemEvent::ScreensChanged => refit,
            };
            let own = app.clone();
            // The call fails only when the app exits.
            let _ = app.run_on_main_thread(move || react(&own));
        }
    });
}

/// Holds an activity for a reason, or none. Call on the main thread.
pub(crate) fn set_activity(reason: Option<&'static str>) {
    activity::set_activity(reason);
}

/// Always true: web views on macOS draw with the GPU that every Mac has.
pub(crate) fn is_ready_to_draw() -> bool {
    true
}

/// Returns at once, for the same reason.
pub(crate) fn ready_to_draw() -> std::future::Ready<()> {
    std::future::ready(())
}

/// Always true: windows on macOS may be transparent.
pub(crate) fn shows_transparency() -> bool {
    true
}

/// Always 1: web views on macOS draw text in the size that the page sets.
pub(crate) fn text_scale() -> f64 {
    1.0
}

/// The point as reported, which is not used: see [`icon_area`].
pub(crate) fn click_position(
    _app: &AppHandle,
    told: PhysicalPosition<f64>,
) -> PhysicalPosition<f64> {
    told
}

/// Opens the pane of notifications in the system's settings.
pub(crate) fn open_notification_settings() {
    open_pane("x-apple.systempreferences:com.apple.Notifications-Settings.extension");
}

fn open_pane(address: &str) {
    if let Err(e) = launch::open_address(address) {
        log::line(&format!("failed to open the system's settings: {e}"));
    }
}

/// The path of a program of this bundle; `None` outside a bundle, or if the bundle has none.
pub(crate) fn bundled_tool(part: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?.canonicalize().ok()?;
    // …/Trusty Bar.app/Contents/MacOS/trusty-bar
    let tool = own.ancestors().nth(3)?.join(part);
    (in_bundle() && tool.is_file()).then_some(tool)
}
