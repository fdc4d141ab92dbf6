//! Notices through the desktop's notification server, `org.freedesktop.Notifications`.

mod able;
mod bus;

use crate::notifier::server::{Choice, Event, Reach, Server, ShowError};
use able::{Able, hints};
use bus::{BUS, Bus};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tauri::AppHandle;
use tokio::sync::mpsc;
use trusty_fleet::notice::{Kind, Notice, Slot};
use trusty_platform::clock;
use zbus::message::Message;

const SERVER: &str = "org.freedesktop.Notifications";
/// No call takes longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A server may have to be started first.
const START: Duration = Duration::from_secs(5);
/// Who approves sooner has not read what is there: a click may have been meant for another.
const READ: Duration = Duration::from_millis(500);
/// It stays until it is taken back.
const STAYS: i32 = 0;
/// As long as the server wants.
const USUAL: i32 = -1;
const LATE: &str = "the notification server did not answer in time";
/// The server put it away by itself.
const EXPIRED: u32 = 1;

/// The notification server, as far as it is known.
pub(crate) struct Notifications {
    bus: Option<Bus>,
    /// The unique bus name of the server that was asked last.
    owner: Option<String>,
    able: Able,
    shown: BTreeMap<u32, Shown>,
    late: (mpsc::UnboundedSender<Late>, mpsc::UnboundedReceiver<Late>),
}

/// What a server took only after nobody waited for that any more.
struct Late {
    owner: Option<String>,
    id: u32,
    slot: Slot,
    notice: Notice,
}

/// What is shown under an id of the server's.
struct Shown {
    slot: Slot,
    notice: Notice,
    since: Instant,
}

impl Notifications {
    /// Nothing is asked of the desktop before there is something to tell.
    pub(crate) fn new(_app: &AppHandle) -> Self {
        Self::without_server()
    }

    fn without_server() -> Self {
        Self {
            bus: None,
            owner: None,
            able: Able::default(),
            shown: BTreeMap::new(),
            late: mpsc::unbounded_channel(),
        }
    }

    async fn bus(&mut self) -> Option<&Bus> {
        if self.bus.is_none() {
            self.bus = within(PATIENCE, Bus::connect()).await;
        }
        self.bus.as_ref()
    }

    /// Asks a method of the server.
    async fn call<B, R>(&self, patience: Duration, method: &'static str, body: B) -> zbus::Result<R>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType + Send + Sync,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let Some(bus) = &self.bus else {
            return Err(zbus::Error::Failure("no D-Bus session bus".into()));
        };
        let late = || Err(zbus::Error::Failure(LATE.into()));
        let asked = tokio::time::timeout(patience, bus.ask(method, body));
        asked.await.unwrap_or_else(|_| late())
    }

    /// A notice stands under this id from now on.
    fn stands(&mut self, id: u32, slot: Slot, notice: Notice) {
        let since = clock::instant();
        let shown = Shown {
            slot,
            notice,
            since,
        };
        self.shown.insert(id, shown);
    }

    /// What was taken late is known from now on, unless another has taken its place.
    fn take(&mut self, late: Late) -> Option<Event> {
        if self.owner.is_none() || late.owner != self.owner {
            return None;
        }
        if self.id_of(late.slot).is_some_and(|id| id != late.id) {
            let close = self.bus.as_ref()?.ask("CloseNotification", late.id);
            tauri::async_runtime::spawn(async move {
                // One that is gone already is an error of some servers.
                let _: zbus::Result<()> = close.await;
            });
            return None;
        }
        self.stands(late.id, late.slot, late.notice);
        Some(Event::Taken(late.slot))
    }

    fn id_of(&self, slot: Slot) -> Option<u32> {
        self.shown
            .iter()
            .find(|(_, shown)| shown.slot == slot)
            .map(|(id, _)| *id)
    }

    /// What a signal says, if it is news of ours.
    fn understand(&mut self, message: &Message) -> Option<Event> {
        let header = message.header();
        let member = header.member()?.as_str().to_owned();
        let sender = header.sender().map(zbus::names::UniqueName::as_str);
        // Any program of the bus could say so; only the bus's word counts of who owns a name, and
        // only the server's of its notices.
        if sender == Some(BUS) {
            if member != "NameOwnerChanged" {
                return None;
            }
            let (name, _, new): (String, String, String) = message.body().deserialize().ok()?;
            if name != SERVER || self.owner.as_deref() == Some(new.as_str()) {
                return None;
            }
            self.owner = None;
            self.shown.clear();
            return (!new.is_empty()).then_some(Event::Came);
        }
        if sender.is_none() || sender != self.owner.as_deref() {
            return None;
        }
        match member.as_str() {
            "ActionInvoked" => {
                let (id, name): (u32, String) = message.body().deserialize().ok()?;
                let shown = self.shown.get(&id)?;
                let choice = Choice::named(&name, &shown.notice)?;
                let unread = clock::instant().duration_since(shown.since) < READ;
                let choice = match choice {
                    Choice::Approve(_) if unread => Choice::Show,
                    choice => choice,
                };
                Some(Event::Chosen(shown.slot, choice))
            }
            "NotificationClosed" => {
                let (id, reason): (u32, u32) = message.body().deserialize().ok()?;
                let shown = self.shown.remove(&id)?;
                // One that is to stay was put away by no hand: the server shows none for long, or
                // takes two for one.
                let by_itself = reason == EXPIRED && shown.notice.kind == Kind::Needs;
                (!by_itself).then_some(Event::Closed(shown.slot))
            }
            _ => None,
        }
    }
}

