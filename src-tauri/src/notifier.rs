//! Tells its owner what `trusty_fleet::notice` decides, and does what they choose.

mod choices;
pub(crate) mod server;

use crate::platform::Notifications;
use crate::popover::Popover;
use crate::{Place, log};
use server::{Event, Reach, Server, ShowError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tauri::{AppHandle, Manager};
use tokio::sync::{mpsc, oneshot, watch};
use trusty_engine::io::clock::{self, Clock};
use trusty_engine::{Handle, Settings, jump};
use trusty_fleet::notice::{Attention, Cards, Notices, Slot, Step};
use trusty_fleet::view::Card;
use trusty_fleet::{SessionId, Snapshot, Timestamp};

/// Whether terminals are frontmost is asked for so long at most, and of so few: of more, one
/// notice tells of all.
const FRONT: (Duration, usize) = (Duration::from_secs(1), 8);
/// The engine answers at once, unless it has ended.
const CONTENT: Duration = Duration::from_secs(1);
/// A server that did not take a notice is tried again after this.
const AGAIN: Duration = Duration::from_secs(30);
/// An app that ends waits no longer for its notices to be taken back.
const END: Duration = Duration::from_millis(500);

/// What the rest of the app asks of the notices.
enum Order {
    /// Nothing is told before.
    Snooze(SystemTime),
    /// The app ends, and takes back what nobody could answer any more.
    End(oneshot::Sender<()>),
}

/// The way to the notices.
struct Orders(mpsc::Sender<Order>);

/// Tells of the engine's sessions for as long as it runs.
pub(crate) fn run(app: &AppHandle, engine: Handle) {
    let (send, orders) = mpsc::channel(4);
    app.manage(Orders(send));
    let notifier = Notifier {
        snapshots: engine.snapshots(),
        settings: engine.settings(),
        popover: app.state::<Popover>().shown(),
        server: Notifications::new(app),
        app: app.clone(),
        engine,
        orders,
        clock: Clock::start(),
        notices: Notices::default(),
        cards: Cards::default(),
        snoozed: None,
        again_at: None,
        deaf: false,
    };
    tauri::async_runtime::spawn(notifier.run());
}

/// Tells nothing for so long.
pub(crate) fn snooze(app: &AppHandle, duration: Duration) {
    if let (Some(until), Some(orders)) = (
        clock::wall().checked_add(duration),
        app.try_state::<Orders>(),
    ) {
        // A full queue snoozes already.
        let _ = orders.0.try_send(Order::Snooze(until));
    }
}

/// Takes all notices back before the app ends: nobody would answer a click on them.
pub(crate) fn end(app: &AppHandle) {
    let Some(orders) = app.try_state::<Orders>() else {
        return;
    };
    let (done, ended) = oneshot::channel();
    if orders.0.try_send(Order::End(done)).is_ok() {
        // What is not taken back by then stays.
        let _ = tauri::async_runtime::block_on(async { tokio::time::timeout(END, ended).await });
    }
}

struct Notifier {
    app: AppHandle,
    engine: Handle,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    settings: watch::Receiver<Arc<Settings>>,
    popover: watch::Receiver<bool>,
    orders: mpsc::Receiver<Order>,
    server: Notifications,
    clock: Clock,
    notices: Notices,
    cards: Cards,
    snoozed: Option<SystemTime>,
    /// When a server that took nothing is tried again.
    again_at: Option<Timestamp>,
    deaf: bool,
}

impl Notifier {
    async fn run(mut self) {
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
                    let snapshot = self.snapshots.borrow_and_update().clone();
                    if snapshot.revision > 0 {
                        self.notices.look(&snapshot, self.clock.now());
                    }
                }
                () = clock::sleep(due.unwrap_or_default()), if due.is_some() => {}
                // Without an engine there are no snapshots either.
                _ = self.settings.changed() => self.notices.reconsider(self.clock.now()),
                // The popover lives as long as the app.
                _ = self.popover.changed() => {}
                event = self.server.next() => self.take(event).await,
                order = self.orders.recv() => match order {
                    Some(Order::Snooze(until)) => self.snoozed = Some(until),
                    Some(Order::End(done)) => {
                        self.withdraw_all().await;
                        // Whoever waited in vain has gone on.
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
            }
            self.tell().await;
        }
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Chosen(slot, choice) => {
                // Not every server puts away what was chosen on.
                self.server.withdraw(slot).await;
                self.notices.closed(slot);
                choices::choose(&self.app, &self.engine, slot, choice);
            }
            Event::Closed(slot) => self.notices.closed(slot),
            Event::Came => self.reach().await,
        }
    }

    /// Decides what is told now, and tells it.
    async fn tell(&mut self) {
        let now = self.clock.now();
        let snapshot = self.snapshots.borrow().clone();
        let telling = self.notices.about_to_tell(now);
        let again = self.again_at.is_some_and(|at| at <= now);
        if !telling.is_empty() || again {
            self.reach().await;
        }
        self.read_cards(&snapshot).await;
        let front = self.front(&snapshot, &telling).await;
        let attention = Attention {
            popover_open: *self.popover.borrow_and_update(),
            front,
            wall: clock::wall(),
            minute: clock::minute_of_day(),
        };
        let mut preferences = self.settings.borrow_and_update().notices.clone();
        preferences.snoozed_until = preferences.snoozed_until.max(self.snoozed);
        let place = self.app.state::<Place>();
        let home = Some(place.home.as_path());
        let decision =
            self.notices
                .decide(&snapshot, home, &self.cards, &attention, &preferences, now);
        for step in decision.steps {
            self.perform(step).await;
        }
    }

    async fn perform(&mut self, step: Step) {
        let (slot, notice) = match step {
            Step::Deliver(slot, notice) | Step::Amend(slot, notice) => (slot, notice),
            Step::Withdraw(slot) => return self.server.withdraw(slot).await,
        };
        let Err(e) = self.server.show(slot, &notice).await else {
            return;
        };
        self.notices.unheard(Some(slot));
        match e {
            ShowError::Nobody => {}
            ShowError::Failed(_) => self.again_at = Some(self.clock.now().after(AGAIN)),
        }
        self.say_once(&e);
    }

    /// Looks whether somebody shows notices; a new server is told what still counts.
    async fn reach(&mut self) {
        let again = self.again_at.take().is_some();
        match self.server.reach().await {
            Reach::Same if !again => {}
            Reach::Same | Reach::New => {
                if std::mem::take(&mut self.deaf) {
                    log::line("notices are shown");
                }
                self.notices.heard(self.clock.now());
            }
            Reach::Nobody => {
                self.notices.unheard(None);
                self.say_once(&ShowError::Nobody);
            }
        }
    }

    fn say_once(&mut self, e: &ShowError) {
        if !std::mem::replace(&mut self.deaf, true) {
            log::line(&format!(
                "no notice is shown ({e}); trying again when that changes"
            ));
        }
    }

    /// Of these sessions, those whose terminals are what their owner looks at.
    async fn front(&self, snapshot: &Snapshot, telling: &[SessionId]) -> BTreeSet<SessionId> {
        let mut front = BTreeSet::new();
        let place = self.app.state::<Place>();
        let sessions = snapshot.sessions.iter().filter(|s| telling.contains(&s.id));
        let ask = async {
            for session in sessions.take(FRONT.1) {
                if jump::in_front(session, &place.around).await {
                    front.insert(session.id);
                }
            }
        };
        // What takes longer is told.
        let _ = tokio::time::timeout(FRONT.0, ask).await;
        front
    }

    /// Reads the requests that may be answered from a notice, each once.
    async fn read_cards(&mut self, snapshot: &Snapshot) {
        let wanted = self.notices.requests(snapshot);
        self.cards
            .retain(|known, _| wanted.iter().any(|(_, id)| id == known));
        for (session, id) in wanted {
            if self.cards.contains_key(&id) {
                continue;
            }
            let content = tokio::time::timeout(CONTENT, self.engine.request(session, &id)).await;
            if let Ok(Ok(Some(content))) = content {
                self.cards.insert(id.clone(), Card::of(id, &content));
            }
        }
    }

    async fn withdraw_all(&mut self) {
        for slot in self.notices.shown().collect::<Vec<Slot>>() {
            self.server.withdraw(slot).await;
        }
    }
}
