//! Requests that are higher than the terminal, as somebody reads and answers them.

use crate::LONG;
use std::io::Write;
use std::os::unix::net::UnixStream;
use trusty_tests::trusty::{Running, configure, serve, session_of, trusty};
use trusty_tests::wait::until;
use trusty_tests::{Home, Signal, StandIn, TypedProgram, http};

/// A session that asks for leave to run a long command.
struct LongRequest {
    home: Home,
    session: StandIn,
    _serving: Running,
    _hook: UnixStream,
}

impl LongRequest {
    fn start(lines: usize) -> Self {
        let home = Home::new();
        // Who may answer is another matter.
        configure(&home, "[answers]\nprograms = true\n");
        let serving = serve(&home);
        let session = StandIn::start(&home);
        session.says(r#""status":"waiting","waitingFor":"permission prompt""#);
        let socket = home.runtime().join("trusty/trusty.sock");
        let pid = session.process().pid;
        let told = || session_of(&http::get(&socket, "/v1/sessions"), pid);
        until(LONG, "the session", || {
            (told()?["status"] == "AwaitingApproval").then_some(())
        });
        let command: Vec<String> = (1..=lines).map(|n| format!("step {n} of it")).collect();
        let payload = serde_json::json!({
            "hook_event_name": "PermissionRequest", "session_id": "s", "tool_name": "Bash",
            "tool_input": {"command": command.join("\n")},
        })
        .to_string();
        let mut hook = session.hook_connection();
        let length = payload.len();
        write!(hook, "trusty-hook 1 {pid} {length} ask\n{payload}").expect("asked");
        until(LONG, "a request that is held", || {
            let told = told()?;
            (told["requests"].as_array()?.first()?["held"] == true).then_some(())
        });
        Self {
            home,
            session,
            _serving: serving,
            _hook: hook,
        }
    }

    fn approve(&self, rows: u16, columns: u16) -> TypedProgram {
        let mut command = trusty(&self.home);
        command.args(["approve", &self.session.process().pid.to_string()]);
        TypedProgram::start(&mut command, rows, columns)
    }
}

#[test]
fn a_long_request_is_read_from_its_beginning_to_its_end_before_it_can_be_approved() {
    let asking = LongRequest::start(100);
    let mut reader = asking.approve(24, 80);
    // What is typed before it was read answers nothing.
    reader.types("y\n");
    let first = reader.wait_shows("next page");
    assert!(
        first.contains("asks: Bash") && first.contains("│ step 1 of it\n"),
        "{first}"
    );
    assert!(!first.contains("[y/N]"), "{first}");
    assert!(!reader.is_cooked());
    reader.types(" ");
    let second = reader.wait_shows("│ step 40 of it");
    assert!(
        second.contains("│ step 20 of it\n"),
        "no line is passed over: {second}"
    );
    assert!(second.contains("42 of 103 lines"), "{second}");
    reader.types("\x1b[A");
    reader.wait_shows("41 of 103 lines");
    reader.types("\r");
    reader.wait_shows("42 of 103 lines");
    reader.resize(12, 40);
    let narrow = until(LONG, "the page again", || {
        let screen = reader.screen();
        let is_new = screen.contains("next page") && !screen.contains("of 103 lines");
        is_new.then_some(screen)
    });
    assert!(!narrow.contains("[y/N]"), "{narrow}");
    until(LONG, "its end", || {
        reader.types(" ");
        reader.screen().contains("│ step 100 of it").then_some(())
    });
    let asked = reader.wait_shows("[y/N]");
    assert!(asked.contains("│ step 100 of it"), "{asked}");
    assert!(reader.is_cooked());
    reader.types("n\n");
    assert_eq!(reader.wait_end().code(), Some(3));
}

#[test]
fn a_reader_who_leaves_has_approved_nothing_and_has_the_terminal_as_it_was() {
    let asking = LongRequest::start(100);
    for (rows, columns) in [(24, 80), (5, 20), (1, 9)] {
        let mut reader = asking.approve(rows, columns);
        until(LONG, "the first page", || {
            (!reader.is_cooked()).then_some(())
        });
        reader.types("q");
        assert_eq!(reader.wait_end().code(), Some(3), "{rows} rows");
        assert!(reader.is_cooked(), "{rows} rows");
        let screen = reader.screen();
        assert!(
            rows < 24 || screen.contains("not read to the end"),
            "{screen}"
        );
    }
    for ends in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut reader = asking.approve(24, 80);
        reader.wait_shows("next page");
        let pid = i32::try_from(reader.pid())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a pid"), ends).expect("ours");
        let ended = reader.wait_end();
        assert!(!ended.success(), "{ends:?}");
        assert!(reader.is_cooked(), "{ends:?}");
    }
    let mut reader = asking.approve(24, 80);
    reader.wait_shows("next page");
    reader.types("\x03");
    assert!(!reader.wait_end().success());
    assert!(reader.is_cooked());
}

#[test]
fn a_dumb_terminal_and_a_short_request_get_no_pages() {
    let asking = LongRequest::start(3);
    let mut reader = asking.approve(24, 80);
    let shown = reader.wait_shows("[y/N]");
    assert!(
        shown.contains("│ step 3 of it\n") && !shown.contains("next page"),
        "{shown}"
    );
    reader.types("n\n");
    assert_eq!(reader.wait_end().code(), Some(3));

    let asking = LongRequest::start(60);
    let mut command = trusty(&asking.home);
    command
        .args(["approve", &asking.session.process().pid.to_string()])
        .env("TERM", "dumb");
    let mut reader = TypedProgram::start(&mut command, 24, 80);
    let shown = reader.wait_shows("[y/N]");
    assert!(shown.contains("│ step 60 of it"), "{shown}");
    reader.types("n\n");
    assert_eq!(reader.wait_end().code(), Some(3));
}
