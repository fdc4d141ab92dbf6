//! The popover: made on first use, hidden on blur and Escape, unmade after ten idle minutes.

mod placing;
mod state;
mod window;

use crate::{log, platform};
pub(crate) use placing::Place;
pub(crate) use state::Popover;
use state::Wanted;
use std::time::Duration;
use tauri::{AppHandle, Manager, Window, WindowEvent};
use trusty_fleet::SessionId;
use trusty_fleet::observation::Attention;
use trusty_fleet::view::Ask;

const LABEL: &str = "popover";
/// A hidden web view holds 120 MB; it is given back after this long.
const IDLE: Duration = Duration::from_mins(10);
/// A click on the icon may take the focus first, which hides the popover: so soon after, the
/// click meant to close it.
const SAME_CLICK: Duration = Duration::from_millis(300);
/// A menu of the tray may take the focus first, which hides the question what is to become of
/// paused sessions: so soon after, whoever chooses Quit again insists.
const INSISTS: Duration = Duration::from_secs(5);
/// A page that listens has drawn its news long before this.
const PATIENCE: Duration = Duration::from_millis(150);
/// A page that has not drawn after this long is shown as it is, so that a click never does
/// nothing.
const LONG_PATIENCE: Duration = Duration::from_secs(3);

/// Shows the popover, or hides it if it is shown.
pub(crate) fn toggle(app: &AppHandle, place: Place) {
    let ignored = {
        let popover = app.state::<Popover>();
        let state = popover.state();
        // A second, impatient click while the page loads asks for nothing else.
        state.just_hidden || state.opening
    };
    if ignored {
        return;
    }
    match app.get_webview_window(LABEL) {
        Some(window) if window.is_visible().unwrap_or(false) => hide(app),
        _ => open(app, place, None),
    }
}

/// Shows the popover at a place, the row of `focus` in focus.
pub(crate) fn open(app: &AppHandle, place: Place, focus: Option<SessionId>) {
    let wanted = Wanted {
        id: focus,
        ask: None,
    };
    show(app, Some(place), wanted);
}

/// Asks something in the popover: where it is, or in the corner if it is hidden.
pub(crate) fn ask(app: &AppHandle, ask: Ask, id: Option<SessionId>) {
    let wanted = Wanted { id, ask: Some(ask) };
    show(app, None, wanted);
}

fn show(app: &AppHandle, place: Option<Place>, wanted: Wanted) {
    // A second start calls from a thread of its own.
    on_main(app, move |app| {
        if let Err(e) = begin(app, place, wanted) {
            log::line(&format!("failed to open the popover: {e}"));
        }
    });
}

/// Asks the page to draw what is to be seen. It is shown as soon as that is drawn: an empty
/// window first, or one of the wrong size, would flicker.
fn begin(app: &AppHandle, place: Option<Place>, wanted: Wanted) -> tauri::Result<()> {
    let window = window::window(app)?;
    let visible = window.is_visible()?;
    let patience = {
        let popover = app.state::<Popover>();
        let mut state = popover.state();
        match place {
            Some(place) => state.place = place,
            None if visible => {}
            None => state.place = Place::Corner,
        }
        state.opening = true;
        state.look(wanted);
        if state.is_loaded() {
            PATIENCE
        } else {
            LONG_PATIENCE
        }
    };
    if visible {
        reveal(app);
        return Ok(());
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(patience).await;
        on_main(&app, reveal);
    });
    Ok(())
}

/// Something is on the page: if it was waited for, it is shown.
pub(crate) fn reveal(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let popover = app.state::<Popover>();
    let mut state = popover.state();
    if !std::mem::take(&mut state.opening) {
        return;
    }
    let shown = window::fit(&window, &state).and_then(|()| platform::present(&window));
    if let Err(e) = shown {
        log::line(&format!("failed to show the popover: {e}"));
        // Nobody sees what is taken for shown, and nobody would be told.
        let turn = state.look_away();
        drop(state);
        return grow_old(app, turn);
    }
    // Some window managers place a window anew when it is mapped.
    if let Err(e) = window::fit(&window, &state) {
        log::line(&format!("failed to fit the popover: {e}"));
    }
}

/// Hides the popover. Nothing moves in it until it is shown again.
pub(crate) fn hide(app: &AppHandle) {
    on_main(app, |app| {
        let Some(window) = app.get_webview_window(LABEL) else {
            return;
        };
        if !window.is_visible().unwrap_or(false) {
            return;
        }
        let turn = app.state::<Popover>().state().look_away();
        if let Err(e) = window.hide() {
            log::line(&format!("failed to hide the popover: {e}"));
        }
        attend(app);
        grow_old(app, turn);
    });
}

/// The content has told its height.
pub(crate) fn resize(app: &AppHandle, height: f64) {
    let Some(window) = app.get_webview_window(LABEL) else {
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
            log::line(&format!("failed to fit the popover: {e}"));
        }
    }
    reveal(app);
}

/// Hides when the focus goes elsewhere, and never closes for good.
pub(crate) fn on_window_event(window: &Window, event: &WindowEvent) {
    if window.label() != LABEL {
        return;
    }
    match event {
        WindowEvent::Focused(false) => hide(window.app_handle()),
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            hide(window.app_handle());
        }
        _ => {}
    }
}

/// The owner has looked, which turns Finished into Idle; said when the look is over, so that
/// Finished is there to be seen.
fn attend(app: &AppHandle) {
    let engine = app.state::<Popover>().state().engine.clone();
    if let Some(engine) = engine {
        tauri::async_runtime::spawn(async move { engine.attend(Attention::Popover).await });
    }
}

/// Lets time pass for a hidden popover, until its next turn.
fn grow_old(app: &AppHandle, turn: u64) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SAME_CLICK).await;
        {
            let popover = app.state::<Popover>();
            let mut state = popover.state();
            if state.turn != turn {
                return;
            }
            state.just_hidden = false;
        }
        tokio::time::sleep(INSISTS).await;
        {
            let popover = app.state::<Popover>();
            let mut state = popover.state();
            if state.turn != turn {
                return;
            }
            state.asked = None;
        }
        tokio::time::sleep(IDLE).await;
        on_main(&app, move |app| unmake(app, turn));
    });
}

fn unmake(app: &AppHandle, turn: u64) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let popover = app.state::<Popover>();
    let mut state = popover.state();
    if state.turn != turn {
        return;
    }
    state.unmade();
    drop(state);
    if let Err(e) = window.destroy() {
        log::line(&format!("failed to give the popover back: {e}"));
    }
}

/// Runs on the main thread, where windows live; at once if this is it.
fn on_main(app: &AppHandle, act: impl FnOnce(&AppHandle) + Send + 'static) {
    let own = app.clone();
    // An app that ends has no popover.
    let _ = app.run_on_main_thread(move || act(&own));
}
