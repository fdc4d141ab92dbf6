//! A server that refuses one notice and hangs at another: only these two notices are affected.

use super::WAIT_TIMEOUT;
use super::groups::start_crowd;
use crate::bare_desktop;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use trusty_tests::DesktopKind;
use trusty_tests::wait::{until, until_or};
use zbus::blocking::connection;
use zbus::fdo;
use zbus::zvariant::OwnedValue;

/// Titles with the id that the server gave each, none if refused, in order; and the ids that it was
/// to close.
#[derive(Default)]
struct SelectiveServerLog {
    told: Vec<(String, Option<u32>)>,
    closed: Vec<u32>,
}

/// Refuses one title, and answers another only when allowed to.
struct SelectiveServer {
    refuses: String,
    hangs: String,
    seen: Arc<Mutex<SelectiveServerLog>>,
    may: Mutex<Receiver<()>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl SelectiveServer {
    #[expect(clippy::unused_self, reason = "a D-Bus method takes self")]
    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".into(), "actions".into()]
    }

    #[expect(clippy::too_many_arguments, reason = "the specified arguments")]
    fn notify(
        &self,
        app: &str,
        replaces: u32,
        icon: &str,
        title: String,
        body: &str,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        timeout: i32,
    ) -> fdo::Result<u32> {
        let _ = (app, replaces, icon, body, actions, hints, timeout);
        if title == self.hangs {
            let may = self.may.lock().unwrap_or_else(PoisonError::into_inner);
            may.recv_timeout(WAIT_TIMEOUT).expect("may answer");
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let id = u32::try_from(seen.told.len()).expect("few") + 10;
        let answer = (title != self.refuses).then_some(id);
        seen.told.push((title, answer));
        answer.ok_or_else(|| fdo::Error::Failed("not that one".into()))
    }

    fn close_notification(&self, id: u32) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.closed.push(id);
    }
}

#[test]
fn a_server_that_refuses_or_hangs_keeps_what_it_took() {
    let Some((stage, desktop)) = bare_desktop(DesktopKind::Tray) else {
        return;
    };
    let seen = Arc::<Mutex<SelectiveServerLog>>::default();
    let (let_it, may): (Sender<()>, _) = channel();
    let crowd = start_crowd(&stage.home, 3);
    let title = |number: usize| format!("work ({})", crowd[number].pid_argument());
    let fussy = SelectiveServer {
        refuses: title(1),
        hangs: title(2),
        seen: Arc::clone(&seen),
        may: Mutex::new(may),
    };
    let _server = connection::Builder::address(desktop.bus())
        .and_then(|b| b.name("org.freedesktop.Notifications"))
        .and_then(|b| b.serve_at("/org/freedesktop/Notifications", fussy))
        .and_then(connection::Builder::build)
        .expect("a server");
    let rest = |number: usize| crowd[number].write_status(r#""status":"idle""#);
    (0..3).for_each(rest);
    let app = desktop.app(&[]);
    desktop.icon();
    until(WAIT_TIMEOUT, "the sessions", || {
        desktop
            .tray("ToolTip")
            .filter(|told| told.contains("3 sessions"))
    });
    let look = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = |number: usize| {
        let title = title(number);
        let told = || look().told.iter().rev().find(|(t, _)| *t == title).cloned();
        let all = || format!("{:?} {}", look().told, app.log());
        until_or(WAIT_TIMEOUT, &title, told, all).1
    };
    let closed = |id: u32| {
        until(WAIT_TIMEOUT, "a withdrawn notice", || {
            look().closed.contains(&id).then_some(())
        });
    };
    let said = |words: &str| {
        until(WAIT_TIMEOUT, words, || {
            app.log().contains(words).then_some(())
        });
    };

    crowd[0].waits();
    let first = answer(0).expect("taken");
    crowd[1].waits();
    assert_eq!(answer(1), None);
    said("not that one");
    // The first is withdrawn all the same.
    rest(0);
    closed(first);

    // A notice that the server takes late is known, and not sent twice. Three at once would be one
    // notice, so the second session stops asking.
    rest(1);
    crowd[0].waits();
    said("notifications are shown now");
    crowd[2].waits();
    said("did not answer");
    let_it.send(()).expect("a waiting server");
    let late = answer(2).expect("taken");
    rest(2);
    closed(late);
    let twice = look().told.iter().filter(|(t, _)| *t == title(2)).count();
    assert_eq!(twice, 1);
}
