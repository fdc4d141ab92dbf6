//! What the popover is told, and when.

use super::WindowLocation;
use super::progress::{PageContent, WindowProgress};
use crate::AppContext as Started;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager};
use tokio::sync::watch;
use trusty_daemon::AppSessions;
use trusty_engine::handle::VisibilityGuard;
use trusty_fleet::SessionId;
use trusty_fleet::view::{Board, ExplanationView, PopoverEvent, PopoverQuestion};

/// What the popover was last told and how it stands.
#[derive(Default)]
pub(crate) struct Popover(Mutex<PopoverState>);

#[derive(Default)]
pub(super) struct PopoverState {
    pub(super) engine: Option<AppSessions>,
    failure: Option<String>,
    events: Option<Channel<PopoverEvent>>,
    board: Board,
    told: Option<Board>,
    looking: Option<VisibilityGuard>,
    wanted: PopoverTarget,
    /// What was asked last, until it is answered or given up.
    pub(super) asked: Option<PopoverQuestion>,
    pub(super) place: WindowLocation,
    /// Of the content, in CSS pixels.
    pub(super) height: Option<f64>,
    /// How far the window has come.
    pub(super) progress: WindowProgress,
    /// Whether it is shown, for those who follow that.
    shown: watch::Sender<bool>,
}

/// What a popover is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PopoverTarget {
    /// The session that was chosen.
    pub(super) id: Option<SessionId>,
    /// What is to be asked.
    pub(super) ask: Option<PopoverQuestion>,
}

impl From<PopoverTarget> for PopoverEvent {
    fn from(PopoverTarget { id, ask }: PopoverTarget) -> Self {
        Self::Shown { id, ask }
    }
}

impl Popover {
    pub(super) fn state(&self) -> MutexGuard<'_, PopoverState> {
        // A panic while the lock was held leaves plain values behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the popover what the engine knows, as long as it runs.
    pub(crate) fn follow_engine(&self, app: &AppHandle, engine: AppSessions) {
        let mut snapshots = engine.face().handle().snapshots();
        self.state().engine = Some(engine);
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            let home = app.state::<Started>().home.clone();
            while snapshots.changed().await.is_ok() {
                let snapshot = snapshots.borrow_and_update().clone();
                let mut state = app.state::<Popover>().inner().state();
                state.board = Board::from_snapshot(&snapshot, Some(&home));
                state.send_changes();
            }
            app.state::<Popover>()
                .set_failure("the engine exited; restart Trusty Bar".into());
        });
    }

    /// There is no engine, for this reason.
    pub(crate) fn set_failure(&self, message: String) {
        let mut state = self.state();
        state.send(PopoverEvent::Failed {
            message: message.clone(),
        });
        state.failure = Some(message);
    }

    /// Whether it is shown, from now on.
    pub(crate) fn subscribe_visibility(&self) -> watch::Receiver<bool> {
        self.state().shown.subscribe()
    }

    /// The engine, if there is one.
    pub(crate) fn engine(&self) -> Option<AppSessions> {
        self.state().engine.clone()
    }

    /// The newest board, whether anybody looks or not.
    pub(crate) fn board(&self) -> Board {
        self.state().board.clone()
    }

    /// Whether it asks already what is to become of paused sessions. It does so from now on.
    pub(crate) fn ask_quit_again(&self) -> bool {
        self.state().asked.replace(PopoverQuestion::Quit) == Some(PopoverQuestion::Quit)
    }

    /// The app does not end after all.
    pub(crate) fn clear_question(&self) {
        self.state().asked = None;
    }

    /// Why a session is what it is; none if there is no such session, or no engine.
    pub(crate) async fn explain(&self, id: SessionId) -> Option<ExplanationView> {
        let engine = self.engine()?;
        Some(ExplanationView::from_explanation(
            &engine.explain(id).await.ok()??,
        ))
    }

    /// The page is loaded and listens.
    pub(crate) fn subscribe(&self, events: Channel<PopoverEvent>) {
        let mut state = self.state();
        state.events = Some(events);
        state.told = None;
        if let Some(message) = state.failure.clone() {
            state.send(PopoverEvent::Failed { message });
        }
        state.send_changes();
        if !state.progress.is_hidden() {
            let wanted = state.wanted;
            state.send(wanted.into());
        }
    }
}

impl PopoverState {
    /// Somebody looks from now on. The turn, to notice the next one by.
    pub(super) fn mark_wanted(&mut self, wanted: PopoverTarget) -> u64 {
        let turn = self.progress.ask();
        self.shown.send_replace(true);
        self.asked = wanted.ask;
        self.wanted = wanted;
        self.looking = self
            .engine
            .as_ref()
            .map(|engine| engine.face().handle().mark_visible());
        self.send_changes();
        self.send(wanted.into());
        turn
    }

    /// What the popover was asked for last.
    pub(super) fn wanted(&self) -> PopoverTarget {
        self.wanted
    }

    /// Nobody looks any more. The turn, to notice the next one by.
    pub(super) fn mark_hidden(&mut self) -> u64 {
        self.send(PopoverEvent::Hidden);
        self.looking = None;
        self.shown.send_replace(false);
        self.progress.hide()
    }

    /// The page is gone.
    pub(super) fn note_page_closed(&mut self) {
        self.events = None;
        self.told = None;
        self.height = None;
    }

    /// Whether the page was told what to show.
    pub(super) fn page_content(&self) -> PageContent {
        if self.told.is_some() || self.failure.is_some() {
            PageContent::Ready
        } else {
            PageContent::Missing
        }
    }

    fn send(&mut self, event: PopoverEvent) {
        if let Some(events) = &self.events
            && events.send(event).is_err()
        {
            self.events = None;
        }
    }

    /// Tells what has changed since last told. While nobody looks, a new page is told one board,
    /// so that it has fonts and rows when it is wanted, and nothing after that; nor is anything
    /// told before the first look at the sessions, when an empty board would be a lie.
    fn send_changes(&mut self) {
        let silent = self.events.is_none() || self.failure.is_some();
        let unwanted = self.progress.is_hidden() && self.told.is_some();
        if unwanted || silent || self.board.revision == 0 {
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
