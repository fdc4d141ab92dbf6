//! Notifications through the desktop's notification server, `org.freedesktop.Notifications`.

mod bus;
mod server_capabilities;

use crate::notifier::server::{
    NoticeChoice, NotificationServer, ServerEvent, ServerPresence, ShowError,
};
use bus::{DBUS_NAME, SessionBus};
use server_capabilities::{ServerCapabilities, hints};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tauri::AppHandle;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use trusty_fleet::notice::{Notice, NoticeKind, NoticeSlot, NotificationAccess};
use trusty_platform::clock;
use trusty_platform::sys::CURRENT_SYSTEM;
use zbus::message::Message;

const BUS_NAME: &str = "org.freedesktop.Notifications";
/// The timeout of one call to the server.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// The timeout of the first call, since the bus may have to start the server.
const START_TIMEOUT: Duration = Duration::from_secs(5);
/// An approval sooner than this after the notice appeared is not trusted: the user cannot have read
/// the text, and the click may have been meant for another notice.
const MIN_READ_TIME: Duration = Duration::from_millis(500);
/// The notice stays until it is withdrawn.
const NO_EXPIRY: i32 = 0;
/// The server decides how long the notice stays.
const DEFAULT_EXPIRY: i32 = -1;
const SERVER_TIMEOUT_MESSAGE: &str = "the notification server did not answer in time";
/// The `NotificationClosed` reason for an expired notice.
const EXPIRED_REASON: u32 = 1;

/// The connection to the notification server, and what is shown there.
pub(crate) struct DesktopNotifications {
    bus: Option<SessionBus>,
    /// The unique bus name of the server whose capabilities were read last.
    owner: Option<String>,
    able: ServerCapabilities,
    shown: BTreeMap<u32, ShownNotice>,
    late: (UnboundedSender<LateNotice>, UnboundedReceiver<LateNotice>),
}

/// A notice that the server accepted after the timeout.
struct LateNotice {
    owner: Option<String>,
    id: u32,
    slot: NoticeSlot,
    notice: Notice,
}

/// A notice that is shown under an id of the server.
struct ShownNotice {
    slot: NoticeSlot,
    notice: Notice,
    since: Instant,
}

impl DesktopNotifications {
    /// Asks nothing of the desktop before the first notice.
    pub(crate) fn new(_app: &AppHandle) -> Self {
        Self::without_server()
    }

    fn without_server() -> Self {
        Self {
            bus: None,
            owner: None,
            able: ServerCapabilities::default(),
            shown: BTreeMap::new(),
            late: mpsc::unbounded_channel(),
        }
    }

    async fn bus(&mut self) -> Option<&SessionBus> {
        if self.bus.is_none() {
            self.bus = with_timeout(CALL_TIMEOUT, SessionBus::connect()).await;
        }
        self.bus.as_ref()
    }

