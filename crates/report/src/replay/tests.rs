use super::*;
use crate::read::parse_report;
use serde_json::json;

/// What is wrong with a report of these parts, as `subject: message`.
fn problems_of(parts: &Value) -> Vec<String> {
    let mut report = json!({
        "format": "trusty-report", "version": 1, "taken_at": "2026-11-30T12:00:00Z",
        "machine": {"system": "mac", "uid": 501, "boot": "b"}, "home": "/Users/user",
    });
    for (name, part) in parts.as_object().expect("parts") {
        report[name] = part.clone();
    }
    let parsed = parse_report(report.to_string().as_bytes()).expect("a report");
    let problems = replay_report(&parsed.report).problems;
    let problems = problems.iter();
    problems
        .map(|problem| format!("{}: {}", problem.subject, problem.message))
        .collect()
}

#[track_caller]
fn says(parts: &Value, subject: &str, message: &str) {
    let problems = problems_of(parts);
    let begin = format!("{subject}: ");
    assert!(
        problems
            .iter()
            .any(|p| p.starts_with(&begin) && p.contains(message)),
        "{problems:#?}"
    );
}

#[test]
fn a_report_without_faults_has_no_problems() {
    let parts = json!({
        "config_folders": [{"path": "/Users/user/.claude", "hooks": {"state": "connected"}}],
        "trusty": {"socket_path_bytes": 103, "engine": {"answers": false}},
        "watch_trial": {"writes": 10, "reported": 10, "slowest_millis": 900},
        "mac": {
            "bundle": "/Applications/Trusty Bar.app", "signature": ["Signature=adhoc"],
            "screens": [{"frame": {"x": 0, "y": 0, "width": 1512, "height": 982}}],
            "tray": {"icon": {"x": 1200, "y": 4, "width": 30, "height": 24}},
            "consents": [{"kind": "automation", "state": "granted"}],
        },
    });
    assert_eq!(problems_of(&parts), [""; 0]);
}

#[test]
fn each_fault_of_the_installation_is_named_with_what_to_do() {
    let folder =
        |hooks: Value| json!({"config_folders": [{"path": "/Users/user/.claude", "hooks": hooks}]});
    let claude = "/Users/user/.claude";
    says(
        &folder(json!({"state": "not connected"})),
        claude,
        "run `trusty connect`",
    );
    says(
        &folder(json!({"state": "incomplete"})),
        claude,
        "run `trusty connect`",
    );
    says(
        &folder(json!({"state": "outdated"})),
        claude,
        "earlier version",
    );
    let forbidden = json!({"state": "forbidden", "why": "a managed policy"});
    says(&folder(forbidden), claude, "a managed policy");
    let trusty = |part: Value| json!({"trusty": part});
    let long = json!({"runtime_folder": "/x", "socket_path_bytes": 104});
    says(&trusty(long), "/x", "104 bytes, the system allows 103");
    let hung = json!({"engine": {"answers": false, "problem": "does not respond"}});
    says(&trusty(hung), "engine", "does not respond");
    let unsafe_hook = json!({"hook_program": "/h", "hook_program_problem": "others can write"});
    says(&trusty(unsafe_hook), "/h", "others can write");
    let settings = json!({"settings": {"file": "/s.toml", "problems": ["line 2: odd"]}});
    says(&trusty(settings), "/s.toml", "line 2: odd");
}

