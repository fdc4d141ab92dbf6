//! Who may approve: nothing that a real session starts gets an approval by asking for it, and the
//! user does, wherever they type.
#![cfg(target_os = "linux")]

use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_tests::trusty::{
    Running, configure, connect, program, run_confirmed, serve, session_of, surroundings,
};
use trusty_tests::wait::{until, until_or};
use trusty_tests::{FakeApi, Home, Key, LocalApi, Shape, Terminal, Value};

/// Longer than anything takes that is waited for.
const LONG: Duration = Duration::from_mins(3);
const PROCEED: &str = "Do you want to proceed?";
const CAREFUL: [&str; 2] = ["--permission-mode", "manual"];

/// What a session may run to approve a request: each word by itself, below the session and after
/// it has left the session's processes. The last line of a name is the exit code or the status.
const ATTACK: &str = r#"
PHASE=$1
bare="env -i HOME=$HOME PATH=$PATH XDG_CONFIG_HOME=$XDG_CONFIG_HOME XDG_DATA_HOME=$XDG_DATA_HOME XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR"
letters() { for n in 1 2 3 4 5 6 7 8; do sleep 1; echo y; done; }
try() { n=$1; shift; "$@" </dev/null >out/$n.txt 2>&1; echo $? >out/$n.new; mv out/$n.new out/$n.code; }
post() { n=$1; shift; "$@" curl -s -o out/$n.txt -w '%{http_code}' -H 'Content-Type: application/json' \
    -d @body.json --unix-socket "$SOCKET" "http://trusty/v1/sessions/$ID/answer" >out/$n.new; mv out/$n.new out/$n.code; }
typed() { n=$1; shift; letters | "$@" script -qefc "$TRUSTY approve $VICTIM" /dev/null >out/$n.txt 2>&1
    echo $? >out/$n.new; mv out/$n.new out/$n.code; }
try $PHASE-yes $TRUSTY approve $VICTIM --yes
try $PHASE-request $TRUSTY approve $VICTIM --request $HASH &
try $PHASE-bare-yes $bare $TRUSTY approve $VICTIM --yes &
try $PHASE-setsid-yes setsid -w $TRUSTY approve $VICTIM --yes &
try $PHASE-setsid-bare-yes setsid -w $bare $TRUSTY approve $VICTIM --yes &
post $PHASE-curl &
post $PHASE-bare-curl $bare &
post $PHASE-setsid-curl setsid -w &
typed $PHASE-typed &
typed $PHASE-setsid-typed setsid -w &
[ $PHASE = later ] || typed $PHASE-bare-typed $bare &
wait
echo over >out/$PHASE-over
"#;

/// Two sessions of the real client in one home: one asks for leave, the other runs what its
/// model asks for.
struct Scene {
    asking: Terminal,
    attacking: Terminal,
    folder: PathBuf,
    local: LocalApi,
    _api: FakeApi,
    home: Home,
    _serving: Running,
}

impl Scene {
    /// None if the tests are to run without the client.
    fn open() -> Option<Self> {
        trusty_tests::require_client()?;
        let (api, home) = (FakeApi::start(), Home::new());
        configure(&home, "");
        connect(&home);
        let serving = serve(&home);
        let (folder, other) = (home.project("attack"), home.project("work"));
        let asking = Terminal::open(Shape::PtyDirect, &home, &api, &other, &CAREFUL);
        let attacking = Terminal::open(Shape::TmuxBash, &home, &api, &folder, &CAREFUL);
        asking.wait_status(LONG, "idle");
        attacking.wait_status(LONG, "idle");
        Some(Self {
            asking,
            attacking,
            folder,
            local: LocalApi::of(&home),
            _api: api,
            home,
            _serving: serving,
        })
    }

    fn session(&self, terminal: &Terminal) -> Option<Value> {
        session_of(&self.local.get("/v1/sessions")?.1, terminal.client().pid)
    }

