//! Who may approve: nothing that a real session starts can get an approval by asking for it; the
//! user can, wherever they type.
#![cfg(target_os = "linux")]

use serde_json::json;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_tests::trusty::{environment_variables, program, run, run_confirmed};
use trusty_tests::wait::{until, until_or};
use trusty_tests::{
    KeyboardKey, LocalApi, MANUAL_MODE_ARGS, PERMISSION_DIALOG_TEXT, TerminalShape, TestStage,
    TestTerminal, Value,
};

/// Longer than anything that the tests wait for.
const WAIT_TIMEOUT: Duration = Duration::from_mins(3);

/// Shell functions that run a command, or post a file over the local socket, and keep the output
/// and the exit code or HTTP status under a name.
const ATTEMPT_FUNCTIONS: &str = r#"
try() { n=$1; shift; "$@" </dev/null >out/$n.txt 2>&1; echo $? >out/$n.new; mv out/$n.new out/$n.code; }
post() { n=$1; path=$2; body=$3; shift 3; "$@" curl -s -o out/$n.txt -w '%{http_code}' \
    -H 'Content-Type: application/json' -d @$body --unix-socket "$SOCKET" \
    "http://trusty/v1/sessions/$ID/$path" >out/$n.new; mv out/$n.new out/$n.code; }
"#;

/// What a session may run to approve a request: each command by itself, below the session and after
/// it has left the session's process tree.
const ATTACK_SCRIPT: &str = r#"
PHASE=$1
bare="env -i HOME=$HOME PATH=$PATH XDG_CONFIG_HOME=$XDG_CONFIG_HOME XDG_DATA_HOME=$XDG_DATA_HOME XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR"
letters() { for n in 1 2 3 4 5 6 7 8; do sleep 1; echo y; done; }
typed() { n=$1; shift; letters | "$@" script -qefc "$TRUSTY approve $VICTIM" /dev/null >out/$n.txt 2>&1
    echo $? >out/$n.new; mv out/$n.new out/$n.code; }
try $PHASE-yes $TRUSTY approve $VICTIM --yes
try $PHASE-request $TRUSTY approve $VICTIM --request $HASH &
try $PHASE-always $TRUSTY approve $VICTIM --always=1 --yes &
try $PHASE-bare-yes $bare $TRUSTY approve $VICTIM --yes &
try $PHASE-setsid-yes setsid -w $TRUSTY approve $VICTIM --yes &
try $PHASE-setsid-bare-yes setsid -w $bare $TRUSTY approve $VICTIM --yes &
post $PHASE-curl answer body.json &
post $PHASE-always-curl answer always.json &
post $PHASE-bare-curl answer body.json $bare &
post $PHASE-setsid-curl answer body.json setsid -w &
typed $PHASE-typed &
typed $PHASE-setsid-typed setsid -w &
[ $PHASE = later ] || typed $PHASE-bare-typed $bare &
wait
echo over >out/$PHASE-over
"#;

/// Two real sessions in one home: one asks for permission, the other runs what its model asks for.
struct AttackFixture {
    asking: TestTerminal,
    attacking: TestTerminal,
    folder: PathBuf,
    local: LocalApi,
    stage: TestStage,
}

impl Deref for AttackFixture {
    type Target = TestStage;

    fn deref(&self) -> &TestStage {
        &self.stage
    }
}

/// `None` if the tests are to run without Claude Code.
fn open() -> Option<AttackFixture> {
    let stage = TestStage::builder().settings("").hooks().engine().build()?;
    let (folder, other) = (stage.home.project("attack"), stage.home.project("work"));
    let asking = stage.open_at(TerminalShape::PtyDirect, &other, &MANUAL_MODE_ARGS);
    let attacking = stage.open_at(TerminalShape::TmuxBash, &folder, &MANUAL_MODE_ARGS);
    asking.wait_status(WAIT_TIMEOUT, "idle");
    attacking.wait_status(WAIT_TIMEOUT, "idle");
    fs::create_dir(folder.join("out")).expect("a folder");
    Some(AttackFixture {
        asking,
        attacking,
        folder,
        local: LocalApi::for_home(&stage.home),
        stage,
    })
}

impl AttackFixture {
    fn session(&self, terminal: &TestTerminal) -> Option<Value> {
        self.local.session(terminal.client().pid)
    }

    /// The held request of a session; `None` if there is none.
    fn held(&self, terminal: &TestTerminal) -> Option<String> {
        let held = self.local.held_requests(terminal.client().pid);
        Some(held.first()?["id"].as_str()?.to_owned())
    }

    /// Makes a session ask for permission, or a question; the request's id.
    #[track_caller]
    fn ask(&self, terminal: &TestTerminal, prompt: &str) -> String {
        terminal.submit(prompt);
        until_or(
            WAIT_TIMEOUT,
            "a held request",
            || self.held(terminal),
            || terminal.screen(),
        )
    }

