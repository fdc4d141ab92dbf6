//! Requests that are higher than the terminal, as a user reads and answers them.

use crate::WAIT_TIMEOUT;
use serde_json::{Value, json};
use std::process::Command;
use trusty_tests::trusty::{RunningProgram, configure, serve, trusty_typed};
use trusty_tests::wait::until;
use trusty_tests::{HookClient, LocalApi, Signal, StandIn, TestHome, TypedProgram};

/// The input of a command with this number of lines.
fn bash_input(lines: usize) -> Value {
    let command: Vec<String> = (1..=lines).map(|n| format!("step {n} of it")).collect();
    json!({"command": command.join("\n")})
}

/// A session that asks for permission to run a long command.
struct LongRequest {
    home: TestHome,
    session: StandIn,
    _serving: RunningProgram,
    hook: HookClient,
    hash: String,
}

impl LongRequest {
    fn start(lines: usize) -> Self {
        Self::asks("Bash", &bash_input(lines), &json!([]))
    }

    fn asks(tool: &str, input: &Value, suggestions: &Value) -> Self {
        let home = TestHome::new();
        // Who may answer is not the subject here.
        configure(&home, "[answers]\nprograms = true\n");
        let serving = serve(&home);
        let api = LocalApi::for_home(&home);
        let session = StandIn::start(&home);
        session.waits();
        api.wait_word(&session, "Permission");
        let pid = session.process().pid;
        let payload = json!({
            "hook_event_name": "PermissionRequest", "session_id": "s", "tool_name": tool,
            "tool_input": input,
            "permission_suggestions": suggestions,
        });
        let hook = session.hook_connection();
        let hook = hook.ask(pid, payload.to_string().as_bytes());
        let hash = api.wait_held(pid);
        Self {
            home,
            session,
            _serving: serving,
            hook: hook.expect("taken"),
            hash,
        }
    }

    fn pid(&self) -> String {
        self.session.pid_argument()
    }

    /// `trusty` with these arguments, run by a shell script.
    fn command(&self, script: &str, arguments: &[&str]) -> Command {
        let launcher = ["/bin/sh", "-c", script, "sh"];
        let mut command = trusty_typed(&self.home, &launcher);
        command.args(arguments);
        command
    }

    /// Runs `trusty` and reads page by page until a question with this ending; an error says which
    /// part of the text was not on the terminal before.
    fn read_pages(
        &self,
        script: &str,
        arguments: &[&str],
        end: &str,
    ) -> Result<TypedProgram, String> {
        let mut command = self.command(script, arguments);
        let mut reader = TypedProgram::start(&mut command, 24, 80);
        let mut pages: Vec<String> = Vec::new();
        // The pager prints its prompt last, with the number of lines shown so far.
        let prompt = |screen: &str| {
            let row = screen.trim_end().lines().last()?;
            let (shown, _) = row.split_once(" lines · ")?;
            Some(shown.to_owned())
        };
        loop {
            let before = pages.last().and_then(|page| prompt(page));
            let screen = until(WAIT_TIMEOUT, "a page or a question", || {
                let screen = reader.screen();
                let turned = prompt(&screen).is_some_and(|now| Some(now) != before);
                let over = screen.trim_end().ends_with(end.trim_end());
                (turned || over || reader.ended().is_some()).then_some(screen)
            });
            let is_page = prompt(&screen).is_some();
            pages.push(screen);
            if !is_page {
                break;
            }
            reader.types(" ");
        }
        let all = pages.join("\n");
        let mut steps = (1..=100).map(|n| format!("step {n} of it"));
        match steps.find(|step| !all.contains(step.as_str())) {
            Some(step) => Err(format!("{step} was not seen in: {all}")),
            None if pages.len() < 4 => Err(format!("{} pages: {all}", pages.len())),
            None => Ok(reader),
        }
    }

    /// As [`Self::read_pages`]; then gives no answer.
    fn read_to_question(&self, script: &str, arguments: &[&str], end: &str) -> Result<(), String> {
        let mut reader = self.read_pages(script, arguments, end)?;
        if !reader.is_cooked() {
            return Err("the terminal is raw".to_owned());
        }
        reader.types("\x04");
        reader.wait_end();
        Ok(())
    }

    fn approve(&self, rows: u16, columns: u16) -> TypedProgram {
        let mut command = trusty_typed(&self.home, &[]);
        command.args(["approve", &self.pid()]);
        TypedProgram::start(&mut command, rows, columns)
    }
}

