//! The app's calls to Apple's frameworks, whose classes only `unsafe` code can declare. Empty on
//! other systems.

#[cfg(target_os = "macos")]
pub mod notification_center;
