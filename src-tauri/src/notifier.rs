//! Delivers the notifications that `trusty_fleet::notice` decides on, and carries out the user's
//! choices on them.

mod choices;
pub(crate) mod server;

use crate::desktop_notifications::DesktopNotifications;
use crate::notes::AppNotes;
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
    DELIVERY_RETRY_INTERVAL, NoticeSlot, NoticeStep, NotificationAccess, NotificationState,
    RequestCards, UserContext,
};
use trusty_fleet::{SessionId, Snapshot, Timestamp};
use trusty_platform::clock::{self, Clock};
use trusty_records::Settings;

/// How long the check for frontmost terminals may take.
const FRONTMOST_TIMEOUT: Duration = Duration::from_secs(3);
/// How long reading requests may take; the engine answers at once unless it has exited.
const REQUEST_READ_TIMEOUT: Duration = Duration::from_secs(1);
/// How long an app that exits waits until its notices are withdrawn.
const WITHDRAW_TIMEOUT: Duration = Duration::from_secs(2);

/// A command to the notifier task.
enum NotifierCommand {
    /// Withdraw all notices, because the app exits and nothing would handle a click on them.
    End(oneshot::Sender<()>),
    /// Have the system ask the user to allow notifications.
    AskUser,
}

/// A handle to the notifier task.
struct NotifierHandle(mpsc::Sender<NotifierCommand>);

/// Starts the task that notifies about the engine's sessions until the engine exits.
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

/// Withdraws all notices before the app exits: nothing would handle a click on them.
pub(crate) fn end_notifier(app: &AppHandle) {
    let Some(orders) = app.try_state::<NotifierHandle>() else {
        return;
    };
    let (done, ended) = oneshot::channel();
    if orders.0.try_send(NotifierCommand::End(done)).is_ok() {
        // Notices that are not withdrawn by the timeout stay.
        let _ = tauri::async_runtime::block_on(async {
            tokio::time::timeout(WITHDRAW_TIMEOUT, ended).await
        });
    }
}

/// Has the system ask the user to allow notifications, because the user pressed the button for it.
pub(crate) fn ask_user(app: &AppHandle) {
    if let Some(orders) = app.try_state::<NotifierHandle>() {
        // A full queue holds the same command already.
        let _ = orders.0.try_send(NotifierCommand::AskUser);
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
    /// When a server that did not answer is tried again.
    again_at: Option<Timestamp>,
    /// The reason that was logged last for a notice that was not shown.
    silence: Option<mem::Discriminant<ShowError>>,
}

impl NotifierTask {
    async fn run_loop(mut self) {
        self.publish_preferences();
        if let Some(access) = self.server.prepare().await {
            self.publish_access(access);
        }
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
                // Without an engine there are no snapshots either, so an error needs no handler
                // here.
                _ = self.settings.changed() => self.publish_preferences(),
                // The senders live as long as the app.
                _ = self.snoozed.changed() => {}
                _ = self.popover.changed() => {
                    // The user may have been in the system's settings meanwhile.
                    if *self.popover.borrow() {
                        self.look_at_access().await;
                    }
                }
                event = self.server.next() => self.handle_server_event(event).await,
                order = self.orders.recv() => match order {
                    Some(NotifierCommand::End(done)) => {
                        self.withdraw_all().await;
                        // The receiver is gone if the app has stopped waiting.
                        let _ = done.send(());
                        return;
                    }
                    Some(NotifierCommand::AskUser) => {
                        self.publish_access(NotificationAccess::Asking);
                        self.server.ask_user();
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
                // Not every server closes a notice after a choice on it.
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

    /// Finds out whether notices reach the user, for the popover and the menu.
    async fn look_at_access(&mut self) {
        let access = self.server.access().await;
        self.publish_access(access);
        self.publish_preferences();
    }

    fn publish_access(&self, access: NotificationAccess) {
        self.app.state::<AppNotes>().set_access(access);
    }

    fn publish_preferences(&mut self) {
        let preferences = self.settings.borrow_and_update().notices.clone();
        self.app.state::<AppNotes>().set_preferences(preferences);
    }

    /// Decides which notices are due, and delivers, amends or withdraws them.
    async fn update_notices(&mut self) {
        // More may be new than the event that woke the task.
        if self.snapshots.has_changed().unwrap_or(false) {
            self.read_snapshot();
        }
        while let Some(event) = self.server.pending_event() {
            self.handle_server_event(event).await;
        }
        let now = self.clock.now();
        // The calls below take a while. If the popover was open at any time until the decision, the
        // user has seen its rows.
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
        self.report_failure(&e).await;
    }

    /// Notes that a notice is shown, which ends a logged failure.
    fn note_shown(&mut self) {
        if self.silence.take().is_some() {
            self.publish_access(NotificationAccess::Granted);
            log::line("notifications are shown now");
        }
    }

    /// Checks whether a server is there; a new one is sent all notices that still apply.
    async fn reach_server(&mut self) {
        self.again_at = None;
        match self.server.reach().await {
            ServerPresence::Same => {}
            ServerPresence::New => {
                self.notices.note_new_server(self.clock.now());
                self.look_at_access().await;
            }
            ServerPresence::Absent(e) => {
                self.notices.note_no_server(None);
                // A server that exists but does not answer sends no signal once it recovers.
                let there = matches!(e, ShowError::Failed(_));
                self.again_at = there.then(|| self.clock.now().after(DELIVERY_RETRY_INTERVAL));
                self.report_failure(&e).await;
            }
        }
    }

    /// Says on the board why notices are not shown, and logs that if the kind of reason has changed.
    async fn report_failure(&mut self, e: &ShowError) {
        match e {
            ShowError::NoServer => self.look_at_access().await,
            ShowError::Failed(why) => self.publish_access(NotificationAccess::Failed(why.clone())),
        }
        let kind = mem::discriminant(e);
        if self.silence.replace(kind) != Some(kind) {
            log::line(&format!(
                "notifications are not shown ({e}); retrying when that changes"
            ));
        }
    }

    /// The sessions among `telling` whose terminals the user has in front.
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
        // Sessions that are not checked in time count as not in front, so their notices are
        // delivered.
        let _ = tokio::time::timeout(FRONTMOST_TIMEOUT, ask).await;
        front
    }

    /// Reads the requests that a notice can offer to answer, each once.
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
        // Requests that are not read in time are read in the next round.
        let _ = tokio::time::timeout(REQUEST_READ_TIMEOUT, read).await;
    }

    async fn withdraw_all(&mut self) {
        for slot in self.notices.shown_slots().collect::<Vec<NoticeSlot>>() {
            self.server.withdraw(slot).await;
        }
    }
}