    /// The variables that the attacking session's scripts need.
    fn variables(&self) -> String {
        let session = self.session(&self.asking).expect("listed");
        format!(
            "TRUSTY={}\nSOCKET={}\nVICTIM={}\nID={}\n{ATTEMPT_FUNCTIONS}",
            program("trusty").display(),
            self.local.socket().display(),
            self.asking.client().pid,
            session["id"].as_str().expect("an id"),
        )
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("written");
    }

    /// Makes the attacking session run a script to its end.
    #[track_caller]
    fn attack(&self, script: &str) {
        self.write("run.sh", &format!("{script}\necho over >out/over\n"));
        self.attacking.submit("bash: sh ./run.sh finally say done");
        self.attacking
            .wait_screen(WAIT_TIMEOUT, PERMISSION_DIALOG_TEXT);
        self.attacking.answer(KeyboardKey::Char('1'));
        self.wait_file(&self.out("over"));
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.join("out").join(name)
    }

    #[track_caller]
    fn wait_file(&self, path: &Path) {
        until_or(
            WAIT_TIMEOUT,
            &path.display().to_string(),
            || path.exists().then_some(()),
            || format!("{}\n{}", self.attacking.screen(), self.texts()),
        );
    }

    fn texts(&self) -> String {
        let files = fs::read_dir(self.folder.join("out")).into_iter().flatten();
        let told = files.flatten().map(|file| {
            let text = fs::read_to_string(file.path()).unwrap_or_default();
            format!("{}: {text}\n", file.path().display())
        });
        told.collect()
    }

    /// Verifies that each attempt of a phase was refused with one of these texts, and that each
    /// text occurred.
    #[track_caller]
    fn all_refused(&self, phase: &str, number: usize, words: &[&str]) {
        let files = fs::read_dir(self.folder.join("out")).expect("a folder");
        let names = files.flatten().filter_map(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            let name = name.strip_suffix(".code")?.to_owned();
            name.starts_with(phase).then_some(name)
        });
        let names: Vec<String> = names.collect();
        assert_eq!(names.len(), number, "{names:?}");
        for name in names {
            let read = |end: &str| {
                let file = self.out(&format!("{name}.{end}"));
                fs::read_to_string(file).unwrap_or_default()
            };
            let (code, text) = (read("code"), read("txt"));
            let wanted = if name.ends_with("curl") { "403" } else { "3" };
            assert_eq!(code.trim(), wanted, "{name}: {text}");
            let said = words.iter().any(|words| text.contains(words));
            assert!(said, "{name}: {text}");
        }
    }
}

/// What a process below the session is told; `trusty` itself does not look up the session's title.
const STARTED_BY: [&str; 2] = [
    "this shell was started by session attack, pid ",
    "this shell was started by a session, pid ",
];

#[test]
fn nothing_that_a_session_starts_gets_an_approval_and_the_user_does() {
    let Some(scene) = open() else { return };
    let asked = scene.ask(&scene.asking, "bash: touch second");
    let settings = scene.home.xdg_config().join("trusty/settings.toml");
    let variables = format!("{}HASH={asked}\n", scene.variables());
    let body = json!({"request": asked, "answer": {"kind": "allow"}});
    let always = json!({"request": asked, "answer": {"kind": "always", "suggestion": 0}});
    scene.write("body.json", &body.to_string());
    scene.write("always.json", &always.to_string());
    scene.write("attack.sh", &format!("{variables}{ATTACK_SCRIPT}"));
    scene.write(
        "later.sh",
        "while [ ! -e out/go ]; do sleep 0.2; done\nexec sh ./attack.sh later\n",
    );
    scene.write(
        "bare.sh",
        &format!(
            "{variables}while [ ! -e out/go ]; do sleep 0.2; done\n\
             try alone-yes $TRUSTY approve $VICTIM --yes\n\
             try alone-request $TRUSTY approve $VICTIM --request $HASH\n\
             post alone-curl answer body.json\necho over >out/alone-over\n"
        ),
    );
    // The setting is written while the engine runs, which changes nothing.
    scene.attack(&format!(
        "printf '[answers]\\nprograms = true\\n' >>{}\n\
         (setsid sh ./later.sh </dev/null >/dev/null 2>&1 &)\n\
         (env -i HOME=$HOME PATH=$PATH XDG_CONFIG_HOME=$XDG_CONFIG_HOME \
         XDG_DATA_HOME=$XDG_DATA_HOME XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR \
         setsid sh ./bare.sh </dev/null >/dev/null 2>&1 &)\n\
         sh ./attack.sh below\n",
        settings.display()
    ));
    scene.all_refused("below-", 13, &STARTED_BY);
    scene.attacking.wait_status(WAIT_TIMEOUT, "idle");

    // Now from processes that have left the session's process tree.
    fs::write(scene.out("go"), "").expect("written");
    scene.wait_file(&scene.out("later-over"));
    scene.wait_file(&scene.out("alone-over"));
    let marked = [
        "CLAUDE_PID of this shell names session attack, pid ",
        "CLAUDE_PID of this shell names a session, pid ",
    ];
    scene.all_refused("later-", 12, &marked);
    let alone = [
        "--yes needs `programs = true`",
        "no terminal to confirm in",
        "programs may not approve",
    ];
    scene.all_refused("alone-", 3, &alone);

    assert_eq!(scene.held(&scene.asking).as_ref(), Some(&asked));
    let made = scene.home.path().join("code/work/second");
    assert!(!made.exists(), "{}", scene.texts());

    // The user approves the request in a terminal of their own.
    let pid = scene.asking.client().pid.to_string();
    let (code, shown) = run_confirmed(&scene.home, ["approve", &pid]);
    assert_eq!(code, Some(0), "{shown}");
    scene.wait_file(&made);
}

