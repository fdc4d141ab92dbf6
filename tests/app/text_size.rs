//! The popover's window follows the text size of the desktop, and every view fits into it.

use super::bare_desktop;
use std::fs;
use std::path::Path;
use trusty_tests::desktop::{TestDesktop, WebDriver, artefact, until_is};
use trusty_tests::{DesktopKind, Value};

/// Samples of `ui/src/dev/fake.ts`, and the buttons that are pressed in them.
const SAMPLE_VIEWS: [(&str, &[&str]); 33] = [
    ("board=full", &[]),
    ("board=full", &["More"]),
    ("board=full", &["context"]),
    ("board=full", &["context", "Why?"]),
    ("board=full", &["context", "End…"]),
    ("board=full&ask=Quit", &[]),
    ("board=full&ask=Connect", &[]),
    ("board=full&ask=End", &[]),
    ("board=full&ask=Kill", &[]),
    ("board=every", &[]),
    ("board=quiet", &[]),
    ("board=asks", &[]),
    ("board=asks", &["More…"]),
    ("board=asks", &["More…", "Deny with message…"]),
    ("board=asks", &["Always…"]),
    ("board=edit", &[]),
    ("board=question", &[]),
    ("board=question", &["More…"]),
    ("board=plan", &[]),
    ("board=plan", &["More…"]),
    ("board=agent", &[]),
    ("board=elsewhere", &[]),
    ("board=elsewhere&ask=Review", &[]),
    ("board=pauses", &[]),
    ("board=pauses&ask=Interrupt", &[]),
    ("board=first", &[]),
    ("board=first", &["More"]),
    ("board=empty", &[]),
    ("board=failed", &[]),
    ("board=hostile", &[]),
    ("board=problem", &[]),
    ("board=problems", &["1 more"]),
    ("board=notes", &[]),
];

/// The script that draws the samples, which `make target/views/views.js` builds.
#[track_caller]
fn views_script() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/views/views.js");
    fs::read_to_string(&path).unwrap_or_else(|e| {
        panic!("{}: {e}; run: make target/views/views.js", path.display());
    })
}

/// What does not fit, of all views.
#[track_caller]
fn misfits(page: &WebDriver) -> Vec<String> {
    let mut found = Vec::new();
    for (view, presses) in SAMPLE_VIEWS {
        let told = page.run(&format!("return window.measureView({view:?}, {presses:?})"));
        let told = told.as_array().expect("a list");
        let lines = told.iter().filter_map(Value::as_str);
        found.extend(lines.map(|line| format!("{view} {presses:?}: {line}")));
    }
    found
}

#[track_caller]
fn wait_width(desktop: &TestDesktop, page: &WebDriver, width: i32, page_width: i32) {
    until_is("the width of the window", &Some(width), || {
        desktop.popover().map(|area| area.width)
    });
    until_is("the width of the page", &page_width.into(), || {
        page.run("return innerWidth")
    });
}

#[test]
fn every_view_fits_at_each_font_dpi_and_the_popover_follows_a_change_of_it() {
    let script = views_script();
    let Some((_stage, desktop)) = bare_desktop(DesktopKind::Trayless) else {
        return;
    };
    desktop.set_resource_dpi(192);
    let page = desktop.drive();
    desktop.wait_popover();
    page.run(&script);
    let mut daemon = None;
    for dpi in [192, 144, 120, 96] {
        if dpi != 192 {
            daemon
                .get_or_insert_with(|| desktop.settings_daemon())
                .set_dpi(dpi);
        }
        wait_width(&desktop, &page, 360 * dpi / 96, 360);
        assert_eq!(misfits(&page), [""; 0], "at {dpi} dots per inch");
        page.run("return window.measureView('board=asks').then(() => true)");
        desktop.screenshot(&artefact(&format!("popover-{dpi}-dpi.png")));
        page.run("return window.measureView('board=notes').then(() => true)");
        desktop.screenshot(&artefact(&format!("popover-notes-{dpi}-dpi.png")));
    }
}

#[test]
fn every_view_fits_on_a_display_that_is_narrow_for_its_text() {
    let script = views_script();
    let Some((_stage, desktop)) = bare_desktop(DesktopKind::Sized("480x640x24")) else {
        return;
    };
    desktop.set_resource_dpi(192);
    let page = desktop.drive();
    desktop.wait_popover();
    page.run(&script);
    // Nine tenths of the display.
    wait_width(&desktop, &page, 432, 216);
    assert_eq!(misfits(&page), [""; 0]);
    page.run("return window.measureView('board=asks').then(() => true)");
    desktop.screenshot(&artefact("popover-narrow.png"));
}
