//! The jump from a row to its terminal, and the end of a session as its row offers it.

use super::pausing::{click, middle};
use super::{EFFECT_TIMEOUT, WAIT_FOR_FRAME_SCRIPT, WAIT_TIMEOUT, desktop_stage, wait_word};
use std::fs;
use trusty_tests::desktop::{TestDesktop, WebDriver, artefact, until_is};
use trusty_tests::trusty::{configure, list};
use trusty_tests::wait::{poll, until};
use trusty_tests::{TerminalShape, Value};

const ROW_TITLE_SELECTOR: &str = "[data-id] .title";
/// The accessible name of the question that a row asks.
const QUESTION_LABEL_SCRIPT: &str =
    "return document.querySelector('.confirm')?.getAttribute('aria-label') ?? null";

/// Presses the button with these words, again if the button was moved meanwhile.
fn press(desktop: &TestDesktop, page: &WebDriver, words: &str) {
    let mark = format!(
        "const all = [...document.querySelectorAll('[data-id] .choice')];
        const one = all.find((button) => button.textContent.trim() === '{words}');
        document.querySelectorAll('[data-press]').forEach((node) => node.removeAttribute('data-press'));
        window.pressed = false;
        one?.setAttribute('data-press', '');
        one?.addEventListener('click', () => (window.pressed = true), {{ capture: true, once: true }});
        return one !== undefined;"
    );
    until(WAIT_TIMEOUT, words, || {
        until_is(words, &true.into(), || page.run(&mark));
        page.run(WAIT_FOR_FRAME_SCRIPT);
        click(desktop, page, "[data-press]");
        poll(EFFECT_TIMEOUT, || {
            page.run("return window.pressed").as_bool().filter(|on| *on)
        })
    });
}

/// Chooses from the context menu of the only row.
fn choose(desktop: &TestDesktop, page: &WebDriver, words: &str) {
    page.run(WAIT_FOR_FRAME_SCRIPT);
    let area = desktop.wait_popover();
    let (x, y) = middle(page, ROW_TITLE_SELECTOR);
    desktop.right_click((area.x + x, area.y + y));
    press(desktop, page, words);
}

/// Opens the popover of the running app.
fn open_popover(desktop: &TestDesktop, page: &WebDriver) {
    assert_eq!(desktop.app(&[]).wait_exit(WAIT_TIMEOUT), Some(0));
    desktop.wait_popover();
    desktop.wait_focus();
    page.run(WAIT_FOR_FRAME_SCRIPT);
}

#[test]
fn a_click_on_a_row_raises_its_terminal_or_the_row_says_why_not() {
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    let terminal = stage.open(TerminalShape::TmuxDirect, "payments", &[]);
    wait_word(&page, "Idle");
    let socket = terminal.socket().expect("tmux");
    let attach = ["-e", "tmux", "-u", "-L", socket, "attach", "-t", "work"];
    let viewers = || terminal.tmux_command(&["list-clients"]).lines().count();
    let xterm = desktop.tool("xterm", &attach);
    until(WAIT_TIMEOUT, "a tmux client", || {
        (viewers() == 1).then_some(())
    });
    let window = desktop.window_of(&xterm);
    let cover = desktop.tool("xterm", &["-e", "sleep", "600"]);
    let covering = desktop.window_of(&cover);

    let front = |wanted: u32| {
        until_is("the window in front", &Some(wanted), || {
            desktop.active_window()
        });
    };
    desktop.activate(covering);
    open_popover(&desktop, &page);
    click(&desktop, &page, ROW_TITLE_SELECTOR);
    front(window);
    // The popover closes for the terminal.
    desktop.wait_no_popover();

    // The same by the keyboard.
    desktop.activate(covering);
    open_popover(&desktop, &page);
    desktop.key("Down");
    desktop.key("Return");
    front(window);
    desktop.wait_no_popover();

    // No terminal shows the session any more, and the one in the settings does not start.
    configure(&stage.home, "[jump]\nterminal = ['false', '-e']\n");
    drop(xterm);
    until(WAIT_TIMEOUT, "no tmux client", || {
        (viewers() == 0).then_some(())
    });
    open_popover(&desktop, &page);
    click(&desktop, &page, ROW_TITLE_SELECTOR);
    let failed = "return document.querySelector('[data-id] .failed')?.textContent ?? ''";
    let told = until(WAIT_TIMEOUT, "why not", || {
        let told = page.run(failed).as_str().map(str::to_owned)?;
        (!told.is_empty()).then_some(told)
    });
    assert!(told.contains("false: the program exited at once"), "{told}");
    assert!(desktop.popover().is_some());
    page.run(WAIT_FOR_FRAME_SCRIPT);
    desktop.screenshot(&artefact("not-shown.png"));
}

