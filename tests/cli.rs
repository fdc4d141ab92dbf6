//! `trusty` as a new user and as a script would run it, without Claude Code.
#![cfg(target_os = "linux")]

#[path = "cli/records.rs"]
mod records;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Output, Stdio};
use trusty_tests::trusty::{
    RunningProgram, WatchCommand, list, private_folder, run, session_of, start_with_input, trusty,
    trusty_below,
};
use trusty_tests::wait::until;
use trusty_tests::{RunningRecording, Signal, StandIn, TestHome, WAIT_TIMEOUT};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_sessions_it_says_what_to_do() {
    let home = TestHome::new();
    let output = run(&home, ["list"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "No Claude Code session is running. Start one with `claude`.\n"
    );
    assert_eq!(text(&output.stderr), "");
    let json = list(&home);
    assert_eq!(json["sessions"], serde_json::json!([]));
    assert_eq!(json["health"], serde_json::json!([]));
    assert!(json["revision"].is_u64());
}

#[test]
fn wrong_usage_is_told_with_exit_code_2() {
    let home = TestHome::new();
    for arguments in [&["lits"][..], &["list", "--jsno"], &[], &["list", "a", "b"]] {
        let output = run(&home, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("Usage:"), "{arguments:?}");
    }
    for arguments in [["--help"], ["--version"]] {
        assert_eq!(run(&home, arguments).status.code(), Some(0));
    }
    let version = text(&run(&home, ["--version"]).stdout);
    assert_eq!(version, format!("trusty {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_session_that_is_not_there_is_told() {
    let home = TestHome::new();
    let output = run(&home, ["list", "payments"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("no session matches \"payments\""), "{told}");
}

#[test]
fn settings_that_are_wrong_are_named_and_ignored() {
    let home = TestHome::new();
    let mut command = trusty(&home);
    let settings = home.xdg_config().join("trusty/settings.toml");
    fs::write(&settings, "[discovery]\nconfine = true\ncolour = 1\n").expect("write");
    let output = command.args(["list", "--json"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["health"][0]["source"], "Settings");
    let told = json["health"][0]["message"].as_str().unwrap_or_default();
    assert!(
        told.contains("discovery.colour is not a known setting"),
        "{told}"
    );
}

#[test]
fn a_replay_of_what_has_no_end_is_refused_in_words() {
    let home = TestHome::new();
    let output = run(&home, ["replay", "/dev/zero"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("/dev/zero: not a recording"), "{told}");
}

#[test]
fn without_room_for_files_it_fails_in_words() {
    let home = TestHome::new();
    for most in 3..24 {
        let script = format!("ulimit -n {most}; exec \"$0\" list");
        let mut limited = trusty_below(&home, &["/bin/sh", "-c", &script]);
        let output = limited.output().expect("runs");
        let told = text(&output.stderr);
        assert!(!told.contains("panicked"), "{most} files: {told}");
        let says_why = match output.status.code() {
            Some(0) => true,
            Some(1) => told.contains("open files"),
            // With so few files not even the program's own libraries can be opened.
            _ => told.contains("shared librar"),
        };
        assert!(says_why, "{most} files: {output:?}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let home = TestHome::new();
    let mut command = trusty(&home);
    command.args(["watch", "--json"]).stdout(Stdio::piped());
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    let status = command.stdout(writer).status().expect("runs");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_reader_that_takes_one_line_ends_the_watch() {
    let home = TestHome::new();
    let (reader, writer) = std::io::pipe().expect("pipe");
    let mut watching =
        RunningProgram::start(trusty(&home).args(["watch", "--json"]).stdout(writer));
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).expect("a line");
    assert!(line.starts_with('{'), "{line}");
    // No session changes any more: only the broken pipe can end the command.
    assert_eq!(watching.wait(WAIT_TIMEOUT), Some(0));
}

#[test]
fn one_serves_a_second_is_refused_and_both_tell_the_same() {
    let home = TestHome::new();
    let socket = home.runtime().join("trusty/trusty.sock");
    let mut serving = RunningProgram::start(trusty(&home).arg("serve"));
    until(WAIT_TIMEOUT, "the socket", || socket.exists().then_some(()));
    let second = run(&home, ["serve"]);
    assert_eq!(second.status.code(), Some(3));
    assert!(
        text(&second.stderr).contains("already running"),
        "{}",
        text(&second.stderr)
    );
    // The revision shows that the engine answered.
    until(WAIT_TIMEOUT, "an answer", || {
        (list(&home)["revision"].as_u64() > Some(0)).then_some(())
    });
    let watch = WatchCommand::start(&home);
    until(WAIT_TIMEOUT, "the engine's first line", || {
        let (_, line) = watch.lines().first()?.clone();
        (line["revision"].as_u64() > Some(0)).then_some(())
    });

    assert!(serving.process().signal(Signal::TERM));
    assert_eq!(serving.wait(WAIT_TIMEOUT), Some(0));
    assert!(!socket.exists(), "nothing is left behind");
    // A watching `trusty` continues with an engine of its own.
    until(WAIT_TIMEOUT, "a line after the end", || {
        (watch.lines().len() > 1).then_some(())
    });
    assert_eq!(list(&home)["revision"], 0);
}

#[test]
fn a_left_over_socket_and_a_silent_engine_hold_nobody_up() {
    let home = TestHome::new();
    let folder = private_folder(home.runtime().join("trusty"));
    let socket = folder.join("trusty.sock");
    drop(UnixListener::bind(&socket).expect("socket"));
    assert_eq!(run(&home, ["list"]).status.code(), Some(0));
    fs::remove_file(&socket).expect("remove");
    let _silent = UnixListener::bind(&socket).expect("socket");
    let output = run(&home, ["list"]);
    assert_eq!(output.status.code(), Some(0));
    let told = text(&output.stderr);
    assert!(
        told.contains("does not respond; scanning directly"),
        "{told}"
    );
}

#[test]
fn a_recording_is_made_for_its_owner_alone_and_replayed() {
    let home = TestHome::new();
    let file = home.path().join("seen.jsonl");
    let recording = RunningRecording::start(&home, &file);
    let mode = fs::metadata(&file).expect("made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    recording.stop_recording();
    let written = fs::read_to_string(&file).expect("read");
    let ends = written.lines().last().unwrap_or_default();
    assert!(ends.contains("\"End\""), "{ends}");

    let refused = run(&home, ["record".as_ref(), file.as_os_str()]);
    assert_eq!(refused.status.code(), Some(3));
    let told = text(&refused.stderr);
    assert!(told.contains("already exists; name another"), "{told}");
    assert_eq!(fs::read_to_string(&file).expect("read"), written, "kept");

    let replayed = run(&home, ["replay".as_ref(), file.as_os_str()]);
    assert_eq!(replayed.status.code(), Some(0));
    assert_eq!(
        (text(&replayed.stdout), text(&replayed.stderr)),
        Default::default()
    );
    let json = run(
        &home,
        ["replay".as_ref(), file.as_os_str(), "--json".as_ref()],
    );
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("one object");
    assert_eq!(json["sessions"], serde_json::json!([]));
}

#[test]
fn a_recording_to_standard_output_ends_with_ctrl_c_and_says_how_much_it_holds() {
    let home = TestHome::new();
    let (reader, writer) = std::io::pipe().expect("pipe");
    let (errors, told) = std::io::pipe().expect("pipe");
    let mut command = trusty(&home);
    let mut recording =
        RunningProgram::start(command.args(["record", "-"]).stdout(writer).stderr(told));
    drop(command);
    let mut lines = BufReader::new(reader).lines().map_while(Result::ok);
    let header = lines.next().expect("a header");
    assert!(header.starts_with("{\"format\":\"trusty-observations\",\"version\":1,"));
    assert!(lines.any(|line| line.contains("\"FirstLook\"")));
    let mut errors = BufReader::new(errors).lines().map_while(Result::ok);
    let begun = errors.next().expect("what it does");
    assert!(
        begun.contains("without prompts, texts and names; stop with Ctrl-C"),
        "{begun}"
    );
    assert!(recording.process().signal(Signal::INT));
    assert_eq!(recording.wait(WAIT_TIMEOUT), Some(0));
    let ended = errors.next().expect("how it ended");
    assert!(
        ended.starts_with("trusty: recorded ")
            && ended.ends_with(" observations in standard output"),
        "{ended}"
    );
}

#[test]
fn a_file_that_is_no_recording_is_told() {
    let home = TestHome::new();
    let file = home.path().join("other");
    for (content, said) in [
        (None, "failed to open"),
        (
            Some("hello\n"),
            "not a recording; make one with `trusty record FILE`",
        ),
        (
            Some("{\"format\":\"trusty-observations\",\"version\":7}\n"),
            "in format 7",
        ),
    ] {
        if let Some(content) = content {
            fs::write(&file, content).expect("write");
        }
        let output = run(&home, ["replay".as_ref(), file.as_os_str()]);
        assert_eq!(output.status.code(), Some(1));
        let told = text(&output.stderr);
        assert!(told.contains(said), "{told}");
    }
}

/// Starts `trusty hook` as Claude Code does, with an input that the test writes.
fn hook(command: &mut Command) -> Child {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    piped.stderr(Stdio::piped()).spawn().expect("starts")
}

#[track_caller]
fn ends_in_silence(output: &Output) {
    let told = (text(&output.stdout), text(&output.stderr));
    assert_eq!((output.status.code(), told), (Some(0), Default::default()));
}

#[test]
fn a_hook_ends_though_its_input_stays_open() {
    let home = TestHome::new();
    let mut child = hook(trusty(&home).arg("hook"));
    let mut input = child.stdin.take().expect("piped");
    input.write_all(b"{\"session_id\":").expect("written");
    until(WAIT_TIMEOUT, "the end of a hook", || {
        child.try_wait().expect("ours")
    });
    ends_in_silence(&child.wait_with_output().expect("ended"));
    drop(input);
}

#[test]
fn a_hook_takes_all_of_an_input_that_is_too_long() {
    let home = TestHome::new();
    let mut child = hook(trusty(&home).arg("hook"));
    let mut input = child.stdin.take().expect("piped");
    // 16 MiB, as much as the hook reads, and then 1 MiB more than a pipe can hold.
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..18 {
        input.write_all(&chunk).expect("the hook keeps reading");
    }
    drop(input);
    ends_in_silence(&child.wait_with_output().expect("ends"));
}

#[test]
fn a_hook_of_whatever_arguments_is_no_wrong_usage() {
    let home = TestHome::new();
    let more: [&[&str]; 5] = [
        &[],
        &["PreToolUse"],
        &["--event", "Stop"],
        &["--help"],
        &["-x", "--", "list"],
    ];
    for arguments in more {
        ends_in_silence(&run(&home, [&["hook"], arguments].concat()));
    }
}

#[test]
fn a_hook_that_may_open_no_more_files_ends_well() {
    let home = TestHome::new();
    // One more file may be open, which is enough to start a program.
    let launcher = ["sh", "-c", "ulimit -n 4; exec \"$0\" hook"];
    let mut command = trusty_below(&home, &launcher);
    let child = start_with_input(command.stderr(Stdio::piped()), b"{}");
    ends_in_silence(&child.wait_with_output().expect("ends"));
}

#[test]
fn a_keeper_stays_for_as_long_as_its_record() {
    let home = TestHome::new();
    let record = home.path().join("record.json");
    fs::write(&record, "{}").expect("write");
    let mut command = Command::new(trusty_tests::trusty::program("trusty-hook"));
    let mut keeper = RunningProgram::start(
        command
            .args(["keep", "record.json"])
            .current_dir(home.path()),
    );
    let process = keeper.process();
    let stat = || fs::read_to_string(format!("/proc/{}/stat", process.pid)).unwrap_or_default();
    // The keeper has a session of its own, and works in no folder that anything could need.
    until(WAIT_TIMEOUT, "a session of its own", || {
        let fields = stat();
        let rest = fields.rsplit_once(") ")?.1.to_owned();
        (rest.split(' ').nth(3)? == process.pid.to_string()).then_some(())
    });
    until(WAIT_TIMEOUT, "another folder", || {
        let cwd = fs::read_link(format!("/proc/{}/cwd", process.pid)).ok()?;
        (cwd == std::path::Path::new("/")).then_some(())
    });
    assert!(process.signal(Signal::HUP));
    fs::write(home.path().join("other"), "").expect("write");
    assert!(process.is_alive());
    fs::remove_file(&record).expect("removed");
    assert_eq!(keeper.wait(WAIT_TIMEOUT), Some(0));
}

#[test]
fn another_program_that_a_registry_file_names_is_never_paused_or_ended() {
    let home = TestHome::new();
    let sleep = StandIn::builder(&home).place("bin/sleep").start();
    sleep.write_status(r#""status":"busy""#);
    let pid = sleep.pid_argument();
    let seen = session_of(&list(&home), sleep.process().pid).expect("listed");
    let why = seen["unconfirmed"].as_str().expect("unconfirmed");
    assert!(why.contains("bin/sleep"), "{why}");
    for arguments in [
        &["pause", &pid][..],
        &["pause", &pid, "--how", "freeze"],
        &["pause", &pid, "--how", "hold"],
        &["stop", &pid, "--yes"],
        &["stop", &pid, "--yes", "--kill"],
    ] {
        let output = run(&home, arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?} {told}");
        assert!(told.contains("unconfirmed"), "{arguments:?} {told}");
        let state = sleep.process().state();
        assert_eq!(state, Some('S'), "{arguments:?}");
    }
    assert_eq!(run(&home, ["pause", "--all"]).status.code(), Some(0));
    assert_eq!(sleep.process().state(), Some('S'));
    let shown = text(&run(&home, ["list"]).stdout);
    assert!(shown.contains("nconfirmed"), "{shown}");
}

#[test]
fn a_folder_that_another_session_names_changes_neither_need_nor_name() {
    let home = TestHome::new();
    let foreign = home.path().join("foreign");
    let ours = StandIn::start(&home);
    ours.waits();
    let theirs = StandIn::builder(&home)
        .config_dir(&foreign.to_string_lossy(), &foreign)
        .start();
    theirs.write_status(r#""status":"idle""#);
    let alone = list(&home);
    assert_eq!(theirs.status_word(&alone).as_deref(), Some("Idle"));
    let python = StandIn::builder(&home).place("bin/python3").start();
    for named in [&ours, &python] {
        let rest = r#""status":"idle","name":"taken over","nameSource":"user""#;
        named.is_named_in(&foreign, rest);
    }
    let seen = list(&home);
    let need = |snapshot: &serde_json::Value| {
        let session = session_of(snapshot, ours.process().pid).expect("listed");
        (
            session["need"]["kind"].clone(),
            session["claude"]["name"].clone(),
        )
    };
    assert_eq!(need(&seen), need(&alone));
    assert_eq!(need(&seen).0, "Permission");
    let other = session_of(&seen, python.process().pid).expect("listed");
    let why = other["unconfirmed"].as_str().expect("unconfirmed");
    assert!(why.contains("foreign"), "{why}");
    assert_eq!(other["claude"], serde_json::Value::Null);
}

#[test]
fn a_config_folder_is_taken_as_literally_as_the_client_takes_it() {
    let home = TestHome::new();
    let work = home.project("work");
    for (named, place) in [("cfg", "cfg"), ("~/.c", "~/.c"), ("", "")] {
        let config = work.join(place);
        let session = StandIn::builder(&home)
            .cwd(&work)
            .config_dir(named, &config)
            .start();
        session.write_status(r#""status":"busy""#);
        let seen = list(&home);
        assert_eq!(
            session.status_word(&seen).as_deref(),
            Some("Working"),
            "{named:?}"
        );
    }
}

#[test]
fn a_session_neither_leads_the_engine_nor_connects_hooks() {
    let home = TestHome::new();
    let session = StandIn::start(&home);
    session.write_status(r#""status":"idle""#);
    let pid = session.pid_argument();
    let started_by_it = |command: &str| {
        let mut command_line = trusty(&home);
        command_line
            .args(command.split(' '))
            .env("CLAUDE_PID", &pid);
        command_line.output().expect("runs")
    };
    for command in [
        "serve",
        "connect",
        "disconnect",
        "autostart on",
        "autostart off",
    ] {
        let output = started_by_it(command);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{command}: {told}");
        assert!(told.contains(&format!("pid {pid}")), "{command}: {told}");
        assert!(told.contains("another terminal"), "{command}: {told}");
    }
    assert!(!home.config_dir().join("settings.json").exists());
    assert!(!home.runtime().join("trusty/trusty.sock").exists());
    // A dry run is harmless.
    let shown = started_by_it("connect --dry-run");
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    let connected = run(&home, ["connect"]);
    assert_eq!(
        connected.status.code(),
        Some(0),
        "{}",
        text(&connected.stderr)
    );
    let settings = || fs::read_to_string(home.config_dir().join("settings.json"));
    let before = settings().expect("connected");
    let refused = started_by_it("disconnect");
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused.stderr));
    assert_eq!(settings().expect("still connected"), before);
    let disconnected = run(&home, ["disconnect"]);
    assert_eq!(disconnected.status.code(), Some(0));
    assert_ne!(settings().unwrap_or_default(), before);
}
