//! macOS. Type-checked on Linux, not yet run on a Mac.

use tauri::{ActivationPolicy, App};
use trusty_fleet::view::TrayGlyph;

/// The menu bar inks the shapes itself.
pub(crate) const ICONS_ARE_TEMPLATES: bool = true;

/// The icon of a glyph, as a PNG.
pub(crate) fn icon(glyph: TrayGlyph) -> &'static [u8] {
    match glyph {
        TrayGlyph::Quiet => include_bytes!("../../../icons/tray/quiet-template.png"),
        TrayGlyph::Working => include_bytes!("../../../icons/tray/working-template.png"),
        TrayGlyph::Paused => include_bytes!("../../../icons/tray/paused-template.png"),
        TrayGlyph::NeedsYou => include_bytes!("../../../icons/tray/needs-you-template.png"),
    }
}

/// No Dock icon and no menu bar of our own.
pub(crate) fn settle(app: &mut App) {
    app.set_activation_policy(ActivationPolicy::Accessory);
}

/// Windows of macOS always are.
pub(crate) fn is_composited() -> bool {
    true
}
