//! The window of the popover as a panel that takes the keyboard without making the app active.
//! Type-checked on Linux, not yet run on a Mac.
//!
//! Tauri makes an ordinary window. Giving that window the class of a panel, as `tauri-nspanel`
//! does, leaves what the window server was told when the window was made: only a panel that is made
//! with the style of a non-activating panel has that tag, which newer systems follow
//! (<https://philz.blog/nspanel-nonactivating-style-mask-flag>, ahkohd/tauri-nspanel issue 123).
//! So this is a panel of its own, into which the page moves; Tauri's window stays hidden and empty.
//!
//! All functions do nothing on a thread other than the main one.

use crate::screen_layout::PointRect;
use objc2::rc::Retained;
use objc2::{DefinedClass, MainThreadMarker, MainThreadOnly, define_class, msg_send};
use objc2_app_kit::{
    NSApplication, NSBackingStoreType, NSColor, NSPanel, NSStatusWindowLevel, NSView, NSWindow,
    NSWindowAnimationBehavior, NSWindowCollectionBehavior, NSWindowStyleMask,
};
use objc2_foundation::{NSPoint, NSRect, NSSize};
use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;
use tokio::sync::mpsc;

thread_local! {
    /// The panel; there is one popover.
    static POPOVER_PANEL: RefCell<Option<Retained<PopoverPanel>>> = const { RefCell::new(None) };
}

/// What happened to the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWindowChange {
    /// The panel receives the keys.
    Gained,
    /// Another window receives the keys.
    Lost,
}

/// What became of the wish to move a page into a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelAdoption {
    /// The page is in the panel.
    Adopted,
    /// This app has no such window, or the window has no content.
    NoContent,
}

/// Moves the content of one of this app's windows, given by its address, into a new panel, which
/// stays hidden. Each change of the keyboard is sent to `tell`.
pub fn adopt_content(
    window: *const c_void,
    tell: mpsc::UnboundedSender<KeyWindowChange>,
) -> PanelAdoption {
    let Some(main_thread) = MainThreadMarker::new() else {
        return PanelAdoption::NoContent;
    };
    // The address is only compared.
    let windows = NSApplication::sharedApplication(main_thread).windows();
    let found = windows
        .iter()
        .find(|one| ptr::eq(ptr::from_ref::<NSWindow>(one).cast(), window));
    let Some((window, content)) = found.and_then(|w| w.contentView().map(|view| (w, view))) else {
        return PanelAdoption::NoContent;
    };
    let panel = PopoverPanel::new(main_thread, window.frame(), tell);
    // tao expects its window to have a content view.
    window.setContentView(Some(&NSView::new(main_thread)));
    panel.setContentView(Some(&content));
    // wry's parent view has had no size so far, so resizing it would not resize the page.
    for page in &content.subviews() {
        page.setFrame(content.bounds());
    }
    POPOVER_PANEL.set(Some(panel));
    PanelAdoption::Adopted
}

/// Sets size and position in one step.
pub fn place_panel(frame: PointRect) {
    if let Some(panel) = panel() {
        let frame = NSRect::new(
            NSPoint::new(frame.x, frame.y),
            NSSize::new(frame.width, frame.height),
        );
        panel.setFrame_display(frame, true);
        // The shadow of a transparent window follows what is drawn, but only when asked.
        panel.invalidateShadow();
    }
}

/// Shows the panel over everything else, and gives its page the keys. The active app stays active.
pub fn show_panel() {
    if let Some(panel) = panel() {
        let app = NSApplication::sharedApplication(MainThreadMarker::from(&*panel));
        if app.isHidden() {
            app.unhideWithoutActivation();
        }
        panel.orderFrontRegardless();
        panel.makeKeyWindow();
        let page = panel.contentView().and_then(|c| c.subviews().firstObject());
        panel.makeFirstResponder(page.as_deref().map(|page| &**page));
    }
}

/// Hides the panel. The window of the active app receives the keys again.
pub fn hide_panel() {
    if let Some(panel) = panel() {
        panel.orderOut(None);
    }
}

/// Whether the panel is on the screen.
pub fn is_panel_visible() -> bool {
    panel().is_some_and(|panel| panel.isVisible())
}

