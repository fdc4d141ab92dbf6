//! The notification centre of macOS. Type-checked on Linux, not yet run on a Mac.
//!
//! The centre exists only for a program in a signed bundle, and throws when any other program asks
//! for it: check [`in_bundle`] first. Calls come from threads without an autorelease pool, so each
//! makes one.

use block2::{DynBlock, RcBlock};
use objc2::rc::{Retained, autoreleasepool};
use objc2::runtime::{Bool, NSObject, NSObjectProtocol, ProtocolObject};
use objc2::{AllocAnyThread, DefinedClass, define_class, msg_send};
use objc2_foundation::{NSArray, NSBundle, NSError, NSSet, NSString};
use objc2_user_notifications::{
    UNAuthorizationOptions, UNAuthorizationStatus, UNMutableNotificationContent, UNNotification,
    UNNotificationAction, UNNotificationActionOptions, UNNotificationCategory,
    UNNotificationCategoryOptions, UNNotificationPresentationOptions, UNNotificationRequest,
    UNNotificationResponse, UNNotificationSettings, UNUserNotificationCenter,
    UNUserNotificationCenterDelegate,
};
use std::ptr::NonNull;
use std::sync::Mutex;
use tokio::sync::{mpsc, oneshot};

/// The category of notifications whose request can be answered, and of all others.
const REQUEST_CATEGORY: &str = "trusty.asks";
const PLAIN_CATEGORY: &str = "trusty.tells";

/// The identifier of a notification, and the name of the action that the user chose on it.
pub type ChosenAction = (String, String);

/// The buttons of notifications, each as its name and its label.
#[derive(Debug, Clone, Copy)]
pub struct NotificationButtons<'a> {
    /// The button that shows the session.
    pub show: (&'a str, &'a str),
    /// The button that denies a request.
    pub deny: (&'a str, &'a str),
}

/// Which buttons a notification has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationKind {
    /// Deny and show. A banner shows about two lines, so that an approval could be unread.
    Request,
    /// Show only.
    Plain,
}

/// Whether this program runs from a bundle, without which the notification centre throws.
pub fn in_bundle() -> bool {
    NSBundle::mainBundle().bundleIdentifier().is_some()
}

/// Whether the user lets this app send notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationPermission {
    /// The user was not asked yet.
    NotDetermined,
    /// The user does not.
    Denied,
    /// The user does.
    Allowed,
}

/// Registers the buttons, sends each click to `tell`, and removes what an earlier run has left,
/// whose clicks nothing would understand. Asks the user nothing. Call only in a bundle: see
/// [`in_bundle`].
pub fn begin(buttons: &NotificationButtons<'_>, tell: mpsc::UnboundedSender<ChosenAction>) {
    autoreleasepool(|_| {
        let centre = UNUserNotificationCenter::currentNotificationCenter();
        let delegate = NotificationDelegate::new(tell);
        centre.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
        // The centre holds no strong reference, and the delegate is needed for the app's life.
        let _kept = Retained::into_raw(delegate);
        centre.setNotificationCategories(&categories(buttons));
        centre.removeAllPendingNotificationRequests();
        centre.removeAllDeliveredNotifications();
    });
}

/// The kinds of notifications: those whose request can be denied, and all others.
fn categories(buttons: &NotificationButtons<'_>) -> Retained<NSSet<UNNotificationCategory>> {
    let button = |(name, words): (&str, &str), options| {
        UNNotificationAction::actionWithIdentifier_title_options(
            &NSString::from_str(name),
            &NSString::from_str(words),
            options,
        )
    };
    let show = button(buttons.show, UNNotificationActionOptions::empty());
    // Only the user who can unlock this screen may answer a request.
    let own = UNNotificationActionOptions::AuthenticationRequired;
    let answers = [button(buttons.deny, own), show.clone()];
    let category = |name: &str, actions: &[Retained<UNNotificationAction>]| {
        UNNotificationCategory::categoryWithIdentifier_actions_intentIdentifiers_options(
            &NSString::from_str(name),
            &NSArray::from_retained_slice(actions),
            &NSArray::new(),
            UNNotificationCategoryOptions::CustomDismissAction,
        )
    };
    NSSet::from_retained_slice(&[
        category(REQUEST_CATEGORY, &answers),
        category(PLAIN_CATEGORY, &[show]),
    ])
}

/// Whether the user lets this app send notifications. The receiver fails if the centre does not
/// answer. Call only in a bundle: see [`in_bundle`].
pub fn permission() -> oneshot::Receiver<NotificationPermission> {
    let (send, told) = oneshot::channel();
    let send = Mutex::new(Some(send));
    let done = RcBlock::new(move |settings: NonNull<UNNotificationSettings>| {
        #[expect(unsafe_code, reason = "the centre passes a pointer")]
        // SAFETY: The centre passes an object that lives during the call.
        let settings = unsafe { settings.as_ref() };
        let permission = match settings.authorizationStatus() {
            UNAuthorizationStatus::NotDetermined => NotificationPermission::NotDetermined,
            UNAuthorizationStatus::Denied => NotificationPermission::Denied,
            _ => NotificationPermission::Allowed,
        };
        send_once(&send, permission);
    });
    autoreleasepool(|_| {
        UNUserNotificationCenter::currentNotificationCenter()
            .getNotificationSettingsWithCompletionHandler(&done);
    });
    told
}

