//! An app that is told to end by a signal ends as if its owner had quit it, without a question.

use crate::{log, session_actions};
use std::io;
use tauri::AppHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use trusty_platform::sys;

/// Ends the app when it is told to: at the first signal what is being done to sessions is waited
/// for, at the second nothing is.
pub(crate) fn listen_for_signals(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut signals = match signals() {
            Ok(signals) => signals,
            Err(e) => return log::line(&format!("failed to listen for signals: {e}")),
        };
        if signals.recv().await.is_none() {
            return;
        }
        tokio::select! {
            () = session_actions::wait_for_actions(&app) => {}
            _ = signals.recv() => {}
        }
        app.exit(0);
    });
}

/// Each signal that tells this process to end. What it was started deaf to, as by `nohup`, it
/// stays deaf to.
fn signals() -> io::Result<mpsc::Receiver<()>> {
    let (send, signals) = mpsc::channel(2);
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    for kind in kinds {
        if sys::is_ignored(kind.as_raw_value()) {
            continue;
        }
        let mut told = signal(kind)?;
        let send = send.clone();
        tauri::async_runtime::spawn(async move {
            while told.recv().await.is_some() && send.send(()).await.is_ok() {}
        });
    }
    Ok(signals)
}
