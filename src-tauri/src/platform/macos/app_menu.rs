//! The app's own menu, which an app without a Dock icon never shows, but whose keys work while the
//! popover has the keyboard. Type-checked on Linux, not yet run on a Mac.

use tauri::menu::{Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::{AppHandle, Builder, Wry};

/// Not a name of `MenuAction`: the handler of the tray is called for this menu, too.
const QUIT_ITEM: &str = "app-menu-quit";

/// Adds the menu. Its Quit asks about paused sessions, as that of the tray does; Tauri's own would
/// end the app at once.
pub(super) fn add_app_menu(builder: Builder<Wry>, quit: fn(&AppHandle)) -> Builder<Wry> {
    builder
        .enable_macos_default_menu(false)
        .menu(app_menu)
        .on_menu_event(move |app, event| {
            if event.id().as_ref() == QUIT_ITEM {
                quit(app);
            }
        })
}

fn app_menu(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let quit = MenuItem::with_id(app, QUIT_ITEM, "Quit Trusty Bar", true, Some("Cmd+Q"))?;
    // Without these, ⌘C and ⌘V do nothing in the popover's fields.
    let edit = Submenu::with_items(
        app,
        "Edit",
        true,
        &[
            &PredefinedMenuItem::undo(app, None)?,
            &PredefinedMenuItem::redo(app, None)?,
            &PredefinedMenuItem::cut(app, None)?,
            &PredefinedMenuItem::copy(app, None)?,
            &PredefinedMenuItem::paste(app, None)?,
            &PredefinedMenuItem::select_all(app, None)?,
        ],
    )?;
    Menu::with_items(
        app,
        &[
            &Submenu::with_items(app, "Trusty Bar", true, &[&quit])?,
            &edit,
        ],
    )
}
