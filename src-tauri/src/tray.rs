//! The tray icon: draws the glance and the menu, each only when changed.

use crate::app_menu_facts::AppMenuFacts;
use crate::notes::AppNotes;
use crate::snooze::{self, SnoozeState};
use crate::start_at_login::{self, LoginItemChange};
use crate::{AppContext, commands, log, platform, popover, session_actions, tool_install};
use std::time::Duration;
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, IsMenuItem, MenuItem as Item, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager};
use tokio::sync::{Notify, watch};
use trusty_daemon::AppSessions;
use trusty_fleet::action::Action;
use trusty_fleet::authorization::AnswerChannel;
use trusty_fleet::request::{Answer, RequestId};
use trusty_fleet::view::{
    Board, CheckMark, Glance, Menu, MenuAction, MenuContext, MenuItem, PopoverQuestion,
    RemedyAction, menu,
};
use trusty_fleet::{SessionId, Snapshot};
use trusty_platform::clock;

pub(crate) const TRAY_ID: &str = "trusty";
/// The icon changes at most four times a second.
const REDRAW_INTERVAL: Duration = Duration::from_millis(250);
/// How long a snooze from the menu suppresses notifications.
const SNOOZE_DURATION: Duration = Duration::from_hours(1);
/// Delays between attempts to add the icon: a panel may start after the app, or restart.
const RETRY_BACKOFF: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(30),
];

/// What the tray shows.
#[derive(Debug, Clone, PartialEq)]
struct TrayAppearance {
    glance: Glance,
    menu: Menu,
}

impl TrayAppearance {
    fn from_board(board: &Board, context: MenuContext) -> Self {
        Self {
            glance: Glance::from_board(board),
            menu: menu(board, &context),
        }
    }
}

/// Signalled when the icon has to be redrawn for the same sessions, because the theme changed.
#[derive(Debug, Default)]
pub(crate) struct TrayRepaint(Notify);

/// Redraws the icon.
pub(crate) fn repaint(app: &AppHandle) {
    app.state::<TrayRepaint>().0.notify_one();
}

/// Shows the engine's sessions in the tray until the engine exits.
pub(crate) fn run_tray(app: &AppHandle, engine: AppSessions) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut snapshots = engine.face().handle().snapshots();
        let mut snoozed = app.state::<SnoozeState>().subscribe();
        let mut notes = app.state::<AppNotes>().subscribe();
        let mut context = app.state::<AppMenuFacts>().subscribe();
        let home = app.state::<AppContext>().home.clone();
        let (send, faces) = watch::channel(TrayAppearance::from_board(
            &Board::from_snapshot(&Snapshot::default(), None),
            MenuContext::default(),
        ));
        tauri::async_runtime::spawn(keep_drawn(app.clone(), faces));
        loop {
            tokio::select! {
                news = snapshots.changed() => if news.is_err() { return },
                // The senders live as long as the app.
                _ = snoozed.changed() => {}
                _ = notes.changed() => {}
                _ = context.changed() => {}
            }
            let snapshot = snapshots.borrow_and_update().clone();
            let told = notes.borrow_and_update().to_vec();
            let board = Board::from_snapshot(&snapshot, Some(&home)).with_notes(told);
            let context = MenuContext {
                snoozed_until: snoozed.borrow_and_update().map(clock::minute_at),
                ..*context.borrow_and_update()
            };
            let new = TrayAppearance::from_board(&board, context);
            send.send_if_modified(|known| {
                let news = *known != new;
                *known = new;
                news
            });
        }
    });
}

/// Shows a tray icon that says what is wrong and offers Quit.
pub(crate) fn run_without_engine(app: &AppHandle, told: &str) {
    let board = Board {
        summary: told.to_owned(),
        ..Board::default()
    };
    let (send, faces) = watch::channel(TrayAppearance::from_board(&board, MenuContext::default()));
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        keep_drawn(app, faces).await;
        drop(send);
    });
}