    /// Calls a method of the server.
    async fn call<B, R>(&self, patience: Duration, method: &'static str, body: B) -> zbus::Result<R>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType + Send + Sync,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let Some(bus) = &self.bus else {
            return Err(zbus::Error::Failure("no D-Bus session bus".into()));
        };
        let late = || Err(zbus::Error::Failure(SERVER_TIMEOUT_MESSAGE.into()));
        let asked = tokio::time::timeout(patience, bus.ask(method, body));
        asked.await.unwrap_or_else(|_| late())
    }

    /// Records that a notice is shown under this id.
    fn note_shown(&mut self, id: u32, slot: NoticeSlot, notice: Notice) {
        let since = clock::instant();
        let shown = ShownNotice {
            slot,
            notice,
            since,
        };
        self.shown.insert(id, shown);
    }

    /// Records a notice that was accepted late, or closes it if the slot holds another notice by
    /// now.
    fn accept_late_notice(&mut self, late: LateNotice) -> Option<ServerEvent> {
        if self.owner.is_none() || late.owner != self.owner {
            return None;
        }
        if self.notice_id(late.slot).is_some_and(|id| id != late.id) {
            let close = self.bus.as_ref()?.ask("CloseNotification", late.id);
            tauri::async_runtime::spawn(async move {
                // Some servers return an error if the notice is gone already.
                let _: zbus::Result<()> = close.await;
            });
            return None;
        }
        self.note_shown(late.id, late.slot, late.notice);
        Some(ServerEvent::ShownLate(late.slot))
    }

    fn notice_id(&self, slot: NoticeSlot) -> Option<u32> {
        self.shown
            .iter()
            .find(|(_, shown)| shown.slot == slot)
            .map(|(id, _)| *id)
    }

    /// The event that a signal reports, if the signal concerns our notices.
    fn understand(&mut self, message: &Message) -> Option<ServerEvent> {
        let header = message.header();
        let member = header.member()?.as_str().to_owned();
        let sender = header.sender().map(zbus::names::UniqueName::as_str);
        // Any program on the bus can send these signals. Only the bus itself is trusted about the
        // owner of a name, and only the server about its notices.
        if sender == Some(DBUS_NAME) {
            if member != "NameOwnerChanged" {
                return None;
            }
            let (name, _, new): (String, String, String) = message.body().deserialize().ok()?;
            if name != BUS_NAME || self.owner.as_deref() == Some(new.as_str()) {
                return None;
            }
            self.owner = None;
            self.shown.clear();
            return (!new.is_empty()).then_some(ServerEvent::ServerStarted);
        }
        if sender.is_none() || sender != self.owner.as_deref() {
            return None;
        }
        match member.as_str() {
            "ActionInvoked" => {
                let (id, name): (u32, String) = message.body().deserialize().ok()?;
                let shown = self.shown.get(&id)?;
                let choice = NoticeChoice::from_name(CURRENT_SYSTEM, &name, &shown.notice)?;
                let unread = clock::instant().duration_since(shown.since) < MIN_READ_TIME;
                let choice = match choice {
                    NoticeChoice::Approve(_) if unread => NoticeChoice::Show,
                    choice => choice,
                };
                Some(ServerEvent::Chosen(shown.slot, choice))
            }
            "NotificationClosed" => {
                let (id, reason): (u32, u32) = message.body().deserialize().ok()?;
                let shown = self.shown.remove(&id)?;
                // A persistent notice that expires was not closed by the user: the server limits
                // how long it shows notices, or merges two notices into one.
                let by_itself = reason == EXPIRED_REASON && shown.notice.kind == NoticeKind::Needs;
                (!by_itself).then_some(ServerEvent::Closed(shown.slot))
            }
            _ => None,
        }
    }
}

impl NotificationServer for DesktopNotifications {
    /// Nothing is asked of the desktop before the first notice.
    async fn prepare(&mut self) -> Option<NotificationAccess> {
        None
    }

    async fn reach(&mut self) -> ServerPresence {
        if self.bus().await.is_none() {
            return ServerPresence::Absent(ShowError::NoServer);
        }
        if self.owner.is_some() {
            return ServerPresence::Same;
        }
        let able: Result<Vec<String>, _> = self.call(START_TIMEOUT, "GetCapabilities", ()).await;
        let owner = match &self.bus {
            Some(bus) => with_timeout(CALL_TIMEOUT, bus.owner()).await,
            None => None,
        };
        if owner.is_none() {
            return ServerPresence::Absent(ShowError::NoServer);
        }
        let able = match able {
            Ok(able) => able,
            Err(e) => return ServerPresence::Absent(ShowError::Failed(e.to_string())),
        };
        let can = |what: &str| able.iter().any(|a| a == what);
        self.able = ServerCapabilities {
            actions: can("actions"),
            body: can("body"),
            markup: can("body-markup"),
        };
        self.owner = owner;
        self.shown.clear();
        ServerPresence::New
    }

    async fn access(&mut self) -> NotificationAccess {
        let Some(bus) = self.bus().await else {
            return NotificationAccess::NoServer;
        };
        match with_timeout(CALL_TIMEOUT, bus.has_server()).await {
            Some(true) => NotificationAccess::Granted,
            Some(false) => NotificationAccess::NoServer,
            // A bus that does not answer says nothing of a server.
            None => NotificationAccess::Unknown,
        }
    }

    /// Servers on Linux ask the user nothing.
    fn ask_user(&mut self) {}

