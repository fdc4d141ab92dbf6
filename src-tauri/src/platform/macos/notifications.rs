//! Notices through the notification centre. Type-checked on Linux, not yet run on a Mac.

use crate::notifier::server::{
    APPROVE_BUTTON, CLICK_ACTION, DENY_BUTTON, NoticeChoice, NotificationServer, SHOW_BUTTON,
    ServerEvent, ServerPresence, ShowError, request_button_name,
};
use std::collections::BTreeMap;
use std::time::Duration;
use tauri::AppHandle;
use tokio::sync::mpsc;
use trusty_fleet::notice::{Notice, NoticeSlot};
use trusty_mac::notification_center::{
    ALLOWED_EVENT, ChosenAction, NotificationButtons, NotificationKind, add, begin, in_bundle,
    remove,
};

/// No call takes longer.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// Names of choices that the system gives.
const SYSTEM_CLICK: &str = "com.apple.UNNotificationDefaultActionIdentifier";
const SYSTEM_DISMISS: &str = "com.apple.UNNotificationDismissActionIdentifier";
/// What is told as a choice once a notice is taken, too late for who waited for that.
const TAKEN_EVENT: &str = "trusty.taken";

/// The notification centre.
pub(crate) struct DesktopNotifications {
    chosen: mpsc::UnboundedReceiver<ChosenAction>,
    tell: mpsc::UnboundedSender<ChosenAction>,
    begun: bool,
    /// A notice was not taken.
    refused: bool,
    /// Its user has allowed notices since it was asked last.
    allowed: bool,
    shown: BTreeMap<String, (NoticeSlot, Notice)>,
    /// What may be taken yet.
    late: BTreeMap<String, (NoticeSlot, Notice)>,
}

impl DesktopNotifications {
    /// Nothing is asked of the system before there is something to tell.
    pub(crate) fn new(_app: &AppHandle) -> Self {
        let (tell, chosen) = mpsc::unbounded_channel();
        Self {
            chosen,
            tell,
            begun: false,
            refused: false,
            allowed: false,
            shown: BTreeMap::new(),
            late: BTreeMap::new(),
        }
    }

    fn id_of(&self, slot: NoticeSlot) -> Option<String> {
        let mut shown = self.shown.iter();
        shown
            .find(|(_, (known, _))| *known == slot)
            .map(|(id, _)| id.clone())
    }

    fn understand(&mut self, (id, name): &ChosenAction) -> Option<ServerEvent> {
        if name == ALLOWED_EVENT {
            self.allowed = std::mem::take(&mut self.refused);
            return self.allowed.then_some(ServerEvent::ServerStarted);
        }
        if name == TAKEN_EVENT {
            let (slot, notice) = self.late.remove(id)?;
            self.shown.insert(id.clone(), (slot, notice));
            return Some(ServerEvent::ShownLate(slot));
        }
        if name == SYSTEM_DISMISS {
            return Some(ServerEvent::Closed(self.shown.remove(id)?.0));
        }
        let (slot, notice) = self.shown.get(id)?;
        // The identifier of the notice says which request its buttons are about.
        let own = match &notice.answers {
            _ if name == SYSTEM_CLICK => CLICK_ACTION.to_owned(),
            Some(request) if [APPROVE_BUTTON.0, DENY_BUTTON.0].contains(&name.as_str()) => {
                request_button_name(name, request)
            }
            _ => name.clone(),
        };
        let choice = NoticeChoice::from_name(&own, notice);
        Some(ServerEvent::Chosen(*slot, choice?))
    }
}

impl NotificationServer for DesktopNotifications {
    async fn reach(&mut self) -> ServerPresence {
        if !in_bundle() {
            return ServerPresence::Absent(ShowError::NoServer);
        }
        if self.begun {
            let allowed = std::mem::take(&mut self.allowed);
            return if allowed {
                ServerPresence::New
            } else {
                ServerPresence::Same
            };
        }
        self.begun = true;
        let buttons = NotificationButtons {
            show: SHOW_BUTTON,
            approve: APPROVE_BUTTON,
            deny: DENY_BUTTON,
        };
        begin(&buttons, self.tell.clone());
        ServerPresence::New
    }

    async fn show(&mut self, slot: NoticeSlot, notice: &Notice) -> Result<(), ShowError> {
        if !in_bundle() {
            return Err(ShowError::NoServer);
        }
        let id = identifier(slot, notice);
        // Another request is another notice: no click on the one before can mean it.
        if let Some(before) = self.id_of(slot).filter(|before| *before != id) {
            self.shown.remove(&before);
            remove(&before);
        }
        let kind = match &notice.answers {
            Some(_) => NotificationKind::Request,
            None => NotificationKind::Plain,
        };
        let mut added = add(&id, &notice.title, &notice.body, kind);
        self.late.remove(&id);
        match tokio::time::timeout(CALL_TIMEOUT, &mut added).await {
            Ok(Ok(None)) => {
                self.shown.insert(id, (slot, notice.clone()));
                Ok(())
            }
            Ok(Ok(Some(why))) => {
                self.refused = true;
                Err(ShowError::Failed(why))
            }
            Ok(Err(_)) => Err(ShowError::Failed(
                "the notification centre did not answer".into(),
            )),
            Err(_) => {
                self.late.insert(id.clone(), (slot, notice.clone()));
                let tell = self.tell.clone();
                tauri::async_runtime::spawn(async move {
                    if let Ok(None) = added.await {
                        // An app that ends has nothing to take back any more.
                        let _ = tell.send((id, TAKEN_EVENT.to_owned()));
                    }
                });
                Err(ShowError::Failed(
                    "the notification centre did not answer in time".into(),
                ))
            }
        }
    }

    async fn withdraw(&mut self, slot: NoticeSlot) {
        if let Some(id) = self.id_of(slot) {
            self.shown.remove(&id);
            remove(&id);
        }
    }

    async fn next(&mut self) -> ServerEvent {
        loop {
            let Some(chosen) = self.chosen.recv().await else {
                return std::future::pending().await;
            };
            if let Some(event) = self.understand(&chosen) {
                return event;
            }
        }
    }

    fn pending_event(&mut self) -> Option<ServerEvent> {
        while let Ok(chosen) = self.chosen.try_recv() {
            if let Some(event) = self.understand(&chosen) {
                return Some(event);
            }
        }
        None
    }
}

fn identifier(slot: NoticeSlot, notice: &Notice) -> String {
    let place = match slot {
        NoticeSlot::Session(id) => id.to_string(),
        NoticeSlot::Several => "several".to_owned(),
    };
    match &notice.answers {
        Some(request) => format!("{place} {request}"),
        None => place,
    }
}
