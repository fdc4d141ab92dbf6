//! The tray icon: draws the glance and the menu, each only when it differs.

use crate::{Place, commands, log, platform, popover};
use std::time::Duration;
use tauri::image::Image;
use tauri::menu::{IsMenuItem, MenuItem as Item, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, PhysicalPosition};
use tokio::sync::{Notify, watch};
use trusty_engine::Handle;
use trusty_fleet::view::{Board, Glance, Menu, MenuAction, MenuItem, menu};
use trusty_fleet::{SessionId, Snapshot};

const ID: &str = "trusty";
/// The icon changes at most four times a second.
const CALM: Duration = Duration::from_millis(250);
/// A desktop without a tray may get one: a panel that starts after us, or starts again.
const RETRY: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(30),
];

/// What the tray shows.
#[derive(Debug, Clone, PartialEq)]
struct Face {
    glance: Glance,
    menu: Menu,
}

impl Face {
    fn of(board: &Board) -> Self {
        Self {
            glance: Glance::of(board),
            menu: menu(board),
        }
    }
}

/// Told when the icon looks wrong though the sessions are as they were: a theme changed.
#[derive(Debug, Default)]
pub(crate) struct Repaint(Notify);

/// Draws the icon anew.
pub(crate) fn repaint(app: &AppHandle) {
    app.state::<Repaint>().0.notify_one();
}

/// Shows the engine's sessions in the tray for as long as it runs.
pub(crate) fn run(app: &AppHandle, engine: Handle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut snapshots = engine.snapshots();
        let home = app.state::<Place>().home.clone();
        let (send, faces) = watch::channel(Face::of(&Board::of(&Snapshot::default(), None)));
        tauri::async_runtime::spawn(keep_drawn(app.clone(), faces));
        while snapshots.changed().await.is_ok() {
            let snapshot = snapshots.borrow_and_update().clone();
            let new = Face::of(&Board::of(&snapshot, Some(&home)));
            send.send_if_modified(|known| {
                let news = *known != new;
                *known = new;
                news
            });
        }
    });
}

/// A tray that says what is wrong and lets the app be quit.
pub(crate) fn run_without_engine(app: &AppHandle, told: &str) {
    let board = Board {
        summary: told.to_owned(),
        ..Board::default()
    };
    let (send, faces) = watch::channel(Face::of(&board));
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        keep_drawn(app, faces).await;
        drop(send);
    });
}

/// Draws the newest face; makes the icon as soon as the desktop has a place for it.
async fn keep_drawn(app: AppHandle, mut faces: watch::Receiver<Face>) {
    let mut drawn: Option<Face> = None;
    let mut tries = 0;
    loop {
        let face = faces.borrow_and_update().clone();
        let (before, after) = (drawn.clone(), face.clone());
        let done = on_main(&app, move |app| draw(app, before.as_ref(), &after)).await;
        match done {
            Some(Ok(())) => {
                if tries > 0 {
                    log::line("the tray icon is shown");
                }
                tries = 0;
                drawn = Some(face);
                tokio::time::sleep(CALM).await;
                let repaint = app.state::<Repaint>();
                tokio::select! {
                    news = faces.changed() => if news.is_err() { return },
                    () = repaint.0.notified() => drawn = None,
                }
            }
            Some(Err(e)) => {
                if tries == 0 {
                    log::line(&format!(
                        "no tray takes the icon ({e}); trying again. Start trusty-bar once more \
                         to open its window"
                    ));
                }
                drawn = None;
                tokio::time::sleep(RETRY[tries.min(RETRY.len() - 1)]).await;
                tries += 1;
            }
            None => return,
        }
    }
}

/// Runs a closure on the main thread; `None` if the app has ended.
async fn on_main<T: Send + 'static>(
    app: &AppHandle,
    act: impl FnOnce(&AppHandle) -> T + Send + 'static,
) -> Option<T> {
    let (send, done) = tokio::sync::oneshot::channel();
    let own = app.clone();
    app.run_on_main_thread(move || {
        let _ = send.send(act(&own));
    })
    .ok()?;
    done.await.ok()
}

