//! The notification server of the desktop: the same name, implemented once for Linux and once for
//! macOS.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub(crate) use linux::DesktopNotifications;
#[cfg(target_os = "macos")]
pub(crate) use macos::DesktopNotifications;
