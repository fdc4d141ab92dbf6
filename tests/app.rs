//! The real app on a real desktop: its icon in a real tray, its popover in the real web view, and
//! sessions of the real Claude Code in its rows.
#![cfg(target_os = "linux")]

#[path = "app/answering.rs"]
mod answering;
#[path = "app/beside_serve.rs"]
mod beside_serve;
#[path = "app/jump_and_end.rs"]
mod jump_and_end;
#[path = "app/notices.rs"]
mod notices;
#[path = "app/opening.rs"]
mod opening;
#[path = "app/pausing.rs"]
mod pausing;
#[path = "app/quitting.rs"]
mod quitting;
#[path = "app/text_size.rs"]
mod text_size;

use std::process::Command;
use std::time::Duration;
use trusty_tests::desktop::{TestDesktop, WebDriver, WindowArea, artefact, until_is};
use trusty_tests::trusty::{confine, environment_variables, program};
use trusty_tests::wait::{poll, until, until_or};
use trusty_tests::{
    DesktopKind, KeyboardKey, MANUAL_MODE_ARGS, StandIn, TerminalShape, TestHome, TestStage, Value,
    WAIT_TIMEOUT,
};

/// Longer than a click or a key takes to have an effect, if there is one.
const EFFECT_TIMEOUT: Duration = Duration::from_secs(8);

/// Records the row's statuses in the page, in the order in which they were shown.
const RECORD_WORDS_SCRIPT: &str = "
    window.seen = [];
    const note = () => {
        for (const row of document.querySelectorAll('[data-id]')) {
            const word = row.dataset.status;
            if (window.seen.at(-1) !== word) window.seen.push(word);
        }
    };
    new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true });
    note();";

/// Resolves when all animations have finished or were replaced and the result is on the screen.
const WAIT_FOR_FRAME_SCRIPT: &str = "
    const still = document.getAnimations().map((animation) => animation.finished.catch(() => {}));
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    return Promise.all(still).then(frame).then(frame).then(() => true);";

/// A desktop with a tray, and a home for sessions; `None` if the tests are to run without either.
fn desktop_stage() -> Option<(TestStage, TestDesktop)> {
    TestStage::builder().build_with_desktop(DesktopKind::Tray)
}

/// A desktop for tests without Claude Code; `None` if the tests are to run without a desktop.
fn bare_desktop(kind: DesktopKind) -> Option<(TestStage, TestDesktop)> {
    let builder = TestStage::builder().without_client();
    builder.build_with_desktop(kind)
}

