//! How large the desktop wants its text.

use gtk::glib;
use gtk::prelude::GtkSettingsExt;
use tauri::AppHandle;

/// What `gtk-xft-dpi` says for text of the usual size: 96 dots per inch, in units of 1/1024.
const USUAL_FONT_DPI: f64 = 96.0 * 1024.0;
/// What no desktop offers is an error of its settings.
const MIN_TEXT_SCALE: f64 = 0.5;
const MAX_TEXT_SCALE: f64 = 4.0;

/// How many times as large as usual `WebKit` draws a page: by the font DPI of the desktop, from its
/// XSETTINGS (`Xft/DPI`), else from the X resources (`Xft.dpi`).
pub(crate) fn text_scale() -> f64 {
    gtk::Settings::default().map_or(1.0, |settings| scale_from_dpi(settings.gtk_xft_dpi()))
}

/// Calls `changed` when the desktop's font DPI does.
pub(super) fn follow_text_scale(app: &AppHandle, changed: fn(&AppHandle)) {
    if let Some(settings) = gtk::Settings::default() {
        let own = app.clone();
        settings.connect_gtk_xft_dpi_notify(move |_| {
            let own = own.clone();
            // GTK styles all windows anew first, and forgets what size is asked for meanwhile.
            glib::idle_add_local_once(move || changed(&own));
        });
    }
}

/// The scale of a font DPI in units of 1/1024; not positive means unknown.
fn scale_from_dpi(dpi: i32) -> f64 {
    if dpi <= 0 {
        return 1.0;
    }
    (f64::from(dpi) / USUAL_FONT_DPI).clamp(MIN_TEXT_SCALE, MAX_TEXT_SCALE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_scale_follows_the_font_dpi() {
        for (dpi, expected) in [
            (-1, 1.0),
            (0, 1.0),
            (96, 1.0),
            (120, 1.25),
            (144, 1.5),
            (192, 2.0),
            (72, 0.75),
            (9, 0.5),
            (9600, 4.0),
        ] {
            let got = scale_from_dpi(dpi * 1024);
            assert!((got - expected).abs() < 1e-9, "{dpi}: {got}");
        }
    }
}
