//! The popover: made on first use, hidden on blur and Escape, unmade after ten idle minutes.

mod placing;

use crate::{Place as Started, log, platform};
use placing::Area;
pub(crate) use placing::Place;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tauri::ipc::Channel;
use tauri::{
    AppHandle, LogicalSize, Manager, PhysicalPosition, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, Window, WindowEvent,
};
use trusty_engine::Handle;
use trusty_engine::engine::Looking;
use trusty_fleet::SessionId;
use trusty_fleet::observation::Attention;
use trusty_fleet::view::{Board, PopoverEvent};

const LABEL: &str = "popover";
/// CSS pixels.
const WIDTH: f64 = 360.0;
/// Before the content has told its height.
const FIRST_HEIGHT: f64 = 240.0;
/// Tells the page to fill its window to the corners.
const SQUARE: &str = "index.html#square";
/// A hidden web view holds 120 MB; it is given back after this long.
const IDLE: Duration = Duration::from_mins(10);
/// A click on the icon takes the focus first, which hides the popover: so soon after, the click
/// meant to close it.
const SAME_CLICK: Duration = Duration::from_millis(300);

/// What the popover was last told and how it stands.
#[derive(Default)]
pub(crate) struct Popover(Mutex<State>);

#[derive(Default)]
struct State {
    engine: Option<Handle>,
    failure: Option<String>,
    events: Option<Channel<PopoverEvent>>,
    board: Board,
    told: Option<Board>,
    looking: Option<Looking>,
    focus: Option<SessionId>,
    place: Place,
    height: Option<f64>,
    hidden_at: Option<Instant>,
    painted: u64,
}

impl Popover {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves plain values behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the popover what the engine knows, as long as it runs.
    pub(crate) fn follow(&self, app: &AppHandle, engine: Handle) {
        let mut snapshots = engine.snapshots();
        self.state().engine = Some(engine);
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            let home = app.state::<Started>().home.clone();
            while snapshots.changed().await.is_ok() {
                let snapshot = snapshots.borrow_and_update().clone();
                let mut state = app.state::<Popover>().inner().state();
                state.board = Board::of(&snapshot, Some(&home));
                state.tell();
            }
            app.state::<Popover>()
                .fail("the engine has ended; start Trusty Bar again".into());
        });
    }

    /// There is no engine, for this reason.
    pub(crate) fn fail(&self, message: String) {
        let mut state = self.state();
        state.send(PopoverEvent::Failed {
            message: message.clone(),
        });
        state.failure = Some(message);
    }

    pub(crate) fn subscribe(&self, events: Channel<PopoverEvent>) {
        let mut state = self.state();
        state.events = Some(events);
        state.told = None;
        if let Some(message) = state.failure.clone() {
            state.send(PopoverEvent::Failed { message });
            return;
        }
        state.tell();
        if state.looking.is_some() {
            let id = state.focus.take();
            state.send(PopoverEvent::Shown { id });
        }
    }

    pub(crate) fn painted(&self, revision: u64) {
        let mut state = self.state();
        state.painted = state.painted.max(revision);
    }
}

impl State {
    fn send(&mut self, event: PopoverEvent) {
        if let Some(events) = &self.events
            && events.send(event).is_err()
        {
            self.events = None;
        }
    }

    /// Tells what has changed since last told. While nobody looks, nothing is told.
    fn tell(&mut self) {
        if self.looking.is_none() || self.events.is_none() {
            return;
        }
        let event = match &self.told {
            Some(told) => PopoverEvent::Delta(self.board.delta_from(told)),
            None => PopoverEvent::Board(self.board.clone()),
        };
        self.send(event);
        self.told = Some(self.board.clone());
    }
}

/// Shows the popover, or hides it if it is shown.
pub(crate) fn toggle(app: &AppHandle, place: Place) {
    let popover = app.state::<Popover>();
    let closed_by_this_click = popover
        .state()
        .hidden_at
        .is_some_and(|at| at.elapsed() < SAME_CLICK);
    if closed_by_this_click {
        return;
    }
    match app.get_webview_window(LABEL) {
        Some(window) if window.is_visible().unwrap_or(false) => hide(app),
        _ => open(app, place, None),
    }
}

