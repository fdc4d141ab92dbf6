//! Asks the user, through macOS, for the consent to control an app: once, and for as long as the
//! user takes to answer.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use trusty_fleet::jump::{AutomationConsent, ConsentAnswer};

/// Asks macOS for the consent to control the app with this bundle identifier, and returns a status
/// of the Apple Event Manager. Blocks while the dialog of macOS is open.
pub type AskConsent = Arc<dyn Fn(&str) -> io::Result<i32> + Send + Sync>;

/// The states of all apps, by bundle identifier.
type ConsentStates = BTreeMap<String, AutomationConsent>;

/// The consents of the user, for as long as the process runs. Clones share them.
#[derive(Clone)]
pub struct AutomationConsents {
    states: Arc<watch::Sender<ConsentStates>>,
    ask: AskConsent,
    grace: Duration,
}

impl fmt::Debug for AutomationConsents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = self.states.borrow();
        f.debug_tuple("AutomationConsents").field(&*states).finish()
    }
}

impl AutomationConsents {
    /// No app has been asked for. `grace` is how long a request waits for an answer.
    pub fn new(ask: AskConsent, grace: Duration) -> Self {
        Self {
            states: Arc::new(watch::Sender::new(ConsentStates::new())),
            ask,
            grace,
        }
    }

    /// The state of an app.
    pub fn state(&self, bundle: &str) -> AutomationConsent {
        state_in(&self.states.borrow(), bundle)
    }

    /// The bundle identifiers of the apps that the user lets Trusty Bar control.
    pub fn granted(&self) -> Vec<String> {
        let states = self.states.borrow();
        let granted = states
            .iter()
            .filter(|(_, state)| **state == AutomationConsent::Granted);
        granted.map(|(bundle, _)| bundle.clone()).collect()
    }

    /// The state of an app after macOS was asked, unless the answer is known or awaited already.
    /// Returns `Asking` if the user has not answered within the grace period; macOS goes on asking.
    ///
    /// macOS dismisses its dialog together with the process or the event that asks. So the thread
    /// that asks has no deadline and is never cancelled.
    pub async fn request(&self, bundle: &str) -> AutomationConsent {
        let begins = self.states.send_if_modified(|states| {
            let state = states.entry(bundle.to_owned()).or_default();
            let begins = state.may_ask();
            if begins {
                *state = AutomationConsent::Asking;
            }
            begins
        });
        if begins {
            self.begin_asking(bundle);
        }
        // On a timeout, the state is that of a dialog that is still open.
        let _ = timeout(self.grace, self.wait_settled(|asked| asked == bundle)).await;
        self.state(bundle)
    }

    /// Waits until macOS asks the user for no app any more.
    pub async fn wait_answers(&self) {
        self.wait_settled(|_| true).await;
    }

    async fn wait_settled(&self, counts: impl Fn(&str) -> bool) {
        let mut states = self.states.subscribe();
        let is_settled = |states: &ConsentStates| {
            let mut asking = states.iter().filter(|(bundle, _)| counts(bundle));
            !asking.any(|(_, state)| *state == AutomationConsent::Asking)
        };
        // The sender lives as long as `self`.
        let _ = states.wait_for(is_settled).await;
    }

    /// Notes what an app or macOS answered.
    pub fn note(&self, bundle: &str, answer: ConsentAnswer) {
        self.states.send_modify(|states| {
            let state = states.entry(bundle.to_owned()).or_default();
            *state = state.after_answer(answer);
        });
    }

    fn begin_asking(&self, bundle: &str) {
        let (consents, asked) = (self.clone(), bundle.to_owned());
        let begun = thread::Builder::new()
            .name("trusty-consent".into())
            .spawn(move || {
                let answer = match (consents.ask)(&asked) {
                    Ok(status) => ConsentAnswer::from_status(status),
                    // The script then reports what is wrong.
                    Err(_) => ConsentAnswer::Unknown(0),
                };
                consents.note(&asked, answer);
            });
        if begun.is_err() {
            self.note(bundle, ConsentAnswer::Undecided);
        }
    }
}

fn state_in(states: &ConsentStates, bundle: &str) -> AutomationConsent {
    states.get(bundle).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    const APP_ID: &str = "com.apple.Terminal";
    /// Longer than any test: a request that waits this long has hung.
    const LONG_GRACE: Duration = Duration::from_mins(10);

    /// A macOS whose dialog answers when the test says so, and how often it was opened.
    struct FakeDialog {
        answers: mpsc::Sender<i32>,
        opened: Arc<AtomicUsize>,
        consents: AutomationConsents,
    }

    fn dialog(grace: Duration) -> FakeDialog {
        let (answers, given) = mpsc::channel();
        let (opened, given) = (Arc::new(AtomicUsize::new(0)), Mutex::new(given));
        let count = Arc::clone(&opened);
        let ask: AskConsent = Arc::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = given.lock().expect("one asks").recv();
            answer.map_err(io::Error::other)
        });
        FakeDialog {
            answers,
            opened,
            consents: AutomationConsents::new(ask, grace),
        }
    }

    #[tokio::test]
    async fn macos_is_asked_once_and_a_second_click_opens_no_second_dialog() {
        let FakeDialog {
            answers,
            opened,
            consents,
        } = dialog(Duration::ZERO);
        assert_eq!(consents.state(APP_ID), AutomationConsent::NotAsked);
        for _ in 0..3 {
            assert_eq!(consents.request(APP_ID).await, AutomationConsent::Asking);
        }
        answers.send(0).expect("asked");
        consents.wait_answers().await;
        assert_eq!(consents.request(APP_ID).await, AutomationConsent::Granted);
        assert_eq!(consents.granted(), [APP_ID]);
        assert_eq!(opened.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_answer_that_macos_has_already_is_used_at_once() {
        let FakeDialog {
            answers, consents, ..
        } = dialog(LONG_GRACE);
        for (status, expected) in [
            (-600, AutomationConsent::NotAsked),
            (-1744, AutomationConsent::NotAsked),
            (-1743, AutomationConsent::Denied),
            // Changed in System Settings meanwhile.
            (0, AutomationConsent::Granted),
        ] {
            answers.send(status).expect("heard");
            assert_eq!(consents.request(APP_ID).await, expected, "{status}");
        }
        assert_eq!(
            consents.state("com.googlecode.iterm2"),
            AutomationConsent::NotAsked
        );
    }

    #[tokio::test]
    async fn an_app_that_refuses_an_event_is_denied_from_then_on() {
        let FakeDialog {
            answers, consents, ..
        } = dialog(LONG_GRACE);
        answers.send(0).expect("heard");
        assert_eq!(consents.request(APP_ID).await, AutomationConsent::Granted);
        consents.note(APP_ID, ConsentAnswer::Denied);
        assert_eq!(consents.state(APP_ID), AutomationConsent::Denied);
        assert_eq!(consents.granted(), [""; 0]);
    }

    #[tokio::test]
    async fn a_system_that_cannot_be_asked_leaves_the_answer_to_the_script() {
        let ask: AskConsent = Arc::new(|_| Err(io::ErrorKind::Unsupported.into()));
        let consents = AutomationConsents::new(ask, LONG_GRACE);
        let state = consents.request(APP_ID).await;
        assert_eq!(state, AutomationConsent::Unknown);
        assert!(state.lets_events_through());
    }
}
