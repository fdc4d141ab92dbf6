//! Notices through the notification centre. Type-checked on Linux, not yet run on a Mac.
//!
//! It exists only for a program in a signed bundle; asked for by any other, it throws.

use crate::notifier::server::{
    APPROVE_BUTTON, CLICK_ACTION, DENY_BUTTON, NoticeChoice, NotificationServer, SHOW_BUTTON,
    ServerEvent, ServerPresence, ShowError, about,
};
use block2::{DynBlock, RcBlock};
use objc2::rc::Retained;
use objc2::runtime::{Bool, NSObject, NSObjectProtocol, ProtocolObject};
use objc2::{AllocAnyThread, DefinedClass, define_class, msg_send};
use objc2_foundation::{NSArray, NSBundle, NSError, NSSet, NSString};
use objc2_user_notifications::{
    UNAuthorizationOptions, UNMutableNotificationContent, UNNotification, UNNotificationAction,
    UNNotificationActionOptions, UNNotificationCategory, UNNotificationCategoryOptions,
    UNNotificationPresentationOptions, UNNotificationRequest, UNNotificationResponse,
    UNUserNotificationCenter, UNUserNotificationCenterDelegate,
};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tauri::AppHandle;
use tokio::sync::{mpsc, oneshot};
use trusty_fleet::notice::{Notice, NoticeSlot};

/// No call takes longer.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// Kinds of notices: with a request that may be answered, and without.
const REQUEST_CATEGORY: &str = "trusty.asks";
const PLAIN_CATEGORY: &str = "trusty.tells";
/// Names of choices that the system gives.
const SYSTEM_CLICK: &str = "com.apple.UNNotificationDefaultActionIdentifier";
const SYSTEM_DISMISS: &str = "com.apple.UNNotificationDismissActionIdentifier";
/// What is told as a choice once a notice is taken, too late for who waited for that.
const TAKEN_EVENT: &str = "trusty.taken";
/// What is told as a choice once notices are allowed.
const ALLOWED_EVENT: &str = "trusty.allowed";

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

/// The identifier of a notice, and the name of what was chosen on it.
type ChosenAction = (String, String);

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
            return self.allowed.then_some(ServerEvent::Came);
        }
        if name == TAKEN_EVENT {
            let (slot, notice) = self.late.remove(id)?;
            self.shown.insert(id.clone(), (slot, notice));
            return Some(ServerEvent::Taken(slot));
        }
        if name == SYSTEM_DISMISS {
            return Some(ServerEvent::Closed(self.shown.remove(id)?.0));
        }
        let (slot, notice) = self.shown.get(id)?;
        // The identifier of the notice says which request its buttons are about.
        let own = match &notice.answers {
            _ if name == SYSTEM_CLICK => CLICK_ACTION.to_owned(),
            Some(request) if [APPROVE_BUTTON.0, DENY_BUTTON.0].contains(&name.as_str()) => {
                about(name, request)
            }
            _ => name.clone(),
        };
        let choice = NoticeChoice::named(&own, notice);
        Some(ServerEvent::Chosen(*slot, choice?))
    }
}