/// Draws the newest appearance; creates the icon as soon as the desktop has a tray.
async fn keep_drawn(app: AppHandle, mut faces: watch::Receiver<TrayAppearance>) {
    let mut drawn: Option<TrayAppearance> = None;
    let mut tries = 0;
    loop {
        let face = faces.borrow_and_update().clone();
        let (before, after) = (drawn.clone(), face.clone());
        let done = on_main(&app, move |app| draw_icon(app, before.as_ref(), &after)).await;
        match done {
            Some(Ok(())) => {
                if tries > 0 {
                    log::line("the tray icon is shown");
                }
                tries = 0;
                drawn = Some(face);
                tokio::time::sleep(REDRAW_INTERVAL).await;
                let repaint = app.state::<TrayRepaint>();
                tokio::select! {
                    news = faces.changed() => if news.is_err() { return },
                    () = repaint.0.notified() => drawn = None,
                }
            }
            Some(Err(e)) => {
                if tries == 0 {
                    log::line(&format!(
                        "no system tray accepted the icon ({e}); retrying. Run `trusty-bar` again \
                         to open the popover"
                    ));
                }
                drawn = None;
                tokio::time::sleep(RETRY_BACKOFF[tries.min(RETRY_BACKOFF.len() - 1)]).await;
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

fn draw_icon(
    app: &AppHandle,
    before: Option<&TrayAppearance>,
    face: &TrayAppearance,
) -> tauri::Result<()> {
    let Some(tray) = app.tray_by_id(TRAY_ID) else {
        return build(app, face);
    };
    let same = |same: fn(&TrayAppearance) -> &Glance| before.is_some_and(|b| same(b) == same(face));
    if !same(|f| &f.glance) {
        tray.set_icon_with_as_template(Some(icon(face)?), platform::ICONS_ARE_TEMPLATES)?;
        tray.set_tooltip(Some(&face.glance.tooltip))?;
        tray.set_title(Some(platform::tray_title(face.glance.count)))?;
    }
    if before.is_none_or(|b| b.menu != face.menu) {
        tray.set_menu(Some(native_menu(app, &face.menu)?))?;
    }
    Ok(())
}

fn build(app: &AppHandle, face: &TrayAppearance) -> tauri::Result<()> {
    TrayIconBuilder::with_id(TRAY_ID)
        .icon(icon(face)?)
        .icon_as_template(platform::ICONS_ARE_TEMPLATES)
        .tooltip(&face.glance.tooltip)
        .title(platform::tray_title(face.glance.count))
        .menu(&native_menu(app, &face.menu)?)
        .show_menu_on_left_click(false)
        .on_menu_event(|app, event| {
            if let Some(action) = action_from_name(event.id().as_ref()) {
                choose(app, action);
            }
        })
        .on_tray_icon_event(on_click)
        .build(app)
        .map(drop)
}

fn icon(face: &TrayAppearance) -> tauri::Result<Image<'static>> {
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
        ..
    } = event
    {
        let app = tray.app_handle();
        let at = platform::click_position(app, position);
        popover::toggle(app, popover::WindowLocation::Below(at));
    }
}

type NativeMenuItem = Box<dyn IsMenuItem<tauri::Wry>>;

fn native_menu(app: &AppHandle, menu: &Menu) -> tauri::Result<tauri::menu::Menu<tauri::Wry>> {
    let items = native_items(app, &menu.0)?;
    tauri::menu::Menu::with_items(app, &borrowed(&items))
}

fn native_items(app: &AppHandle, items: &[MenuItem]) -> tauri::Result<Vec<NativeMenuItem>> {
    items.iter().map(|item| native_item(app, item)).collect()
}

fn borrowed(items: &[NativeMenuItem]) -> Vec<&dyn IsMenuItem<tauri::Wry>> {
    items.iter().map(AsRef::as_ref).collect()
}

fn native_item(app: &AppHandle, item: &MenuItem) -> tauri::Result<NativeMenuItem> {
    // A single ampersand would mark a mnemonic; a doubled one is literal.
    let text = |t: &str| t.replace('&', "&&");
    Ok(match item {
        MenuItem::Separator => Box::new(PredefinedMenuItem::separator(app)?),
        MenuItem::Label(label) => Box::new(Item::new(app, text(label), false, None::<&str>)?),
        MenuItem::Choice(label, action) => Box::new(Item::with_id(
            app,
            action_name(action),
            text(label),
            true,
            None::<&str>,
        )?),
        MenuItem::Check(label, mark, action) => Box::new(CheckMenuItem::with_id(
            app,
            action_name(action),
            text(label),
            true,
            *mark == CheckMark::Checked,
            None::<&str>,
        )?),
        MenuItem::Group(label, items) => {
            let items = native_items(app, items)?;
            Box::new(Submenu::with_items(
                app,
                text(label),
                true,
                &borrowed(&items),
            )?)
        }
    })
}

/// The menu item id of an action.
fn action_name(action: &MenuAction) -> String {
    match action {
        MenuAction::Open => "open".into(),
        MenuAction::Show(id) => format!("show {id}"),
        MenuAction::Review(id) => format!("review {id}"),
        MenuAction::Deny(id, request) => format!("deny {id} {request}"),
        MenuAction::Jump(id) => format!("jump {id}"),
        MenuAction::End(id) => format!("end {id}"),
        MenuAction::Pause(id) => format!("pause {id}"),
        MenuAction::Interrupt(id) => format!("interrupt {id}"),
        MenuAction::Resume(id) => format!("resume {id}"),
        MenuAction::PauseAll => "pause-all".into(),
        MenuAction::ResumeAll => "resume-all".into(),
        MenuAction::Connect => "connect".into(),
        MenuAction::Settings => "settings".into(),
        MenuAction::Snooze => "snooze".into(),
        MenuAction::EndSnooze => "end-snooze".into(),
        MenuAction::Remedy(RemedyAction::AllowNotifications) => "allow-notifications".into(),
        MenuAction::Remedy(RemedyAction::OpenNotificationSettings) => {
            "notification-settings".into()
        }
        MenuAction::Remedy(RemedyAction::OpenAutomationSettings) => "automation-settings".into(),
        MenuAction::StartAtLogin => "start-at-login".into(),
        MenuAction::NoStartAtLogin => "no-start-at-login".into(),
        MenuAction::InstallTools => "install-tools".into(),
        MenuAction::Quit => "quit".into(),
    }
}

/// The action of a menu item id.
fn action_from_name(name: &str) -> Option<MenuAction> {
    let mut words = name.split(' ');
    let (verb, id, request) = (words.next()?, words.next(), words.next());
    if words.next().is_some() {
        return None;
    }
    let id = match id {
        Some(id) => Some(SessionId(id.parse().ok()?)),
        None => None,
    };
    if let ("deny", Some(id), Some(request)) = (verb, id, request) {
        return Some(MenuAction::Deny(id, RequestId(request.to_owned())));
    }
    if request.is_some() {
        return None;
    }
    Some(match (verb, id) {
        ("open", None) => MenuAction::Open,
        ("show", Some(id)) => MenuAction::Show(id),
        ("review", Some(id)) => MenuAction::Review(id),
        ("jump", Some(id)) => MenuAction::Jump(id),
        ("end", Some(id)) => MenuAction::End(id),
        ("pause", Some(id)) => MenuAction::Pause(id),
        ("interrupt", Some(id)) => MenuAction::Interrupt(id),
        ("resume", Some(id)) => MenuAction::Resume(id),
        ("pause-all", None) => MenuAction::PauseAll,
        ("resume-all", None) => MenuAction::ResumeAll,
        ("connect", None) => MenuAction::Connect,
        ("settings", None) => MenuAction::Settings,
        ("snooze", None) => MenuAction::Snooze,
        ("end-snooze", None) => MenuAction::EndSnooze,
        ("allow-notifications", None) => MenuAction::Remedy(RemedyAction::AllowNotifications),
        ("notification-settings", None) => {
            MenuAction::Remedy(RemedyAction::OpenNotificationSettings)
        }
        ("automation-settings", None) => MenuAction::Remedy(RemedyAction::OpenAutomationSettings),
        ("start-at-login", None) => MenuAction::StartAtLogin,
        ("no-start-at-login", None) => MenuAction::NoStartAtLogin,
        ("install-tools", None) => MenuAction::InstallTools,
        ("quit", None) => MenuAction::Quit,
        _ => return None,
    })
}

fn choose(app: &AppHandle, action: MenuAction) {
    match action {
        MenuAction::Open => popover::open(app, popover::WindowLocation::Corner, None),
        MenuAction::Show(id) => popover::open(app, popover::WindowLocation::Corner, Some(id)),
        MenuAction::Review(id) => popover::ask(app, PopoverQuestion::Review, Some(id)),
        MenuAction::Deny(id, request) => {
            let no = Answer::Deny { message: None };
            or_show(
                app,
                id,
                session_actions::answer(app, id, request, no, AnswerChannel::Popover),
            );
        }
        MenuAction::Jump(id) => {
            let jumping = session_actions::jump(app, id);
            or_show(app, id, async move {
                session_actions::ignore_uncertain_tab(jumping.await)
            });
        }
        MenuAction::End(id) => popover::ask(app, PopoverQuestion::End, Some(id)),
        MenuAction::Pause(id) => {
            or_show(
                app,
                id,
                session_actions::perform_action(app, id, session_actions::pause_action(None)),
            );
        }
        MenuAction::Interrupt(id) => popover::ask(app, PopoverQuestion::Interrupt, Some(id)),
        MenuAction::Resume(id) => or_show(
            app,
            id,
            session_actions::perform_action(app, id, Action::Resume),
        ),
        MenuAction::PauseAll => {
            let app = app.clone();
            tauri::async_runtime::spawn(async move { session_actions::pause_all(&app).await });
        }
        MenuAction::ResumeAll => {
            let app = app.clone();
            tauri::async_runtime::spawn(async move { session_actions::resume_all(&app).await });
        }
        MenuAction::Connect => popover::ask(app, PopoverQuestion::Connect, None),
        MenuAction::Settings => {
            if let Err(e) = commands::edit_settings(&app.state::<AppContext>()) {
                log::line(&format!("failed to open the settings file: {e}"));
            }
        }
        MenuAction::Snooze => snooze::begin_snooze(app, SNOOZE_DURATION),
        MenuAction::EndSnooze => app.state::<SnoozeState>().end_snooze(),
        MenuAction::Remedy(action) => commands::carry_out(app, action),
        MenuAction::StartAtLogin => start_at_login::change(app, LoginItemChange::TurnOn),
        MenuAction::NoStartAtLogin => start_at_login::change(app, LoginItemChange::TurnOff),
        MenuAction::InstallTools => tool_install::install(app),
        MenuAction::Quit => {
            let app = app.clone();
            tauri::async_runtime::spawn(async move { session_actions::quit(&app).await });
        }
    }
}

/// Runs an action that was chosen in the menu, and opens the popover at the session if it fails:
/// the menu itself cannot show the reason.
fn or_show<E: Send + 'static>(
    app: &AppHandle,
    id: SessionId,
    doing: impl Future<Output = Result<(), E>> + Send + 'static,
) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if doing.await.is_err() {
            popover::open(&app, popover::WindowLocation::Corner, Some(id));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_is_found_by_its_name() {
        let id = SessionId::new();
        for action in [
            MenuAction::Open,
            MenuAction::Show(id),
            MenuAction::Review(id),
            MenuAction::Deny(id, RequestId("4f".into())),
            MenuAction::Jump(id),
            MenuAction::End(id),
            MenuAction::Pause(id),
            MenuAction::Interrupt(id),
            MenuAction::Resume(id),
            MenuAction::PauseAll,
            MenuAction::ResumeAll,
            MenuAction::Connect,
            MenuAction::Settings,
            MenuAction::Snooze,
            MenuAction::EndSnooze,
            MenuAction::Remedy(RemedyAction::AllowNotifications),
            MenuAction::Remedy(RemedyAction::OpenNotificationSettings),
            MenuAction::Remedy(RemedyAction::OpenAutomationSettings),
            MenuAction::StartAtLogin,
            MenuAction::NoStartAtLogin,
            MenuAction::InstallTools,
            MenuAction::Quit,
        ] {
            assert_eq!(action_from_name(&action_name(&action)), Some(action));
        }
        let more = [
            format!("pause {id} x"),
            format!("deny {id} a b"),
            format!("deny {id}"),
        ];
        let odd = ["", "pause", "open x", "17"].map(str::to_owned);
        for name in odd.iter().chain(&more) {
            assert_eq!(action_from_name(name), None, "{name}");
        }
    }
}