#[test]
fn faults_of_watching_and_of_the_mac_are_named() {
    let trial = |writes: u32, reported: u32, slowest: u64| {
        json!({"watch_trial": {
            "writes": writes, "reported": reported, "slowest_millis": slowest,
        }})
    };
    let watched = "a folder that is reached through a link";
    says(&trial(10, 3, 5), watched, "only 3 of 10 writes");
    says(&trial(10, 10, 1_400), watched, "after 1400 ms");
    let mac = |part: Value| json!({"mac": part});
    let hidden = json!({
        "screens": [{"frame": {"x": 0, "y": 0, "width": 1512, "height": 982}}],
        "tray": {"icon": {"x": -40, "y": 0, "width": 30, "height": 24}},
    });
    says(&mac(hidden), "menu bar icon", "notch");
    let unbound = json!({"bundle": "/A.app", "signature": ["Info.plist=not bound"]});
    says(&mac(unbound), "signature", "does not cover Info.plist");
    let denied = json!({"consents": [
        {"kind": "automation", "application": "com.googlecode.iterm2", "state": "denied"},
    ]});
    says(&mac(denied), "com.googlecode.iterm2", "System Settings");
}

#[test]
fn sessions_that_differ_from_the_machine_or_lack_their_pane_are_named() {
    let session = json!({
        "pid": 7, "started_at": "2026-11-30T11:00:00Z",
        "real_path": "/Users/user/.local/share/claude/versions/2.1.330", "argv": ["claude"],
        "environment": {"HOME": "/Users/user", "TMUX": "/private/tmp/tmux-501/default,9,0"},
    });
    let parts = json!({
        "processes": [session],
        "trusty": {"listed": [{"pid": 7, "word": "Finished"}, {"pid": 8, "word": "Idle"}]},
    });
    says(&parts, "pid 7", "listed on the machine as \"Finished\"");
    says(&parts, "pid 8", "but not here");
    says(&parts, "pid 7", "was not asked");
    let mut asked = parts.clone();
    asked["tmux"] = json!([{"socket": "/private/tmp/tmux-501/default", "panes": []}]);
    says(&asked, "pid 7", "has no pane of it");
    // The same server, named through the link of a Mac.
    asked["processes"][0]["environment"]["TMUX"] = json!("/tmp/tmux-501/default,9,0");
    says(&asked, "pid 7", "has no pane of it");
}

#[test]
fn unknown_words_are_counted_by_version() {
    let file = |pid: u32, version: &str| {
        json!({"name": format!("{pid}.json"), "content": {
            "pid": pid, "version": version, "status": "dreaming", "startedAt": 1_795_000_000_000_u64,
        }})
    };
    let process = |pid: u32| {
        json!({
            "pid": pid, "started_at": "2026-11-30T11:00:00Z",
            "real_path": "/Users/user/.local/share/claude/versions/x", "argv": ["claude"],
        })
    };
    let report = json!({
        "format": "trusty-report", "version": 1, "taken_at": "2026-11-30T12:00:00Z",
        "machine": {"system": "mac", "uid": 501}, "home": "/Users/user",
        "config_folders": [{
            "path": "/Users/user/.claude", "real_path": "/Users/user/.claude",
            "registry": [file(7, "3.0.0"), file(8, "3.0.1"), file(9, "3.0.0")],
        }],
        "processes": [process(7), process(8), process(9)],
    });
    let parsed = parse_report(report.to_string().as_bytes()).expect("a report");
    let words = replay_report(&parsed.report).unknown_words;
    let json = serde_json::to_value(&words).expect("JSON");
    let expected = json!([{
        "field": "status", "word": "dreaming", "versions": ["3.0.0", "3.0.1"], "count": 3,
    }]);
    assert_eq!(json, expected);
}

#[test]
fn a_file_of_an_earlier_session_is_named_with_the_reason() {
    let content = json!({"pid": 7, "status": "busy", "startedAt": 1_700_000_000_000_u64});
    let parts = json!({
        "config_folders": [{
            "path": "/Users/user/.claude", "real_path": "/Users/user/.claude",
            "registry": [{"name": "7.json", "content": content}],
        }],
        "processes": [{
            "pid": 7, "started_at": "2026-11-30T11:00:00Z", "argv": ["claude"],
            "real_path": "/Users/user/.local/share/claude/versions/2.1.330",
        }],
    });
    let file = "/Users/user/.claude/sessions/7.json";
    says(&parts, file, "began before the process");
}
