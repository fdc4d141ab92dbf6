//! What the tray's menu shows besides the board and the snooze.

use tokio::sync::watch;
use trusty_fleet::view::{MenuContext, StartAtLogin, ToolInstall};

/// What the menu shows besides the board, for subscribers. The snooze is not part of this.
pub(crate) struct AppMenuFacts(watch::Sender<MenuContext>);

impl Default for AppMenuFacts {
    fn default() -> Self {
        Self(watch::channel(MenuContext::default()).0)
    }
}

impl AppMenuFacts {
    /// A receiver of what the menu shows, and of changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<MenuContext> {
        self.0.subscribe()
    }

    /// Notes whether the app starts at login.
    pub(crate) fn set_start_at_login(&self, state: Option<StartAtLogin>) {
        self.change(|context| context.start_at_login = state);
    }

    /// Notes whether `trusty` is available in terminals.
    pub(crate) fn set_tools(&self, tools: Option<ToolInstall>) {
        self.change(|context| context.tools = tools);
    }

    fn change(&self, change: impl FnOnce(&mut MenuContext)) {
        self.0.send_if_modified(|known| {
            let before = *known;
            change(known);
            *known != before
        });
    }
}
