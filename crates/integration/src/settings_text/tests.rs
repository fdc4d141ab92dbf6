use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, json};
use std::path::Path;

fn entries() -> HookEntries {
    HookEntries::for_program(Path::new("/data/it's mine/trusty/bin/trusty-hook")).expect("text")
}

fn other() -> HookEntries {
    HookEntries::for_program(Path::new("/elsewhere/trusty-hook")).expect("text")
}

fn parsed(text: &str) -> Value {
    let root = EditedSettings::parse(text).expect("JSON").root;
    root.to_serde_value().expect("a value")
}

/// Connects, connects again, and disconnects: the text afterwards, with the text before known and
/// unknown.
#[track_caller]
fn there_and_back(text: &str) -> (String, String) {
    let ours = entries();
    let connected = merge_hooks(text, &ours).expect("fits");
    assert_eq!(entry_presence(&connected, &ours), Ok(EntryPresence::All));
    assert_eq!(
        merge_hooks(&connected, &ours).as_ref(),
        Ok(&connected),
        "again"
    );
    assert_eq!(
        remove_hooks(&connected, Some(text), &ours).as_deref(),
        Ok(text)
    );
    let by_itself = remove_hooks(&connected, None, &ours).expect("fits");
    assert_eq!(entry_presence(&by_itself, &ours), Ok(EntryPresence::None));
    (connected, by_itself)
}

#[test]
fn what_is_not_ours_stays_to_the_byte() {
    let hook = r#"{ "type": "command",   "command": "make # mine", "timeout": 1.50 }"#;
    let styles = [
        format!(
            "{{\n  \"b\": 1,\n  \"hooks\": {{\n    \"Stop\": [{{\"hooks\": [{hook}]}}]\n  }},\n  \"a\": 1e3\n}}\n"
        ),
        format!(
            "{{\r\n\t\"hooks\": {{\r\n\t\t\"PreToolUse\": [\r\n\t\t\t{{\r\n\t\t\t\t\"matcher\": \"Bash\",\r\n\t\t\t\t\"hooks\": [\r\n\t\t\t\t\t{hook}\r\n\t\t\t\t]\r\n\t\t\t}}\r\n\t\t]\r\n\t}}\r\n}}\r\n"
        ),
        format!(
            "{BYTE_ORDER_MARK}{{\n    \"model\": \"opus\",\n    \"hooks\": {{\n        \"Notification\": [ {{\"hooks\": [{hook}]}} ]\n    }}\n}}"
        ),
    ];
    for text in styles {
        let (connected, by_itself) = there_and_back(&text);
        let bare = |text: &str| text.replace(['\r', '\n', ' ', '\t'], "");
        assert_eq!(bare(&by_itself), bare(&text));
        for line in text.lines().filter(|l| l.contains("make # mine")) {
            assert!(
                connected.contains(line.trim().trim_end_matches([']', '}', ' ', ','])),
                "{line}"
            );
        }
        if text.contains('\r') {
            let lone = connected.replace("\r\n", "").contains('\n');
            assert!(!lone, "line ends are of one kind");
        }
    }
}

#[test]
fn empty_lists_stay_only_where_they_were() {
    let text = "{\n  \"hooks\": {\n    \"Stop\": []\n  }\n}\n";
    let connected = merge_hooks(text, &entries()).expect("fits");
    let later = connected.replacen('{', "{\n  \"model\": \"opus\",", 1);
    let back = remove_hooks(&later, Some(text), &entries()).expect("fits");
    assert_eq!(
        parsed(&back),
        json!({"model": "opus", "hooks": {"Stop": []}})
    );
    let back = remove_hooks(&later, None, &entries()).expect("fits");
    assert_eq!(parsed(&back), json!({"model": "opus"}));
    let back = remove_hooks(&later, Some("{}"), &entries()).expect("fits");
    assert_eq!(parsed(&back), json!({"model": "opus"}));
}

