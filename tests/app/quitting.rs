//! An app that is quit within the moments of a pause leaves none half done.

use super::pausing::{click, is_still, open, records, status};
use super::{WAIT_TIMEOUT, wait_word};
use trusty_tests::desktop::{TestDesktop, require_desktop, until_is};
use trusty_tests::trusty;
use trusty_tests::wait::until;
use trusty_tests::{FakeApi, TestHome};

/// Pauses the only session and quits as soon as its row says that it is being paused.
const PAUSE_AND_QUIT: &str = "
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const pausing = new Promise((done) => {
        const row = document.querySelector('[data-id]');
        const look = () => ['Pausing…', 'Paused'].includes(row.dataset.status) && done();
        new MutationObserver(look).observe(row, { attributes: true });
    });
    document.querySelector('[data-id] .act').click();
    return pausing.then(() => {
        document.querySelector('.more').click();
        return frame();
    }).then(() => {
        const items = [...document.querySelectorAll('[role=menuitem]')];
        items.find((item) => item.textContent.startsWith('Quit')).click();
        return true;
    });";

#[test]
fn quitting_right_after_a_pause_began_leaves_it_whole() {
    if !require_desktop() || trusty_tests::require_client().is_none() {
        return;
    }
    let (home, api) = (TestHome::new(), FakeApi::start());
    let desktop = TestDesktop::start(&home);
    let page = desktop.drive();
    let terminal = open(&home, &api);
    wait_word(&page, "Idle");
    let client = terminal.client();
    desktop.wait_focus();
    page.run(PAUSE_AND_QUIT);

    until_is("the question", &1.into(), || {
        page.run("return document.querySelectorAll('[data-card=quit]').length")
    });
    until_is("a whole pause", &("Paused".into(), 1), || {
        (status(&home), records(&home))
    });
    assert!(is_still(client));
    click(&desktop, &page, "[data-card=quit] .choice:nth-of-type(2)");
    until_is("no icon", &None, || desktop.tray("Id"));
    drop(page);

    assert!(is_still(client));
    assert_eq!((status(&home), records(&home)), ("Paused".into(), 1));
    assert!(trusty::run(&home, ["resume", "--all"]).status.success());
    until(WAIT_TIMEOUT, "the session to run", || {
        (!is_still(client)).then_some(())
    });
    assert_eq!(records(&home), 0);
}
