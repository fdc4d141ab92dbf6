//! Tells its owner what `trusty_fleet::notice` decides, and does what they choose.

mod choices;
pub(crate) mod server;

use crate::platform::DesktopNotifications;
use crate::popover::Popover;
use crate::snooze::SnoozeState;
use crate::{AppContext, log};
use server::{NotificationServer, ServerEvent, ServerPresence, ShowError};
use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tauri::{AppHandle, Manager};
use tokio::sync::{mpsc, oneshot, watch};
use trusty_actions::jump;
use trusty_daemon::AppSessions;
use trusty_fleet::notice::{
    DELIVERY_RETRY_INTERVAL, NoticeSlot, NoticeStep, NotificationState, RequestCards, UserContext,
};
use trusty_fleet::{SessionId, Snapshot, Timestamp};
use trusty_platform::clock::{self, Clock};
use trusty_records::Settings;

/// Whether terminals are frontmost is asked for so long at most.
const FRONTMOST_TIMEOUT: Duration = Duration::from_secs(3);
/// The engine answers at once, unless it has ended.
const REQUEST_READ_TIMEOUT: Duration = Duration::from_secs(1);
/// An app that ends waits no longer for its notices to be taken back.
const WITHDRAW_TIMEOUT: Duration = Duration::from_secs(2);

/// What the rest of the app asks of the notices.
enum NotifierCommand {
    /// The app ends, and takes back what nobody could answer any more.
    End(oneshot::Sender<()>),
}

/// The way to the notices.
struct NotifierHandle(mpsc::Sender<NotifierCommand>);

/// Tells of the engine's sessions for as long as it runs.
pub(crate) fn start_notifier(app: &AppHandle, engine: AppSessions) {
    let (send, orders) = mpsc::channel(4);
    app.manage(NotifierHandle(send));
    let notifier = NotifierTask {
        snapshots: engine.face().handle().snapshots(),
        settings: engine.face().handle().settings(),
        popover: app.state::<Popover>().subscribe_visibility(),
        server: DesktopNotifications::new(app),
        app: app.clone(),
        engine,
        orders,
        clock: Clock::start(),
        notices: NotificationState::default(),
        cards: RequestCards::default(),
        snoozed: app.state::<SnoozeState>().subscribe(),
        again_at: None,
        silence: None,
    };
    tauri::async_runtime::spawn(notifier.run_loop());
}

/// Takes all notices back before the app ends: nobody would answer a click on them.
pub(crate) fn end_notifier(app: &AppHandle) {
    let Some(orders) = app.try_state::<NotifierHandle>() else {
        return;
    };
    let (done, ended) = oneshot::channel();
    if orders.0.try_send(NotifierCommand::End(done)).is_ok() {
        // What is not taken back by then stays.
        let _ = tauri::async_runtime::block_on(async {
            tokio::time::timeout(WITHDRAW_TIMEOUT, ended).await
        });
    }
}

struct NotifierTask {
    app: AppHandle,
    engine: AppSessions,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    settings: watch::Receiver<Arc<Settings>>,
    popover: watch::Receiver<bool>,
    orders: mpsc::Receiver<NotifierCommand>,
    server: DesktopNotifications,
    clock: Clock,
    notices: NotificationState,
    cards: RequestCards,
    snoozed: watch::Receiver<Option<SystemTime>>,
    /// When a server that said nothing is tried again.
    again_at: Option<Timestamp>,
    /// Why the last notice was not shown, as far as it was said.
    silence: Option<mem::Discriminant<ShowError>>,
}

