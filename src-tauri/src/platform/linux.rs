//! Linux desktops.

use gtk::prelude::GtkSettingsExt;
use tauri::App;
use trusty_fleet::view::TrayGlyph;

/// Panels of Linux show icons as they are.
pub(crate) const ICONS_ARE_TEMPLATES: bool = false;

macro_rules! glyphs {
    ($($glyph:ident => $name:literal),*) => {
        /// The icon of a glyph, as a PNG for this desktop's panel.
        pub(crate) fn icon(glyph: TrayGlyph) -> &'static [u8] {
            match (glyph, has_dark_panel()) {
                $(
                    (TrayGlyph::$glyph, true) => {
                        include_bytes!(concat!("../../../icons/tray/", $name, "-on-dark.png"))
                    }
                    (TrayGlyph::$glyph, false) => {
                        include_bytes!(concat!("../../../icons/tray/", $name, "-on-light.png"))
                    }
                )*
            }
        }
    };
}

glyphs!(
    Quiet => "quiet", Working => "working", Paused => "paused", NeedsYou => "needs-you"
);

/// GNOME's bar is always dark; other panels follow the theme.
fn has_dark_panel() -> bool {
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    let theme = gtk::Settings::default().is_some_and(|settings| {
        let name = settings.gtk_theme_name().unwrap_or_default().to_lowercase();
        settings.is_gtk_application_prefer_dark_theme() || name.contains("dark")
    });
    theme || desktop.split(':').any(|d| d == "GNOME" || d == "Unity")
}

/// Nothing to settle: an app without a window is in no task list.
pub(crate) fn settle(_app: &mut App) {}

/// Whether the desktop can show a window with round corners. Without a compositor what is
/// transparent is black.
pub(crate) fn is_composited() -> bool {
    gtk::gdk::Screen::default().is_some_and(|screen| screen.is_composited())
}
