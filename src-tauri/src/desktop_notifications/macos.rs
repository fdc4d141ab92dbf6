//! Notifications through the notification centre. Type-checked on Linux, not yet run on a Mac.

use crate::notifier::server::{
    CLICK_ACTION, DENY_BUTTON, NoticeChoice, NotificationServer, SHOW_BUTTON, ServerEvent,
    ServerPresence, ShowError, request_button_name,
};
use std::collections::BTreeMap;
use std::time::Duration;
use tauri::AppHandle;
use tokio::sync::mpsc;
use trusty_fleet::notice::{Notice, NoticeSlot, NotificationAccess};
use trusty_mac::notification_center::{
    ChosenAction, NotificationButtons, NotificationKind, NotificationPermission, add,
    ask_permission, begin, in_bundle, permission, remove,
};
use trusty_platform::sys::CURRENT_SYSTEM;

/// The timeout of one call to the notification centre.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// Action identifiers defined by macOS.
const SYSTEM_CLICK: &str = "com.apple.UNNotificationDefaultActionIdentifier";
const SYSTEM_DISMISS: &str = "com.apple.UNNotificationDismissActionIdentifier";
/// The action name under which a notice is reported whose acceptance came after the timeout.
const TAKEN_EVENT: &str = "trusty.taken";

/// The action names under which the answer of the user is reported, and that notices are allowed
/// since the last look.
const ANSWERED_EVENT: &str = "trusty.answered";
const ALLOWED_EVENT: &str = "trusty.allowed";

/// The connection to the notification centre.
pub(crate) struct DesktopNotifications {
    chosen: mpsc::UnboundedReceiver<ChosenAction>,
    tell: mpsc::UnboundedSender<ChosenAction>,
    /// macOS asks the user now.
    asking: bool,
    /// Whether the user allows notices, at the last look.
    allowed: bool,
    /// `reach` has reported that notices are allowed.
    reached: bool,
    shown: BTreeMap<String, (NoticeSlot, Notice)>,
    /// Notices whose acceptance is still open after the timeout.
    late: BTreeMap<String, (NoticeSlot, Notice)>,
}

impl DesktopNotifications {
    /// Asks nothing of the system; see `prepare`.
    pub(crate) fn new(_app: &AppHandle) -> Self {
        let (tell, chosen) = mpsc::unbounded_channel();
        Self {
            chosen,
            tell,
            asking: false,
            allowed: false,
            reached: false,
            shown: BTreeMap::new(),
            late: BTreeMap::new(),
        }
    }

    /// Asks macOS whether the user allows notices.
    async fn look(&mut self) -> NotificationAccess {
        if !in_bundle() {
            return NotificationAccess::NoBundle;
        }
        if self.asking {
            return NotificationAccess::Asking;
        }
        let Ok(Ok(told)) = tokio::time::timeout(CALL_TIMEOUT, permission()).await else {
            return NotificationAccess::Unknown;
        };
        let allowed = told == NotificationPermission::Allowed;
        if allowed && !self.allowed {
            // The receiver is in `self`.
            let _ = self.tell.send((String::new(), ALLOWED_EVENT.to_owned()));
        }
        self.allowed = allowed;
        self.reached &= allowed;
        match told {
            NotificationPermission::NotDetermined => NotificationAccess::NotAsked,
            NotificationPermission::Denied => NotificationAccess::Denied,
            NotificationPermission::Allowed => NotificationAccess::Granted,
        }
    }

    fn id_of(&self, slot: NoticeSlot) -> Option<String> {
        let mut shown = self.shown.iter();
        shown
            .find(|(_, (known, _))| *known == slot)
            .map(|(id, _)| id.clone())
    }

    fn understand(&mut self, (id, name): &ChosenAction) -> Option<ServerEvent> {
        if name == ANSWERED_EVENT {
            self.asking = false;
            return Some(ServerEvent::ServerStarted);
        }
        if name == ALLOWED_EVENT {
            return Some(ServerEvent::ServerStarted);
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
        // The notice's identifier is specific to one request, so its buttons concern that request.
        let own = match &notice.answers {
            _ if name == SYSTEM_CLICK => CLICK_ACTION.to_owned(),
            Some(request) if name == DENY_BUTTON.0 => request_button_name(name, request),
            _ => name.clone(),
        };
        let choice = NoticeChoice::from_name(CURRENT_SYSTEM, &own, notice);
        Some(ServerEvent::Chosen(*slot, choice?))
    }
}

impl NotificationServer for DesktopNotifications {
    /// Registers for clicks before macOS reports one on a notice that an earlier run has left, and
    /// removes such notices.
    async fn prepare(&mut self) -> Option<NotificationAccess> {
        if in_bundle() {
            let buttons = NotificationButtons {
                show: SHOW_BUTTON,
                deny: DENY_BUTTON,
            };
            begin(&buttons, self.tell.clone());
        }
        Some(self.look().await)
    }

    async fn reach(&mut self) -> ServerPresence {
        match self.look().await {
            NotificationAccess::Granted if self.reached => ServerPresence::Same,
            NotificationAccess::Granted => {
                self.reached = true;
                ServerPresence::New
            }
            NotificationAccess::Unknown => ServerPresence::Absent(ShowError::Failed(
                "the notification centre did not answer".into(),
            )),
            _ => ServerPresence::Absent(ShowError::NoServer),
        }
    }

    async fn access(&mut self) -> NotificationAccess {
        self.look().await
    }

    fn ask_user(&mut self) {
        if self.asking || !in_bundle() {
            return;
        }
        self.asking = true;
        let (answer, tell) = (ask_permission(), self.tell.clone());
        tauri::async_runtime::spawn(async move {
            // The answer itself is looked up, since the user may change it before it is read.
            let _ = answer.await;
            // The send fails only when the app exits.
            let _ = tell.send((String::new(), ANSWERED_EVENT.to_owned()));
        });
    }

    async fn show(&mut self, slot: NoticeSlot, notice: &Notice) -> Result<(), ShowError> {
        if !self.allowed {
            return Err(ShowError::NoServer);
        }
        let id = identifier(slot, notice);
        // Another request gets another identifier: a click on the previous notice cannot reach it.
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
            // A refusal in spite of the permission, as for some signatures, is tried again later.
            Ok(Ok(Some(why))) => match self.look().await {
                NotificationAccess::Granted => Err(ShowError::Failed(why)),
                _ => Err(ShowError::NoServer),
            },
            Ok(Err(_)) => Err(ShowError::Failed(
                "the notification centre did not answer".into(),
            )),
            Err(_) => {
                self.late.insert(id.clone(), (slot, notice.clone()));
                let tell = self.tell.clone();
                tauri::async_runtime::spawn(async move {
                    if let Ok(None) = added.await {
                        // The send fails only when the app exits, and then nothing is left to
                        // withdraw.
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
