//! What the popover asks for.
#![expect(
    clippy::needless_pass_by_value,
    reason = "Tauri fixes the form of a command"
)]

use crate::popover::{self, Popover};
use crate::{Place, log};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};
use trusty_engine::io::launch;
use trusty_fleet::SessionId;
use trusty_fleet::view::{PopoverEvent, Reasons};

/// The popover is loaded and listens.
#[tauri::command]
pub(crate) fn subscribe(popover: State<'_, Popover>, events: Channel<PopoverEvent>) {
    popover.subscribe(events);
}

/// Escape.
#[tauri::command]
pub(crate) fn hide(app: AppHandle) {
    popover::hide(&app);
}

/// The content is this high, in CSS pixels.
#[tauri::command]
pub(crate) fn resize(app: AppHandle, height: f64) {
    popover::resize(&app, height);
}

/// A board is on the page.
#[tauri::command]
pub(crate) fn painted(app: AppHandle) {
    popover::reveal(&app);
}

/// Why a session is what it is; none if it is gone.
#[tauri::command]
pub(crate) async fn why(app: AppHandle, id: SessionId) -> Option<Reasons> {
    app.state::<Popover>().why(id).await
}

/// Opens the settings file in the user's editor; makes it, with its defaults, if it is not there.
#[tauri::command]
pub(crate) async fn open_settings(app: AppHandle, place: State<'_, Place>) -> Result<(), String> {
    popover::hide(&app);
    edit_settings(&place).map_err(|e| {
        let told = format!("failed to open the settings: {e}");
        log::line(&told);
        told
    })
}

/// Opens the settings file.
pub(crate) fn edit_settings(place: &Place) -> std::io::Result<()> {
    launch::open(&trusty_engine::settings::ensure_file(&place.around)?)
}

/// Ends the app. No session is touched by that.
#[tauri::command]
pub(crate) fn quit(app: AppHandle) {
    app.exit(0);
}