fn draw(app: &AppHandle, before: Option<&Face>, face: &Face) -> tauri::Result<()> {
    let Some(tray) = app.tray_by_id(ID) else {
        return build(app, face);
    };
    let same = |same: fn(&Face) -> &Glance| before.is_some_and(|b| same(b) == same(face));
    if !same(|f| &f.glance) {
        tray.set_icon_with_as_template(Some(icon(face)?), platform::ICONS_ARE_TEMPLATES)?;
        tray.set_tooltip(Some(&face.glance.tooltip))?;
        tray.set_title(Some(platform::title(face.glance.count)))?;
    }
    if before.is_none_or(|b| b.menu != face.menu) {
        tray.set_menu(Some(native_menu(app, &face.menu)?))?;
    }
    Ok(())
}

fn build(app: &AppHandle, face: &Face) -> tauri::Result<()> {
    TrayIconBuilder::with_id(ID)
        .icon(icon(face)?)
        .icon_as_template(platform::ICONS_ARE_TEMPLATES)
        .tooltip(&face.glance.tooltip)
        .title(platform::title(face.glance.count))
        .menu(&native_menu(app, &face.menu)?)
        .show_menu_on_left_click(false)
        .on_menu_event(|app, event| choose(app, event.id().as_ref()))
        .on_tray_icon_event(on_click)
        .build(app)
        .map(drop)
}

fn icon(face: &Face) -> tauri::Result<Image<'static>> {
    Image::from_bytes(platform::icon(face.glance.glyph))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "Tauri fixes the form of a handler"
)]
fn on_click(tray: &TrayIcon, event: TrayIconEvent) {
    if let TrayIconEvent::Click {
        button: MouseButton::Left,
        button_state: MouseButtonState::Up,
        position,
        rect,
        ..
    } = event
    {
        let app = tray.app_handle();
        // Both are told in physical pixels, so the scale does not count.
        let corner = rect.position.to_physical::<f64>(1.0);
        let size = rect.size.to_physical::<f64>(1.0);
        // Trays of Linux give the pointer only; macOS gives the icon, too.
        let at = if size.width > 0.0 {
            PhysicalPosition::new(corner.x + size.width / 2.0, corner.y + size.height)
        } else {
            platform::clicked_at(app, position)
        };
        popover::toggle(app, popover::Place::Below(at));
    }
}

fn native_menu(app: &AppHandle, menu: &Menu) -> tauri::Result<tauri::menu::Menu<tauri::Wry>> {
    let items: Vec<Box<dyn IsMenuItem<tauri::Wry>>> = menu
        .0
        .iter()
        .map(|item| native_item(app, item))
        .collect::<tauri::Result<_>>()?;
    let items: Vec<&dyn IsMenuItem<tauri::Wry>> = items.iter().map(AsRef::as_ref).collect();
    tauri::menu::Menu::with_items(app, &items)
}

fn native_item(app: &AppHandle, item: &MenuItem) -> tauri::Result<Box<dyn IsMenuItem<tauri::Wry>>> {
    // An ampersand would mark a key; two are one.
    let text = |t: &str| t.replace('&', "&&");
    Ok(match item {
        MenuItem::Separator => Box::new(PredefinedMenuItem::separator(app)?),
        MenuItem::Label(label) => Box::new(Item::new(app, text(label), false, None::<&str>)?),
        MenuItem::Choice(label, action) => Box::new(Item::with_id(
            app,
            name(*action),
            text(label),
            true,
            None::<&str>,
        )?),
    })
}

fn name(action: MenuAction) -> String {
    match action {
        MenuAction::Open => "open".into(),
        MenuAction::Show(id) => format!("show {id}"),
        MenuAction::Settings => "settings".into(),
        MenuAction::Quit => "quit".into(),
    }
}

fn choose(app: &AppHandle, name: &str) {
    match name {
        "open" => popover::open(app, popover::Place::Corner, None),
        "settings" => {
            if let Err(e) = commands::edit_settings(&app.state::<Place>()) {
                log::line(&format!("failed to open the settings: {e}"));
            }
        }
        "quit" => app.exit(0),
        other => {
            let id = other.strip_prefix("show ").and_then(|id| id.parse().ok());
            popover::open(app, popover::Place::Corner, id.map(SessionId));
        }
    }
}
