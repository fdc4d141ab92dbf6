//! Servers that are missing, start, start again, or support little.

use super::{WAIT_TIMEOUT, connected, open, until_is};
use std::sync::{Arc, Mutex, PoisonError};
use trusty_tests::desktop::artefact;
use trusty_tests::wait::until;
use zbus::blocking::connection;

const NO_SERVER_MESSAGE: &str = "notifications are not shown";

#[test]
fn without_a_server_all_waits_for_one_and_one_that_starts_again_is_told_once() {
    let Some(mut scene) = open() else { return };
    scene.ask("touch paid");
    until(WAIT_TIMEOUT, "the message about a missing server", || {
        scene.app.log().contains(NO_SERVER_MESSAGE).then_some(())
    });
    assert!(scene.app.is_running());

    let dunst = scene.desktop.start_notifications();
    scene.wait_displayed(1);
    scene
        .desktop
        .wait_notice("the words of the need", |told| told.body.contains("paid"));
    let began = scene.desktop.notices().len();
    drop(dunst);
    until_is("no server", &None, || scene.desktop.displayed());
    let dunst = scene.desktop.start_notifications();
    scene.wait_displayed(1);
    until_is("told once more", &(began + 1), || {
        scene.desktop.notices().len()
    });

    // A server that restarts again is not sent this need: the user knows by now.
    drop(dunst);
    until_is("no server", &None, || scene.desktop.displayed());
    let _dunst = scene.desktop.start_notifications();
    scene.terminal.approve();
    scene.terminal.wait_status(WAIT_TIMEOUT, "idle");
    scene.ask("touch next");
    scene
        .desktop
        .wait_notice("the next need", |told| told.body.contains("next"));
    scene.wait_displayed(1);
    let all = scene.desktop.notices();
    let paid = all.iter().filter(|told| told.body.contains("paid"));
    assert_eq!(paid.count(), began + 1, "{all:?}");
    assert_eq!(scene.app.log().matches(NO_SERVER_MESSAGE).count(), 1);
    scene.desktop.screenshot(&artefact("notice-restarted.png"));
}

/// A notice as the server received it: the title, the body and the buttons.
type NotedNotice = (String, String, Vec<String>);

/// A server that shows text and nothing else.
struct TextOnlyServer {
    told: Arc<Mutex<Vec<NotedNotice>>>,
    closed: Arc<Mutex<Vec<u32>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl TextOnlyServer {
    #[expect(clippy::unused_self, reason = "a D-Bus method takes self")]
    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".into()]
    }

    #[expect(clippy::too_many_arguments, reason = "the specified arguments")]
    fn notify(
        &self,
        app: &str,
        replaces: u32,
        icon: &str,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: std::collections::HashMap<String, zbus::zvariant::OwnedValue>,
        timeout: i32,
    ) -> u32 {
        let _ = (app, replaces, icon, hints, timeout);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push((title, body, actions));
        7
    }

    fn close_notification(&self, id: u32) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.push(id);
    }
}

#[test]
fn a_server_without_buttons_is_given_none_and_still_takes_back() {
    let Some(scene) = connected() else { return };
    let (told, closed) = (Arc::default(), Arc::default());
    let plain = TextOnlyServer {
        told: Arc::clone(&told),
        closed: Arc::clone(&closed),
    };
    let _server = connection::Builder::address(scene.desktop.bus())
        .and_then(|b| b.name("org.freedesktop.Notifications"))
        .and_then(|b| b.serve_at("/org/freedesktop/Notifications", plain))
        .and_then(connection::Builder::build)
        .expect("a server");
    scene.ask("echo '<b>' > paid");
    let newest = || {
        let told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.last().cloned()
    };
    let (title, body, actions) = until(WAIT_TIMEOUT, "a need", || {
        newest().filter(|(_, body, _)| body.contains("echo"))
    });
    assert_eq!(title, "payments");
    // A server without support for markup is sent none.
    assert!(body.contains("echo '<b>' > paid"), "{body}");
    assert!(actions.is_empty(), "{actions:?}");
    scene.terminal.approve();
    until(WAIT_TIMEOUT, "a withdrawn notice", || {
        let closed = closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.contains(&7).then_some(())
    });
}