#[test]
fn entries_of_another_place_are_replaced_and_taken_out() {
    let old = merge_hooks("{\"hooks\": {\"Stop\": []}}", &other()).expect("fits");
    assert_eq!(entry_presence(&old, &entries()), Ok(EntryPresence::Some));
    let new = merge_hooks(&old, &entries()).expect("fits");
    assert_eq!(entry_presence(&new, &entries()), Ok(EntryPresence::All));
    assert!(!new.contains("/elsewhere"));
    let back = remove_hooks(&old, None, &entries()).expect("fits");
    assert!(!back.contains("trusty-bar"), "{back}");
}

/// The hook of the earlier version was notified of permission requests and did not answer them.
#[test]
fn entries_of_an_earlier_version_are_incomplete_and_are_renewed() {
    let rich = "{\n  \"model\": \"opus\",\n  \"hooks\": {\"Notification\": [{\"hooks\": []}]}\n}\n";
    let now = merge_hooks(rich, &entries()).expect("fits");
    let mut asked = parsed(&now)["hooks"]["PermissionRequest"][0]["hooks"][0].clone();
    assert_eq!(asked["timeout"], 2_147_483);
    assert_eq!(asked["async"], Value::Null, "Claude Code waits for it");
    let command = asked["command"].as_str().expect("a command").to_owned();
    assert!(
        command.contains("\"$h\" ask PermissionRequest;"),
        "{command}"
    );
    let earlier = command.replace(" ask PermissionRequest;", " PermissionRequest;");
    asked["command"] = earlier.into();
    let asked = asked.as_object_mut().expect("an entry");
    asked.remove("timeout");
    asked.insert("async".into(), true.into());
    let mut old = parsed(&now);
    old["hooks"]["PermissionRequest"][0]["hooks"][0] = asked.clone().into();
    let old = old.to_string();
    assert_eq!(entry_presence(&old, &entries()), Ok(EntryPresence::Some));
    let renewed = merge_hooks(&old, &entries()).expect("fits");
    assert_eq!(entry_presence(&renewed, &entries()), Ok(EntryPresence::All));
    assert_eq!(
        parsed(&renewed),
        parsed(&now),
        "and nothing else has changed"
    );
    let back = remove_hooks(&renewed, None, &entries()).expect("fits");
    assert_eq!(
        parsed(&back),
        json!({"model": "opus", "hooks": {"Notification": [{"hooks": []}]}})
    );
}

#[test]
fn ours_in_somebody_else_s_group_leaves_the_rest_of_it() {
    let connected = merge_hooks("{}", &entries()).expect("fits");
    let mut value = parsed(&connected);
    let mine = json!({"type": "command", "command": "true"});
    value["hooks"]["Stop"][0]["hooks"]
        .as_array_mut()
        .expect("list")
        .push(mine.clone());
    value["hooks"]["PreToolUse"][0]["matcher"] = json!("Bash");
    let text = value.to_string();
    assert_eq!(
        entry_presence(&text, &entries()),
        Ok(EntryPresence::Some),
        "not for every tool"
    );
    let back = remove_hooks(&text, None, &entries()).expect("fits");
    assert_eq!(
        parsed(&back),
        json!({"hooks": {"Stop": [{"hooks": [mine]}]}})
    );
}

