//! The app beside `trusty serve`: it shows what that one tells, and goes on when it ends.

use super::{WAIT_TIMEOUT, bare_desktop, wait_word};
use std::os::unix::net::UnixStream;
use trusty_tests::trusty::serve;
use trusty_tests::wait::until;
use trusty_tests::{DesktopKind, Signal, StandIn, http};

#[test]
fn the_app_follows_a_running_engine_and_goes_on_when_that_is_killed() {
    let Some((stage, desktop)) = bare_desktop(DesktopKind::Tray) else {
        return;
    };
    let mut serving = serve(&stage.home);
    let session = StandIn::start(&stage.home);
    session.says(r#""status":"busy""#);
    let page = desktop.drive();
    wait_word(&page, "Working");
    let socket = stage.home.runtime().join("trusty/trusty.sock");
    let engine = || {
        UnixStream::connect(&socket).ok()?;
        http::get(&socket, "/v1/health")["pid"].as_u64()
    };
    assert_eq!(engine(), Some(serving.process().pid.into()), "only one");
    session.says(r#""status":"waiting","waitingFor":"permission prompt""#);
    wait_word(&page, "Permission");

    let killed = serving.process();
    assert!(killed.signal(Signal::KILL));
    serving.wait(WAIT_TIMEOUT);
    until(WAIT_TIMEOUT, "the app to go on", || {
        engine().filter(|pid| *pid != u64::from(killed.pid))
    });
    session.says(r#""status":"busy""#);
    wait_word(&page, "Working");
}