/// Shows the popover at a place, the row of `focus` in focus.
pub(crate) fn open(app: &AppHandle, place: Place, focus: Option<SessionId>) {
    let shown = window(app).and_then(|window| {
        let popover = app.state::<Popover>();
        let mut state = popover.state();
        state.place = place;
        state.hidden_at = None;
        state.looking = state.engine.as_ref().map(Handle::look);
        state.tell();
        match &state.events {
            Some(_) => state.send(PopoverEvent::Shown { id: focus }),
            None => state.focus = focus,
        }
        fit(&window, &state)?;
        drop(state);
        window.show()?;
        // Some window managers place a window anew when it is mapped.
        fit(&window, &popover.state())?;
        window.set_focus()
    });
    match shown {
        Ok(()) => attend(app),
        Err(e) => log::line(&format!("failed to open the popover: {e}")),
    }
}

/// Hides the popover. Nothing moves in it until it is shown again.
pub(crate) fn hide(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    if !window.is_visible().unwrap_or(false) {
        return;
    }
    let popover = app.state::<Popover>();
    {
        let mut state = popover.state();
        state.send(PopoverEvent::Hidden);
        state.looking = None;
        state.hidden_at = Some(Instant::now());
    }
    if let Err(e) = window.hide() {
        log::line(&format!("failed to hide the popover: {e}"));
    }
    attend(app);
    unmake_later(app);
}

/// The content has told its height.
pub(crate) fn resize(app: &AppHandle, height: f64) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let popover = app.state::<Popover>();
    let mut state = popover.state();
    if !height.is_finite() || state.height == Some(height) {
        return;
    }
    state.height = Some(height);
    if let Err(e) = fit(&window, &state) {
        log::line(&format!("failed to fit the popover: {e}"));
    }
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

/// The owner has looked, which turns Finished into Idle.
fn attend(app: &AppHandle) {
    let engine = app.state::<Popover>().state().engine.clone();
    if let Some(engine) = engine {
        tauri::async_runtime::spawn(async move { engine.attend(Attention::Popover).await });
    }
}

fn window(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    if let Some(window) = app.get_webview_window(LABEL) {
        return Ok(window);
    }
    let round = platform::is_composited();
    let page = if round { "index.html" } else { SQUARE };
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App(page.into()))
        .title("Trusty Bar")
        .inner_size(WIDTH, FIRST_HEIGHT)
        .decorations(false)
        .transparent(round)
        .resizable(false)
        .skip_taskbar(true)
        .always_on_top(true)
        .visible(false)
        .focused(false)
        .build()?;
    app.state::<Popover>().state().height = None;
    Ok(window)
}

/// Gives the window its size and place.
fn fit(window: &WebviewWindow, state: &State) -> tauri::Result<()> {
    let monitors = window.available_monitors()?;
    let at = match state.place {
        Place::Below(at) => Some(at),
        Place::Corner => None,
    };
    let holds = |m: &&tauri::Monitor| {
        at.is_some_and(|at| {
            let (p, s) = (m.position(), m.size());
            let within = |v: f64, from: i32, len: u32| {
                v >= f64::from(from) && v < f64::from(from) + f64::from(len)
            };
            within(at.x, p.x, s.width) && within(at.y, p.y, s.height)
        })
    };
    let primary = window.primary_monitor()?;
    let Some(monitor) = monitors
        .iter()
        .find(holds)
        .or(primary.as_ref())
        .or(monitors.first())
    else {
        return Ok(());
    };
    let scale = monitor.scale_factor();
    let work = monitor.work_area();
    let area = Area {
        x: f64::from(work.position.x),
        y: f64::from(work.position.y),
        width: f64::from(work.size.width),
        height: f64::from(work.size.height),
    };
    let height = placing::height(state.height.unwrap_or(FIRST_HEIGHT), area.height / scale);
    let (x, y) = placing::corner(
        at.map(|p| (p.x, p.y)),
        area,
        WIDTH * scale,
        height * scale,
        scale,
    );
    window.set_size(LogicalSize::new(WIDTH, height))?;
    window.set_position(PhysicalPosition::new(x, y))
}

fn unmake_later(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(IDLE).await;
        let popover = app.state::<Popover>();
        let mut state = popover.state();
        let idle = state.hidden_at.is_some_and(|at| at.elapsed() >= IDLE);
        if let (true, Some(window)) = (idle, app.get_webview_window(LABEL)) {
            state.events = None;
            state.hidden_at = None;
            drop(state);
            if let Err(e) = window.destroy() {
                log::line(&format!("failed to give the popover back: {e}"));
            }
        }
    });
}
