//! JSON that is printed on a terminal.

use crate::WAIT_TIMEOUT;
use std::fs;
use trusty_tests::trusty::{run, serve, session_of};
use trusty_tests::wait::until;
use trusty_tests::{RunningRecording, StandIn, TestHome, Value};

const ODD_NAME: &str = "pay\u{9b}2J\u{202e}me\u{200b}nts\u{e0041}\u{7f}";

fn steers(text: &str) -> bool {
    text.contains(['\u{9b}', '\u{202e}', '\u{200b}', '\u{e0041}', '\u{7f}'])
}

#[test]
fn every_json_that_is_printed_steers_no_terminal_and_reads_as_the_same_values() {
    let home = TestHome::new();
    let session = StandIn::start(&home);
    let name = serde_json::to_string(ODD_NAME).expect("JSON");
    session.write_status(&format!(
        r#""status":"busy","cwd":"/tmp","name":{name},"nameSource":"user""#
    ));
    let file = home.path().join("seen.jsonl");
    let recording = RunningRecording::start(&home, &file);
    until(WAIT_TIMEOUT, "the session in the recording", || {
        fs::read_to_string(&file)
            .ok()?
            .contains("\"busy\"")
            .then_some(())
    });
    recording.stop_recording();
    let serving = serve(&home);
    let pid = session.pid_argument();
    let printed = |arguments: &[&str]| {
        let output = run(&home, arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let list = until(WAIT_TIMEOUT, "the name in the list", || {
        let list = printed(&["list", "--json"]);
        list.contains("nts").then_some(list)
    });
    let read: Value = serde_json::from_str(&list).expect("JSON");
    let told = session_of(&read, session.process().pid).expect("the session");
    assert_eq!(told["claude"]["name"], ODD_NAME);
    let why = printed(&["why", &pid, "--json"]);
    assert!(why.contains("nts"), "{why}");
    let replayed = printed(&["replay", &file.to_string_lossy(), "--json"]);
    let recorded = fs::read_to_string(&file).expect("read");
    for json in [&list, &why, &replayed, &recorded] {
        assert!(!steers(json), "{json}");
    }
    let table = printed(&["list"]);
    let shown = "pay\u{fffd}2J\u{fffd}me\u{fffd}nts\u{fffd}\u{fffd}";
    assert!(table.contains(shown) && !steers(&table), "{table}");
    drop(serving);
}