fn row_words(page: &WebDriver) -> Vec<String> {
    let words = page
        .run("return [...document.querySelectorAll('[data-id]')].map((row) => row.dataset.status)");
    let words = words.as_array().expect("a list");
    words
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Waits until the only row has this status.
fn wait_word(page: &WebDriver, word: &str) {
    until_or(
        WAIT_TIMEOUT,
        &format!("{word} in the row"),
        || (row_words(page) == [word]).then_some(()),
        || {
            let rows = "return [...document.querySelectorAll('[data-id]')].map((row) => [row.dataset, row.title, row.textContent])";
            page.run(rows).to_string()
        },
    );
}

#[test]
fn a_click_on_the_icon_opens_the_popover_and_the_next_one_closes_it() {
    let Some((_stage, desktop)) = bare_desktop(DesktopKind::Tray) else {
        return;
    };
    let mut app = desktop.app(&[]);
    let icon = desktop.icon();
    assert_eq!(desktop.popover(), None);

    desktop.click(icon);
    desktop.wait_focus();
    // Five pixels below the panel, which is 27 pixels high, and from the edge of the screen.
    let place = |area: Option<WindowArea>| area.map(|area| (area.width, area.x, area.y));
    let corner = Some((360, 1280 - 360 - 5, 27 + 5));
    until_is("the popover in its corner", &corner, || {
        place(desktop.popover())
    });
    let area = desktop.wait_popover();
    desktop.wait_drawn(area);
    desktop.screenshot(&artefact("popover.png"));
    // The popover is as high as its content.
    until(WAIT_TIMEOUT, "a height that fits", || {
        let height = desktop.popover()?.height;
        (120..=600).contains(&height).then_some(())
    });

    desktop.click(icon);
    desktop.wait_no_popover();
    // A click too soon after the last would count as the same click.
    until(WAIT_TIMEOUT, "the popover again", || {
        desktop.click(icon);
        poll(Duration::from_secs(2), || desktop.popover())
    });
    desktop.wait_focus();
    desktop.key("Escape");
    desktop.wait_no_popover();

    // A second start opens the popover of the first instance; a click elsewhere hides the popover.
    assert_eq!(desktop.app(&[]).wait_exit(WAIT_TIMEOUT), Some(0));
    until_is("the same place", &corner, || place(desktop.popover()));
    desktop.wait_focus();
    desktop.click((300, 500));
    desktop.wait_no_popover();
    assert!(app.is_running());
    assert_eq!(app.log(), "");

    // The last line of the menu is Quit.
    desktop.right_click(icon);
    let code = until(WAIT_TIMEOUT, "the end of the app", || {
        desktop.key("Up");
        desktop.key("Return");
        (!app.is_running()).then(|| app.wait_exit(WAIT_TIMEOUT))
    });
    assert_eq!(code, Some(0));
    until_is("no icon", &None, || desktop.tray("Id"));
}

#[test]
fn without_a_tray_it_runs_and_the_icon_comes_with_the_panel() {
    let Some((_stage, mut desktop)) = bare_desktop(DesktopKind::Trayless) else {
        return;
    };
    let mut app = desktop.app(&[]);
    until(WAIT_TIMEOUT, "a word about it", || {
        let told = app.log().contains("no system tray accepted the icon");
        told.then_some(())
    });
    assert_eq!(desktop.app(&[]).wait_exit(WAIT_TIMEOUT), Some(0));
    let area = desktop.wait_popover();
    desktop.wait_drawn(area);
    desktop.wait_focus();
    desktop.key("Escape");
    desktop.wait_no_popover();

    desktop.start_panel();
    let icon = desktop.icon();
    // A panel that starts again shows the icon again.
    desktop.start_panel();
    until_is("the icon in its place", &icon, || desktop.icon());
    desktop.click(icon);
    desktop.wait_popover();
    assert!(app.is_running());
    let told = app.log().matches("no system tray").count();
    assert_eq!(told, 1, "{}", app.log());
}

#[test]
fn popover_and_icon_follow_the_theme() {
    let Some((_stage, mut desktop)) = bare_desktop(DesktopKind::Tray) else {
        return;
    };
    let mut look = |theme: &str| {
        desktop.set_env("GTK_THEME", theme);
        let page = desktop.drive();
        desktop.wait_popover();
        let icon = until(WAIT_TIMEOUT, "the icon", || desktop.tray("IconPixmap"));
        let dark = page.run("return matchMedia('(prefers-color-scheme: dark)').matches");
        let surface = until(WAIT_TIMEOUT, "the panel", || {
            let drawn = "const panel = document.querySelector('.panel');
                return panel && getComputedStyle(panel).backgroundColor;";
            Some(page.run(drawn)).filter(|surface| !surface.is_null())
        });
        (icon, dark, surface)
    };
    let (light, dark) = (look("Adwaita"), look("Adwaita:dark"));
    assert_ne!(light.0, dark.0, "one icon for all panels");
    assert_eq!((light.1, dark.1), (false.into(), true.into()));
    assert_eq!(light.2, "rgb(252, 252, 253)");
    assert_eq!(dark.2, "rgb(28, 29, 32)");
}

#[test]
fn rows_and_icon_follow_a_real_session() {
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    desktop.wait_popover();
    page.run(RECORD_WORDS_SCRIPT);
    desktop.icon();
    let look = || {
        let icon = desktop.tray("IconPixmap").expect("an icon");
        (icon, desktop.tray("ToolTip").expect("a tooltip"))
    };
    let quiet = look();
    assert!(quiet.1.contains("'No sessions'"), "{}", quiet.1);

    let terminal = stage.open(TerminalShape::TmuxBash, "payments", &MANUAL_MODE_ARGS);
    wait_word(&page, "Idle");
    let title = page.run("return document.querySelector('[data-id] .title').textContent");
    assert_eq!(title, "payments");
    until(WAIT_TIMEOUT, "the same icon with other words", || {
        let now = look();
        (now.0 == quiet.0 && now.1.contains("'1 session, quiet'")).then_some(())
    });

    terminal.submit("stream 6s then bash: touch paid finally stream 3s");
    wait_word(&page, "Working");
    let working = until(WAIT_TIMEOUT, "the icon of work", || {
        Some(look()).filter(|now| now.0 != quiet.0 && now.1.contains("'1 working'"))
    });
    wait_word(&page, "Permission");
    until(WAIT_TIMEOUT, "the icon of a need", || {
        let now = look();
        let new = now.0 != quiet.0 && now.0 != working.0;
        (new && now.1.contains("'1 needs you'")).then_some(())
    });
    page.run(WAIT_FOR_FRAME_SCRIPT);
    desktop.screenshot(&artefact("permission.png"));
    terminal.wait_screen(WAIT_TIMEOUT, "Do you want to proceed?");
    terminal.answer(KeyboardKey::Enter);
    // The row says Finished until the user has looked; a popover that is open at that moment counts
    // as a look.
    wait_word(&page, "Finished");
    until(WAIT_TIMEOUT, "the first icon", || {
        (look().0 == quiet.0).then_some(())
    });

    desktop.wait_focus();
    desktop.key("Escape");
    desktop.wait_no_popover();
    assert_eq!(desktop.app(&[]).wait_exit(WAIT_TIMEOUT), Some(0));
    desktop.wait_popover();
    wait_word(&page, "Idle");

    let seen = page.run("return window.seen");
    let seen: Vec<&str> = seen
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut order = seen.clone();
    order.retain(|word| *word != "Starting");
    order.dedup();
    let wanted = [
        "Idle",
        "Working",
        "Permission",
        "Working",
        "Finished",
        "Idle",
    ];
    assert_eq!(order, wanted, "{seen:?}");
    drop(terminal);
    wait_word(&page, "Stopped");
}

/// The cells of the evidence in the open rows, by source.
const EVIDENCE_ROWS_SCRIPT: &str = "
    return [...document.querySelectorAll('[data-id] [role=table] [role=row]')]
        .map((row) => [...row.children].map((cell) => cell.textContent));";

/// The evidence below its heading, once there is any.
fn wait_evidence(page: &WebDriver) -> Vec<Vec<String>> {
    until(WAIT_TIMEOUT, "the evidence of a row", || {
        let text = |cell: &Value| cell.as_str().expect("text").to_owned();
        let line = |row: &Value| row.as_array().expect("cells").iter().map(text).collect();
        let told = page.run(EVIDENCE_ROWS_SCRIPT);
        let told = told.as_array().expect("lines").iter().map(line);
        Some(told.skip(1).collect::<Vec<Vec<String>>>()).filter(|lines| !lines.is_empty())
    })
}

/// Waits until no row is open and the popover is as high as before.
fn wait_closed(page: &WebDriver, desktop: &TestDesktop, height: i32) {
    until_is("no evidence", &0.into(), || {
        page.run("return document.querySelectorAll('[role=table]').length")
    });
    until_is("the first height", &Some(height), || {
        desktop.popover().map(|area| area.height)
    });
}

#[test]
fn a_row_says_why_it_is_what_it_is() {
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    let terminal = stage.open(TerminalShape::PtyBash, "payments", &MANUAL_MODE_ARGS);
    wait_word(&page, "Idle");
    page.run(WAIT_FOR_FRAME_SCRIPT);
    // The request makes the row higher, and is answered before the row closes.
    let idle = desktop.wait_popover();
    terminal.submit("bash: touch paid finally stream 30s");
    wait_word(&page, "Permission");
    page.run(WAIT_FOR_FRAME_SCRIPT);
    let shut = desktop.wait_popover();

    // The right mouse button shows the actions of a row.
    let area = desktop.wait_popover();
    let (x, y) = pausing::middle(&page, "[data-id] .title");
    desktop.right_click((area.x + x, area.y + y));
    let button = "[data-why]";
    until_is("the actions", &"Why?".into(), || {
        page.run("return document.querySelector('[data-why]')?.textContent.trim() ?? null")
    });
    page.run(WAIT_FOR_FRAME_SCRIPT);
    let middle = format!(
        "const box = document.querySelector('{button}').getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2].map(Math.round);"
    );
    let middle = page.run(&middle);
    let at = |axis: usize| middle[axis].as_i64().and_then(|v| i32::try_from(v).ok());
    let (x, y) = (at(0).expect("x"), at(1).expect("y"));
    desktop.click((shut.x + x, shut.y + y));

    let lines = wait_evidence(&page);
    assert_eq!(lines[0][0], "registry");
    assert_eq!(lines[0][1], "waiting: permission prompt");
    assert_eq!(lines[0][3], "decided");
    let sources: Vec<&str> = lines.iter().map(|line| line[0].as_str()).collect();
    for source in ["transcript", "process", "tmux", "hooks", "pane text"] {
        assert!(sources.contains(&source), "{source}: {lines:?}");
    }
    let sentence = page.run("return document.querySelector('.evidence p').textContent");
    let sentence = sentence.as_str().expect("a sentence");
    assert!(
        sentence.starts_with("Claude Code reports waiting for"),
        "{sentence}"
    );
    // The window has grown with the row: nothing scrolls, and no empty room is below the content.
    let all = "const list = document.querySelector('.scroll');
        const high = Math.ceil(list.firstElementChild.getBoundingClientRect().height);
        return list.scrollHeight === list.clientHeight && list.scrollTop === 0
            && Math.abs(high - list.clientHeight) <= 1;";
    until_is("room for all of it", &true.into(), || page.run(all));
    assert!(desktop.wait_popover().height > shut.height);
    page.run(WAIT_FOR_FRAME_SCRIPT);
    desktop.screenshot(&artefact("why.png"));

    // The evidence follows the session while the row is open.
    terminal.wait_screen(WAIT_TIMEOUT, "Do you want to proceed?");
    terminal.answer(KeyboardKey::Enter);
    wait_word(&page, "Working");
    until(WAIT_TIMEOUT, "the new word of the registry", || {
        let now = wait_evidence(&page);
        (now[0][..2] == ["registry", "busy"]).then_some(())
    });
    desktop.wait_focus();
    desktop.key("Escape");
    wait_closed(&page, &desktop, idle.height);

    // The same with the keyboard; the second Escape closes the popover.
    desktop.key("Down");
    desktop.key("question");
    assert_eq!(wait_evidence(&page)[0][0], "registry");
    desktop.key("Escape");
    wait_closed(&page, &desktop, idle.height);
    desktop.key("Escape");
    desktop.wait_no_popover();
}

#[test]
fn a_hostile_name_stays_text_and_no_foreign_script_runs() {
    let hostile = "<img src=x onerror=alert(1)>";
    let Some((stage, desktop)) = desktop_stage() else {
        return;
    };
    let page = desktop.drive();
    let _terminal = stage.open(TerminalShape::PtyDirect, hostile, &[]);
    wait_word(&page, "Idle");
    let title = page.run("return document.querySelector('[data-id] .title').textContent");
    assert_eq!(title, hostile);
    assert_eq!(page.run("return document.images.length"), 0);

    page.run(
        "window.blocked = [];
        addEventListener('securitypolicyviolation', (event) => window.blocked.push(event.effectiveDirective));
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
        const button = document.createElement('button');
        button.setAttribute('onclick', 'window.ran = true');
        document.body.append(button);
        button.click();
        const far = document.createElement('img');
        far.src = 'https://localhost:9/x.png';
        document.body.append(far);
        fetch('https://localhost:9/x').catch(() => {});",
    );
    let wanted = [
        "connect-src",
        "img-src",
        "script-src-attr",
        "script-src-elem",
    ];
    until_is(
        "all four attempts blocked",
        &wanted.map(str::to_owned).to_vec(),
        || {
            let blocked = page.run("return [...new Set(window.blocked)].sort()");
            let blocked = blocked.as_array().expect("a list");
            blocked
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        },
    );
    assert_eq!(page.run("return window.ran === undefined"), true);
}

#[test]
fn an_app_that_a_session_starts_says_so_and_does_not_run() {
    let home = TestHome::new();
    confine(&home);
    let session = StandIn::start(&home);
    let pid = session.pid_argument();
    let output = Command::new(program("trusty-bar"))
        .env_clear()
        .envs(environment_variables(&home))
        .env("CLAUDE_PID", &pid)
        .output()
        .expect("runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains(&format!("pid {pid}")), "{told}");
    assert!(told.contains("another terminal"), "{told}");
}
