//! The window of the popover.

use super::geometry::{self, WorkArea};
use super::state::PopoverState;
use super::{WINDOW_LABEL, WindowLocation};
use crate::platform;
use tauri::{
    AppHandle, LogicalSize, Manager, Monitor, PhysicalPosition, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder,
};

/// In pixels of the page, before its content has told its height.
const INITIAL_HEIGHT_PX: f64 = 240.0;
/// Before the display is known.
const UNKNOWN_AREA: (f64, f64) = (f64::INFINITY, f64::INFINITY);
/// Tells the page to fill its window to the corners.
const SQUARE_PAGE_URL: &str = "index.html#square";

/// The window, made if there is none. It is hidden until it has something to show.
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
        .focused(true)
        .build()?;
    platform::set_up_web_view(&window, super::page_ended);
    Ok(window)
}

/// Gives the window its size and place.
pub(super) fn fit(window: &WebviewWindow, state: &PopoverState) -> tauri::Result<()> {
    let at = match state.place {
        WindowLocation::Below(at) => Some(at),
        WindowLocation::Corner => None,
    };
    let Some(monitor) = monitor(window, at)? else {
        return Ok(());
    };
    let scale = monitor.scale_factor();
    let work = monitor.work_area();
    let area = WorkArea {
        x: f64::from(work.position.x),
        y: f64::from(work.position.y),
        width: f64::from(work.size.width),
        height: f64::from(work.size.height),
    };
    let (width, height) = geometry::window_size(
        state.height.unwrap_or(INITIAL_HEIGHT_PX),
        platform::text_scale(),
        (area.width / scale, area.height / scale),
    );
    let (x, y) = geometry::corner(
        at.map(|p| (p.x, p.y)),
        area,
        width * scale,
        height * scale,
        scale,
    );
    let size = LogicalSize::new(width, height);
    platform::place_window(window, size, PhysicalPosition::new(x, y))
}

/// The display that holds the point, else the primary one.
fn monitor(
    window: &WebviewWindow,
    at: Option<PhysicalPosition<f64>>,
) -> tauri::Result<Option<Monitor>> {
    let monitors = window.available_monitors()?;
    let holds = |m: &Monitor, at: PhysicalPosition<f64>| {
        let (p, s) = (m.position(), m.size());
        let within = |v: f64, from: i32, len: u32| {
            v >= f64::from(from) && v < f64::from(from) + f64::from(len)
        };
        within(at.x, p.x, s.width) && within(at.y, p.y, s.height)
    };
    if let Some(monitor) = monitors.iter().find(|m| at.is_some_and(|at| holds(m, at))) {
        return Ok(Some(monitor.clone()));
    }
    Ok(window.primary_monitor()?.or(monitors.into_iter().next()))
}
