//! An app that quits during a pause leaves no pause half done.

use super::pausing::{click, is_still, open, records, shown_pause};
use super::{WAIT_TIMEOUT, desktop_stage, wait_word};
use trusty_tests::desktop::until_is;
use trusty_tests::wait::until;

/// Pauses the only session, and quits as soon as its row says that the pause has begun.
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
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    let terminal = open(&stage);
    wait_word(&page, "Idle");
    let client = terminal.client();
    desktop.wait_focus();
    page.run(PAUSE_AND_QUIT);

    until_is("the question", &1.into(), || {
        page.run("return document.querySelectorAll('[data-card=quit]').length")
    });
    until_is("a whole pause", &("Paused".into(), 1), || {
        shown_pause(&stage)
    });
    assert!(is_still(client));
    click(&desktop, &page, "[data-card=quit] .choice:nth-of-type(2)");
    until_is("no icon", &None, || desktop.tray("Id"));
    drop(page);

    assert!(is_still(client));
    assert_eq!(shown_pause(&stage), ("Paused".into(), 1));
    stage.run_successfully(&["resume", "--all"]);
    until(WAIT_TIMEOUT, "the session to run", || {
        (!is_still(client)).then_some(())
    });
    assert_eq!(records(&stage), 0);
}
