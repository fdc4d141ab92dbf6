//! The popover as a panel, and where the displays and the status item are. Type-checked on Linux,
//! not yet run on a Mac.

#![expect(
    clippy::unnecessary_wraps,
    reason = "the functions of the same names can fail on Linux"
)]

use crate::log;
use crate::popover::{self, AppActivation, DisplayArea, DisplayRect, FocusChange};
use crate::tray::TRAY_ID;
use tauri::{AppHandle, Manager, PhysicalPosition, WebviewWindow};
use tokio::sync::mpsc;
use trusty_mac::popover_panel::{
    KeyWindowChange, PanelAdoption, adopt_content, close_panel, hide_panel, is_app_active,
    is_panel_visible, place_panel, show_panel,
};
use trusty_mac::screen_layout::{PointRect, ScreenArea, screens, status_item_frame};

/// Moves a new web view into a panel, and reports changes of the keyboard to the popover. The end of
/// its page is reported by the app's hook: see `configure`.
pub(crate) fn set_up_web_view(window: &WebviewWindow, _ended: fn(&AppHandle)) {
    let (tell, mut changes) = mpsc::unbounded_channel();
    let adopted = window.ns_window().map(|own| adopt_content(own, tell));
    match adopted {
        Ok(PanelAdoption::Adopted) => {}
        Ok(PanelAdoption::NoContent) => log::line("the popover's window has no content"),
        Err(e) => log::line(&format!("failed to find the popover's window: {e}")),
    }
    let app = window.app_handle().clone();
    tauri::async_runtime::spawn(async move {
        while let Some(change) = changes.recv().await {
            let change = match change {
                KeyWindowChange::Gained => FocusChange::Gained,
                KeyWindowChange::Lost => FocusChange::Lost,
            };
            let own = app.clone();
            // The call fails only when the app exits.
            let _ = app.run_on_main_thread(move || popover::on_focus_change(&own, change));
        }
    });
}

/// Sets size and position in one step.
pub(crate) fn place_window(_window: &WebviewWindow, frame: DisplayRect) -> tauri::Result<()> {
    place_panel(PointRect {
        x: frame.x,
        y: frame.y,
        width: frame.width,
        height: frame.height,
    });
    Ok(())
}

/// Shows the panel and gives it the keyboard.
pub(crate) fn present_window(_window: &WebviewWindow) -> tauri::Result<()> {
    show_panel();
    Ok(())
}

/// Whether the panel is on the screen.
pub(crate) fn is_window_visible(_window: &WebviewWindow) -> bool {
    is_panel_visible()
}

/// Hides the panel.
pub(crate) fn hide_window(_window: &WebviewWindow) -> tauri::Result<()> {
    hide_panel();
    Ok(())
}

/// Drops the panel with the window whose page it held.
pub(crate) fn note_window_destroyed() {
    close_panel();
}

/// Whether this app is the active one.
pub(crate) fn app_activation(_window: &WebviewWindow) -> AppActivation {
    if is_app_active() {
        AppActivation::Active
    } else {
        AppActivation::Inactive
    }
}

/// Hides the app, which makes the previous one active. `deactivate` does not.
pub(crate) fn hide_app(app: &AppHandle) {
    if let Err(e) = app.hide() {
        log::line(&format!("failed to return the keyboard: {e}"));
    }
}

/// All displays, the one with the menu bar first.
pub(crate) fn displays(_window: &WebviewWindow) -> tauri::Result<Vec<DisplayArea>> {
    let area = |screen: ScreenArea| DisplayArea {
        frame: rect(screen.frame),
        work_area: rect(screen.visible),
        units_per_pixel: 1.0,
    };
    Ok(screens().into_iter().map(area).collect())
}

/// Where the status item is. The point of the click is in physical pixels, which say nothing where
/// displays have different scales.
pub(crate) fn icon_area(app: &AppHandle, _click: PhysicalPosition<f64>) -> Option<DisplayRect> {
    let tray = app.tray_by_id(TRAY_ID)?;
    let frame = tray.with_inner_tray_icon(|tray| {
        tray.ns_status_item()
            .and_then(|item| status_item_frame(&item))
    });
    frame.ok().flatten().map(rect)
}

fn rect(rect: PointRect) -> DisplayRect {
    DisplayRect {
        x: rect.x,
        y: rect.y,
        width: rect.width,
        height: rect.height,
    }
}
