//! What the popover is told, and when.

use super::Place;
use crate::Place as Started;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager};
use tokio::sync::watch;
use trusty_engine::Handle;
use trusty_engine::engine::Looking;
use trusty_fleet::SessionId;
use trusty_fleet::view::{Ask, Board, PopoverEvent, Reasons};

/// What the popover was last told and how it stands.
#[derive(Default)]
pub(crate) struct Popover(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) engine: Option<Handle>,
    failure: Option<String>,
    events: Option<Channel<PopoverEvent>>,
    board: Board,
    told: Option<Board>,
    looking: Option<Looking>,
    wanted: Wanted,
    /// What was asked last, until it is answered or given up.
    pub(super) asked: Option<Ask>,
    pub(super) place: Place,
    /// Of the content, in CSS pixels.
    pub(super) height: Option<f64>,
    /// Somebody looks, or is about to.
    open: bool,
    /// Asked for, but the page has yet to draw what it will show.
    pub(super) opening: bool,
    /// Hidden a moment ago.
    pub(super) just_hidden: bool,
    /// Counts showings and hidings.
    pub(super) turn: u64,
    /// Whether it is shown, for those who follow that.
    shown: watch::Sender<bool>,
}

/// What a popover is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wanted {
    /// The session that was chosen.
    pub(super) id: Option<SessionId>,
    /// What is to be asked.
    pub(super) ask: Option<Ask>,
}

impl From<Wanted> for PopoverEvent {
    fn from(Wanted { id, ask }: Wanted) -> Self {
        Self::Shown { id, ask }
    }
}

impl Popover {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
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

    /// Whether it is shown, from now on.
    pub(crate) fn shown(&self) -> watch::Receiver<bool> {
        self.state().shown.subscribe()
    }

    /// The engine, if there is one.
    pub(crate) fn engine(&self) -> Option<Handle> {
        self.state().engine.clone()
    }

    /// The newest board, whether anybody looks or not.
    pub(crate) fn board(&self) -> Board {
        self.state().board.clone()
    }

    /// Whether it asks already what is to become of paused sessions. It does so from now on.
    pub(crate) fn insists(&self) -> bool {
        self.state().asked.replace(Ask::Quit) == Some(Ask::Quit)
    }

    /// The app does not end after all.
    pub(crate) fn stay(&self) {
        self.state().asked = None;
    }

    /// Why a session is what it is; none if there is no such session, or no engine.
    pub(crate) async fn why(&self, id: SessionId) -> Option<Reasons> {
        let engine = self.engine()?;
        Some(Reasons::of(&engine.explain(id).await?))
    }

    /// The page is loaded and listens.
    pub(crate) fn subscribe(&self, events: Channel<PopoverEvent>) {
        let mut state = self.state();
        state.events = Some(events);
        state.told = None;
        if let Some(message) = state.failure.clone() {
            state.send(PopoverEvent::Failed { message });
        }
        if state.open {
            state.tell();
            let wanted = std::mem::take(&mut state.wanted);
            state.send(wanted.into());
        }
    }
}

impl State {
    /// Somebody looks from now on.
    pub(super) fn look(&mut self, wanted: Wanted) {
        self.open = true;
        self.shown.send_replace(true);
        self.just_hidden = false;
        self.turn += 1;
        self.asked = wanted.ask;
        self.looking = self.engine.as_ref().map(Handle::look);
        self.tell();
        match &self.events {
            Some(_) => self.send(wanted.into()),
            None => self.wanted = wanted,
        }
    }

    /// Nobody looks any more. The turn, to notice the next one by.
    pub(super) fn look_away(&mut self) -> u64 {
        self.send(PopoverEvent::Hidden);
        self.looking = None;
        self.open = false;
        self.shown.send_replace(false);
        self.opening = false;
        self.just_hidden = true;
        self.turn += 1;
        self.turn
    }

    /// The page is gone.
    pub(super) fn unmade(&mut self) {
        self.events = None;
        self.height = None;
    }

    /// Whether the page listens.
    pub(super) fn is_loaded(&self) -> bool {
        self.events.is_some()
    }

    fn send(&mut self, event: PopoverEvent) {
        if let Some(events) = &self.events
            && events.send(event).is_err()
        {
            self.events = None;
        }
    }

    /// Tells what has changed since last told. While nobody looks, nothing is told; nor before
    /// the first look at the sessions, when an empty board would be a lie.
    fn tell(&mut self) {
        let silent = self.events.is_none() || self.failure.is_some();
        if !self.open || silent || self.board.revision == 0 {
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
