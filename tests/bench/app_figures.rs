//! The cost of the app on a real desktop: its start, the popover, memory, and a change on its way
//! to the page.

use super::{WAIT_TIMEOUT, ms, percentile, registry_writer, row};
use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use trusty_tests::TestHome;
use trusty_tests::desktop::TestDesktop;
use trusty_tests::wait::until;

const START_COUNT: usize = 5;
const OPEN_COUNT: usize = 7;
const CHANGE_COUNT: usize = 100;

pub(super) fn run() {
    let home = TestHome::new();
    let desktop = TestDesktop::start(&home);
    starts(&desktop);
    opens(&desktop);
    drop(desktop);
    changes();
}

/// Process start → the tray knows the icon. Includes the query for the icon, about 10 ms.
fn starts(desktop: &TestDesktop) {
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..START_COUNT {
        let begun = Instant::now();
        let app = desktop.app(&[]);
        until(WAIT_TIMEOUT, "the icon", || desktop.tray("Id"));
        times.push(begun.elapsed());
        std::thread::sleep(Duration::from_secs(2));
        memory.push(app.process().tree().iter().map(|p| pss(p.pid)).sum::<u64>());
        drop(app);
        until(WAIT_TIMEOUT, "no icon", || {
            desktop.tray("Id").is_none().then_some(())
        });
    }
    row(
        "app start → tray",
        &ms(percentile(&mut times, 50)),
        "≤ 150 ms",
    );
    memory.sort_unstable();
    row(
        "memory with the tray only (PSS)",
        &format!("{} MiB", memory[START_COUNT / 2] >> 20),
        "≤ 60 MiB",
    );
}

/// Memory of a process in bytes, shared pages in proportion (PSS).
fn pss(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("Pss:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// A click on the icon → the X server shows the window. Includes the start of the program that
/// clicks.
fn opens(desktop: &TestDesktop) {
    let _app = desktop.app(&[]);
    let icon = desktop.icon();
    let shown = desktop.windows_shown();
    let mut times = Vec::new();
    for n in 0..=OPEN_COUNT {
        let begun = Instant::now();
        desktop.click(icon);
        let first = shown.shown_after(begun, WAIT_TIMEOUT);
        desktop.wait_popover();
        // At the first opening other windows appear, too.
        times.push(if n == 0 {
            begun.elapsed()
        } else {
            first - begun
        });
        desktop.wait_focus();
        desktop.key("Escape");
        desktop.wait_no_popover();
        // A click sooner would be taken for the one that closed the popover.
        std::thread::sleep(Duration::from_millis(600));
    }
    row(
        "popover, first open (makes the web view)",
        &ms(times[0]),
        "-",
    );
    row(
        "popover, reopen",
        &ms(percentile(&mut times[1..], 50)),
        "≤ 60 ms",
    );
}

/// A registry write → the row in the page has changed, by the clock that both share.
fn changes() {
    let home = TestHome::new();
    let write = registry_writer(&home);
    write("busy");
    let desktop = TestDesktop::start(&home);
    let page = desktop.drive();
    desktop.wait_popover();
    page.run(
        "window.seen = {};
        const note = () => {
            const word = document.querySelector('[data-id]')?.dataset.status;
            if (word !== window.last) { window.last = word; window.at = Date.now(); }
        };
        new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true });
        note();",
    );
    let mut times = Vec::new();
    for n in 0..CHANGE_COUNT {
        let (word, wanted) = [("waiting", "Permission"), ("busy", "Working")][n % 2];
        let begun = SystemTime::now();
        write(word);
        let at = until(WAIT_TIMEOUT, wanted, || {
            let seen = page.run("return [window.last, window.at]");
            (seen[0] == wanted).then(|| seen[1].as_u64()).flatten()
        });
        let at = UNIX_EPOCH + Duration::from_millis(at);
        times.push(at.duration_since(begun).unwrap_or_default());
    }
    let (p50, p95) = (percentile(&mut times, 50), percentile(&mut times, 95));
    row(
        "registry write → DOM, p50 / p95",
        &format!("{} / {}", ms(p50), ms(p95)),
        "p95 ≤ 30 ms",
    );
}
