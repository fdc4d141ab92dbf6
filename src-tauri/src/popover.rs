//! The popover: made some seconds after the start, hidden on blur and Escape, unmade after ten
//! idle minutes.

mod geometry;
mod progress;
mod state;
mod window;

use crate::{log, platform};
pub(crate) use geometry::WindowLocation;
use progress::{IconPress, WindowMove};
pub(crate) use state::Popover;
use state::PopoverTarget;
use std::time::Duration;
use tauri::{AppHandle, Manager, Window, WindowEvent};
use trusty_fleet::SessionId;
use trusty_fleet::observation::FocusEvent;
use trusty_fleet::view::PopoverQuestion;

const WINDOW_LABEL: &str = "popover";
/// The start of an app has this long to itself; then the page is made, so that the first click
/// finds it.
const PREPARE_DELAY: Duration = Duration::from_secs(3);
/// A hidden web view holds 120 MB; it is given back after this long.
const IDLE_TIMEOUT: Duration = Duration::from_mins(10);
/// A click on the icon may take the focus first, which hides the popover: so soon after, the
/// click meant to close it.
const SAME_CLICK_WINDOW: Duration = Duration::from_millis(300);
/// A menu of the tray may take the focus first, which hides the question what is to become of
/// paused sessions: so soon after, whoever chooses Quit again insists.
const QUIT_REPEAT_WINDOW: Duration = Duration::from_secs(5);
/// A page that has painted is shown after this long without a list of sessions.
const BOARD_TIMEOUT: Duration = Duration::from_millis(1500);
/// A page that has painted nothing after this long is made anew.
const PAINT_TIMEOUT: Duration = Duration::from_secs(10);
/// A window that was mapped this long ago is taken for seen, whatever its page says.
const FRAME_TIMEOUT: Duration = Duration::from_secs(3);

/// Makes the page, hidden, some seconds from now.
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

/// Shows the popover, or hides it if it is shown.
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
    window.is_some_and(|window| window.is_visible().unwrap_or(false))
}

/// Shows the popover at a place, the row of `focus` in focus.
pub(crate) fn open(app: &AppHandle, place: WindowLocation, focus: Option<SessionId>) {
    let wanted = PopoverTarget {
        id: focus,
        ask: None,
    };
    show_popover(app, Some(place), wanted);
}

/// Asks something in the popover: where it is, or in the corner if it is hidden.
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
    // A second start calls from a thread of its own.
    if platform::is_ready_to_draw() {
        return on_main(app, begin);
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        platform::ready_to_draw().await;
        on_main(&app, begin);
    });
}

/// Asks the page to draw what is to be seen. It is shown as soon as that is drawn: an empty
/// window first, or one of the wrong size, would flicker.
fn begin_opening(
    app: &AppHandle,
    place: Option<WindowLocation>,
    wanted: PopoverTarget,
) -> tauri::Result<()> {
    let window = window::window(app)?;
    let visible = window.is_visible()?;
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

/// What the page was told is in its document: if that was waited for, it is shown.
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

/// Brings the window onto the screen, and to the front.
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
        // What is taken for shown could not be seen, and no notice would be given.
        let turn = state.mark_hidden();
        drop(state);
        return close_page_later(app, turn);
    }
    // Some window managers place a window anew when it is mapped.
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

/// The page has crashed, or does not paint: it is given up, and made anew if it is wanted.
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

/// Hides the popover. Nothing moves in it until it is shown again.
pub(crate) fn hide(app: &AppHandle) {
    on_main(app, |app| {
        let Some(window) = app.get_webview_window(WINDOW_LABEL) else {
            return;
        };
        if !window.is_visible().unwrap_or(false) {
            return;
        }
        let turn = app.state::<Popover>().state().mark_hidden();
        if let Err(e) = window.hide() {
            log::line(&format!("failed to hide the popover: {e}"));
        }
        report_attention(app);
        close_page_later(app, turn);
    });
}

/// The content has told its height.
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

/// The desktop's text has another size: the window follows.
pub(crate) fn refit(app: &AppHandle) {
    let Some(window) = app.get_webview_window(WINDOW_LABEL) else {
        return;
    };
    if let Err(e) = window::fit(&window, &app.state::<Popover>().state()) {
        log::line(&format!("failed to resize the popover: {e}"));
    }
}

/// Hides when the focus goes elsewhere, and never closes for good.
pub(crate) fn on_window_event(window: &Window, event: &WindowEvent) {
    if window.label() != WINDOW_LABEL {
        return;
    }
    match event {
        WindowEvent::Focused(false) => {
            let app = window.app_handle();
            let next = app.state::<Popover>().state().progress.blur();
            if next == WindowMove::Hide {
                hide(app);
            }
        }
        WindowEvent::Focused(true) => {
            window.state::<Popover>().state().progress.focus();
        }
        WindowEvent::Destroyed => rebuild_page(window.app_handle()),
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            hide(window.app_handle());
        }
        _ => {}
    }
}

/// Opens a popover anew whose page has ended, once that is gone.
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
    // The window's name is free only after this event.
    tauri::async_runtime::spawn(async move {
        let place = app.state::<Popover>().state().place;
        show_popover(&app, Some(place), wanted);
    });
}

/// The owner has looked, which turns Finished into Idle; said when the look is over, so that
/// Finished is there to be seen.
fn report_attention(app: &AppHandle) {
    let engine = app.state::<Popover>().state().engine.clone();
    if let Some(engine) = engine {
        tauri::async_runtime::spawn(
            async move { engine.report_attention(FocusEvent::Popover).await },
        );
    }
}

/// Lets time pass for a hidden popover, until its next turn.
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

/// Gives the page back if the popover is not asked for in time.
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

/// Runs on the main thread, where windows live; at once if this is it.
fn on_main(app: &AppHandle, act: impl FnOnce(&AppHandle) + Send + 'static) {
    let own = app.clone();
    // An app that ends has no popover.
    let _ = app.run_on_main_thread(move || act(&own));
}
