//! The popover: created three seconds after the start, hidden on blur and Escape, destroyed after
//! ten idle minutes.

mod geometry;
mod keyboard;
mod progress;
mod state;
mod window;

use crate::notes::AppNotes;
use crate::{log, platform};
pub(crate) use geometry::{DisplayArea, DisplayRect, WindowLocation};
pub(crate) use keyboard::AppActivation;
use keyboard::{KeyboardReturn, keyboard_return};
pub(crate) use progress::FocusChange;
use progress::{IconPress, WindowMove};
pub(crate) use state::Popover;
use state::PopoverTarget;
use std::time::Duration;
use tauri::{AppHandle, Manager, Window, WindowEvent};
use trusty_fleet::SessionId;
use trusty_fleet::observation::FocusEvent;
use trusty_fleet::view::PopoverQuestion;
use trusty_platform::sys::CURRENT_SYSTEM;

const WINDOW_LABEL: &str = "popover";
/// How long after the start the page is created: late enough not to slow the start, early enough
/// for the first click.
const PREPARE_DELAY: Duration = Duration::from_secs(3);
/// How long a hidden web view, which holds 120 MB, is kept.
const IDLE_TIMEOUT: Duration = Duration::from_mins(10);
/// A click on the icon may first take the focus, which hides the popover. A click within this time
/// after the hiding meant to close the popover.
const SAME_CLICK_WINDOW: Duration = Duration::from_millis(300);
/// The tray menu may take the focus, which hides the question about paused sessions. Choosing Quit
/// again within this time after that exits the app.
const QUIT_REPEAT_WINDOW: Duration = Duration::from_secs(5);
/// How long a page that has painted waits for a list of sessions before it is shown.
const BOARD_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long a page may take to paint before it is rebuilt.
const PAINT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long after mapping a window counts as visible even without a report from its page.
const FRAME_TIMEOUT: Duration = Duration::from_secs(3);

/// Creates the hidden page, `PREPARE_DELAY` from now.
pub(crate) fn prepare(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(PREPARE_DELAY).await;
        platform::ready_to_draw().await;
        on_main(&app, |app| {
            let turn = app.state::<Popover>().state().progress.turn();
            if let Err(e) = window::window(app) {
                return log::line(&format!("failed to prepare the popover: {e}"));
            }
            close_page_when_idle(app, turn);
        });
    });
}

/// Shows the popover, or hides the visible one.
pub(crate) fn toggle(app: &AppHandle, place: WindowLocation) {
    let press = app.state::<Popover>().state().progress.press();
    match press {
        IconPress::Ignore => {}
        IconPress::Hide if is_visible(app) => hide(app),
        IconPress::Hide | IconPress::Show => open(app, place, None),
    }
}

fn is_visible(app: &AppHandle) -> bool {
    let window = app.get_webview_window(WINDOW_LABEL);
    window.is_some_and(|window| platform::is_window_visible(&window))
}

/// Shows the popover at a place, with the focus on the row of `focus`.
pub(crate) fn open(app: &AppHandle, place: WindowLocation, focus: Option<SessionId>) {
    let wanted = PopoverTarget {
        id: focus,
        ask: None,
    };
    show_popover(app, Some(place), wanted);
}

/// Asks a question in the popover: where it is, or in the corner if it is hidden.
pub(crate) fn ask(app: &AppHandle, ask: PopoverQuestion, id: Option<SessionId>) {
    let wanted = PopoverTarget { id, ask: Some(ask) };
    show_popover(app, None, wanted);
}

fn show_popover(app: &AppHandle, place: Option<WindowLocation>, wanted: PopoverTarget) {
    let begin = move |app: &AppHandle| {
        if let Err(e) = begin_opening(app, place, wanted) {
            log::line(&format!("failed to open the popover: {e}"));
        }
    };
    // A second start of the app calls this from another thread.
    if platform::is_ready_to_draw() {
        return on_main(app, begin);
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        platform::ready_to_draw().await;
        on_main(&app, begin);
    });
}

