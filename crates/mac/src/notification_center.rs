//! The notification centre of macOS. Type-checked on Linux, not yet run on a Mac.
//!
//! It exists only for a program in a signed bundle; asked for by any other, it throws: see
//! [`in_bundle`].

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

/// Categories: with a request that may be answered, and without.
const REQUEST_CATEGORY: &str = "trusty.asks";
const PLAIN_CATEGORY: &str = "trusty.tells";
/// What comes as a choice once notifications are allowed.
pub const ALLOWED_EVENT: &str = "trusty.allowed";

/// The identifier of a notification, and the name of what was chosen on it.
pub type ChosenAction = (String, String);

/// The buttons of notifications: the name of each, and its words.
#[derive(Debug, Clone, Copy)]
pub struct NotificationButtons<'a> {
    /// Shows the session.
    pub show: (&'a str, &'a str),
    /// Approves a request.
    pub approve: (&'a str, &'a str),
    /// Denies a request.
    pub deny: (&'a str, &'a str),
}

/// Which buttons a notification has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationKind {
    /// All of them.
    Request,
    /// The one that shows the session.
    Plain,
}

/// Whether this program may ask the notification centre at all.
pub fn in_bundle() -> bool {
    NSBundle::mainBundle().bundleIdentifier().is_some()
}

/// Names the buttons, takes the clicks, and asks once whether notices may be shown.
pub fn begin(buttons: &NotificationButtons<'_>, tell: mpsc::UnboundedSender<ChosenAction>) {
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
            // Who waited in vain has gone on.
            let _ = send.send(refused);
        }
    });
    UNUserNotificationCenter::currentNotificationCenter()
        .addNotificationRequest_withCompletionHandler(&request, Some(&done));
    added
}

/// Takes a notification back, whether it was shown already or not.
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
