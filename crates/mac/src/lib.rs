//! The app's calls to Apple's frameworks, whose classes only `unsafe` code can declare. Empty on
//! other systems. Type-checked on Linux, not yet run on a Mac.

#[cfg(target_os = "macos")]
pub mod activity;
#[cfg(target_os = "macos")]
pub mod login_item;
#[cfg(target_os = "macos")]
pub mod notification_center;
#[cfg(target_os = "macos")]
pub mod popover_panel;
#[cfg(target_os = "macos")]
pub mod screen_layout;
#[cfg(target_os = "macos")]
pub mod system_events;