#[test]
fn what_cannot_be_edited_is_refused() {
    let invalid = [
        "{",
        "{\"a\": 1,, }",
        "{'a': 1}",
        "hello",
        "{\"a\": .5}",
        "{\"a\" 1}",
        "{\"a\": 1,}",
        "{\"a\": 1} // mine",
        "{/* mine */}",
        "{\"a\": 01}",
        "{\"a\": \"\t\"}",
        "\u{a0}",
        "\u{3000}{}",
        "\u{85}",
        "\u{feff}\u{feff}",
    ];
    for text in invalid {
        let refused = merge_hooks(text, &entries());
        assert!(
            matches!(refused, Err(UneditableConfig::Invalid(_))),
            "{text}: {refused:?}"
        );
        assert!(matches!(
            remove_hooks(text, None, &entries()),
            Err(UneditableConfig::Invalid(_))
        ));
    }
    let odd = [
        "[]",
        "3",
        "{\"hooks\": []}",
        "{\"hooks\": null}",
        "{\"hooks\": {}, \"hooks\": {}}",
        "{\"hooks\": {\"Stop\": {}}}",
        "{\"hooks\": {\"Stop\": [], \"Stop\": []}}",
    ];
    for text in odd {
        let refused = merge_hooks(text, &entries());
        assert!(
            matches!(refused, Err(UneditableConfig::Form(_))),
            "{text}: {refused:?}"
        );
    }
    // Nested deeper than any reader follows: refused, without a crash.
    assert!(merge_hooks(&"[".repeat(100_000), &entries()).is_err());
    assert!(merge_hooks(&"{\"a\":".repeat(100_000), &entries()).is_err());
}

#[test]
fn nothing_at_all_becomes_settings() {
    for text in ["", "\n", BYTE_ORDER_MARK] {
        let connected = merge_hooks(text, &entries()).expect("fits");
        assert_eq!(
            entry_presence(&connected, &entries()),
            Ok(EntryPresence::All)
        );
        assert_eq!(
            remove_hooks(&connected, Some(text), &entries()).as_deref(),
            Ok(text)
        );
    }
    for bare in ["", "{}", "{ \n}\n"] {
        assert!(is_bare(bare));
    }
    for more in ["{\"a\": 1}", "[]", "\u{a0}", "{\u{3000}}"] {
        assert!(!is_bare(more), "{more}");
    }
}

#[test]
fn the_command_survives_any_path_and_has_our_mark_last() {
    let of = |path: &str| {
        let entries = HookEntries::for_program(Path::new(path)).expect("text");
        let all: Vec<String> = entries
            .iter()
            .map(|(_, entry)| entry["command"].as_str().expect("text").to_owned())
            .collect();
        assert!(all.iter().all(|c| program_of(c).is_some()));
        all
    };
    assert_eq!(of("/a b/trusty-hook").len(), 15);
    let odd = of("/it's/trusty-hook");
    assert!(odd.iter().all(|c| c.contains(r"h='/it'\''s/trusty-hook';")));
    for foreign in [
        "make",
        "echo '# trusty-bar' | tee",
        "# trusty-bar-2",
        "",
        // Commands of the user's own, whatever their ends.
        "make lint # trusty-bar",
        "exec 2>/dev/null; h='/home/dev/lint'; \"$h\"; exit 0 # trusty-bar",
        "exec 2>/dev/null; h='/x/trusty-hook'; \"$h\" Stop; exit 0",
    ] {
        assert!(program_of(foreign).is_none(), "{foreign}");
    }
}

#[test]
fn no_hook_has_a_timeout_that_a_client_overflows() {
    let all = entries();
    let timeouts = all
        .iter()
        .filter_map(|(_, entry)| entry["timeout"].as_u64());
    let timeouts: Vec<u64> = timeouts.collect();
    assert_eq!(timeouts.len(), 3, "those that may wait");
    let millis = |seconds: &u64| seconds * 1000;
    assert!(timeouts.iter().map(millis).all(|ms| ms <= 0x7fff_ffff));
}

#[test]
fn entries_of_0_1_0_are_told_from_others_and_taken_out_to_the_byte() {
    let program = Path::new("/data/it's mine/trusty/bin/trusty-hook");
    let earlier = HookEntries::of_0_1(program).expect("text");
    let before = "{\n  \"model\": \"opus\"\n}\n";
    let old = merge_hooks(before, &earlier).expect("fits");
    assert!(old.contains("9999999") && !old.contains("Notification"));
    assert_eq!(entry_presence(&old, &earlier), Ok(EntryPresence::All));
    assert_eq!(
        entry_presence(&old, &entries()),
        Ok(EntryPresence::Some),
        "to be renewed"
    );
    let elsewhere = HookEntries::of_0_1(Path::new("/x/trusty-hook")).expect("text");
    assert_eq!(
        entry_presence(&merge_hooks(before, &elsewhere).expect("fits"), &earlier),
        Ok(EntryPresence::Some),
        "another program's are not these"
    );
    let back = remove_hooks(&old, Some(before), &earlier);
    assert_eq!(back.as_deref(), Ok(before));
    let renewed = merge_hooks(&old, &entries()).expect("fits");
    assert_eq!(entry_presence(&renewed, &entries()), Ok(EntryPresence::All));
    assert!(!renewed.contains("9999999"));
}

