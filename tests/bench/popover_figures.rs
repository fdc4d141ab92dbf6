//! What the popover costs where the processor draws: its first opening, and twelve working sessions
//! in it.

use super::{ProcessCost, WAIT_TIMEOUT, ms, percentile, row};
use std::time::{Duration, Instant};
use trusty_tests::desktop::TestDesktop;
use trusty_tests::wait::until;
use trusty_tests::{StandIn, TestHome};

const FIRST_CLICKS: usize = 5;
const WORKING_SESSIONS: usize = 12;
/// Opening the popover has consequences, which do not count as the cost of an open one.
const SETTLING_TIME: Duration = Duration::from_secs(5);
const MEASURED_TIME: Duration = Duration::from_secs(15);
/// Enough for the page, which the app makes three seconds after its start.
const PAGE_MADE: Duration = Duration::from_secs(6);

pub(super) fn run() {
    let home = TestHome::new();
    let sessions: Vec<StandIn> = (0..WORKING_SESSIONS)
        .map(|_| StandIn::busy(&home))
        .collect();
    let desktop = TestDesktop::start(&home);
    first_clicks(
        &desktop,
        "first click → pixels, no page yet",
        Duration::ZERO,
        "≤ 900 ms",
    );
    first_clicks(
        &desktop,
        "first click → pixels, page made",
        PAGE_MADE,
        "≤ 900 ms",
    );
    open_popover(&desktop);
    drop(sessions);
}

/// A click on the icon → something is drawn. Includes the screenshots that detect it.
fn first_clicks(desktop: &TestDesktop, what: &str, wait: Duration, goal: &str) {
    let mut times = Vec::new();
    for _ in 0..FIRST_CLICKS {
        let app = desktop.app(&[]);
        let icon = desktop.icon();
        std::thread::sleep(wait);
        let begun = Instant::now();
        desktop.click(icon);
        desktop.wait_drawn(desktop.wait_popover());
        times.push(begun.elapsed());
        drop(app);
        until(WAIT_TIMEOUT, "no icon", || {
            desktop.tray("Id").is_none().then_some(())
        });
    }
    row(what, &ms(percentile(&mut times, 50)), goal);
}

/// The processor time of the app and its web view while the popover is open.
fn open_popover(desktop: &TestDesktop) {
    let app = desktop.app(&["--open"]);
    desktop.wait_drawn(desktop.wait_popover());
    std::thread::sleep(SETTLING_TIME);
    let spent = || -> u32 {
        let all = app.process().tree();
        all.iter()
            .map(|process| ProcessCost::of(process.pid).ticks)
            .sum()
    };
    let (before, begun) = (spent(), Instant::now());
    std::thread::sleep(MEASURED_TIME);
    let share = f64::from(spent() - before) / begun.elapsed().as_secs_f64();
    let what = format!("open popover, {WORKING_SESSIONS} working sessions: of a core");
    row(&what, &format!("{share:.1} %"), "≤ 15 %");
}