#[test]
fn a_long_request_is_read_from_its_beginning_to_its_end_before_it_can_be_approved() {
    let asking = LongRequest::start(100);
    let mut reader = asking.approve(24, 80);
    // Input typed before the text was read answers nothing.
    reader.types("y\n");
    let first = reader.wait_shows("next page");
    assert!(
        first.contains("asks: Bash") && first.contains("│ step 1 of it\n"),
        "{first}"
    );
    assert!(!first.contains("[y/N]"), "{first}");
    assert!(!reader.is_cooked());
    reader.types(" ");
    // The prompt is printed last; a terminal receives a page in pieces.
    let second = reader.wait_shows("42 of 103 lines");
    assert!(
        second.contains("│ step 20 of it\n") && second.contains("│ step 40 of it\n"),
        "no line is passed over: {second}"
    );
    reader.types("\x1b[A");
    reader.wait_shows("41 of 103 lines");
    reader.types("\r");
    reader.wait_shows("42 of 103 lines");
    reader.resize(12, 40);
    let narrow = until(WAIT_TIMEOUT, "the page again", || {
        let screen = reader.screen();
        let is_new = screen.contains("next page") && !screen.contains("of 103 lines");
        is_new.then_some(screen)
    });
    assert!(!narrow.contains("[y/N]"), "{narrow}");
    let asked = until(WAIT_TIMEOUT, "its end", || {
        let screen = reader.screen();
        if screen.contains("[y/N]") {
            return Some(screen);
        }
        reader.types(" ");
        None
    });
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
        until(WAIT_TIMEOUT, "the first page", || {
            (!reader.is_cooked()).then_some(())
        });
        reader.types("q");
        assert_eq!(reader.wait_end().code(), Some(3), "{rows} rows");
        assert!(reader.is_cooked(), "{rows} rows");
        let screen = reader.last_screen();
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
fn a_short_request_gets_no_pages() {
    let asking = LongRequest::start(3);
    let mut reader = asking.approve(24, 80);
    let shown = reader.wait_shows("[y/N]");
    assert!(
        shown.contains("│ step 3 of it\n") && !shown.contains("next page"),
        "{shown}"
    );
    reader.types("n\n");
    assert_eq!(reader.wait_end().code(), Some(3));
}

/// Shell commands that redirect standard input or output away from the terminal, or run `trusty`
/// where the cursor cannot be moved. `$@` is `trusty` and its arguments.
const REDIRECTING_SCRIPTS: [&str; 8] = [
    r#""$@" </dev/null"#,
    r#"trusty=$1; shift; printf '%s\n' "$@" | xargs "$trusty""#,
    r#""$@" >/dev/null"#,
    r#""$@" | tail -n 1"#,
    r#""$@" </dev/null >/dev/null 2>/dev/null"#,
    r#"TERM=dumb "$@""#,
    r#"TERM= "$@""#,
    r#"env -u TERM "$@""#,
];

#[test]
fn a_request_is_read_on_the_terminal_wherever_standard_input_and_output_lead() {
    let suggestions = json!([{
        "type": "addRules", "behavior": "allow", "destination": "session",
        "rules": [{"toolName": "Bash", "ruleContent": "step"}],
    }]);
    let asking = LongRequest::asks("Bash", &bash_input(100), &suggestions);
    let pid = asking.pid();
    let request = asking.hash.clone();
    let approvals = REDIRECTING_SCRIPTS.map(|script| (script, vec!["approve", &pid]));
    let others = [
        (
            REDIRECTING_SCRIPTS[2],
            vec!["approve", &pid, "--request", &request],
        ),
        (REDIRECTING_SCRIPTS[0], vec!["approve", &pid, "--always"]),
        (REDIRECTING_SCRIPTS[5], vec!["approve", &pid, "--always"]),
    ];
    let failures: Vec<String> = approvals
        .into_iter()
        .chain(others)
        .filter_map(|(script, arguments)| {
            let read = asking.read_to_question(script, &arguments, "[y/N]");
            read.err()
                .map(|why| format!("{script} {arguments:?}: {why}"))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn questions_are_read_on_the_terminal_wherever_standard_input_and_output_lead() {
    let options: Vec<_> = (1..=100)
        .map(|n| json!({"label": format!("step {n} of it"), "description": ""}))
        .collect();
    let question = json!({
        "questions": [{"question": "Which?", "header": "", "options": options}],
    });
    let asking = LongRequest::asks("AskUserQuestion", &question, &json!([]));
    let pid = asking.pid();
    let failures: Vec<String> = REDIRECTING_SCRIPTS
        .into_iter()
        .flat_map(|script| {
            let whole = (script, vec!["answer", &pid], "question 1: ");
            let given = (script, vec!["answer", &pid, "1"], "[y/N]");
            [whole, given]
        })
        .filter_map(|(script, arguments, end)| {
            let read = asking.read_to_question(script, &arguments, end);
            read.err()
                .map(|why| format!("{script} {arguments:?}: {why}"))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn what_was_read_on_the_terminal_is_written_to_a_file_once_it_is_approved() {
    let asking = LongRequest::start(100);
    let file = asking.home.path().join("printed");
    let script = format!("\"$@\" </dev/null >'{}'", file.display());
    let pid = asking.pid();
    let mut reader = asking
        .read_pages(&script, &["approve", &pid], "[y/N]")
        .expect("read to its end");
    let printed = || std::fs::read_to_string(&file).expect("a file");
    assert_eq!(printed(), "");
    reader.types("y\n");
    let answer = asking.hook.take_answer();
    assert!(answer.contains("allow"), "{answer}");
    assert_eq!(reader.wait_end().code(), Some(0), "{}", reader.screen());
    let printed = printed();
    assert!(
        printed.contains("│ step 1 of it\n") && printed.contains("│ step 100 of it\n"),
        "{printed}"
    );
    assert!(printed.contains("\napproved "), "{printed}");
}

#[test]
fn a_reader_without_cursor_control_turns_pages_with_enter_and_leaves() {
    let asking = LongRequest::start(100);
    let mut command = asking.command(r#"exec env TERM=dumb "$@""#, &["approve", &asking.pid()]);
    let mut reader = TypedProgram::start(&mut command, 24, 80);
    reader.wait_shows("21 of 103 lines");
    reader.types("\r");
    reader.wait_shows("42 of 103 lines");
    reader.types("q");
    assert_eq!(reader.wait_end().code(), Some(3));
    assert!(reader.is_cooked());
    let screen = reader.last_screen();
    assert!(
        screen.contains("is still pending") && !screen.contains("[y/N]"),
        "{screen}"
    );
}
