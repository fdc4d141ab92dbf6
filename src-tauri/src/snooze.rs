//! The snooze that the user chose in the menu: for its duration no notification is delivered.

use std::time::{Duration, SystemTime};
use tauri::{AppHandle, Manager};
use tokio::sync::watch;
use trusty_platform::clock;

/// When the snooze ends; `None` without a snooze.
pub(crate) struct SnoozeState(watch::Sender<Option<SystemTime>>);

impl Default for SnoozeState {
    fn default() -> Self {
        Self(watch::channel(None).0)
    }
}

impl SnoozeState {
    /// A receiver of the time at which the snooze ends, and of its changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<SystemTime>> {
        self.0.subscribe()
    }

    /// Ends the snooze now.
    pub(crate) fn end_snooze(&self) {
        self.0.send_replace(None);
    }
}

/// Starts a snooze of `duration` from now. A snooze that is running is replaced.
pub(crate) fn begin_snooze(app: &AppHandle, duration: Duration) {
    let Some(until) = clock::wall().checked_add(duration) else {
        return;
    };
    let app = app.clone();
    app.state::<SnoozeState>().0.send_replace(Some(until));
    tauri::async_runtime::spawn(async move {
        clock::sleep(duration).await;
        // The user may have ended the snooze meanwhile, and begun another.
        app.state::<SnoozeState>().0.send_if_modified(|now| {
            let over = *now == Some(until);
            if over {
                *now = None;
            }
            over
        });
    });
}