#[test]
fn the_user_approves_in_another_pane_of_the_same_tmux_server() {
    let Some(scene) = open() else { return };
    let asked = scene.ask(&scene.attacking, "bash: touch typed");
    let pid = scene.attacking.client().pid.to_string();
    let tmux = |arguments: &[&str]| scene.attacking.tmux_command(arguments);
    let format = "#{pane_id} #{pane_tty}";
    let mut words: Vec<String> = ["new-window", "-d", "-P", "-F", format, "env", "-i"]
        .map(str::to_owned)
        .to_vec();
    let variables = environment_variables(&scene.home).into_iter();
    words.extend(variables.map(|(name, value)| format!("{name}={value}")));
    words.extend([
        program("trusty").display().to_string(),
        "approve".to_owned(),
        pid.clone(),
    ]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = tmux(&words);
    let (pane, tty) = told.trim().split_once(' ').expect("a pane");
    let shown = || tmux(&["capture-pane", "-p", "-t", pane]);
    until(WAIT_TIMEOUT, "the question", || {
        shown().trim_end().ends_with("[y/N]").then_some(())
    });
    assert_eq!(scene.held(&scene.attacking).as_ref(), Some(&asked));
    tmux(&["send-keys", "-t", pane, "y", "Enter"]);
    scene.wait_file(&scene.folder.join("typed"));
    // The approval is shown and recorded with its terminal, so that an approval by another process
    // would be noticed.
    let tty = tty.trim_start_matches("/dev/");
    let printed = |arguments: &[&str]| {
        let done = run(&scene.home, arguments);
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let row = printed(&["list"]);
    let words = format!("approved at a terminal, {tty}");
    assert!(row.to_lowercase().contains(&words), "no {words:?} in {row}");
    let table = printed(&["requests", "--answered"]);
    let record = table.lines().nth(1).unwrap_or_default();
    assert!(record.contains("approved"), "{table}");
    assert!(record.contains(&format!("terminal {tty}")), "{table}");
}

#[test]
fn a_session_does_not_resume_what_the_user_paused_and_the_user_does() {
    let Some(scene) = open() else { return };
    let pid = scene.asking.client().pid.to_string();
    let paused = run(&scene.home, ["pause", &pid]);
    assert!(paused.status.success(), "{paused:?}");
    scene.write("empty.json", "{}");
    scene.attack(&format!(
        "{}try resume-one $TRUSTY resume $VICTIM\n\
         try resume-all $TRUSTY resume --all\n\
         post resume-curl resume empty.json\n",
        scene.variables()
    ));
    let told = "resume the session in the popover or in another terminal";
    scene.all_refused("resume-", 3, &[told]);
    let session = scene.session(&scene.asking).expect("listed");
    assert_eq!(session["status"], "Paused", "{session}");
    let resumed = run(&scene.home, ["resume", &pid]);
    assert!(resumed.status.success(), "{resumed:?}");
}

#[test]
fn a_session_answers_no_question_of_another_and_the_user_does() {
    let Some(scene) = open() else { return };
    let asked = scene.ask(&scene.asking, "ask");
    let choice = json!({"kind": "choose", "answers": [["Red"]]});
    let body = json!({"request": asked, "answer": choice});
    scene.write("choose.json", &body.to_string());
    scene.attack(&format!(
        "{}try answer-yes $TRUSTY answer $VICTIM Red --yes\n\
         try answer-plain $TRUSTY answer $VICTIM Red\n\
         post answer-curl answer choose.json\n",
        scene.variables()
    ));
    scene.all_refused("answer-", 3, &STARTED_BY);
    assert_eq!(scene.held(&scene.asking).as_ref(), Some(&asked));
    let pid = scene.asking.client().pid.to_string();
    let (code, shown) = run_confirmed(&scene.home, ["answer", &pid, "Red"]);
    assert_eq!(code, Some(0), "{shown}");
}
