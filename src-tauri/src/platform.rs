//! What differs between desktops: one name, two files.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    DesktopNotifications, ICONS_ARE_TEMPLATES, WINDOW_IS_RESIZABLE, click_position, follow_desktop,
    icon, is_ready_to_draw, other_task, place_window, prepare, present_window, ready_to_draw,
    set_up_web_view, shows_transparency, text_scale, tray_title,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    DesktopNotifications, ICONS_ARE_TEMPLATES, WINDOW_IS_RESIZABLE, click_position, follow_desktop,
    icon, is_ready_to_draw, other_task, place_window, prepare, present_window, ready_to_draw,
    set_up_web_view, shows_transparency, text_scale, tray_title,
};