/// Drops the panel, whose page has ended.
pub fn close_panel() {
    hide_panel();
    if MainThreadMarker::new().is_some() {
        POPOVER_PANEL.set(None);
    }
}

/// Whether this app is the active one.
pub fn is_app_active() -> bool {
    MainThreadMarker::new()
        .is_some_and(|main_thread| NSApplication::sharedApplication(main_thread).isActive())
}

/// The panel. A clone, because `AppKit` may call back into this module.
fn panel() -> Option<Retained<PopoverPanel>> {
    MainThreadMarker::new()?;
    POPOVER_PANEL.with_borrow(Clone::clone)
}

#[expect(unsafe_code, reason = "a class of Objective-C is declared with it")]
mod panel_class {
    use super::{
        DefinedClass, KeyWindowChange, MainThreadMarker, MainThreadOnly, NSBackingStoreType,
        NSColor, NSPanel, NSRect, NSStatusWindowLevel, NSWindowAnimationBehavior,
        NSWindowCollectionBehavior, NSWindowStyleMask, Retained, define_class, mpsc, msg_send,
    };

    define_class!(
        // SAFETY: The class overrides only what NSPanel documents for that, and has no `Drop`.
        #[unsafe(super(NSPanel))]
        #[thread_kind = MainThreadOnly]
        #[name = "TrustyPopoverPanel"]
        #[ivars = mpsc::UnboundedSender<KeyWindowChange>]
        pub(super) struct PopoverPanel;

        impl PopoverPanel {
            /// A panel without a title bar would never receive the keys.
            #[unsafe(method(canBecomeKeyWindow))]
            fn can_become_key_window(&self) -> bool {
                true
            }

            #[unsafe(method(canBecomeMainWindow))]
            fn can_become_main_window(&self) -> bool {
                false
            }

            #[unsafe(method(becomeKeyWindow))]
            fn become_key_window(&self) {
                // SAFETY: The method of NSWindow takes and returns nothing.
                let () = unsafe { msg_send![super(self), becomeKeyWindow] };
                // The send fails only while the app ends.
                let _ = self.ivars().send(KeyWindowChange::Gained);
            }

            #[unsafe(method(resignKeyWindow))]
            fn resign_key_window(&self) {
                // SAFETY: The method of NSWindow takes and returns nothing.
                let () = unsafe { msg_send![super(self), resignKeyWindow] };
                // The send fails only while the app ends.
                let _ = self.ivars().send(KeyWindowChange::Lost);
            }
        }
    );

    impl PopoverPanel {
        pub(super) fn new(
            main_thread: MainThreadMarker,
            frame: NSRect,
            tell: mpsc::UnboundedSender<KeyWindowChange>,
        ) -> Retained<Self> {
            let style = NSWindowStyleMask::Borderless | NSWindowStyleMask::NonactivatingPanel;
            let this = Self::alloc(main_thread).set_ivars(tell);
            // SAFETY: The initialiser of NSPanel, with the types that it declares.
            let panel: Retained<Self> = unsafe {
                msg_send![
                    super(this),
                    initWithContentRect: frame,
                    styleMask: style,
                    backing: NSBackingStoreType::Buffered,
                    defer: false,
                ]
            };
            // SAFETY: `Retained` alone counts the references to the panel.
            unsafe { panel.setReleasedWhenClosed(false) };
            panel.setFloatingPanel(true);
            panel.setHidesOnDeactivate(false);
            panel.setBecomesKeyOnlyIfNeeded(false);
            // The app hides itself to return the keyboard, which must not reach a panel that is
            // shown again meanwhile.
            panel.setCanHide(false);
            panel.setLevel(NSStatusWindowLevel);
            panel.setCollectionBehavior(
                NSWindowCollectionBehavior::CanJoinAllSpaces
                    | NSWindowCollectionBehavior::FullScreenAuxiliary
                    | NSWindowCollectionBehavior::Transient
                    | NSWindowCollectionBehavior::IgnoresCycle,
            );
            panel.setAnimationBehavior(NSWindowAnimationBehavior::None);
            // The page draws the round corners.
            panel.setOpaque(false);
            panel.setBackgroundColor(Some(&NSColor::clearColor()));
            panel.setHasShadow(true);
            panel
        }
    }
}

use panel_class::PopoverPanel;
