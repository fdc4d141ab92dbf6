//! The hook socket of a running engine under load, and from whoever does not keep to its form:
//! what was taken is not lost, memory stays bounded, and no session is the worse for it.
#![cfg(target_os = "linux")]

#[path = "hooks/elsewhere.rs"]
mod elsewhere;
#[path = "hooks/impostor.rs"]
mod impostor;
#[path = "hooks/load.rs"]
mod load;
#[path = "hooks/serving.rs"]
mod serving;
#[expect(dead_code, reason = "made for the tests of answers")]
#[path = "answer/stage.rs"]
mod stage;

use load::{HookLoad, SilentConnections};
use serde_json::json;
use serving::{
    EngineSockets, LARGE_TEXT_BYTES, ProcessCrowd, asks, asks_on, asks_this, crowded, event, tell,
    tell_on,
};
use stage::{WAIT_TIMEOUT, allow};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use trusty_tests::TerminalShape;
use trusty_tests::trusty::serve;
use trusty_tests::wait::{until, until_or};

/// What the engine may keep above what it needs itself, in kB: 64 MiB of requests that are held,
/// and as much again for room that is not given back at once.
const MAX_KEPT_KB: u64 = 128 << 10;
/// What it may need beside that while it reads: two large messages at a time, and what is made of
/// them.
const MAX_READING_KB: u64 = 64 << 10;