/// Asks the page to draw the content. The window is shown only once that is drawn: an empty window,
/// or one of the wrong size, would flicker.
fn begin_opening(
    app: &AppHandle,
    place: Option<WindowLocation>,
    wanted: PopoverTarget,
) -> tauri::Result<()> {
    let window = window::window(app)?;
    let visible = platform::is_window_visible(&window);
    let (turn, on_screen) = {
        let popover = app.state::<Popover>();
        let mut state = popover.state();
        match place {
            Some(place) => state.place = place,
            None if visible => {}
            None => state.place = WindowLocation::Corner,
        }
        (state.mark_wanted(wanted), state.progress.is_mapped())
    };
    if on_screen {
        map(app);
        return Ok(());
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(BOARD_TIMEOUT).await;
        on_main(&app, move |app| {
            if is_turn(app, turn) {
                app.state::<Popover>().state().progress.wait_is_over();
                reveal(app);
            }
        });
        tokio::time::sleep(PAINT_TIMEOUT.saturating_sub(BOARD_TIMEOUT)).await;
        on_main(&app, move |app| {
            let popover = app.state::<Popover>();
            if is_turn(app, turn) && popover.state().progress.is_opening() {
                page_ended(app);
            }
        });
    });
    Ok(())
}

fn is_turn(app: &AppHandle, turn: u64) -> bool {
    app.state::<Popover>().state().progress.turn() == turn
}

/// The page has drawn the last event into its document; shows the window if it waited for that.
pub(crate) fn painted(app: &AppHandle) {
    app.state::<Popover>().state().progress.page_painted();
    reveal(app);
}

fn reveal(app: &AppHandle) {
    let may_map = {
        let popover = app.state::<Popover>();
        let state = popover.state();
        state.progress.may_map(state.page_content())
    };
    if may_map {
        map(app);
    }
}

/// Maps the window and brings it to the front.
fn map(app: &AppHandle) {
    let Some(window) = app.get_webview_window(WINDOW_LABEL) else {
        return;
    };
    let popover = app.state::<Popover>();
    let mut state = popover.state();
    if !state.progress.is_mapped() {
        state.progress.map();
    }
    let turn = state.progress.turn();
    let shown = window::fit(&window, &state).and_then(|()| platform::present_window(&window));
    if let Err(e) = shown {
        log::line(&format!("failed to show the popover: {e}"));
        // A popover that counts as shown, but is not visible, would suppress notifications.
        let turn = state.mark_hidden();
        drop(state);
        return close_page_later(app, turn);
    }
    // Some window managers move a window when it is mapped.
    if let Err(e) = window::fit(&window, &state) {
        log::line(&format!("failed to resize the popover: {e}"));
    }
    drop(state);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(FRAME_TIMEOUT).await;
        on_main(&app, move |app| {
            if is_turn(app, turn) {
                frame_shown(app);
            }
        });
    });
}

/// A frame of the page is on the screen.
pub(crate) fn frame_shown(app: &AppHandle) {
    let next = app.state::<Popover>().state().progress.frame_shown();
    match next {
        WindowMove::Stay => {}
        WindowMove::Hide => hide(app),
        WindowMove::Focus => map(app),
    }
}

/// The page has crashed or does not paint: destroys it, and rebuilds it if it is wanted.
pub(crate) fn page_ended(app: &AppHandle) {
    let popover = app.state::<Popover>();
    let mut state = popover.state();
    log::line("the popover's page crashed or did not paint");
    let wanted = !state.progress.is_hidden();
    let again = state.progress.page_ended();
    state.note_page_closed();
    let turn = (wanted && !again).then(|| state.mark_hidden());
    drop(state);
    if let Some(window) = app.get_webview_window(WINDOW_LABEL)
        && let Err(e) = window.destroy()
    {
        log::line(&format!("failed to close the popover: {e}"));
    }
    if let Some(turn) = turn {
        close_page_later(app, turn);
    }
}

/// Hides the popover. Nothing animates in it until it is shown again.
pub(crate) fn hide(app: &AppHandle) {
    on_main(app, |app| {
        let Some(window) = app.get_webview_window(WINDOW_LABEL) else {
            return;
        };
        if !platform::is_window_visible(&window) {
            return;
        }
        let turn = app.state::<Popover>().state().mark_hidden();
        if let Err(e) = platform::hide_window(&window) {
            log::line(&format!("failed to hide the popover: {e}"));
        }
        if keyboard_return(CURRENT_SYSTEM, platform::app_activation(&window))
            == KeyboardReturn::HideApp
        {
            platform::hide_app(app);
        }
        report_attention(app);
        // The user has seen what became of the menu's command.
        app.state::<AppNotes>().set_outcome(None);
        close_page_later(app, turn);
    });
}

