//! The window of the popover.

use super::geometry;
use super::state::PopoverState;
use super::{WINDOW_LABEL, WindowLocation};
use crate::platform;
use tauri::utils::config::BackgroundThrottlingPolicy;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use trusty_platform::sys::CURRENT_SYSTEM;

/// The height in CSS pixels before the page has reported the height of its content.
const INITIAL_HEIGHT_PX: f64 = 240.0;
/// The work area before the display is known.
const UNKNOWN_AREA: (f64, f64) = (f64::INFINITY, f64::INFINITY);
/// The page that fills its window to the corners.
const SQUARE_PAGE_URL: &str = "index.html#square";

/// The popover's window, created hidden if there is none.
pub(super) fn window(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    if let Some(window) = app.get_webview_window(WINDOW_LABEL) {
        return Ok(window);
    }
    let round = platform::shows_transparency();
    let page = if round { "index.html" } else { SQUARE_PAGE_URL };
    let (width, height) =
        geometry::window_size(INITIAL_HEIGHT_PX, platform::text_scale(), UNKNOWN_AREA);
    let window = WebviewWindowBuilder::new(app, WINDOW_LABEL, WebviewUrl::App(page.into()))
        .title("Trusty Bar")
        .inner_size(width, height)
        .decorations(false)
        .transparent(round)
        .resizable(platform::WINDOW_IS_RESIZABLE)
        .skip_taskbar(true)
        .always_on_top(true)
        .visible_on_all_workspaces(true)
        .visible(false)
        .focused(platform::NEW_PAGE_TAKES_FOCUS)
        // A page that the system suspends while it is hidden shows an old board when it is opened.
        .background_throttling(BackgroundThrottlingPolicy::Disabled)
        // The click that gives the popover the focus also presses the button under it.
        .accept_first_mouse(true)
        .build()?;
    platform::set_up_web_view(&window, super::page_ended);
    Ok(window)
}

/// Sets the size and position of the window.
pub(super) fn fit(window: &WebviewWindow, state: &PopoverState) -> tauri::Result<()> {
    let displays = platform::displays(window)?;
    let icon = match state.place {
        WindowLocation::Below(click) => platform::icon_area(window.app_handle(), click),
        WindowLocation::Corner => None,
    };
    let frame = geometry::popover_frame(
        CURRENT_SYSTEM,
        &displays,
        icon,
        state.height.unwrap_or(INITIAL_HEIGHT_PX),
        platform::text_scale(),
    );
    match frame {
        Some(frame) => platform::place_window(window, frame),
        None => Ok(()),
    }
}
