//! What differs between desktops: one name, two files.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    DesktopNotifications, ICONS_ARE_TEMPLATES, WINDOW_IS_RESIZABLE, clicked_at, follow_desktop,
    icon, is_ready_to_draw, other_task, place, prepare, present, ready_to_draw, shows_transparency,
    text_scale, title, tune,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    DesktopNotifications, ICONS_ARE_TEMPLATES, WINDOW_IS_RESIZABLE, clicked_at, follow_desktop,
    icon, is_ready_to_draw, other_task, place, prepare, present, ready_to_draw, shows_transparency,
    text_scale, title, tune,
};