impl Server for Notifications {
    async fn reach(&mut self) -> Reach {
        if self.bus().await.is_none() {
            return Reach::Not(ShowError::Nobody);
        }
        if self.owner.is_some() {
            return Reach::Same;
        }
        let able: Result<Vec<String>, _> = self.call(START, "GetCapabilities", ()).await;
        let owner = match &self.bus {
            Some(bus) => within(PATIENCE, bus.owner()).await,
            None => None,
        };
        if owner.is_none() {
            return Reach::Not(ShowError::Nobody);
        }
        let able = match able {
            Ok(able) => able,
            Err(e) => return Reach::Not(ShowError::Failed(e.to_string())),
        };
        let can = |what: &str| able.iter().any(|a| a == what);
        self.able = Able {
            actions: can("actions"),
            body: can("body"),
            markup: can("body-markup"),
        };
        self.owner = owner;
        self.shown.clear();
        Reach::New
    }

    async fn show(&mut self, slot: Slot, notice: &Notice) -> Result<(), ShowError> {
        if self.owner.is_none() {
            return Err(ShowError::Nobody);
        }
        let before = self.id_of(slot).unwrap_or(0);
        // What is answered right here must be read right here.
        let notice = Notice {
            answers: notice.answers.clone().filter(|_| self.able.body),
            ..notice.clone()
        };
        let (title, body) = self.able.words(&notice);
        let buttons = self.able.buttons(&notice);
        let actions: Vec<String> = buttons
            .into_iter()
            .flat_map(|(name, words)| [name, words])
            .collect();
        let hints = hints(&notice);
        let lasts = match notice.kind {
            Kind::Needs => STAYS,
            Kind::Finished | Kind::Failed | Kind::Stopped => USUAL,
        };
        let asked = ("Trusty Bar", before, "", title, body, actions, hints, lasts);
        let Some(bus) = &self.bus else {
            return Err(ShowError::Nobody);
        };
        let mut asked = tauri::async_runtime::spawn(bus.ask("Notify", asked));
        let Ok(answer) = tokio::time::timeout(PATIENCE, &mut asked).await else {
            let (owner, late) = (self.owner.clone(), self.late.0.clone());
            tauri::async_runtime::spawn(async move {
                if let Ok(Ok(id)) = asked.await {
                    // An app that ends takes nothing back any more.
                    let _ = late.send(Late {
                        owner,
                        id,
                        slot,
                        notice,
                    });
                }
            });
            return Err(ShowError::Failed(LATE.into()));
        };
        let failed = |why: String| ShowError::Failed(why);
        let taken = answer.map_err(|e| failed(e.to_string()))?;
        let id: u32 = taken.map_err(|e: zbus::Error| failed(e.to_string()))?;
        self.shown.remove(&before);
        self.stands(id, slot, notice);
        Ok(())
    }

