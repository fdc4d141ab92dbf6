//! The state of the popover, and what is sent to its page.

use super::WindowLocation;
use super::progress::{PageContent, WindowProgress};
use crate::AppContext as Started;
use crate::notes::AppNotes;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager};
use tokio::sync::watch;
use trusty_daemon::AppSessions;
use trusty_engine::handle::VisibilityGuard;
use trusty_fleet::SessionId;
use trusty_fleet::view::{Board, ExplanationView, PopoverEvent, PopoverQuestion};

/// What the popover's page was last sent, and whether the popover is shown.
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
    /// The question that was asked last, until the user answers or dismisses it.
    pub(super) asked: Option<PopoverQuestion>,
    pub(super) place: WindowLocation,
    /// The height of the content in CSS pixels.
    pub(super) height: Option<f64>,
    /// How far the window is on its way to the screen.
    pub(super) progress: WindowProgress,
    /// Whether the popover is shown, for subscribers.
    shown: watch::Sender<bool>,
}

/// Why the popover is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PopoverTarget {
    /// The session whose row gets the focus.
    pub(super) id: Option<SessionId>,
    /// The question to ask.
    pub(super) ask: Option<PopoverQuestion>,
}

impl From<PopoverTarget> for PopoverEvent {
    fn from(PopoverTarget { id, ask }: PopoverTarget) -> Self {
        Self::Shown { id, ask }
    }
}

impl Popover {
    pub(super) fn state(&self) -> MutexGuard<'_, PopoverState> {
        // A panic under the lock leaves only plain values behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the engine's snapshots to the page until the engine exits.
    pub(crate) fn follow_engine(&self, app: &AppHandle, engine: AppSessions) {
        let mut snapshots = engine.face().handle().snapshots();
        let mut notes = app.state::<AppNotes>().subscribe();
        self.state().engine = Some(engine);
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            let home = app.state::<Started>().home.clone();
            loop {
                tokio::select! {
                    news = snapshots.changed() => if news.is_err() { break },
                    // The sender lives as long as the app.
                    _ = notes.changed() => {}
                }
                let snapshot = snapshots.borrow_and_update().clone();
                let told = notes.borrow_and_update().to_vec();
                let mut state = app.state::<Popover>().inner().state();
                state.board = Board::from_snapshot(&snapshot, Some(&home)).with_notes(told);
                state.send_changes();
            }
            app.state::<Popover>()
                .set_failure("the engine exited; restart Trusty Bar".into());
        });
    }

    /// Records that there is no engine, and why.
    pub(crate) fn set_failure(&self, message: String) {
        let mut state = self.state();
        state.send(PopoverEvent::Failed {
            message: message.clone(),
        });
        state.failure = Some(message);
    }

    /// A receiver of whether the popover is shown, and of changes.
    pub(crate) fn subscribe_visibility(&self) -> watch::Receiver<bool> {
        self.state().shown.subscribe()
    }

    /// The engine, if there is one.
    pub(crate) fn engine(&self) -> Option<AppSessions> {
        self.state().engine.clone()
    }

    /// The newest board, even while the popover is hidden.
    pub(crate) fn board(&self) -> Board {
        self.state().board.clone()
    }

    /// Records that the popover asks what to do with paused sessions; returns whether it did
    /// already.
    pub(crate) fn ask_quit_again(&self) -> bool {
        self.state().asked.replace(PopoverQuestion::Quit) == Some(PopoverQuestion::Quit)
    }

    /// Withdraws the question, because the app goes on.
    pub(crate) fn clear_question(&self) {
        self.state().asked = None;
    }

    /// Why a session has its status; `None` without such a session or an engine.
    pub(crate) async fn explain(&self, id: SessionId) -> Option<ExplanationView> {
        let engine = self.engine()?;
        Some(ExplanationView::from_explanation(
            &engine.explain(id).await.ok()??,
        ))
    }

    /// Registers a page that has loaded, and sends it the current state.
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
    /// Marks the popover as wanted; returns the new turn.
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

    /// The target for which the popover was last opened.
    pub(super) fn wanted(&self) -> PopoverTarget {
        self.wanted
    }

    /// Marks the popover as hidden; returns the new turn.
    pub(super) fn mark_hidden(&mut self) -> u64 {
        self.send(PopoverEvent::Hidden);
        self.looking = None;
        self.shown.send_replace(false);
        self.progress.hide()
    }

    /// Forgets the page, which is closed.
    pub(super) fn note_page_closed(&mut self) {
        self.events = None;
        self.told = None;
        self.height = None;
    }

    /// Whether the page has been sent anything to show.
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

    /// Sends the changes since the last board.
    ///
    /// A hidden popover's page gets one board, so that its fonts and rows are ready when it is
    /// opened, and nothing after that. Nothing is sent before the first snapshot, when an empty
    /// board would be untrue.
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
