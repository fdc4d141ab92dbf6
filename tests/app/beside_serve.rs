//! The app beside `trusty serve`: it shows what that engine reports, and goes on when that engine
//! ends.

use super::{WAIT_TIMEOUT, bare_desktop, wait_word};
use trusty_tests::trusty::serve;
use trusty_tests::wait::until;
use trusty_tests::{DesktopKind, LocalApi, Signal, StandIn};

#[test]
fn the_app_follows_a_running_engine_and_goes_on_when_that_is_killed() {
    let Some((stage, desktop)) = bare_desktop(DesktopKind::Tray) else {
        return;
    };
    let mut serving = serve(&stage.home);
    let session = StandIn::busy(&stage.home);
    let page = desktop.drive();
    wait_word(&page, "Working");
    let engine = || LocalApi::for_home(&stage.home).engine_pid();
    assert_eq!(engine(), Some(serving.process().pid.into()), "only one");
    session.waits();
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