#[test]
fn a_gate_that_a_signal_ended_is_run_again_and_nothing_else_is() {
    let all = entries();
    for (event, entry) in all.iter() {
        let command = entry["command"].as_str().expect("text");
        let again = command.contains("-gt 128");
        let is_gate = ["PreToolUse", "UserPromptSubmit"].contains(&event);
        assert_eq!(again, is_gate, "{command}");
        assert!(command.ends_with("; exit 0 # trusty-bar"), "{command}");
    }
}

/// Any settings, in the usual spacing.
fn settings() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let any_value = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".{0,6}", inner), 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    });
    let handler = ".{0,20}".prop_map(|c| json!({"type": "command", "command": c, "timeout": 7}));
    let group =
        (vec(handler, 1..4), proptest::option::of(".{0,8}")).prop_map(|(hooks, matcher)| {
            matcher.map_or(
                json!({"hooks": hooks}),
                |m| json!({"matcher": m, "hooks": hooks}),
            )
        });
    let event = prop_oneof![
        proptest::sample::select(super::super::HOOK_EVENTS.to_vec()).prop_map(str::to_owned),
        "[A-Z][a-z]{1,8}"
    ];
    let hooks = vec((event, vec(group, 0..4)), 0..6);
    let rest = vec(("[a-z]{1,8}", any_value), 0..5);
    (rest, proptest::option::of(hooks)).prop_map(|(rest, hooks)| {
        let mut all: Map<String, Value> = rest.into_iter().collect();
        all.remove("hooks");
        if let Some(hooks) = hooks {
            let hooks = hooks.into_iter().map(|(event, list)| (event, json!(list)));
            all.insert("hooks".into(), Value::Object(hooks.collect()));
        }
        Value::Object(all)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_settings_come_back(value in settings(), spacing in 0..3) {
        let text = match spacing {
            0 => value.to_string(),
            1 => serde_json::to_string_pretty(&value).expect("text"),
            _ => serde_json::to_string_pretty(&value).expect("text").replace('\n', "\r\n"),
        };
        let (connected, by_itself) = there_and_back(&text);
        let mut kept = parsed(&by_itself);
        let mut wanted = parsed(&text);
        // Without the text before, nothing says which empty lists were there.
        for value in [&mut kept, &mut wanted] {
            drop_empty(value);
        }
        prop_assert_eq!(kept, wanted);
        // All other settings are present while connected, too.
        for (name, is) in value.as_object().expect("object") {
            if name != "hooks" {
                prop_assert_eq!(&parsed(&connected)[name], is);
            }
        }
    }

    #[test]
    fn any_text_is_edited_or_refused(text in r#"(.{0,80}|[\s\pZ\x{feff}{}\[\]",:0]{0,6})"#) {
        let ours = entries();
        if let Ok(connected) = merge_hooks(&text, &ours) {
            prop_assert_eq!(entry_presence(&connected, &ours), Ok(EntryPresence::All));
        }
        let _ = remove_hooks(&text, Some(&text), &ours);
    }
}

fn drop_empty(value: &mut Value) {
    let Some(all) = value.as_object_mut() else {
        return;
    };
    if let Some(hooks) = all.get_mut("hooks").and_then(Value::as_object_mut) {
        hooks.retain(|_, list| list.as_array().is_none_or(|l| !l.is_empty()));
        if hooks.is_empty() {
            all.remove("hooks");
        }
    }
}
