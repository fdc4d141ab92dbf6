//! What differs between desktops: the same names, implemented once for Linux and once for macOS.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    ICONS_ARE_TEMPLATES, NEW_PAGE_TAKES_FOCUS, WINDOW_IS_RESIZABLE, app_activation, bundled_tool,
    click_position, configure, displays, follow_desktop, hide_app, hide_window, icon, icon_area,
    is_ready_to_draw, is_window_visible, is_worth_another_start, login_item, note_window_destroyed,
    open_login_item_settings, open_notification_settings, other_task, place_window, prepare,
    present_window, ready_to_draw, run_app, set_activity, set_up_web_view, shows_transparency,
    text_scale, tray_title,
};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    ICONS_ARE_TEMPLATES, NEW_PAGE_TAKES_FOCUS, WINDOW_IS_RESIZABLE, app_activation, bundled_tool,
    click_position, configure, displays, follow_desktop, hide_app, hide_window, icon, icon_area,
    is_ready_to_draw, is_window_visible, is_worth_another_start, login_item, note_window_destroyed,
    open_login_item_settings, open_notification_settings, other_task, place_window, prepare,
    present_window, ready_to_draw, run_app, set_activity, set_up_web_view, shows_transparency,
    text_scale, tray_title,
};