impl NotificationServer for DesktopNotifications {
    async fn reach(&mut self) -> ServerPresence {
        if !in_bundle() {
            return ServerPresence::Not(ShowError::Nobody);
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
        begin(self.tell.clone());
        ServerPresence::New
    }

    async fn show(&mut self, slot: NoticeSlot, notice: &Notice) -> Result<(), ShowError> {
        if !in_bundle() {
            return Err(ShowError::Nobody);
        }
        let id = identifier(slot, notice);
        // Another request is another notice: no click on the one before can mean it.
        if let Some(before) = self.id_of(slot).filter(|before| *before != id) {
            self.shown.remove(&before);
            remove(&before);
        }
        let mut added = add(&id, notice);
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

    fn waiting(&mut self) -> Option<ServerEvent> {
        while let Ok(chosen) = self.chosen.try_recv() {
            if let Some(event) = self.understand(&chosen) {
                return Some(event);
            }
        }
        None
    }
}

fn in_bundle() -> bool {
    NSBundle::mainBundle().bundleIdentifier().is_some()
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

/// Names the buttons, takes the clicks, and asks once whether notices may be shown.
fn begin(tell: mpsc::UnboundedSender<ChosenAction>) {
    let centre = UNUserNotificationCenter::currentNotificationCenter();
    let delegate = NotificationDelegate::new(tell.clone());
    centre.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
    // The centre does not keep it, and it is needed for as long as the app lives.
    let _kept = Retained::into_raw(delegate);
    let button = |(name, words): (&str, &str), options| {
        UNNotificationAction::actionWithIdentifier_title_options(
            &NSString::from_str(name),
            &NSString::from_str(words),
            options,
        )
    };
    let plain = UNNotificationActionOptions::empty();
    // What is approved needs the one whose screen it is.
    let own = UNNotificationActionOptions::AuthenticationRequired;
    let show = button(SHOW_BUTTON, plain);
    let answers = [
        button(APPROVE_BUTTON, own),
        button(DENY_BUTTON, own),
        show.clone(),
    ];
    let category = |name: &str, actions: &[Retained<UNNotificationAction>]| {
        UNNotificationCategory::categoryWithIdentifier_actions_intentIdentifiers_options(
            &NSString::from_str(name),
            &NSArray::from_retained_slice(actions),
            &NSArray::new(),
            UNNotificationCategoryOptions::CustomDismissAction,
        )
    };
    let categories = [
        category(REQUEST_CATEGORY, &answers),
        category(PLAIN_CATEGORY, &[show]),
    ];
    centre.setNotificationCategories(&NSSet::from_retained_slice(&categories));
    // Where it is refused, each notice says so.
    let told = RcBlock::new(move |granted: Bool, _error: *mut NSError| {
        if granted.as_bool() {
            // An app that ends tells nothing more.
            let _ = tell.send((String::new(), ALLOWED_EVENT.to_owned()));
        }
    });
    centre.requestAuthorizationWithOptions_completionHandler(UNAuthorizationOptions::Alert, &told);
}

/// Adds a notice, in the place of one of the same identifier; why it was not taken, if it was not.
fn add(id: &str, notice: &Notice) -> oneshot::Receiver<Option<String>> {
    let content = UNMutableNotificationContent::new();
    content.setTitle(&NSString::from_str(&notice.title));
    content.setBody(&NSString::from_str(&notice.body));
    let kind = if notice.answers.is_some() {
        REQUEST_CATEGORY
    } else {
        PLAIN_CATEGORY
    };
    content.setCategoryIdentifier(&NSString::from_str(kind));
    let request = UNNotificationRequest::requestWithIdentifier_content_trigger(
        &NSString::from_str(id),
        &content,
        None,
    );
    let (send, added) = oneshot::channel();
    let send = Mutex::new(Some(send));
    let done = RcBlock::new(move |error: *mut NSError| {
        let refused = (!error.is_null()).then(|| {
            "macOS refused the notification; allow notifications of Trusty Bar in the \
             system's settings"
                .to_owned()
        });
        let send = send.lock().ok().and_then(|mut send| send.take());
        if let Some(send) = send {
            // Who waited in vain has gone on.
            let _ = send.send(refused);
        }
    });
    UNUserNotificationCenter::currentNotificationCenter()
        .addNotificationRequest_withCompletionHandler(&request, Some(&done));
    added
}

fn remove(id: &str) {
    let ids = NSArray::from_retained_slice(&[NSString::from_str(id)]);
    let centre = UNUserNotificationCenter::currentNotificationCenter();
    centre.removePendingNotificationRequestsWithIdentifiers(&ids);
    centre.removeDeliveredNotificationsWithIdentifiers(&ids);
}

#[expect(unsafe_code, reason = "a class of Objective-C is declared with it")]
mod delegate {
    use super::{
        AllocAnyThread, ChosenAction, DefinedClass, DynBlock, NSObject, NSObjectProtocol, Retained,
        UNNotification, UNNotificationPresentationOptions, UNNotificationResponse,
        UNUserNotificationCenter, UNUserNotificationCenterDelegate, define_class, mpsc, msg_send,
    };

    define_class!(
        // SAFETY: NSObject asks nothing of those who derive from it, and it has no `Drop`.
        #[unsafe(super(NSObject))]
        #[name = "TrustyNotificationDelegate"]
        #[ivars = mpsc::UnboundedSender<ChosenAction>]
        pub(super) struct NotificationDelegate;

        // SAFETY: It asks nothing more.
        unsafe impl NSObjectProtocol for NotificationDelegate {}

        // SAFETY: The methods have the forms that the protocol gives them.
        unsafe impl UNUserNotificationCenterDelegate for NotificationDelegate {
            /// Shown although the popover may be in front.
            #[unsafe(method(userNotificationCenter:willPresentNotification:withCompletionHandler:))]
            fn will_present(
                &self,
                _centre: &UNUserNotificationCenter,
                _notification: &UNNotification,
                done: &DynBlock<dyn Fn(UNNotificationPresentationOptions)>,
            ) {
                let how = UNNotificationPresentationOptions::Banner
                    | UNNotificationPresentationOptions::List;
                done.call((how,));
            }

            #[unsafe(method(userNotificationCenter:didReceiveNotificationResponse:withCompletionHandler:))]
            fn did_receive(
                &self,
                _centre: &UNUserNotificationCenter,
                response: &UNNotificationResponse,
                done: &DynBlock<dyn Fn()>,
            ) {
                let id = response.notification().request().identifier().to_string();
                let name = response.actionIdentifier().to_string();
                // An app that ends takes no more clicks.
                let _ = self.ivars().send((id, name));
                done.call(());
            }
        }
    );

    impl NotificationDelegate {
        pub(super) fn new(tell: mpsc::UnboundedSender<ChosenAction>) -> Retained<Self> {
            let this = Self::alloc().set_ivars(tell);
            // SAFETY: `init` of NSObject takes nothing and gives back what it was given.
            unsafe { msg_send![super(this), init] }
        }
    }
}

use delegate::NotificationDelegate;
