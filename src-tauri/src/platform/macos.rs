//! macOS. Type-checked on Linux, not yet run on a Mac.

mod notifications;

pub(crate) use notifications::DesktopNotifications;
use std::process::ExitCode;
use tauri::{ActivationPolicy, App, AppHandle, LogicalSize, PhysicalPosition, WebviewWindow};
use trusty_fleet::view::TrayGlyph;

/// The menu bar inks the shapes itself.
pub(crate) const ICONS_ARE_TEMPLATES: bool = true;

/// The user does not resize the popover.
pub(crate) const WINDOW_IS_RESIZABLE: bool = false;

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

/// Nothing but the app.
pub(crate) fn other_task() -> Option<ExitCode> {
    None
}

/// Nothing to prepare.
pub(crate) fn prepare() {}

/// No Dock icon and no menu bar of our own. The menu bar inks for its theme by itself.
pub(crate) fn follow_desktop(app: &mut App, _repaint: fn(&AppHandle), _refit: fn(&AppHandle)) {
    app.set_activation_policy(ActivationPolicy::Accessory);
}

/// Web views of macOS draw with the GPU that every Mac has.
pub(crate) fn is_ready_to_draw() -> bool {
    true
}

/// The same.
pub(crate) fn ready_to_draw() -> std::future::Ready<()> {
    std::future::ready(())
}

/// Nothing to set up.
pub(crate) fn set_up_web_view(_window: &WebviewWindow, _ended: fn(&AppHandle)) {}

/// Windows of macOS always may be transparent.
pub(crate) fn shows_transparency() -> bool {
    true
}

/// Web views of macOS draw text in the size that the page says.
pub(crate) fn text_scale() -> f64 {
    1.0
}

/// The menu bar tells physical pixels.
pub(crate) fn click_position(
    _app: &AppHandle,
    told: PhysicalPosition<f64>,
) -> PhysicalPosition<f64> {
    told
}

/// Gives a window its size and place.
pub(crate) fn place_window(
    window: &WebviewWindow,
    size: LogicalSize<f64>,
    at: PhysicalPosition<f64>,
) -> tauri::Result<()> {
    window.set_size(size)?;
    window.set_position(at)
}

/// Shows a window and gives it the focus.
pub(crate) fn present_window(window: &WebviewWindow) -> tauri::Result<()> {
    window.show()?;
    window.set_focus()
}