/// The page has reported the height of its content.
pub(crate) fn resize(app: &AppHandle, height: f64) {
    let Some(window) = app.get_webview_window(WINDOW_LABEL) else {
        return;
    };
    {
        let popover = app.state::<Popover>();
        let mut state = popover.state();
        if !height.is_finite() || state.height == Some(height) {
            return;
        }
        state.height = Some(height);
        if let Err(e) = window::fit(&window, &state) {
            log::line(&format!("failed to resize the popover: {e}"));
        }
    }
}

/// Places the window anew after a change of the desktop's text scale or displays.
pub(crate) fn refit(app: &AppHandle) {
    let Some(window) = app.get_webview_window(WINDOW_LABEL) else {
        return;
    };
    if let Err(e) = window::fit(&window, &app.state::<Popover>().state()) {
        log::line(&format!("failed to resize the popover: {e}"));
    }
}

/// Hides the popover when the focus goes elsewhere or the window is asked to close.
pub(crate) fn on_window_event(window: &Window, event: &WindowEvent) {
    if window.label() != WINDOW_LABEL {
        return;
    }
    match event {
        WindowEvent::Focused(false) => on_focus_change(window.app_handle(), FocusChange::Lost),
        WindowEvent::Focused(true) => on_focus_change(window.app_handle(), FocusChange::Gained),
        WindowEvent::Destroyed => {
            platform::note_window_destroyed();
            rebuild_page(window.app_handle());
        }
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            hide(window.app_handle());
        }
        _ => {}
    }
}

/// The window has gained or lost the keyboard focus.
pub(crate) fn on_focus_change(app: &AppHandle, change: FocusChange) {
    let next = app
        .state::<Popover>()
        .state()
        .progress
        .focus_changed(change);
    match next {
        WindowMove::Hide => hide(app),
        WindowMove::Stay | WindowMove::Focus => {}
    }
}

/// Opens the popover again after its crashed page is destroyed.
fn rebuild_page(app: &AppHandle) {
    let wanted = {
        let popover = app.state::<Popover>();
        let state = popover.state();
        if !state.progress.is_opening() {
            return;
        }
        state.wanted()
    };
    let app = app.clone();
    // The window's label becomes free only after this event.
    tauri::async_runtime::spawn(async move {
        let place = app.state::<Popover>().state().place;
        show_popover(&app, Some(place), wanted);
    });
}

/// Reports that the user has looked, which turns Finished into Idle. The report follows the hiding,
/// so that Finished stays visible until then.
fn report_attention(app: &AppHandle) {
    let engine = app.state::<Popover>().state().engine.clone();
    if let Some(engine) = engine {
        tauri::async_runtime::spawn(
            async move { engine.report_attention(FocusEvent::Popover).await },
        );
    }
}

/// Expires the state of a hidden popover step by step, until its next turn.
fn close_page_later(app: &AppHandle, turn: u64) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SAME_CLICK_WINDOW).await;
        {
            let popover = app.state::<Popover>();
            let mut state = popover.state();
            if state.progress.turn() != turn {
                return;
            }
            state.progress.forget_hiding();
        }
        tokio::time::sleep(QUIT_REPEAT_WINDOW).await;
        {
            let popover = app.state::<Popover>();
            let mut state = popover.state();
            if state.progress.turn() != turn {
                return;
            }
            state.asked = None;
        }
        close_page_when_idle(&app, turn);
    });
}

/// Destroys the page unless the popover is opened within `IDLE_TIMEOUT`.
fn close_page_when_idle(app: &AppHandle, turn: u64) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(IDLE_TIMEOUT).await;
        on_main(&app, move |app| close_page(app, turn));
    });
}

fn close_page(app: &AppHandle, turn: u64) {
    let Some(window) = app.get_webview_window(WINDOW_LABEL) else {
        return;
    };
    let popover = app.state::<Popover>();
    let mut state = popover.state();
    if !state.progress.is_idle_since(turn) {
        return;
    }
    state.note_page_closed();
    drop(state);
    if let Err(e) = window.destroy() {
        log::line(&format!("failed to close the popover: {e}"));
    }
}

/// Runs a closure on the main thread, where windows live; at once if this is the main thread.
fn on_main(app: &AppHandle, act: impl FnOnce(&AppHandle) + Send + 'static) {
    let own = app.clone();
    // The call fails only when the app exits.
    let _ = app.run_on_main_thread(move || act(&own));
}