#[test]
fn a_flood_of_hooks_harms_no_session_and_loses_nothing() {
    let Some(stage) = stage::open(TerminalShape::PtyDirect) else {
        return;
    };
    let engine = stage.engine.as_ref().expect("an engine").process();
    let serving = EngineSockets::of(&stage.home);
    let crowd = ProcessCrowd::start(&stage.home, 20, "busy");
    until(WAIT_TIMEOUT, "the crowd", || {
        (serving.sessions() > crowd.len()).then_some(())
    });
    let before = serving::memory(engine);
    let over = AtomicBool::new(false);
    let taken = thread::scope(|threads| {
        let load = HookLoad {
            serving: &serving,
            crowd: &crowd,
            over: &over,
        };
        threads.spawn(move || load.halves_and_garbage());
        threads.spawn(move || load.slow_readers());
        threads.spawn(move || load.large());
        let home = &stage.home;
        let real = threads.spawn(move || load.real_hooks(home));
        let flood: Vec<_> = (0..load::THREAD_COUNT)
            .map(|number| threads.spawn(move || load.flood(number)))
            .collect();
        // Meanwhile another session is asked, and answered.
        let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for number in 0..3 {
                let request = stage.ask(&format!("bash: touch made-{number}"));
                stage.give(&request, &allow());
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
    // The last that each was told is what is known of it.
    for number in 0..crowd.len() {
        let name = format!("last-{number}");
        let told = tell(
            &serving,
            crowd.pid(number),
            &event("PreToolUse", number, &name),
        );
        assert_eq!(told, "taken\n");
    }
    for number in 0..crowd.len() {
        let wanted = format!("last-{number} is about to run");
        let told = || serving.hook_says(crowd.pid(number));
        until_or(
            WAIT_TIMEOUT,
            &wanted,
            || told().filter(|says| *says == wanted).map(drop),
            || format!("{:?}", told()),
        );
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
    let home = trusty_tests::TestHome::new();
    let _engine = serve(&home);
    let serving = EngineSockets::of(&home);
    let crowd = ProcessCrowd::start(&home, 40, "busy");
    until(WAIT_TIMEOUT, "the crowd", || {
        (serving.sessions() == crowd.len()).then_some(())
    });
    // Of each session in turn, all at once from many sides; each ends with another event.
    thread::scope(|threads| {
        for number in 0..crowd.len() {
            let (serving, crowd) = (&serving, &crowd);
            threads.spawn(move || {
                for turn in 0..50 {
                    let what = if turn % 2 == 0 {
                        "PreToolUse"
                    } else {
                        "PostToolUse"
                    };
                    let name = format!("tool-{number}-{turn}");
                    let payload = event(what, number, &name);
                    assert_eq!(tell(serving, crowd.pid(number), &payload), "taken\n");
                }
                if number % 2 == 0 {
                    let payload = event("PreToolUse", number, &format!("final-{number}"));
                    assert_eq!(tell(serving, crowd.pid(number), &payload), "taken\n");
                }
            });
        }
    });
    for number in 0..crowd.len() {
        let wanted = match number % 2 {
            0 => format!("final-{number} is about to run"),
            _ => "tool finished".to_owned(),
        };
        let told = || serving.hook_says(crowd.pid(number));
        until_or(
            WAIT_TIMEOUT,
            &wanted,
            || told().filter(|says| *says == wanted).map(drop),
            || format!("{number}: {:?}", told()),
        );
    }
}

#[test]
fn a_process_that_is_not_below_a_session_does_not_speak_for_that_session() {
    let home = trusty_tests::TestHome::new();
    let _engine = serve(&home);
    let serving = EngineSockets::of(&home);
    let crowd = ProcessCrowd::start(&home, 2, "waiting");
    until(WAIT_TIMEOUT, "the crowd", || {
        (serving.sessions() == crowd.len()).then_some(())
    });
    let (own, other) = (crowd.pid(0), crowd.pid(1));
    let asking = json!({
        "hook_event_name": "PermissionRequest",
        "session_id": "s-0",
        "tool_name": "Bash",
        "tool_input": {"command": "make"},
    });
    let asking = asking.to_string().into_bytes();
    // One that is below no session, and one that belongs to another: both write its pid and its
    // session id into their messages.
    for forger in [None, Some(other)] {
        let connect = || forger.map_or_else(|| serving.connect(), |pid| serving.connect_from(pid));
        assert_eq!(
            tell_on(connect(), own, &event("PreToolUse", 0, "forged")),
            "taken\n"
        );
        assert_eq!(
            serving.hook_says(own).as_deref(),
            Some("nothing"),
            "{forger:?}"
        );
        let waiting = asks_on(connect(), own, &asking).expect("taken");
        // What comes after it on the same way has been filed.
        assert_eq!(tell_on(connect(), own, &event("Stop", 0, "")), "taken\n");
        assert_eq!(serving.requests(own), [""; 0], "{forger:?}");
        drop(waiting);
    }
    // A wrong number is no harm where the process above it is known: a client in a pid namespace
    // of its own tells such a one.
    let told = tell_on(serving.connect_from(own), 1, &event("PreToolUse", 0, "own"));
    assert_eq!(told, "taken\n");
    let says = serving.hook_says(own);
    assert_eq!(says.as_deref(), Some("own is about to run"));
    let waiting = asks_on(serving.connect_from(own), other, &asking).expect("taken");
    until(WAIT_TIMEOUT, "a request of its own", || {
        (serving.requests(own).len() == 1).then_some(())
    });
    assert_eq!(serving.requests(other), [""; 0]);
    drop(waiting);
}

#[test]
fn requests_that_nobody_answers_are_bounded() {
    let home = trusty_tests::TestHome::new();
    let engine = serve(&home);
    let serving = EngineSockets::of(&home);
    let crowd = ProcessCrowd::start(&home, 20, "waiting");
    until(WAIT_TIMEOUT, "the crowd", || {
        (serving.sessions() == crowd.len()).then_some(())
    });
    let before = serving::memory(engine.process());
    // More of 10 MB than are kept, and more of any length than are held at a time. How many of the
    // large ones are read in time is a matter of the machine.
    let ask = |number: usize, command: &str| {
        let owner = number % crowd.len();
        asks(&serving, crowd.pid(owner), owner, command)
    };
    let large = "x".repeat(LARGE_TEXT_BYTES);
    let mut waiting: Vec<_> = (0..24).filter_map(|number| ask(number, &large)).collect();
    let small = (0..400).map(|number| ask(number, &format!("command {number}")));
    waiting.extend(small.map(|taken| taken.expect("taken")));
    let held = until_or(
        WAIT_TIMEOUT,
        "requests that are held",
        || Some(serving.held()).filter(|held| *held > 100),
        || format!("{} held", serving.held()),
    );
    assert!(held <= 256, "{held} held");
    let one = json!({"hook_event_name": "Stop", "session_id": "s-0"}).to_string();
    assert_eq!(tell(&serving, crowd.pid(0), one.as_bytes()), "taken\n");
    assert!(serving.held() <= 256);
    let full = serving::memory(engine.process());
    let most = before.now + MAX_KEPT_KB + MAX_READING_KB;
    assert!(full.peak < most, "kB before {before:?}, full {full:?}");
    // Nor does it matter how many values one holds, wherever.
    for (what, field) in [
        ("PermissionRequest", "tool_input"),
        ("PreToolUse", "tool_input"),
        ("Stop", "background_tasks"),
        ("PermissionRequest", "agent_id"),
    ] {
        // Whether it is taken in time is a matter of the machine.
        waiting.extend(asks_this(&serving, crowd.pid(0), &crowded(what, 0, field)));
        assert_eq!(tell(&serving, crowd.pid(0), one.as_bytes()), "taken\n");
        let crowded = serving::memory(engine.process());
        assert!(
            crowded.peak < most,
            "{what}: kB before {before:?}, {crowded:?}"
        );
    }
    // They hang up, and nothing is held any more.
    drop(waiting);
    until_or(
        WAIT_TIMEOUT,
        "the end of all that was held",
        || (serving.held() == 0).then_some(()),
        || format!("{} held", serving.held()),
    );
    let after = serving::memory(engine.process());
    assert!(
        after.now < before.now + MAX_KEPT_KB,
        "kB before {before:?}, full {full:?}, after {after:?}"
    );
}

#[test]
fn whoever_says_nothing_keeps_nobody_waiting_for_long() {
    let home = trusty_tests::TestHome::new();
    let _engine = serve(&home);
    let serving = EngineSockets::of(&home);
    let crowd = ProcessCrowd::start(&home, 1, "busy");
    until(WAIT_TIMEOUT, "the crowd", || {
        (serving.sessions() == 1).then_some(())
    });
    // As many as are listened to at a time, three times over.
    let silent = SilentConnections::connect(&serving, 768);
    let payload = event("PreToolUse", 0, "heard");
    until(WAIT_TIMEOUT, "a hook to be heard", || {
        (tell(&serving, crowd.pid(0), &payload) == "taken\n").then_some(())
    });
    let says = serving.hook_says(crowd.pid(0));
    assert_eq!(says.as_deref(), Some("heard is about to run"));
    drop(silent);
}