#[test]
fn an_end_is_asked_for_by_name() {
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    let terminal = stage.open(TerminalShape::PtyBash, "payments", &[]);
    wait_word(&page, "Idle");
    let client = terminal.client();

    choose(&desktop, &page, "End…");
    until_is("the question", &"End payments?".into(), || {
        page.run(QUESTION_LABEL_SCRIPT)
    });
    page.run(WAIT_FOR_FRAME_SCRIPT);
    desktop.screenshot(&artefact("end.png"));
    press(&desktop, &page, "Cancel");
    until_is("no question", &Value::Null, || {
        page.run(QUESTION_LABEL_SCRIPT)
    });
    assert!(client.is_alive());

    choose(&desktop, &page, "End…");
    press(&desktop, &page, "End payments");
    terminal.wait_end(WAIT_TIMEOUT, client);
    until_is("no question", &Value::Null, || {
        page.run(QUESTION_LABEL_SCRIPT)
    });
}

#[test]
fn one_that_is_worked_on_is_not_offered_to_be_killed() {
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    let terminal = stage.open(TerminalShape::PtyBash, "payments", &[]);
    wait_word(&page, "Idle");
    let id = list(&stage.home)["sessions"][0]["id"].clone();
    let locks = stage.home.xdg_data().join("trusty/paused");
    fs::create_dir_all(&locks).expect("a folder");
    let lock = locks.join(format!("{}.lock", id.as_str().expect("an id")));
    let lock = fs::File::create(lock).expect("a lock");
    lock.try_lock().expect("an unlocked file");

    choose(&desktop, &page, "End…");
    press(&desktop, &page, "End payments");
    let failed = "return document.querySelector('[data-id] .failed')?.textContent ?? ''";
    until(WAIT_TIMEOUT, "why not", || {
        page.run(failed)
            .as_str()?
            .contains("Not ended")
            .then_some(())
    });
    assert_eq!(page.run(QUESTION_LABEL_SCRIPT), Value::Null);
    assert!(terminal.client().is_alive());
}

#[test]
fn one_that_stays_is_killed_on_a_second_word() {
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    let terminal = stage.open(TerminalShape::PtyDirect, "payments", &[]);
    wait_word(&page, "Idle");
    let client = terminal.client();
    // A stopped process does not react to SIGTERM.
    client.stop();
    wait_word(&page, "Paused");

    choose(&desktop, &page, "End…");
    press(&desktop, &page, "End payments");
    until_is("the second question", &"Kill payments?".into(), || {
        page.run(QUESTION_LABEL_SCRIPT)
    });
    let text = page.run("return document.querySelector('.confirm p').textContent");
    let text = text.as_str().expect("text");
    let reason = "payments: the session is stopped and cannot exit; ";
    assert!(text.starts_with(reason), "{text}");
    let twice = "return document.querySelectorAll('[data-id] .failed').length";
    assert_eq!(page.run(twice), 0, "once is enough");
    assert!(client.is_alive());
    page.run(WAIT_FOR_FRAME_SCRIPT);
    desktop.screenshot(&artefact("kill.png"));
    press(&desktop, &page, "Kill payments");
    terminal.wait_end(WAIT_TIMEOUT, client);
}