    async fn withdraw(&mut self, slot: Slot) {
        if let Some(id) = self.id_of(slot) {
            self.shown.remove(&id);
            // One that is gone already is an error of some servers.
            let _: zbus::Result<()> = self.call(PATIENCE, "CloseNotification", id).await;
        }
    }

    async fn next(&mut self) -> Event {
        loop {
            let Self { bus, late, .. } = self;
            let heard = async {
                match bus {
                    Some(bus) => bus.signals.recv().await,
                    None => std::future::pending().await,
                }
            };
            let message = tokio::select! {
                message = heard => message,
                // We hold a sender ourselves.
                Some(late) = late.1.recv() => match self.take(late) {
                    Some(event) => return event,
                    None => continue,
                },
            };
            let Some(message) = message else {
                // The bus has gone; the next notice looks for a new one.
                self.bus = None;
                self.owner = None;
                self.shown.clear();
                continue;
            };
            if let Some(event) = self.understand(&message) {
                return event;
            }
        }
    }

    fn waiting(&mut self) -> Option<Event> {
        while let Ok(late) = self.late.1.try_recv() {
            if let Some(event) = self.take(late) {
                return Some(event);
            }
        }
        while let Ok(message) = self.bus.as_mut()?.signals.try_recv() {
            if let Some(event) = self.understand(&message) {
                return Some(event);
            }
        }
        None
    }
}

async fn within<T>(patience: Duration, asked: impl Future<Output = zbus::Result<T>>) -> Option<T> {
    tokio::time::timeout(patience, asked).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::SessionId;

    const OWNER: &str = ":1.7";

    fn with_notice() -> Notifications {
        let mut notifications = Notifications::without_server();
        notifications.owner = Some(OWNER.into());
        let notice = Notice {
            kind: Kind::Needs,
            title: "api".into(),
            body: "make".into(),
            answers: None,
        };
        notifications.stands(1, Slot::Session(SessionId::default()), notice);
        notifications
    }

    fn signal<B>(sender: &str, interface: &str, member: &str, body: &B) -> Message
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let signal = Message::signal("/org/freedesktop/DBus", interface, member);
        let signal = signal.and_then(|signal| signal.sender(sender)?.build(body));
        signal.expect("a signal")
    }

    #[test]
    fn only_the_bus_says_who_owns_the_name_of_the_server() {
        let change = |sender: &str, interface: &str, name: &str| {
            signal(
                sender,
                interface,
                "NameOwnerChanged",
                &(name, OWNER, ":1.9"),
            )
        };
        let mut notifications = with_notice();
        for forged in [
            change(":1.5", BUS, SERVER),
            change(":1.5", SERVER, SERVER),
            change(OWNER, SERVER, SERVER),
            change(BUS, BUS, "org.example.Other"),
        ] {
            assert!(notifications.understand(&forged).is_none(), "{forged:?}");
            assert_eq!(notifications.owner.as_deref(), Some(OWNER), "{forged:?}");
            assert_eq!(notifications.shown.len(), 1);
        }
        let told = notifications.understand(&change(BUS, BUS, SERVER));
        assert!(matches!(told, Some(Event::Came)));
        assert!(notifications.owner.is_none() && notifications.shown.is_empty());
    }

    #[test]
    fn only_the_server_says_that_a_notice_was_closed() {
        let closed = |sender: &str| signal(sender, SERVER, "NotificationClosed", &(1_u32, 2_u32));
        let mut notifications = with_notice();
        assert!(notifications.understand(&closed(":1.5")).is_none());
        assert_eq!(notifications.shown.len(), 1);
        let told = notifications.understand(&closed(OWNER));
        assert!(matches!(told, Some(Event::Closed(_))));
    }
}
