//! Sessions whose requests are never held and are never offered for an answer.

use crate::stage::{AnswerFixture, WAIT_TIMEOUT, open};
use serde_json::json;
use std::fs;
use std::io::Read;
use std::process::Stdio;
use trusty_tests::trusty::{RunningProgram, WatchCommand};
use trusty_tests::wait::{until, until_or};
use trusty_tests::{KeyboardKey, PERMISSION_DIALOG_TEXT, TerminalShape, TestHome, Value};

/// Whether a request was ever shown as one that can be answered through Trusty Bar.
fn was_held(watch: &WatchCommand) -> bool {
    let lines = watch.lines();
    let sessions = lines
        .iter()
        .filter_map(|(_, snapshot)| snapshot["sessions"].as_array())
        .flatten();
    sessions
        .filter_map(|session| session["requests"].as_array())
        .flatten()
        .any(|request| request["held"] == true)
}

/// Changes a setting of Claude Code, and prompts until Claude Code has read it: until a hook of the
/// user's own runs, or no longer runs.
#[track_caller]
fn set(stage: &AnswerFixture, name: &str, value: Value, runs: HookExecution) {
    let file = stage.home.config_dir().join("settings.json");
    let mut settings: Value =
        serde_json::from_slice(&fs::read(&file).expect("connected")).expect("JSON");
    settings[name] = value;
    fs::write(&file, settings.to_string()).expect("written");
    let ran = stage.folder.join("ran");
    for number in 0..30 {
        let _ = fs::remove_file(&ran);
        let prompt = format!("say {name} {number}");
        stage.ask_model(&prompt);
        stage.rest();
        if ran.exists() == (runs == HookExecution::Run) {
            return;
        }
    }
    panic!(
        "the client has not read its settings again: {}",
        stage.diagnosis()
    );
}

/// Whether Claude Code runs hooks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HookExecution {
    Run,
    Rest,
}

/// Claude Code runs no hooks: the need is reported, with the reason why only the terminal can
/// answer.
pub(crate) fn a_policy_forbids_hooks(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let file = stage.home.config_dir().join("settings.json");
    let settings: Value =
        serde_json::from_slice(&fs::read(file).expect("connected")).expect("JSON");
    let mut hooks = settings["hooks"].clone();
    let own = json!({"hooks": [{"type": "command", "command": "touch ran"}]});
    let prompted = hooks["UserPromptSubmit"].as_array_mut().expect("ours");
    prompted.push(own);
    set(&stage, "hooks", hooks, HookExecution::Run);
    set(&stage, "disableAllHooks", true.into(), HookExecution::Rest);
    let watch = WatchCommand::start(&stage.home);
    stage.terminal.submit("bash: touch made");
    stage
        .terminal
        .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
    let words = until_or(
        WAIT_TIMEOUT,
        "words about the policy",
        || {
            let need = stage.session()?["need"].clone();
            need["elsewhere"].as_str().map(str::to_owned)
        },
        || stage.diagnosis(),
    );
    assert!(words.contains("disableAllHooks"), "{words}");
    assert!(words.contains("settings.json"), "{words}");
    stage.terminal.answer(KeyboardKey::Char('1'));
    stage.wait_made("made");
    assert!(!was_held(&watch));
    stage.goes_on("say and on");
}

/// A session without a terminal (`claude -p`) is never kept waiting: what needs permission is
/// refused, as without Trusty Bar.
pub(crate) fn headless(shape: TerminalShape) {
    let Some(stage) = open(shape) else {
        return;
    };
    let watch = WatchCommand::start(&stage.home);
    let mut command = trusty_tests::client::command(&stage.home, &stage.api, &stage.folder);
    command
        .args(["-p", "bash: touch made", "--permission-mode", "manual"])
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("the client starts");
    let mut told = String::new();
    let mut out = child.stdout.take().expect("piped");
    out.read_to_string(&mut told).expect("read");
    assert!(child.wait().expect("ours").success(), "{told}");
    assert!(!stage.made("made") && told.contains("Done."), "{told}");
    assert!(!was_held(&watch));
    stage.goes_on("say and on");
}

/// Ends what Claude Code leaves in the background, and the engine, with the test.
struct BackgroundSessionGuard<'a>(&'a TestHome, Option<RunningProgram>);

impl Drop for BackgroundSessionGuard<'_> {
    fn drop(&mut self) {
        drop(self.1.take());
        self.0.end_all();
    }
}

/// A background session asks the user who attaches to it: the need is reported, the request is not
/// held.
pub(crate) fn in_the_background(shape: TerminalShape) {
    let Some(mut stage) = open(shape) else {
        return;
    };
    let serving = stage.engine.take();
    let _ends = BackgroundSessionGuard(&stage.home, serving);
    let watch = WatchCommand::start(&stage.home);
    let mut command = trusty_tests::client::command(&stage.home, &stage.api, &stage.folder);
    command.args(["--bg", "bash: touch made", "--permission-mode", "manual"]);
    let started = command.stdout(Stdio::null()).status().expect("runs");
    assert!(started.success());
    let pid = until(WAIT_TIMEOUT, "a background session that asks", || {
        let all = stage.home.registries();
        let asks = |r: &&Value| r["kind"] == "bg" && r["status"] == "waiting";
        u32::try_from(all.iter().find(asks)?["pid"].as_u64()?).ok()
    });
    until_or(
        WAIT_TIMEOUT,
        "its need, to be answered there",
        || {
            let session = stage.local.session(pid)?;
            session["need"]["elsewhere"].as_str().map(drop)
        },
        || format!("{:?}", stage.local.get_if_served("/v1/sessions")),
    );
    stage.wait_no_hook();
    assert!(!was_held(&watch) && !stage.made("made"));
}

/// A mode that asks for no permission makes no request for one; the model's question can be
/// answered.
pub(crate) fn modes_that_do_not_ask(shape: TerminalShape) {
    for mode in ["auto", "acceptEdits", "bypassPermissions"] {
        let Some(stage) = AnswerFixture::open(shape, mode, "") else {
            return;
        };
        let watch = WatchCommand::start(&stage.home);
        watch.wait(WAIT_TIMEOUT, stage.client.pid, "the session", |_| true);
        stage.terminal.run_turn(WAIT_TIMEOUT, "bash: touch made");
        assert!(stage.made("made") && !was_held(&watch), "{mode}");
        let told = || {
            stage.session()?["claude"]["mode"]
                .as_str()
                .map(str::to_owned)
        };
        until(WAIT_TIMEOUT, mode, || told().filter(|told| told == mode));
        let request = stage.ask_permission("ask");
        let answers = json!({"kind": "choose", "answers": [["Blue"]]});
        stage.give_answer(&request, &answers);
        stage.wait_result("\"Which color?\"=\"Blue\"");
        stage.goes_on("say and on");
    }
}