    /// The request of a session that is held; none if none is.
    fn held(&self, terminal: &Terminal) -> Option<String> {
        let session = self.session(terminal)?;
        let requests = session["requests"].as_array()?.iter();
        let mut held = requests.filter(|request| request["held"] == true);
        Some(held.next()?["id"].as_str()?.to_owned())
    }

    /// Lets a session ask for leave to run a command; the request.
    #[track_caller]
    fn ask(&self, terminal: &Terminal, command: &str) -> String {
        terminal.submit(&format!("bash: {command}"));
        until_or(
            LONG,
            "a held request",
            || self.held(terminal),
            || terminal.screen(),
        )
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.join("out").join(name)
    }

    #[track_caller]
    fn wait_file(&self, path: &Path) {
        until_or(
            LONG,
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

    /// Each attempt of a phase was refused with these words, one of which each says.
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

#[test]
fn nothing_that_a_session_starts_gets_an_approval_and_the_user_does() {
    let Some(scene) = Scene::open() else {
        return;
    };
    let asked = scene.ask(&scene.asking, "touch second");
    let session = scene.session(&scene.asking).expect("listed");
    let settings = scene.home.xdg_config().join("trusty/settings.toml");
    let variables = format!(
        "TRUSTY={}\nSOCKET={}\nVICTIM={}\nID={}\nHASH={asked}\n",
        program("trusty").display(),
        scene.home.runtime().join("trusty/trusty.sock").display(),
        scene.asking.client().pid,
        session["id"].as_str().expect("an id"),
    );
    let body = json!({"request": asked, "answer": {"kind": "allow"}});
    let write = |name: &str, text: &str| {
        fs::write(scene.folder.join(name), text).expect("written");
    };
    fs::create_dir(scene.folder.join("out")).expect("a folder");
    write("body.json", &body.to_string());
    write("attack.sh", &format!("{variables}{ATTACK}"));
    write(
        "later.sh",
        "while [ ! -e out/go ]; do sleep 0.2; done\nexec sh ./attack.sh later\n",
    );
    write(
        "bare.sh",
        &format!(
            "{variables}while [ ! -e out/go ]; do sleep 0.2; done\n\
             $TRUSTY approve $VICTIM --yes </dev/null >out/alone-yes.txt 2>&1\n\
             echo $? >out/alone-yes.code\n\
             $TRUSTY approve $VICTIM --request $HASH </dev/null >out/alone-request.txt 2>&1\n\
             echo $? >out/alone-request.code\n\
             curl -s -o out/alone-curl.txt -w '%{{http_code}}' -H 'Content-Type: application/json' \
             -d @body.json --unix-socket $SOCKET http://trusty/v1/sessions/$ID/answer \
             >out/alone-curl.code\necho over >out/alone-over\n"
        ),
    );
    // The switch is written while the engine runs, which changes nothing.
    write(
        "run.sh",
        &format!(
            "printf '[answers]\\nprograms = true\\n' >>{}\n\
             (setsid sh ./later.sh </dev/null >/dev/null 2>&1 &)\n\
             (env -i HOME=$HOME PATH=$PATH XDG_CONFIG_HOME=$XDG_CONFIG_HOME \
             XDG_DATA_HOME=$XDG_DATA_HOME XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR \
             setsid sh ./bare.sh </dev/null >/dev/null 2>&1 &)\n\
             sh ./attack.sh below\n",
            settings.display()
        ),
    );
    scene.attacking.submit("bash: sh ./run.sh finally say done");
    scene.attacking.wait_screen(LONG, PROCEED);
    scene.attacking.answer(Key::Char('1'));
    scene.wait_file(&scene.out("below-over"));
    // What trusty refuses by itself looks for no title.
    let marked = [
        "this shell was started by session attack, pid ",
        "this shell was started by a session, pid ",
    ];
    scene.all_refused("below-", 11, &marked);
    scene.attacking.wait_status(LONG, "idle");

    // Now from processes that the session has let go of.
    fs::write(scene.out("go"), "").expect("written");
    scene.wait_file(&scene.out("later-over"));
    scene.wait_file(&scene.out("alone-over"));
    let marked = [
        "CLAUDE_PID of this shell names session attack, pid ",
        "CLAUDE_PID of this shell names a session, pid ",
    ];
    scene.all_refused("later-", 10, &marked);
    let alone = [
        "--yes needs `programs = true`",
        "no terminal to confirm in",
        "programs may not approve",
    ];
    scene.all_refused("alone-", 3, &alone);

    assert_eq!(scene.held(&scene.asking).as_ref(), Some(&asked));
    let made = scene.home.path().join("code/work/second");
    assert!(!made.exists(), "{}", scene.texts());

    // The user approves it in a terminal of their own.
    let pid = scene.asking.client().pid.to_string();
    let (code, shown) = run_confirmed(&scene.home, ["approve", &pid]);
    assert_eq!(code, Some(0), "{shown}");
    scene.wait_file(&made);
}

#[test]
fn the_user_approves_in_another_pane_of_the_same_tmux_server() {
    let Some(scene) = Scene::open() else {
        return;
    };
    let asked = scene.ask(&scene.attacking, "touch typed");
    let pid = scene.attacking.client().pid.to_string();
    let tmux = |arguments: &[&str]| scene.attacking.tmux_command(arguments);
    let mut words: Vec<String> = ["new-window", "-d", "-P", "-F", "#{pane_id}", "env", "-i"]
        .map(str::to_owned)
        .to_vec();
    let variables = surroundings(&scene.home).into_iter();
    words.extend(variables.map(|(name, value)| format!("{name}={value}")));
    words.extend([
        program("trusty").display().to_string(),
        "approve".to_owned(),
        pid.clone(),
    ]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let pane = tmux(&words).trim().to_owned();
    let shown = || tmux(&["capture-pane", "-p", "-t", &pane]);
    until(LONG, "the question", || {
        shown().trim_end().ends_with("[y/N]").then_some(())
    });
    assert_eq!(scene.held(&scene.attacking).as_ref(), Some(&asked));
    tmux(&["send-keys", "-t", &pane, "y", "Enter"]);
    scene.wait_file(&scene.folder.join("typed"));
}

#[test]
fn a_session_does_not_resume_what_the_user_paused_and_the_user_does() {
    let Some(scene) = Scene::open() else {
        return;
    };
    let pid = scene.asking.client().pid.to_string();
    let paused = trusty_tests::trusty::run(&scene.home, ["pause", &pid]);
    assert!(paused.status.success(), "{paused:?}");
    let trusty = program("trusty").display().to_string();
    let script = format!(
        "{trusty} resume {pid} >one.txt 2>&1; echo $? >one.code\n\
         {trusty} resume --all >all.txt 2>&1; echo $? >all.code; echo over >over\n"
    );
    fs::write(scene.folder.join("run.sh"), script).expect("written");
    scene.attacking.submit("bash: sh ./run.sh finally say done");
    scene.attacking.wait_screen(LONG, PROCEED);
    scene.attacking.answer(Key::Char('1'));
    scene.wait_file(&scene.folder.join("over"));
    for name in ["one", "all"] {
        let read = |end: &str| {
            let file = scene.folder.join(format!("{name}.{end}"));
            fs::read_to_string(file).unwrap_or_default()
        };
        let text = read("txt");
        assert_eq!(read("code").trim(), "3", "{name}: {text}");
        let told = "resume the session in the popover or in another terminal";
        assert!(text.contains(told), "{name}: {text}");
    }
    let session = scene.session(&scene.asking).expect("listed");
    assert_eq!(session["status"], "Paused", "{session}");
    let resumed = trusty_tests::trusty::run(&scene.home, ["resume", &pid]);
    assert!(resumed.status.success(), "{resumed:?}");
}
