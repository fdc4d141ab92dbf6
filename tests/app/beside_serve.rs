//! The app beside `trusty serve`: it shows what that one tells, and goes on when it ends.

use super::{WAIT_TIMEOUT, wait_word};
use std::os::unix::net::UnixStream;
use trusty_tests::desktop::{TestDesktop, require_desktop};
use trusty_tests::trusty::serve;
use trusty_tests::wait::until;
use trusty_tests::{Signal, StandIn, TestHome, http};

#[test]
fn the_app_follows_a_running_engine_and_goes_on_when_that_is_killed() {
    if !require_desktop() {
        return;
    }
    let home = TestHome::new();
    let desktop = TestDesktop::start(&home);
    let mut serving = serve(&home);
    let session = StandIn::start(&home);
    session.write_status(r#""status":"busy""#);
    let page = desktop.drive();
    wait_word(&page, "Working");
    let socket = home.runtime().join("trusty/trusty.sock");
    let engine = || {
        UnixStream::connect(&socket).ok()?;
        http::get(&socket, "/v1/health")["pid"].as_u64()
    };
    assert_eq!(engine(), Some(serving.process().pid.into()), "only one");
    session.write_status(r#""status":"waiting","waitingFor":"permission prompt""#);
    wait_word(&page, "Permission");

    let killed = serving.process();
    assert!(killed.signal(Signal::KILL));
    serving.wait(WAIT_TIMEOUT);
    until(WAIT_TIMEOUT, "the app to go on", || {
        engine().filter(|pid| *pid != u64::from(killed.pid))
    });
    session.write_status(r#""status":"busy""#);
    wait_word(&page, "Working");
}
