//! What differs between desktops: one name, two files.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    ICONS_ARE_TEMPLATES, Notifications, clicked_at, icon, is_composited, place, prepare, present,
    settle, title,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    ICONS_ARE_TEMPLATES, Notifications, clicked_at, icon, is_composited, place, prepare, present,
    settle, title,
};
