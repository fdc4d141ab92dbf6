//! The app: tray icon, popover and notifications.
//!
//! *Invariant:* nothing here derives a status or reads a file of Claude Code; the app draws the
//! values of `trusty_fleet::view`.

#![forbid(unsafe_code)]

mod activity;
mod app_menu_facts;
mod commands;
mod desktop_notifications;
mod log;
mod notes;
mod notifier;
mod platform;
mod popover;
mod session_actions;
mod signals;
mod snooze;
mod start_at_login;
mod tool_install;
mod tray;

use popover::Popover;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tauri::{App, AppHandle, Manager, RunEvent};
use trusty_engine::authorization::mark_of_this_process;
use trusty_platform::launch;
use trusty_records::Settings;
use trusty_wire::Environment;

/// Opens the popover at the start. A second start opens the popover of the first instance.
const OPEN_ARGUMENT: &str = "--open";

/// The exit code when the app refuses to start because a Claude Code session started it.
const REFUSED_EXIT_CODE: u8 = 3;

/// How long sources poll often after the machine has woken: longer than the longest interval at
/// which they then poll.
const WAKE_SCAN_PERIOD: Duration = Duration::from_secs(5);

/// What the app was started in.
struct AppContext {
    env: Environment,
    home: PathBuf,
}

/// Runs the app until it is quit.
pub fn run() -> ExitCode {
    if let Some(done) = platform::other_task().or_else(start_at_login::other_task) {
        return done;
    }
    platform::prepare();
    let env = Environment::read();
    let settings = Settings::read(&env);
    let marked = mark_of_this_process(&env, &settings);
    if let Some(mark) = tauri::async_runtime::block_on(marked) {
        // The app may become the leading engine, and answers requests with the user's rights: a
        // session must not start it.
        let remedy = "start Trusty Bar from the desktop or in another terminal";
        log::line(&format!("{mark}; {remedy}"));
        return ExitCode::from(REFUSED_EXIT_CODE);
    }
    // After the check, because a session's variables may come from a repository.
    for problem in trusty_integration::adopt_former_places(&env) {
        log::line(&problem.to_string());
    }
    let place = AppContext {
        home: env.home.clone(),
        env,
    };
    let builder = platform::configure(tauri::Builder::default(), open_in_corner, quit);
    let built = builder
        .manage(place)
        .manage(Popover::default())
        .invoke_handler(tauri::generate_handler![
            commands::subscribe,
            commands::hide,
            commands::resize,
            commands::painted,
            commands::frame_shown,
            commands::why,
            commands::open_settings,
            commands::card,
            commands::answer,
            commands::jump,
            commands::end,
            commands::kill,
            commands::pause,
            commands::resume,
            commands::pause_all,
            commands::resume_all,
            commands::connect_hooks,
            commands::remedy,
            commands::quit,
            commands::leave,
            commands::stay,
        ])
        .on_window_event(popover::on_window_event)
        .setup(|app| {
            setup(app);
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            platform::run_app(app, open_in_corner, on_run_event);
            ExitCode::SUCCESS
        }
        Err(e) => {
            log::line(&format!("failed to start Trusty Bar: {e}"));
            if platform::is_worth_another_start(&e)
                && let Err(e) = launch::start_again()
            {
                log::line(&format!("failed to start Trusty Bar again: {e}"));
            }
            ExitCode::FAILURE
        }
    }
}

/// The app was started again, or reopened from the Finder.
fn open_in_corner(app: &AppHandle) {
    popover::open(app, popover::WindowLocation::Corner, None);
}

/// Quits from the app's own menu.
fn quit(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move { session_actions::quit(&app).await });
}

/// The machine has woken: processes may have ended and files changed while nothing ran, and no timer
/// is due yet.
fn scan_after_wake(app: &AppHandle) {
    let Some(engine) = app.state::<Popover>().engine() else {
        return;
    };
    // Sources poll as often as while the popover is open.
    let scanning = engine.face().handle().mark_visible();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(WAKE_SCAN_PERIOD).await;
        drop(scanning);
    });
}

fn on_run_event(app: &AppHandle, event: RunEvent) {
    match event {
        // The app stays in the tray when its window is closed.
        RunEvent::ExitRequested {
            code: None, api, ..
        } => api.prevent_exit(),
        RunEvent::Exit => notifier::end_notifier(app),
        _ => {}
    }
}

fn setup(app: &mut App) {
    signals::listen_for_signals(app.handle());
    app.manage(tray::TrayRepaint::default());
    app.manage(snooze::SnoozeState::default());
    app.manage(notes::AppNotes::default());
    app.manage(app_menu_facts::AppMenuFacts::default());
    platform::follow_desktop(app, tray::repaint, popover::refit, scan_after_wake);
    let handle = app.handle().clone();
    let env = &handle.state::<AppContext>().env;
    match trusty_daemon::join_engine(env, &Settings::read(env)) {
        Ok(engine) => {
            tray::run_tray(&handle, engine.clone());
            activity::hold_while_needed(&handle, &engine);
            start_at_login::follow_setting(&handle, &engine);
            tool_install::look_for_tools(&handle);
            notifier::start_notifier(&handle, engine.clone());
            app.state::<Popover>().follow_engine(&handle, engine);
        }
        Err(e) => {
            log::line(&e.to_string());
            app.state::<Popover>().set_failure(e.to_string());
            tray::run_without_engine(&handle, &e.to_string());
        }
    }
    if std::env::args().any(|a| a == OPEN_ARGUMENT) {
        open_in_corner(&handle);
    }
    popover::prepare(&handle);
}
