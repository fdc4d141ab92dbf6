//! For how long its owner wants to be told of nothing, as they said in the menu.

use std::time::{Duration, SystemTime};
use tauri::{AppHandle, Manager};
use tokio::sync::watch;
use trusty_platform::clock;

/// Until when, while there is a snooze.
pub(crate) struct SnoozeState(watch::Sender<Option<SystemTime>>);

impl Default for SnoozeState {
    fn default() -> Self {
        Self(watch::channel(None).0)
    }
}

impl SnoozeState {
    /// Tells until when, as often as that changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<SystemTime>> {
        self.0.subscribe()
    }

    /// Ends it.
    pub(crate) fn end_snooze(&self) {
        self.0.send_replace(None);
    }
}

/// Snoozes for so long from now on.
pub(crate) fn begin_snooze(app: &AppHandle, duration: Duration) {
    let Some(until) = clock::wall().checked_add(duration) else {
        return;
    };
    let app = app.clone();
    app.state::<SnoozeState>().0.send_replace(Some(until));
    tauri::async_runtime::spawn(async move {
        clock::sleep(duration).await;
        // It may have been ended, and begun anew, meanwhile.
        app.state::<SnoozeState>().0.send_if_modified(|now| {
            let over = *now == Some(until);
            if over {
                *now = None;
            }
            over
        });
    });
}
