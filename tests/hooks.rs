//! The hook socket of a running engine under load, and from senders that do not follow the
//! protocol: no accepted message is lost, memory stays bounded, and no session is affected.
#![cfg(target_os = "linux")]

#[path = "hooks/impostor.rs"]
mod impostor;
#[path = "hooks/load.rs"]
mod load;
#[path = "hooks/mac_places.rs"]
mod mac_places;
#[path = "hooks/other_environment.rs"]
mod other_environment;
#[path = "hooks/serving.rs"]
mod serving;
#[expect(dead_code, reason = "written for the tests of answers")]
#[path = "answer/stage.rs"]
mod stage;

use load::HookLoad;
use serving::{LARGE_TEXT_BYTES, ProcessCrowd, crowded, event, permission};
use stage::{WAIT_TIMEOUT, allow};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use trusty_tests::trusty::{RunningProgram, serve};
use trusty_tests::wait::{until, until_or};
use trusty_tests::{HookClient, TerminalShape, TestHome, Value};

/// An engine, and this number of sessions with this status.
fn serve_crowd(number: usize, status: &str) -> (TestHome, RunningProgram, ProcessCrowd) {
    let home = TestHome::new();
    let engine = serve(&home);
    let crowd = ProcessCrowd::start(&home, number, status);
    (home, engine, crowd)
}

/// What the engine may keep above its own needs, in kB: 64 MiB of held requests, and as much again
/// for memory that is not returned at once.
const MAX_KEPT_KB: u64 = 128 << 10;
/// What the engine may need besides while it reads, in kB: two large messages at a time, and what
/// is parsed from them.
const MAX_READING_KB: u64 = 64 << 10;

#[test]
fn a_flood_of_hooks_harms_no_session_and_loses_nothing() {
    let Some(stage) = stage::open(TerminalShape::PtyDirect) else {
        return;
    };
    let engine = stage.engine.as_ref().expect("an engine").process();
    let crowd = ProcessCrowd::start(&stage.home, 20, "busy");
    let before = serving::memory(engine);
    let over = AtomicBool::new(false);
    let taken = thread::scope(|threads| {
        let load = HookLoad {
            home: &stage.home,
            crowd: &crowd,
            over: &over,
        };
        threads.spawn(move || load.halves_and_garbage());
        threads.spawn(move || load.slow_readers());
        threads.spawn(move || load.large());
        let real = threads.spawn(move || load.real_hooks());
        let flood: Vec<_> = (0..load::THREAD_COUNT)
            .map(|number| threads.spawn(move || load.flood(number)))
            .collect();
        // Meanwhile another session asks and is answered.
        let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for number in 0..3 {
                let request = stage.ask_permission(&format!("bash: touch made-{number}"));
                stage.give_answer(&request, &allow());
                stage.wait_made(&format!("made-{number}"));
                stage.rest();
            }
        }));
        let taken: usize = flood.into_iter().map(|f| f.join().expect("sent")).sum();
        over.store(true, Ordering::Relaxed);
        assert!(real.join().expect("ran") > 0);
        assert!(asked.is_ok(), "the session beside the flood");
        taken
    });
    assert_eq!(taken, load::MESSAGE_COUNT, "all were taken");
    // The last event that each session reported is what is known of the session.
    for number in 0..crowd.len() {
        let last = event("PreToolUse", number, &format!("last-{number}"));
        assert_eq!(crowd.report(number, &last), "taken\n");
    }
    for number in 0..crowd.len() {
        crowd.wait_hook_says(number, &format!("last-{number} is about to run"));
    }
    let after = serving::memory(engine);
    let most = before.now + MAX_KEPT_KB;
    assert!(after.now < most, "kB before {before:?}, after {after:?}");
    let peak = before.now + MAX_KEPT_KB + MAX_READING_KB;
    assert!(after.peak < peak, "kB before {before:?}, after {after:?}");
    stage.goes_on("say and on");
}

#[test]
fn each_hook_that_was_taken_has_its_effect() {
    let (_home, _engine, crowd) = serve_crowd(40, "busy");
    // One thread reports for each session, all at once; even sessions end with another event than
    // odd ones.
    thread::scope(|threads| {
        for number in 0..crowd.len() {
            let crowd = &crowd;
            threads.spawn(move || {
                for turn in 0..50 {
                    let what = if turn % 2 == 0 {
                        "PreToolUse"
                    } else {
                        "PostToolUse"
                    };
                    let name = format!("tool-{number}-{turn}");
                    let payload = event(what, number, &name);
                    assert_eq!(crowd.report(number, &payload), "taken\n");
                }
                if number % 2 == 0 {
                    let payload = event("PreToolUse", number, &format!("final-{number}"));
                    assert_eq!(crowd.report(number, &payload), "taken\n");
                }
            });
        }
    });
    for number in 0..crowd.len() {
        let wanted = match number % 2 {
            0 => format!("final-{number} is about to run"),
            _ => "tool finished".to_owned(),
        };
        crowd.wait_hook_says(number, &wanted);
    }
}