impl NotifierTask {
    async fn run_loop(mut self) {
        loop {
            let due = [self.notices.due(), self.again_at]
                .into_iter()
                .flatten()
                .min();
            let due = due.map(|at| at.since(self.clock.now()));
            tokio::select! {
                news = self.snapshots.changed() => {
                    if news.is_err() {
                        self.withdraw_all().await;
                        return;
                    }
                    self.read_snapshot();
                }
                () = clock::sleep(due.unwrap_or_default()), if due.is_some() => {}
                // Without an engine there are no snapshots either.
                _ = self.settings.changed() => {}
                // These live as long as the app.
                _ = self.snoozed.changed() => {}
                _ = self.popover.changed() => {}
                event = self.server.next() => self.handle_server_event(event).await,
                order = self.orders.recv() => match order {
                    Some(NotifierCommand::End(done)) => {
                        self.withdraw_all().await;
                        // Whoever waited in vain has gone on.
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
            }
            self.update_notices().await;
        }
    }

    fn read_snapshot(&mut self) {
        let snapshot = self.snapshots.borrow_and_update().clone();
        if snapshot.revision > 0 {
            self.notices.update_sessions(&snapshot, self.clock.now());
        }
    }

    async fn handle_server_event(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::Chosen(slot, choice) => {
                // Not every server puts away what was chosen on.
                self.server.withdraw(slot).await;
                self.notices.closed(slot);
                choices::choose(&self.app, &self.engine, slot, choice);
            }
            ServerEvent::Closed(slot) => self.notices.closed(slot),
            ServerEvent::ShownLate(slot) => {
                self.note_shown();
                if !self.notices.taken(slot) {
                    self.server.withdraw(slot).await;
                }
            }
            ServerEvent::ServerStarted => self.reach_server().await,
        }
    }

    /// Decides what is told now, and tells it.
    async fn update_notices(&mut self) {
        // What has woken us need not be all that is new.
        if self.snapshots.has_changed().unwrap_or(false) {
            self.read_snapshot();
        }
        while let Some(event) = self.server.pending_event() {
            self.handle_server_event(event).await;
        }
        let now = self.clock.now();
        // What is asked below takes its time, and what was read meanwhile was read.
        let was_open = *self.popover.borrow_and_update();
        let snapshot = self.snapshots.borrow().clone();
        let mut preferences = self.settings.borrow_and_update().notices.clone();
        preferences.snoozed_until = preferences
            .snoozed_until
            .max(*self.snoozed.borrow_and_update());
        self.notices.set_preferences(&preferences, now);
        let telling = self.notices.about_to_tell(now);
        let again = self.again_at.is_some_and(|at| at <= now);
        if !telling.is_empty() || again {
            self.reach_server().await;
        }
        self.read_cards(&snapshot).await;
        let front = self.frontmost_sessions(&snapshot, &telling).await;
        let attention = UserContext {
            popover_open: was_open || *self.popover.borrow_and_update(),
            front,
            wall: clock::wall(),
            minute: clock::minute_of_day(),
        };
        let place = self.app.state::<AppContext>();
        let home = Some(place.home.as_path());
        let decision = self
            .notices
            .decide(&snapshot, home, &self.cards, &attention, now);
        for step in decision.steps {
            self.perform_step(step).await;
        }
    }

    async fn perform_step(&mut self, step: NoticeStep) {
        let (slot, notice) = match step {
            NoticeStep::Deliver(slot, notice) | NoticeStep::Amend(slot, notice) => (slot, notice),
            NoticeStep::Withdraw(slot) => return self.server.withdraw(slot).await,
        };
        let Err(e) = self.server.show(slot, &notice).await else {
            return self.note_shown();
        };
        match e {
            ShowError::NoServer => self.notices.note_no_server(Some(slot)),
            ShowError::Failed(_) => self.notices.note_refusal(slot, self.clock.now()),
        }
        self.log_failure_once(&e);
    }

    /// A notice is shown.
    fn note_shown(&mut self) {
        if self.silence.take().is_some() {
            log::line("notifications are shown now");
        }
    }

    /// Looks whether somebody shows notices; a new server is told what still counts.
    async fn reach_server(&mut self) {
        self.again_at = None;
        match self.server.reach().await {
            ServerPresence::Same => {}
            ServerPresence::New => self.notices.note_new_server(self.clock.now()),
            ServerPresence::Absent(e) => {
                self.notices.note_no_server(None);
                // One that is there, and silent, is not announced when it has come to itself.
                let there = matches!(e, ShowError::Failed(_));
                self.again_at = there.then(|| self.clock.now().after(DELIVERY_RETRY_INTERVAL));
                self.log_failure_once(&e);
            }
        }
    }

    /// Says why nothing is shown, if that is another reason than before.
    fn log_failure_once(&mut self, e: &ShowError) {
        let kind = mem::discriminant(e);
        if self.silence.replace(kind) != Some(kind) {
            log::line(&format!(
                "notifications are not shown ({e}); retrying when that changes"
            ));
        }
    }

    /// Of these sessions, those whose terminals are what their owner looks at.
    async fn frontmost_sessions(
        &self,
        snapshot: &Snapshot,
        telling: &[SessionId],
    ) -> BTreeSet<SessionId> {
        let mut front = BTreeSet::new();
        let place = self.app.state::<AppContext>();
        let sessions = telling
            .iter()
            .filter_map(|id| snapshot.sessions.iter().find(|s| s.id == *id));
        let ask = async {
            for session in sessions {
                if jump::is_terminal_in_front(session, &place.env).await {
                    front.insert(session.id);
                }
            }
        };
        // What takes longer is told.
        let _ = tokio::time::timeout(FRONTMOST_TIMEOUT, ask).await;
        front
    }

    /// Reads the requests that may be answered from a notice, each once.
    async fn read_cards(&mut self, snapshot: &Snapshot) {
        let wanted = self.notices.requests(snapshot);
        self.cards
            .retain(|known, _| wanted.iter().any(|(_, id)| id == known));
        let read = async {
            for (session, id) in wanted {
                if !self.cards.contains_key(&id)
                    && let Ok(Some(whole)) = self.engine.request(session, &id).await
                {
                    self.cards.insert(id, whole.card);
                }
            }
        };
        // What takes longer is read the next time.
        let _ = tokio::time::timeout(REQUEST_READ_TIMEOUT, read).await;
    }

    async fn withdraw_all(&mut self) {
        for slot in self.notices.shown_slots().collect::<Vec<NoticeSlot>>() {
            self.server.withdraw(slot).await;
        }
    }
}
