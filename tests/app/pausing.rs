//! Pausing and resuming the real Claude Code from the popover, the keyboard and the tray menu.

use super::{
    EFFECT_TIMEOUT, RECORD_WORDS_SCRIPT, WAIT_FOR_FRAME_SCRIPT, WAIT_TIMEOUT, desktop_stage,
    wait_word,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use trusty_tests::desktop::{TestDesktop, WebDriver, artefact, until_is};
use trusty_tests::trusty;
use trusty_tests::wait::{poll, until, until_or};
use trusty_tests::{ProcessRef, Signal, TerminalShape, TestStage, TestTerminal, Value};

/// Waits until a selector finds something that the window has room for, and returns its middle in
/// pixels of the page.
pub(super) fn middle(page: &WebDriver, selector: &str) -> (i32, i32) {
    let script = format!(
        "const box = document.querySelector({selector:?})?.getBoundingClientRect();
        // The window grows a moment after what is in it.
        return box && box.bottom <= innerHeight ? [box.x + box.width / 2, box.y + box.height / 2].map(Math.round) : null;"
    );
    let told = until(WAIT_TIMEOUT, selector, || {
        Some(page.run(&script)).filter(Value::is_array)
    });
    let at = |axis: usize| told[axis].as_i64().and_then(|v| i32::try_from(v).ok());
    (at(0).expect("x"), at(1).expect("y"))
}

/// Clicks in the middle of what a selector finds, once that no longer moves.
#[track_caller]
pub(super) fn click(desktop: &TestDesktop, page: &WebDriver, selector: &str) {
    let place = || {
        let area = desktop.wait_popover();
        let (x, y) = middle(page, selector);
        (area.x + x, area.y + y)
    };
    let mut at = place();
    until(WAIT_TIMEOUT, "a place that stays", || {
        let before = std::mem::replace(&mut at, place());
        (at == before).then_some(())
    });
    desktop.click(at);
}

/// The folder of the control groups of version 2.
fn control_groups() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    Some(Path::new(line.split(' ').nth(4)?).to_path_buf())
}

/// Whether a process cannot run: it is stopped, or its control group is frozen.
pub(super) fn is_still(process: ProcessRef) -> bool {
    let frozen = || {
        let groups = fs::read_to_string(format!("/proc/{}/cgroup", process.pid)).ok()?;
        let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let events = control_groups()?.join(own).join("cgroup.events");
        Some(fs::read_to_string(events).ok()?.contains("frozen 1"))
    };
    process.state() == Some('T') || frozen().unwrap_or(false)
}

#[track_caller]
fn wait_still(process: ProcessRef, still: bool) {
    until_is("the process as it should be", &still, || is_still(process));
}

/// The status of the only session, as `trusty list` reports it, and the number of pause records.
pub(super) fn shown_pause(stage: &TestStage) -> (Value, usize) {
    let status = trusty::list(&stage.home)["sessions"][0]["status"].clone();
    (status, records(stage))
}

/// The number of pause records.
pub(super) fn records(stage: &TestStage) -> usize {
    stage.count_pause_files("json")
}

/// A session in a terminal that any machine can pause.
pub(super) fn open(stage: &TestStage) -> TestTerminal {
    stage.open(TerminalShape::PtyBash, "payments", &[])
}

#[test]
fn a_click_and_a_key_pause_and_resume_a_real_session() {
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    let terminal = open(&stage);
    wait_word(&page, "Idle");
    terminal.submit("stream 30s");
    wait_word(&page, "Working");
    let client = terminal.client();
    page.run(RECORD_WORDS_SCRIPT);

    let button = "[data-id] .act";
    let label = format!("return document.querySelector({button:?}).getAttribute('aria-label')");
    assert_eq!(page.run(&label), "Pause now");
    click(&desktop, &page, button);
    wait_word(&page, "Paused");
    wait_still(client, true);
    assert_eq!(records(&stage), 1);
    let detail = "return document.querySelector('[data-id] .second bdi').textContent";
    let detail = page.run(detail);
    let detail = detail.as_str().expect("text");
    assert!(
        detail.contains("by you") && detail.contains("was answering"),
        "{detail}"
    );
    assert_eq!(page.run(&label), "Resume");
    page.run(WAIT_FOR_FRAME_SCRIPT);
    desktop.screenshot(&artefact("paused.png"));

    // The same by the keyboard. A row takes no command while one is carried out.
    let ready = || {
        let off = "return document.querySelector('[data-id] .act').getAttribute('aria-disabled')";
        until(WAIT_TIMEOUT, "a row that takes a wish", || {
            (page.run(off) != "true").then_some(())
        });
    };
    desktop.wait_focus();
    ready();
    desktop.key("Down");
    desktop.key("space");
    wait_still(client, false);
    wait_word(&page, "Working");
    until_is("no record", &0, || records(&stage));
    ready();
    desktop.key("space");
    wait_word(&page, "Paused");
    wait_still(client, true);
    ready();
    desktop.key("space");
    wait_word(&page, "Finished");

    let seen = page.run("return window.seen");
    let mut seen: Vec<&str> = seen
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    seen.dedup();
    let wanted = [
        "Working",
        "Pausing…",
        "Paused",
        "Resuming…",
        "Working",
        "Pausing…",
        "Paused",
        "Resuming…",
        "Working",
        "Finished",
    ];
    assert_eq!(seen, wanted);
    drop(terminal);
}

