//! The notification centre of macOS. Type-checked on Linux, not yet run on a Mac.
//!
//! The centre exists only for a program in a signed bundle, and throws when any other program asks
//! for it: check [`in_bundle`] first.

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
use std::sync::Mutex;
use tokio::sync::{mpsc, oneshot};

/// The category of notifications whose request can be answered, and of all others.
const REQUEST_CATEGORY: &str = "trusty.asks";
const PLAIN_CATEGORY: &str = "trusty.tells";
/// The action name that [`begin`] sends once the user allows notifications.
pub const ALLOWED_EVENT: &str = "trusty.allowed";

/// The identifier of a notification, and the name of the action that the user chose on it.
pub type ChosenAction = (String, String);

/// The buttons of notifications, each as its name and its label.
#[derive(Debug, Clone, Copy)]
pub struct NotificationButtons<'a> {
    /// The button that shows the session.
    pub show: (&'a str, &'a str),
    /// The button that approves a request.
    pub approve: (&'a str, &'a str),
    /// The button that denies a request.
    pub deny: (&'a str, &'a str),
}

/// Which buttons a notification has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationKind {
    /// Approve, deny and show.
    Request,
    /// Show only.
    Plain,
}

/// Whether this program runs from a bundle, without which the notification centre throws.
pub fn in_bundle() -> bool {
    NSBundle::mainBundle().bundleIdentifier().is_some()
}

/// Registers the buttons, sends each click to `tell`, and asks the user once to allow
/// notifications. Call only in a bundle: see [`in_bundle`].
pub fn begin(buttons: &NotificationButtons<'_>, tell: mpsc::UnboundedSender<ChosenAction>) {
    let centre = UNUserNotificationCenter::currentNotificationCenter();
    let delegate = NotificationDelegate::new(tell.clone());
    centre.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
    // The centre holds no strong reference, and the delegate is needed for the app's life.
    let _kept = Retained::into_raw(delegate);
    let button = |(name, words): (&str, &str), options| {
        UNNotificationAction::actionWithIdentifier_title_options(
            &NSString::from_str(name),
            &NSString::from_str(words),
            options,
        )
    };
    let plain = UNNotificationActionOptions::empty();
    // Only the user who can unlock this screen may answer a request.
    let own = UNNotificationActionOptions::AuthenticationRequired;
    let show = button(buttons.show, plain);
    let answers = [
        button(buttons.approve, own),
        button(buttons.deny, own),
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
    // If the user refuses, `add` reports the error for each notification.
    let told = RcBlock::new(move |granted: Bool, _error: *mut NSError| {
        if granted.as_bool() {
            // The send fails only while the app ends.
            let _ = tell.send((String::new(), ALLOWED_EVENT.to_owned()));
        }
    });
    centre.requestAuthorizationWithOptions_completionHandler(UNAuthorizationOptions::Alert, &told);
}

/// Adds a notification, in place of one with the same identifier. The receiver gets the error of
/// the notification centre, or none.
pub fn add(
    id: &str,
    title: &str,
    body: &str,
    kind: NotificationKind,
) -> oneshot::Receiver<Option<String>> {
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
            // The receiver is dropped if the caller no longer waits.
            let _ = send.send(refused);
        }
    });
    UNUserNotificationCenter::currentNotificationCenter()
        .addNotificationRequest_withCompletionHandler(&request, Some(&done));
    added
}

/// Removes a notification, whether pending or already shown.
pub fn remove(id: &str) {
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
