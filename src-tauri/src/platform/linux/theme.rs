//! Light or dark.

use gtk::gio::{self, BusType, DBusCallFlags, DBusSignalFlags};
use gtk::glib::{self, MainContext, Variant};
use gtk::prelude::{GtkSettingsExt, ToVariant};
use tauri::AppHandle;
use trusty_fleet::view::TrayGlyph;

const PORTAL_BUS_NAME: &str = "org.freedesktop.portal.Desktop";
const PORTAL_PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS_INTERFACE: &str = "org.freedesktop.portal.Settings";
const APPEARANCE_NAMESPACE: &str = "org.freedesktop.appearance";
const COLOR_SCHEME_KEY: &str = "color-scheme";
/// The value of the key that asks for a dark look.
const PREFER_DARK: u32 = 1;
/// Milliseconds; a portal may have to be started first.
const PORTAL_TIMEOUT_MS: i32 = 10_000;

macro_rules! glyphs {
    ($($glyph:ident => $name:literal),*) => {
        /// The icon of a glyph, as a PNG for this desktop's panel.
        pub(crate) fn icon(glyph: TrayGlyph) -> &'static [u8] {
            match (glyph, has_dark_panel()) {
                $(
                    (TrayGlyph::$glyph, true) => {
                        include_bytes!(concat!("../../../../icons/tray/", $name, "-on-dark.png"))
                    }
                    (TrayGlyph::$glyph, false) => {
                        include_bytes!(concat!("../../../../icons/tray/", $name, "-on-light.png"))
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
    desktop.split(':').any(|d| d == "GNOME" || d == "Unity") || is_dark()
}

/// Whether windows are dark, as the web view sees it, too.
pub(super) fn is_dark() -> bool {
    if let Ok(forced) = std::env::var("GTK_THEME") {
        return forced.ends_with(":dark") || forced.ends_with("-dark");
    }
    gtk::Settings::default().is_some_and(|settings| {
        let name = settings.gtk_theme_name().unwrap_or_default().to_lowercase();
        settings.is_gtk_application_prefer_dark_theme() || name.contains("dark")
    })
}

/// Calls `changed` when the theme does, and takes over the wish for a dark look that newer
/// desktops tell through their portal only.
pub(super) fn follow_theme(app: &AppHandle, changed: fn(&AppHandle)) {
    let Some(settings) = gtk::Settings::default() else {
        return;
    };
    let own = app.clone();
    settings.connect_gtk_theme_name_notify(move |_| changed(&own));
    let own = app.clone();
    settings.connect_gtk_application_prefer_dark_theme_notify(move |_| changed(&own));
    MainContext::default().spawn_local(async {
        // A desktop without a portal has told all by its theme.
        let _ = follow_portal().await;
    });
}

async fn follow_portal() -> Result<(), glib::Error> {
    let bus = gio::bus_get_future(BusType::Session).await?;
    // Subscribed to for as long as the app runs.
    let _subscription = bus.signal_subscribe(
        Some(PORTAL_BUS_NAME),
        Some(SETTINGS_INTERFACE),
        Some("SettingChanged"),
        Some(PORTAL_PATH),
        Some(APPEARANCE_NAMESPACE),
        DBusSignalFlags::NONE,
        |_, _, _, _, _, told| {
            if told.child_value(1).str() == Some(COLOR_SCHEME_KEY) {
                prefer(&told.child_value(2));
            }
        },
    );
    let asked = (APPEARANCE_NAMESPACE, COLOR_SCHEME_KEY).to_variant();
    let answer = bus
        .call_future(
            Some(PORTAL_BUS_NAME),
            PORTAL_PATH,
            SETTINGS_INTERFACE,
            "Read",
            Some(&asked),
            None,
            DBusCallFlags::NONE,
            PORTAL_TIMEOUT_MS,
        )
        .await?;
    prefer(&answer.child_value(0));
    Ok(())
}

/// Takes a value of the key over; variants may hold variants.
fn prefer(value: &Variant) {
    let mut value = value.clone();
    while let Some(inner) = value.as_variant() {
        value = inner;
    }
    if let (Some(scheme), Some(settings)) = (value.get::<u32>(), gtk::Settings::default()) {
        settings.set_gtk_application_prefer_dark_theme(scheme == PREFER_DARK);
    }
}