#[test]
fn a_process_that_is_not_below_a_session_does_not_speak_for_that_session() {
    let (home, _engine, crowd) = serve_crowd(2, "waiting");
    let (own, other) = (crowd.pid(0), crowd.pid(1));
    let asking = permission(0, "make");
    let none: [Value; 0] = [];
    // One process below no session, and one below another session: both put this session's pid and
    // session id into their messages.
    for forger in [None, Some(1)] {
        let connect = || {
            let below = forger.map(|number| crowd.connect(number));
            below.unwrap_or_else(|| HookClient::for_home(&home))
        };
        let report = |payload: Vec<u8>| connect().report(own, &payload).expect("a reply");
        assert_eq!(report(event("PreToolUse", 0, "forged")), "taken\n");
        let says = crowd.hook_says(0);
        assert_eq!(says.as_deref(), Some("nothing"), "{forger:?}");
        let waiting = connect().ask(own, &asking).expect("taken");
        // This later event was taken on the same path, so the request before it has been processed.
        assert_eq!(report(event("Stop", 0, "")), "taken\n");
        assert_eq!(crowd.requests(0), none, "{forger:?}");
        drop(waiting);
    }
    // A wrong pid does no harm where the process above the hook is known: Claude Code in a pid
    // namespace of its own reports such a pid.
    let told = crowd.connect(0).report(1, &event("PreToolUse", 0, "own"));
    assert_eq!(told.expect("a reply"), "taken\n");
    let says = crowd.hook_says(0);
    assert_eq!(says.as_deref(), Some("own is about to run"));
    let waiting = crowd.connect(0).ask(other, &asking).expect("taken");
    until(WAIT_TIMEOUT, "a request of its own", || {
        (crowd.requests(0).len() == 1).then_some(())
    });
    assert_eq!(crowd.requests(1), none);
    drop(waiting);
}

#[test]
fn requests_that_nobody_answers_are_bounded() {
    let (_home, engine, crowd) = serve_crowd(20, "waiting");
    let before = serving::memory(engine.process());
    // More requests of 10 MB than are kept, and more of any length than are held at a time. How
    // many of the large ones are read in time depends on the machine.
    let ask = |number: usize, command: &str| {
        let owner = number % crowd.len();
        crowd.ask(owner, &permission(owner, command))
    };
    let large = "x".repeat(LARGE_TEXT_BYTES);
    let mut waiting: Vec<_> = (0..24).filter_map(|number| ask(number, &large)).collect();
    let small = (0..400).map(|number| ask(number, &format!("command {number}")));
    waiting.extend(small.map(|taken| taken.expect("taken")));
    let held = until_or(
        WAIT_TIMEOUT,
        "requests that are held",
        || Some(crowd.held()).filter(|held| *held > 100),
        || format!("{} held", crowd.held()),
    );
    assert!(held <= 256, "{held} held");
    let one = br#"{"hook_event_name":"Stop","session_id":"s-0"}"#;
    assert_eq!(crowd.report(0, one), "taken\n");
    assert!(crowd.held() <= 256);
    let full = serving::memory(engine.process());
    let most = before.now + MAX_KEPT_KB + MAX_READING_KB;
    assert!(full.peak < most, "kB before {before:?}, full {full:?}");
    // The number of values in a request does not matter either, wherever they stand.
    for (what, field) in [
        ("PermissionRequest", "tool_input"),
        ("PreToolUse", "tool_input"),
        ("Stop", "background_tasks"),
        ("PermissionRequest", "agent_id"),
    ] {
        // Whether the request is taken in time depends on the machine.
        waiting.extend(crowd.ask(0, &crowded(what, 0, field)));
        assert_eq!(crowd.report(0, one), "taken\n");
        let crowded = serving::memory(engine.process());
        assert!(
            crowded.peak < most,
            "{what}: kB before {before:?}, {crowded:?}"
        );
    }
    // The hooks hang up, and nothing is held any more.
    drop(waiting);
    until_or(
        WAIT_TIMEOUT,
        "the end of all that was held",
        || (crowd.held() == 0).then_some(()),
        || format!("{} held", crowd.held()),
    );
    let after = serving::memory(engine.process());
    assert!(
        after.now < before.now + MAX_KEPT_KB,
        "kB before {before:?}, full {full:?}, after {after:?}"
    );
}

#[test]
fn whoever_says_nothing_keeps_nobody_waiting_for_long() {
    let (home, _engine, crowd) = serve_crowd(1, "busy");
    // Three times as many connections as the engine reads at a time.
    let silent: Vec<_> = (0..768).map(|_| HookClient::for_home(&home)).collect();
    let payload = event("PreToolUse", 0, "heard");
    until(WAIT_TIMEOUT, "a hook to be heard", || {
        (crowd.report(0, &payload) == "taken\n").then_some(())
    });
    let says = crowd.hook_says(0);
    assert_eq!(says.as_deref(), Some("heard is about to run"));
    drop(silent);
}
