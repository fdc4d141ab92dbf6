//! What the app itself says on the board and in the menu: lines that no source of sessions knows.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use trusty_fleet::notice::{NoticePreferences, NotificationAccess};
use trusty_fleet::view::AppNote;

/// The notes, and what they follow from.
pub(crate) struct AppNotes {
    facts: Mutex<NoteFacts>,
    notes: watch::Sender<Arc<Vec<AppNote>>>,
}

/// What the notes follow from.
#[derive(Debug, Default)]
struct NoteFacts {
    access: NotificationAccess,
    preferences: NoticePreferences,
    /// What became of the last command of the menu, which has no place of its own to say so.
    outcome: Option<String>,
}

impl Default for AppNotes {
    fn default() -> Self {
        Self {
            facts: Mutex::default(),
            notes: watch::channel(Arc::default()).0,
        }
    }
}

impl AppNotes {
    /// A receiver of the notes, and of their changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Vec<AppNote>>> {
        self.notes.subscribe()
    }

    /// Notes whether notifications reach the user.
    pub(crate) fn set_access(&self, access: NotificationAccess) {
        self.change(|facts| facts.access = access);
    }

    /// Notes which notifications the user wants.
    pub(crate) fn set_preferences(&self, preferences: NoticePreferences) {
        self.change(|facts| facts.preferences = preferences);
    }

    /// Notes what became of a command of the menu; `None` once the user has read it.
    pub(crate) fn set_outcome(&self, outcome: Option<String>) {
        self.change(|facts| facts.outcome = outcome);
    }

    fn change(&self, change: impl FnOnce(&mut NoteFacts)) {
        // A panic under the lock leaves only plain values behind.
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut facts);
        let outcome = facts.outcome.iter().map(|text| AppNote {
            text: text.clone(),
            remedy: None,
        });
        let access = AppNote::of_notifications(&facts.access, &facts.preferences);
        let notes: Vec<AppNote> = outcome.chain(access).collect();
        self.notes.send_if_modified(|known| {
            let is_new = **known != notes;
            if is_new {
                *known = Arc::new(notes);
            }
            is_new
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::notice::NoticeKind;

    fn texts(notes: &AppNotes) -> Vec<String> {
        let notes = notes.subscribe();
        let notes = notes.borrow();
        notes.iter().map(|note| note.text.clone()).collect()
    }

    #[test]
    fn the_board_says_why_notifications_are_off_unless_the_user_wants_none() {
        let notes = AppNotes::default();
        assert_eq!(texts(&notes), [""; 0]);
        notes.set_access(NotificationAccess::NoServer);
        assert!(texts(&notes)[0].starts_with("Notifications are off: this desktop"));
        let none = [
            NoticeKind::Needs,
            NoticeKind::Finished,
            NoticeKind::Failed,
            NoticeKind::Stopped,
        ];
        notes.set_preferences(NoticePreferences {
            off: none.into(),
            ..NoticePreferences::default()
        });
        assert_eq!(texts(&notes), [""; 0]);
        notes.set_preferences(NoticePreferences::default());
        notes.set_outcome(Some("Installed trusty.".into()));
        assert_eq!(texts(&notes).len(), 2);
        notes.set_access(NotificationAccess::Granted);
        assert_eq!(texts(&notes), ["Installed trusty."]);
    }
}