#[test]
fn the_menu_of_the_tray_pauses_and_resumes() {
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let windows = desktop.windows_shown();
    let mut app = desktop.app(&[]);
    let icon = desktop.icon();
    let terminal = open(&stage);
    terminal.wait_status(WAIT_TIMEOUT, "idle");
    let client = terminal.client();
    let says = |words: &str| {
        until_is("the words of the icon", &true, || {
            desktop
                .tray("ToolTip")
                .is_some_and(|told| told.contains(words))
        });
    };
    says("1 session, quiet");
    // The only session is the first line that can be chosen; its menu holds "Show", then this.
    let choose = || {
        let begun = Instant::now();
        desktop.right_click(icon);
        windows.shown_within(begun, EFFECT_TIMEOUT)?;
        desktop.key("Down");
        let begun = Instant::now();
        desktop.key("Right");
        windows.shown_within(begun, EFFECT_TIMEOUT)?;
        desktop.key("Down");
        desktop.key("Return");
        Some(())
    };
    // A menu that is redrawn closes before the keys come, and is opened again.
    let choose_until = |still: bool| {
        until_or(
            WAIT_TIMEOUT,
            "what was chosen",
            || {
                let done = choose().and_then(|()| {
                    poll(EFFECT_TIMEOUT, || (is_still(client) == still).then_some(()))
                });
                if done.is_none() {
                    desktop.key("Escape");
                    desktop.key("Escape");
                }
                done
            },
            || app.log(),
        );
    };
    choose_until(true);
    says("1 paused");
    choose_until(false);
    until_is("no record", &0, || records(&stage));
    says("1 session, quiet");
    choose_until(true);
    assert_eq!(desktop.popover(), None);

    // Quit, the last line, asks in the popover; choosing it again is the answer.
    let quit = || {
        let begun = Instant::now();
        desktop.right_click(icon);
        windows.shown_after(begun, WAIT_TIMEOUT);
        desktop.key("Up");
        desktop.key("Return");
    };
    says("1 paused");
    quit();
    desktop.wait_popover();
    desktop.wait_focus();
    assert!(app.is_running());
    quit();
    assert_eq!(app.wait_exit(WAIT_TIMEOUT), Some(0));
    assert!(is_still(client));
    stage.run_successfully(&["resume", "--all"]);
    wait_still(client, false);
}

#[test]
fn quitting_asks_what_becomes_of_the_paused_and_an_end_keeps_them() {
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    let terminal = open(&stage);
    wait_word(&page, "Idle");
    let client = terminal.client();
    click(&desktop, &page, "[data-id] .act");
    wait_word(&page, "Paused");

    let quit = "
        document.querySelector('.more').click();
        return new Promise((done) => requestAnimationFrame(done)).then(() => {
            const items = [...document.querySelectorAll('[role=menuitem]')];
            items.find((item) => item.textContent.startsWith('Quit')).click();
            return true;
        });";
    let asked = |page: &WebDriver, count: i32| {
        let cards = "return document.querySelectorAll('[data-card=quit]').length";
        until_is("the question", &count.into(), || page.run(cards));
    };
    desktop.wait_focus();
    page.run(quit);
    asked(&page, 1);
    page.run(WAIT_FOR_FRAME_SCRIPT);
    desktop.screenshot(&artefact("quit.png"));
    desktop.key("Escape");
    asked(&page, 0);
    assert!(desktop.popover().is_some());
    page.run(quit);
    asked(&page, 1);
    // In the order of the buttons: Cancel, Keep paused, Resume all.
    click(&desktop, &page, "[data-card=quit] .choice:nth-of-type(2)");
    until_is("no icon", &None, || desktop.tray("Id"));
    drop(page);
    assert!(is_still(client));
    assert_eq!(shown_pause(&stage), ("Paused".into(), 1));

    // An app that a signal ends asks nothing, and keeps the sessions paused, too.
    let mut app = desktop.app(&[]);
    desktop.icon();
    assert!(app.process().signal(Signal::TERM));
    app.wait_exit(WAIT_TIMEOUT);
    assert!(is_still(client));

    // The next app resumes what this one has left, if told to.
    let page = desktop.drive();
    wait_word(&page, "Paused");
    page.run(quit);
    asked(&page, 1);
    click(&desktop, &page, "[data-card=quit] .meant");
    until_is("no icon", &None, || desktop.tray("Id"));
    drop(page);
    wait_still(client, false);
    assert_eq!(records(&stage), 0);
}
