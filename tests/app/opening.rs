//! How the popover comes onto the screen.

use super::{WAIT_TIMEOUT, bare_desktop};
use std::fs;
use std::time::{Duration, Instant};
use trusty_tests::desktop::{RunningApp, TestDesktop};
use trusty_tests::wait::until;
use trusty_tests::{DesktopKind, ProcessRef, Signal};

/// Longer than any earlier version held its window back.
const KEPT_BACK: Duration = Duration::from_secs(4);

/// The process that draws the page, as soon as there is one.
#[track_caller]
fn page_process(app: &RunningApp) -> ProcessRef {
    until(WAIT_TIMEOUT, "the process of the page", || {
        let all = app.process().tree();
        all.into_iter().find(|process| {
            let exe = process.exe();
            exe.is_some_and(|exe| exe.ends_with("WebKitWebProcess"))
        })
    })
}

#[test]
fn the_page_is_made_before_the_first_click_and_a_click_shows_it_only_once_it_has_painted() {
    let Some((_stage, desktop)) = bare_desktop(DesktopKind::Tray) else {
        return;
    };
    let app = desktop.app(&[]);
    let icon = desktop.icon();
    let page = page_process(&app);
    assert_eq!(desktop.popover(), None, "the page was made to be hidden");

    // A page that cannot paint keeps its window off the screen.
    page.signal(Signal::STOP);
    let shown = desktop.windows_shown();
    let begun = Instant::now();
    desktop.click(icon);
    assert_eq!(
        shown.shown_within(begun, KEPT_BACK),
        None,
        "a window without a page"
    );
    assert_eq!(desktop.popover(), None);
    // A second, impatient click means the same as the first.
    desktop.click(icon);
    page.signal(Signal::CONT);
    let area = desktop.wait_popover();
    desktop.wait_drawn(area);
    desktop.wait_focus();
}

#[test]
fn a_page_that_crashes_is_made_anew() {
    let Some((_stage, desktop)) = bare_desktop(DesktopKind::Tray) else {
        return;
    };
    let app = desktop.app(&[]);
    let icon = desktop.icon();
    let first = page_process(&app);
    desktop.click(icon);
    let area = desktop.wait_popover();
    desktop.wait_drawn(area);

    // A page that crashes while shown comes back by itself.
    first.signal(Signal::KILL);
    let second = until(WAIT_TIMEOUT, "another page", || {
        Some(page_process(&app)).filter(|page| page.pid != first.pid)
    });
    desktop.wait_drawn(desktop.wait_popover());
    desktop.wait_focus();
    desktop.key("Escape");
    desktop.wait_no_popover();

    // A page that crashed while hidden is made by the next click.
    second.signal(Signal::KILL);
    until(WAIT_TIMEOUT, "the end of the page", || {
        app.log()
            .contains("the popover's page crashed")
            .then_some(())
    });
    until(WAIT_TIMEOUT, "the popover again", || {
        desktop.click(icon);
        trusty_tests::wait::poll(Duration::from_secs(5), || desktop.popover())
    });
    desktop.wait_drawn(desktop.wait_popover());
}

/// Whether a page has a thread that composes layers with OpenGL.
fn has_compositor(page: ProcessRef) -> bool {
    let threads = fs::read_dir(format!("/proc/{}/task", page.pid)).expect("a running page");
    threads.flatten().any(|thread| {
        let name = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        // The kernel keeps 15 characters of a thread's name, of WebKit's names the last ones.
        name.trim().ends_with("Compositor")
    })
}

#[test]
fn without_a_gpu_the_page_is_drawn_without_opengl_unless_the_user_says_so() {
    let Some((_stage, mut desktop)) = bare_desktop(DesktopKind::Trayless) else {
        return;
    };
    let drawn = |desktop: &TestDesktop| {
        let app = desktop.app(&["--open"]);
        desktop.wait_drawn(desktop.wait_popover());
        has_compositor(page_process(&app))
    };
    // The desktop of these tests has `LIBGL_ALWAYS_SOFTWARE=1`.
    assert!(!drawn(&desktop), "software OpenGL is slower than none");
    desktop.set_env("WEBKIT_DISABLE_DMABUF_RENDERER", "0");
    assert!(drawn(&desktop), "the user's variable wins");
}
