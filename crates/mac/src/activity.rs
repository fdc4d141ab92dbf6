//! Keeps macOS from suspending the app while it is needed: neither App Nap nor automatic
//! termination. Type-checked on Linux, not yet run on a Mac.

use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2::runtime::{NSObjectProtocol, ProtocolObject};
use objc2_foundation::{NSActivityOptions, NSProcessInfo, NSString};
use std::cell::RefCell;

/// The token of an activity that has begun.
type ActivityToken = Retained<ProtocolObject<dyn NSObjectProtocol>>;

thread_local! {
    static RUNNING_ACTIVITY: RefCell<Option<ActivityToken>> = const { RefCell::new(None) };
}

/// Tells macOS that the app must not be ended to free memory, nor killed at logout without a
/// notice. Both are off by default; a bundle's Info.plist could turn them on.
pub fn refuse_automatic_termination() {
    let process = NSProcessInfo::processInfo();
    process.disableAutomaticTermination(&NSString::from_str("Trusty Bar watches sessions"));
    process.disableSuddenTermination();
}

/// Begins an activity for a reason, which `pmset -g assertions` shows, in place of the previous
/// one; `None` ends it. Timers are then not delayed by App Nap, and the Mac may still sleep. Does
/// nothing on a thread other than the main one.
pub fn set_activity(reason: Option<&str>) {
    if MainThreadMarker::new().is_none() {
        return;
    }
    let process = NSProcessInfo::processInfo();
    let begun = reason.map(|reason| {
        process.beginActivityWithOptions_reason(
            NSActivityOptions::UserInitiatedAllowingIdleSystemSleep,
            &NSString::from_str(reason),
        )
    });
    // The new activity begins before the previous one ends, so that there is no gap.
    if let Some(before) = RUNNING_ACTIVITY.replace(begun) {
        end(&before);
    }
}

#[expect(unsafe_code, reason = "the token has no type of its own")]
fn end(token: &ProtocolObject<dyn NSObjectProtocol>) {
    // SAFETY: The token came from `beginActivityWithOptions:reason:`, and each is ended once.
    unsafe { NSProcessInfo::processInfo().endActivity(token) };
}