/// Has macOS ask the user to allow notifications, if it has not asked yet; the receiver gets the
/// answer, however long the user takes. Call only in a bundle: see [`in_bundle`].
pub fn ask_permission() -> oneshot::Receiver<NotificationPermission> {
    let (send, told) = oneshot::channel();
    let send = Mutex::new(Some(send));
    let done = RcBlock::new(move |granted: Bool, _error: *mut NSError| {
        let permission = if granted.as_bool() {
            NotificationPermission::Allowed
        } else {
            NotificationPermission::Denied
        };
        send_once(&send, permission);
    });
    autoreleasepool(|_| {
        UNUserNotificationCenter::currentNotificationCenter()
            .requestAuthorizationWithOptions_completionHandler(
                UNAuthorizationOptions::Alert,
                &done,
            );
    });
    told
}

/// Sends a value through a channel that a block may be given only once.
fn send_once<T>(send: &Mutex<Option<oneshot::Sender<T>>>, value: T) {
    let send = send.lock().ok().and_then(|mut send| send.take());
    if let Some(send) = send {
        // The receiver is dropped if the caller no longer waits.
        let _ = send.send(value);
    }
}

/// Adds a notification, in place of one with the same identifier. The receiver gets the error of
/// the notification centre, or none.
pub fn add(
    id: &str,
    title: &str,
    body: &str,
    kind: NotificationKind,
) -> oneshot::Receiver<Option<String>> {
    let (send, added) = oneshot::channel();
    let send = Mutex::new(Some(send));
    let done = RcBlock::new(move |error: *mut NSError| {
        let refused = (!error.is_null()).then(|| {
            "macOS refused the notification; allow notifications of Trusty Bar in the \
             system's settings"
                .to_owned()
        });
        send_once(&send, refused);
    });
    autoreleasepool(|_| {
        let content = UNMutableNotificationContent::new();
        content.setTitle(&NSString::from_str(title));
        content.setBody(&NSString::from_str(body));
        let kind = match kind {
            NotificationKind::Request => REQUEST_CATEGORY,
            NotificationKind::Plain => PLAIN_CATEGORY,
        };
        content.setCategoryIdentifier(&NSString::from_str(kind));
        let request = UNNotificationRequest::requestWithIdentifier_content_trigger(
            &NSString::from_str(id),
            &content,
            None,
        );
        UNUserNotificationCenter::currentNotificationCenter()
            .addNotificationRequest_withCompletionHandler(&request, Some(&done));
    });
    added
}

/// Removes a notification, whether pending or already shown.
pub fn remove(id: &str) {
    autoreleasepool(|_| {
        let ids = NSArray::from_retained_slice(&[NSString::from_str(id)]);
        let centre = UNUserNotificationCenter::currentNotificationCenter();
        centre.removePendingNotificationRequestsWithIdentifiers(&ids);
        centre.removeDeliveredNotificationsWithIdentifiers(&ids);
    });
}

#[expect(unsafe_code, reason = "a class of Objective-C is declared with it")]
mod delegate {
    use super::{
        AllocAnyThread, ChosenAction, DefinedClass, DynBlock, NSObject, NSObjectProtocol, Retained,
        UNNotification, UNNotificationPresentationOptions, UNNotificationResponse,
        UNUserNotificationCenter, UNUserNotificationCenterDelegate, define_class, mpsc, msg_send,
    };

    define_class!(
        // SAFETY: NSObject has no requirements for subclasses, and this class has no `Drop`.
        #[unsafe(super(NSObject))]
        #[name = "TrustyNotificationDelegate"]
        #[ivars = mpsc::UnboundedSender<ChosenAction>]
        pub(super) struct NotificationDelegate;

        // SAFETY: NSObjectProtocol has no requirements beyond those of NSObject, the superclass.
        unsafe impl NSObjectProtocol for NotificationDelegate {}

        // SAFETY: The methods have the signatures that the protocol declares.
        unsafe impl UNUserNotificationCenterDelegate for NotificationDelegate {
            /// Shows the notification even while the app is in front.
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
                // The send fails only while the app ends.
                let _ = self.ivars().send((id, name));
                done.call(());
            }
        }
    );

    impl NotificationDelegate {
        pub(super) fn new(tell: mpsc::UnboundedSender<ChosenAction>) -> Retained<Self> {
            let this = Self::alloc().set_ivars(tell);
            // SAFETY: `init` of NSObject takes no arguments and returns the object it was sent to.
            unsafe { msg_send![super(this), init] }
        }
    }
}

use delegate::NotificationDelegate;