    async fn show(&mut self, slot: NoticeSlot, notice: &Notice) -> Result<(), ShowError> {
        if self.owner.is_none() {
            return Err(ShowError::NoServer);
        }
        let before = self.notice_id(slot).unwrap_or(0);
        // A notice offers answers only if the server shows the body with the request's text.
        let notice = Notice {
            answers: notice.answers.clone().filter(|_| self.able.body),
            ..notice.clone()
        };
        let (title, body) = self.able.title_and_body(&notice);
        let buttons = self.able.buttons(&notice);
        let actions: Vec<String> = buttons
            .into_iter()
            .flat_map(|(name, words)| [name, words])
            .collect();
        let hints = hints(&notice);
        let lasts = match notice.kind {
            NoticeKind::Needs => NO_EXPIRY,
            NoticeKind::Finished | NoticeKind::Failed | NoticeKind::Stopped => DEFAULT_EXPIRY,
        };
        let asked = ("Trusty Bar", before, "", title, body, actions, hints, lasts);
        let Some(bus) = &self.bus else {
            return Err(ShowError::NoServer);
        };
        let mut asked = tauri::async_runtime::spawn(bus.ask("Notify", asked));
        let Ok(answer) = tokio::time::timeout(CALL_TIMEOUT, &mut asked).await else {
            let (owner, late) = (self.owner.clone(), self.late.0.clone());
            tauri::async_runtime::spawn(async move {
                if let Ok(Ok(id)) = asked.await {
                    // The send fails only when the app exits, and then nothing is left to withdraw.
                    let _ = late.send(LateNotice {
                        owner,
                        id,
                        slot,
                        notice,
                    });
                }
            });
            return Err(ShowError::Failed(SERVER_TIMEOUT_MESSAGE.into()));
        };
        let failed = |why: String| ShowError::Failed(why);
        let taken = answer.map_err(|e| failed(e.to_string()))?;
        let id: u32 = taken.map_err(|e: zbus::Error| failed(e.to_string()))?;
        self.shown.remove(&before);
        self.note_shown(id, slot, notice);
        Ok(())
    }

    async fn withdraw(&mut self, slot: NoticeSlot) {
        if let Some(id) = self.notice_id(slot) {
            self.shown.remove(&id);
            // Some servers return an error if the notice is gone already.
            let _: zbus::Result<()> = self.call(CALL_TIMEOUT, "CloseNotification", id).await;
        }
    }

    async fn next(&mut self) -> ServerEvent {
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
                // `recv` never returns `None`: `self.late` holds a sender.
                Some(late) = late.1.recv() => match self.accept_late_notice(late) {
                    Some(event) => return event,
                    None => continue,
                },
            };
            let Some(message) = message else {
                // The connection to the bus is lost; the next notice opens a new one.
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

    fn pending_event(&mut self) -> Option<ServerEvent> {
        while let Ok(late) = self.late.1.try_recv() {
            if let Some(event) = self.accept_late_notice(late) {
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

async fn with_timeout<T>(
    patience: Duration,
    asked: impl Future<Output = zbus::Result<T>>,
) -> Option<T> {
    tokio::time::timeout(patience, asked).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::SessionId;

    const OWNER_BUS_NAME: &str = ":1.7";

    fn with_notice() -> DesktopNotifications {
        let mut notifications = DesktopNotifications::without_server();
        notifications.owner = Some(OWNER_BUS_NAME.into());
        let notice = Notice {
            kind: NoticeKind::Needs,
            title: "api".into(),
            body: "make".into(),
            answers: None,
        };
        notifications.note_shown(1, NoticeSlot::Session(SessionId::default()), notice);
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
                &(name, OWNER_BUS_NAME, ":1.9"),
            )
        };
        let mut notifications = with_notice();
        for forged in [
            change(":1.5", DBUS_NAME, BUS_NAME),
            change(":1.5", BUS_NAME, BUS_NAME),
            change(OWNER_BUS_NAME, BUS_NAME, BUS_NAME),
            change(DBUS_NAME, DBUS_NAME, "org.example.Other"),
        ] {
            assert!(notifications.understand(&forged).is_none(), "{forged:?}");
            assert_eq!(
                notifications.owner.as_deref(),
                Some(OWNER_BUS_NAME),
                "{forged:?}"
            );
            assert_eq!(notifications.shown.len(), 1);
        }
        let told = notifications.understand(&change(DBUS_NAME, DBUS_NAME, BUS_NAME));
        assert!(matches!(told, Some(ServerEvent::ServerStarted)));
        assert!(notifications.owner.is_none() && notifications.shown.is_empty());
    }

    #[test]
    fn only_the_server_says_that_a_notice_was_closed() {
        let closed = |sender: &str| signal(sender, BUS_NAME, "NotificationClosed", &(1_u32, 2_u32));
        let mut notifications = with_notice();
        assert!(notifications.understand(&closed(":1.5")).is_none());
        assert_eq!(notifications.shown.len(), 1);
        let told = notifications.understand(&closed(OWNER_BUS_NAME));
        assert!(matches!(told, Some(ServerEvent::Closed(_))));
    }
}
