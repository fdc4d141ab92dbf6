//! Latencies of a request on its way to the popover and to the terminal's own dialog, and of an
//! answer on its way back.

use super::{WAIT_TIMEOUT, ms, percentile, row};
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use trusty_tests::desktop::WebDriver;
use trusty_tests::wait::until;
use trusty_tests::{
    ApiEvent, ApiEventKind, ClientStage, DesktopKind, MANUAL_MODE_ARGS, TerminalShape, TestStage,
};

const REQUEST_COUNT: usize = 20;

/// For each request: from the tool call of the model to the card in the page and to the dialog in
/// the terminal; from the click to the effect of the tool.
#[derive(Default)]
struct AnswerTimings {
    card: Vec<Duration>,
    dialog: Vec<Duration>,
    ran: Vec<Duration>,
}

pub(super) fn run() {
    let builder = TestStage::builder().settings("").hooks();
    let stage = builder.build_with_desktop(DesktopKind::Tray);
    let (stage, desktop) = stage.expect("Claude Code and a desktop");
    let stage = stage.into_session(TerminalShape::TmuxBash, "payments", &MANUAL_MODE_ARGS);
    let page = desktop.drive();
    desktop.wait_popover();
    page.run(
        "const note = () => {
            const text = document.querySelector('[data-whole]')?.textContent ?? '';
            if (text !== window.last) { window.last = text; window.at = Date.now(); }
        };
        new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });
        note();",
    );
    let mut times = AnswerTimings::default();
    for n in 0..REQUEST_COUNT {
        let name = format!("made-{n}");
        one(&stage, &page, &name, &mut times);
        let made = fs::metadata(stage.folder.join(&name)).and_then(|m| m.modified());
        if let (Ok(made), Some(clicked)) = (made, clicked(&page)) {
            times
                .ran
                .push(made.duration_since(clicked).unwrap_or_default());
        }
    }
    for (what, all) in [
        (
            "tool called → card in the popover, p50 / p95",
            &mut times.card,
        ),
        ("tool called → the terminal's own dialog", &mut times.dialog),
        ("click on Approve → the tool has run", &mut times.ran),
    ] {
        let (p50, p95) = (percentile(all, 50), percentile(all, 95));
        row(what, &format!("{} / {}", ms(p50), ms(p95)), "-");
    }
}

fn one(stage: &ClientStage, page: &WebDriver, name: &str, times: &mut AnswerTimings) {
    let terminal = &stage.terminal;
    let prompt = format!("bash: touch {name}");
    terminal.submit(&prompt);
    let called = |all: &[ApiEvent]| {
        let stop = |e: &&ApiEvent| e.prompt == prompt && e.kind == ApiEventKind::MessageStop;
        all.iter().find(stop).map(|e| e.at)
    };
    let called = stage.api.wait(WAIT_TIMEOUT, called);
    let dialog = until(WAIT_TIMEOUT, "the dialog", || {
        let screen = terminal.screen();
        let painted = screen.contains("Do you want to proceed?") && screen.contains(name);
        painted.then(SystemTime::now)
    });
    let card = until(WAIT_TIMEOUT, "the card", || {
        let seen = page.run("return [window.last, window.at]");
        let shown = seen[0].as_str().is_some_and(|text| text.contains(name));
        shown.then(|| seen[1].as_u64()).flatten()
    });
    let since = |at: SystemTime| at.duration_since(called).unwrap_or_default();
    times.dialog.push(since(dialog));
    times
        .card
        .push(since(UNIX_EPOCH + Duration::from_millis(card)));
    // The page clicks the button itself, as soon as a click would count.
    until(WAIT_TIMEOUT, "Approve", || {
        let script = "const yes = document.querySelector('[data-yes]');
            if (yes?.getAttribute('aria-disabled') !== 'false') return false;
            window.clicked = Date.now(); yes.click(); return true;";
        (page.run(script) == true).then_some(())
    });
    terminal.wait_status(WAIT_TIMEOUT, "idle");
}

fn clicked(page: &WebDriver) -> Option<SystemTime> {
    let at = page.run("return window.clicked ?? null").as_u64()?;
    Some(UNIX_EPOCH + Duration::from_millis(at))
}
