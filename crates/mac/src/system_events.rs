//! Events of the whole Mac. Type-checked on Linux, not yet run on a Mac.

use block2::RcBlock;
use objc2_app_kit::{
    NSApplicationDidChangeScreenParametersNotification, NSWorkspace, NSWorkspaceDidWakeNotification,
};
use objc2_foundation::{NSNotification, NSNotificationCenter, NSNotificationName};
use std::ptr::NonNull;
use tokio::sync::mpsc;

/// An event of the whole Mac.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemEvent {
    /// The Mac has woken from sleep.
    Woke,
    /// A display was added, removed, moved or resized.
    ScreensChanged,
}

/// Sends each event to `tell`, for as long as the app runs. Call once, on the main thread.
pub fn follow_system_events(tell: &mpsc::UnboundedSender<SystemEvent>) {
    let workspace = NSWorkspace::sharedWorkspace().notificationCenter();
    let default = NSNotificationCenter::defaultCenter();
    #[expect(unsafe_code, reason = "names of notifications are foreign statics")]
    // SAFETY: AppKit defines both constants and never changes them.
    let (woke, screens) = unsafe {
        (
            NSWorkspaceDidWakeNotification,
            NSApplicationDidChangeScreenParametersNotification,
        )
    };
    observe(&workspace, woke, SystemEvent::Woke, tell.clone());
    observe(&default, screens, SystemEvent::ScreensChanged, tell.clone());
}

fn observe(
    center: &NSNotificationCenter,
    name: &NSNotificationName,
    event: SystemEvent,
    tell: mpsc::UnboundedSender<SystemEvent>,
) {
    let block = RcBlock::new(move |_: NonNull<NSNotification>| {
        // The send fails only while the app ends.
        let _ = tell.send(event);
    });
    #[expect(unsafe_code, reason = "the block may be called on any thread")]
    // SAFETY: The block owns a sender, which may be used on any thread; without a queue, it is
    // called on the thread that posts. No object is observed, so none has to be of a type.
    let token = unsafe {
        center.addObserverForName_object_queue_usingBlock(Some(name), None, None, &block)
    };
    // The centre keeps the observer until it is removed, which is never.
    drop(token);
}
