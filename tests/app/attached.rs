//! The app beside `trusty serve`: it shows what that one tells, and goes on when it ends.

use super::{WAIT_TIMEOUT, wait_word};
use trusty_tests::desktop::{TestDesktop, require_desktop};
use trusty_tests::trusty::serve;
use trusty_tests::wait::until;
use trusty_tests::{LocalApi, Signal, StandIn, TestHome};

#[test]
fn the_app_follows_a_running_engine_and_goes_on_when_that_is_killed() {
    if !require_desktop() {
        return;
    }
    let home = TestHome::new();
    let desktop = TestDesktop::start(&home);
    let mut serving = serve(&home);
    let session = StandIn::busy(&home);
    let page = desktop.drive();
    wait_word(&page, "Working");
    let engine = || LocalApi::of(&home).engine_pid();
    assert_eq!(engine(), Some(serving.process().pid.into()), "only one");
    session.waits();
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
