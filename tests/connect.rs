//! `trusty connect` and `trusty disconnect`, without Claude Code: what they change in a settings
//! file, and that none of its content is lost.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use trusty_fleet::observation::HookInstall;
use trusty_tests::trusty::{program, run, run_successfully, trusty_below};
use trusty_tests::wait::until;
use trusty_tests::{TestHome, Value, WAIT_TIMEOUT, printed_text, skip};

fn settings(home: &TestHome) -> PathBuf {
    home.config_dir().join("settings.json")
}

fn hook_install(home: &TestHome) -> HookInstall {
    trusty_integration::state(&home.environment(), home.config_dir())
}

/// The backups of the settings, oldest first.
fn backups(home: &TestHome) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(home.config_dir())
        .expect("listed")
        .map(|e| e.expect("entry").path())
        .filter(|p| p.to_string_lossy().contains(".before-trusty-"))
        .collect();
    found.sort();
    found
}

fn mode(path: &Path) -> u32 {
    let meta = fs::metadata(path).expect("there");
    meta.permissions().mode() & 0o777
}

/// Settings with 49 hooks of other programs on seven events, a byte order mark, CRLF line ends and
/// other unusual content.
fn rich() -> String {
    let events = [
        "PreToolUse",
        "Stop",
        "Notification",
        "SessionStart",
        "WorktreeCreate",
        "Invented",
        "FileChanged",
    ];
    let list = |at: usize, event: &str| {
        let hook = |n: usize| {
            format!(
                "\t\t\t{{ \"matcher\": \"T{n}|*\",  \"hooks\": [ {{\"type\": \"command\", \"command\": \"echo '{at}-{n}' # \\u00fc \\\"q\\\"\", \"x\": [1,2]}} ] }}"
            )
        };
        let hooks: Vec<String> = (0..7).map(hook).collect();
        format!("\t\t\"{event}\": [\r\n{}\r\n\t\t]", hooks.join(",\r\n"))
    };
    let lists: Vec<String> = (events.iter().enumerate())
        .map(|(at, event)| list(at, event))
        .collect();
    format!(
        "\u{feff}{{\r\n\t\"zoom\": 1.50,\r\n\t\"model\": \"opus\",\r\n\t\"hooks\": {{\r\n{}\r\n\t}},\r\n\t\"apple\": {{\"deep\": [[], {{}}, null]}},\r\n\t\"permissions\": {{\"allow\": [\"Bash(ls:*)\"]}}\r\n}}\r\n",
        lists.join(",\r\n")
    )
}

#[test]
fn p10_nothing_of_a_settings_file_is_lost() {
    let home = TestHome::new();
    let (file, text) = (settings(&home), rich());
    fs::write(&file, &text).expect("write");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("chmod");
    assert_eq!(hook_install(&home), HookInstall::NotInstalled);

    let diff = run_successfully(&home, ["connect", "--dry-run"]);
    assert!(
        diff.contains("+++ ") && diff.contains("trusty-bar"),
        "{diff}"
    );
    assert_eq!(fs::read_to_string(&file).expect("read"), text, "only shown");
    assert_eq!(hook_install(&home), HookInstall::NotInstalled);

    let said = run_successfully(&home, ["connect"]);
    let kept = backups(&home);
    assert_eq!(kept.len(), 1);
    assert!(said.contains(&kept[0].display().to_string()), "{said}");
    assert_eq!(fs::read_to_string(&kept[0]).expect("read"), text);
    assert_eq!((mode(&kept[0]), mode(&file)), (0o600, 0o640));
    assert_eq!(hook_install(&home), HookInstall::Connected);
    let connected = fs::read_to_string(&file).expect("read");
    // Every line is still there, in order; at most a comma was added.
    let mut lines = connected.lines();
    for line in text.lines() {
        let bare = |line: &str| line.replace(',', "");
        assert!(lines.any(|l| bare(l) == bare(line)), "{line:?}");
    }
    assert_eq!(connected.matches("# trusty-bar").count(), 15);
    assert!(
        !connected.replace("\r\n", "").contains('\n'),
        "one kind of line end"
    );

    let said = run_successfully(&home, ["connect"]);
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!(fs::read_to_string(&file).expect("read"), connected);
    assert_eq!(backups(&home), kept);

    let diff = run_successfully(&home, ["disconnect", "--dry-run"]);
    assert!(diff.contains("trusty-bar"), "{diff}");
    assert_eq!(fs::read_to_string(&file).expect("read"), connected);
    run_successfully(&home, ["disconnect"]);
    assert_eq!(fs::read(&file).expect("read"), text.as_bytes());
    assert_eq!(mode(&file), 0o640);
    assert_eq!(hook_install(&home), HookInstall::NotInstalled);
    let said = run_successfully(&home, ["disconnect"]);
    assert!(said.contains("nothing was changed"), "{said}");
}

#[test]
fn p10_settings_that_were_not_there_are_made_and_go_again() {
    let home = TestHome::new();
    run_successfully(&home, ["connect"]);
    assert_eq!(mode(&settings(&home)), 0o600);
    assert_eq!(hook_install(&home), HookInstall::Connected);
    assert_eq!(backups(&home), [""; 0].map(PathBuf::from));
    run_successfully(&home, ["disconnect"]);
    assert!(!settings(&home).exists());
    // Content that was added in the meantime stays.
    run_successfully(&home, ["connect"]);
    let text = fs::read_to_string(settings(&home)).expect("read");
    let more = text.replacen('{', "{\n  \"model\": \"opus\",", 1);
    fs::write(settings(&home), more).expect("write");
    run_successfully(&home, ["disconnect"]);
    let left: Value =
        serde_json::from_str(&fs::read_to_string(settings(&home)).expect("read")).expect("JSON");
    assert_eq!(left, serde_json::json!({"model": "opus"}));
}

type ArrangeFn<'a> = &'a dyn Fn(&TestHome);

/// A refused change leaves the file as it was and gives the reason.
#[test]
fn p10_what_is_not_safe_to_change_is_refused_with_words() {
    let valid = "{\"model\": \"opus\"}";
    let write = |home: &TestHome, text: &str| fs::write(settings(home), text).expect("write");
    let cases: [(&str, ArrangeFn<'_>); 10] = [
        // Claude Code itself rejects comments, and with them the whole file.
        ("is not valid JSON", &|home| {
            write(home, "{\n  // mine\n  \"model\": \"opus\"\n}\n");
        }),
        ("is not valid JSON", &|home| {
            write(home, "{\"model\": ");
        }),
        ("\"hooks\" is not an object", &|home| {
            write(home, "{\"hooks\": [1]}");
        }),
        ("is not UTF-8", &|home| {
            fs::write(settings(home), b"{\"a\": \"\xff\"}").expect("write");
        }),
        ("outside this config folder", &|home| {
            let elsewhere = home.path().join("dotfiles.json");
            fs::write(&elsewhere, valid).expect("write");
            symlink(elsewhere, settings(home)).expect("link");
        }),
        ("has 1 other name (hard links)", &|home| {
            write(home, valid);
            fs::hard_link(settings(home), home.path().join("dotfiles.json")).expect("link");
        }),
        ("is not a regular file", &|home| {
            fs::create_dir(settings(home)).expect("folder");
        }),
        ("is read-only", &|home| {
            write(home, valid);
            let mode = fs::Permissions::from_mode(0o444);
            fs::set_permissions(settings(home), mode).expect("chmod");
        }),
        ("is read-only", &|home| {
            write(home, valid);
            let mode = fs::Permissions::from_mode(0o555);
            fs::set_permissions(home.config_dir(), mode).expect("chmod");
        }),
        ("disableAllHooks is set", &|home| {
            write(home, "{\"disableAllHooks\": true}");
        }),
    ];
    for (words, arrange) in cases {
        let home = TestHome::new();
        arrange(&home);
        let look = || {
            let link = fs::read_link(settings(&home)).ok();
            (link, fs::read(settings(&home)).ok())
        };
        let before = look();
        for arguments in [&["connect"][..], &["connect", "--dry-run"]] {
            let output = run(&home, arguments);
            assert_eq!(
                output.status.code(),
                Some(3),
                "{words}: {}",
                printed_text(&output)
            );
            assert!(
                printed_text(&output).contains(words),
                "{}",
                printed_text(&output)
            );
        }
        assert_eq!(look(), before, "{words}");
        assert_eq!(backups(&home).len(), 0);
        fs::set_permissions(home.config_dir(), fs::Permissions::from_mode(0o755)).expect("chmod");
    }
}

#[test]
fn p10_a_command_of_ones_own_stays_whatever_it_ends_with() {
    let home = TestHome::new();
    let own = r#"{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "make lint # trusty-bar"}]}]}}"#;
    fs::write(settings(&home), own).expect("write");
    run_successfully(&home, ["connect"]);
    assert_eq!(hook_install(&home), HookInstall::Connected);
    run_successfully(&home, ["disconnect"]);
    assert_eq!(fs::read_to_string(settings(&home)).expect("read"), own);
}

#[test]
fn p10_attributes_of_the_file_stay_and_so_do_the_first_and_the_newest_backups() {
    let home = TestHome::new();
    let file = settings(&home);
    fs::write(&file, "{}").expect("write");
    let flags = rustix::fs::XattrFlags::empty();
    let given = rustix::fs::setxattr(&file, "user.note", b"kept", flags);
    let mut first = None;
    for round in 0..4 {
        run_successfully(&home, ["connect"]);
        first = first.or_else(|| backups(&home).first().cloned());
        let text = fs::read_to_string(&file).expect("read");
        fs::write(
            &file,
            text.replacen('{', &format!("{{ \"k{round}\": 1,"), 1),
        )
        .expect("write");
        run_successfully(&home, ["disconnect"]);
        let kept = backups(&home);
        assert!(kept.len() <= 3, "{kept:?}");
        assert_eq!(kept.first(), first.as_ref());
    }
    let first = first.expect("a backup");
    assert_eq!(
        fs::read_to_string(first).expect("read"),
        "{}",
        "as it was before us"
    );
    // Not every file system has extended attributes.
    if given.is_ok() {
        let mut value = [0; 16];
        let count = rustix::fs::getxattr(&file, "user.note", &mut value[..]).expect("there");
        assert_eq!(&value[..count], b"kept");
    }
}

/// A pid that no process has: larger than the kernel's limit.
const GONE_PID: u32 = 4_194_305;

#[test]
fn what_was_left_half_done_is_removed_when_connecting_resuming_and_starting() {
    let home = TestHome::new();
    let paused = home.xdg_data().join("trusty/paused");
    let id = "00000000-0000-5000-8000-000000000001";
    let left = [
        home.config_dir()
            .join(format!("settings.json.{GONE_PID}.new")),
        paused.join(format!("{id}.json.{GONE_PID}.new")),
        paused.join(format!("{id}.lock")),
    ];
    let lay = |which: &[PathBuf]| {
        fs::create_dir_all(&paused).expect("folder");
        fs::set_permissions(&paused, fs::Permissions::from_mode(0o700)).expect("chmod");
        for path in which {
            fs::write(path, "{\"summary\": \"secret\"}").expect("write");
        }
    };
    lay(&left);
    run_successfully(&home, ["resume", "--all"]);
    assert!(left.iter().all(|path| !path.exists()), "resume --all");
    lay(&left[..1]);
    run_successfully(&home, ["connect"]);
    assert!(!left[0].exists(), "connect");
    lay(&left);
    let serving = trusty_tests::trusty::serve(&home);
    until(WAIT_TIMEOUT, "the leftovers to go", || {
        left.iter().all(|path| !path.exists()).then_some(())
    });
    drop(serving);
}

#[test]
fn p10_a_link_within_the_folder_is_followed_and_stays() {
    let home = TestHome::new();
    let real = home.config_dir().join("kept/mine.json");
    fs::create_dir(home.config_dir().join("kept")).expect("folder");
    fs::write(&real, "{}\n").expect("write");
    symlink("kept/mine.json", settings(&home)).expect("link");
    run_successfully(&home, ["connect"]);
    assert!(fs::read_link(settings(&home)).is_ok(), "the link stays");
    assert!(
        fs::read_to_string(&real)
            .expect("read")
            .contains("trusty-bar")
    );
    assert_eq!(hook_install(&home), HookInstall::Connected);
    run_successfully(&home, ["disconnect"]);
    assert_eq!(fs::read_to_string(&real).expect("read"), "{}\n");
}

#[test]
fn p10_entries_that_vanish_are_missed_and_never_put_back_unasked() {
    let home = TestHome::new();
    fs::write(settings(&home), "{}").expect("write");
    run_successfully(&home, ["connect"]);
    let connected = fs::read_to_string(settings(&home)).expect("read");
    let serving = trusty_tests::trusty::serve(&home);
    fs::write(settings(&home), "{}").expect("write");
    assert_eq!(hook_install(&home), HookInstall::Incomplete);
    // With one of the entries missing, the hooks are not connected either.
    fs::write(settings(&home), connected.replace("SubagentStop", "Other")).expect("write");
    assert_eq!(hook_install(&home), HookInstall::Incomplete);
    drop(serving);
    let text = fs::read_to_string(settings(&home)).expect("read");
    assert!(text.contains("Other"), "as the user left it");
    // "Reconnect" restores all entries; `disconnect` forgets the connection.
    run_successfully(&home, ["connect"]);
    assert_eq!(hook_install(&home), HookInstall::Connected);
    fs::write(settings(&home), "{}").expect("write");
    run_successfully(&home, ["disconnect"]);
    assert_eq!(hook_install(&home), HookInstall::NotInstalled);
}

/// The program that the entries run, and how engines keep it up to date.
#[test]
fn the_hook_program_is_a_copy_that_an_engine_renews() {
    let home = TestHome::new();
    run_successfully(&home, ["connect"]);
    let copy = trusty_integration::program(&home.environment());
    assert!(copy.starts_with(home.xdg_data()));
    assert_eq!(mode(&copy), 0o700);
    let bytes = fs::read(program("trusty-hook")).expect("read");
    assert_eq!(fs::read(&copy).expect("read"), bytes);
    fs::write(&copy, "another version's").expect("write");
    let serving = trusty_tests::trusty::serve(&home);
    until(WAIT_TIMEOUT, "the renewed program", || {
        (fs::read(&copy).ok()? == bytes).then_some(())
    });
    drop(serving);
    fs::remove_file(&copy).expect("removed");
    assert_eq!(hook_install(&home), HookInstall::Incomplete);
}

#[test]
fn an_engine_tells_how_the_hooks_stand() {
    let home = TestHome::new();
    let file = home.path().join("seen.jsonl");
    let recording = trusty_tests::RunningRecording::start(&home, &file);
    run_successfully(&home, ["connect"]);
    let seen = |word: &str| fs::read_to_string(&file).unwrap_or_default().contains(word);
    until(WAIT_TIMEOUT, "the connection", || {
        seen("\"Connected\"").then_some(())
    });
    fs::write(settings(&home), "{}").expect("write");
    until(WAIT_TIMEOUT, "its loss", || seen("\"Lost\"").then_some(()));
    recording.stop_recording();
}

/// R10: a data folder in which no program may run.
#[test]
fn a_hook_program_that_cannot_run_is_not_connected() {
    let home = TestHome::new();
    program("trusty-hook");
    let data = home.xdg_data();
    fs::create_dir_all(&data).expect("folder");
    // The mount needs a mount namespace of its own.
    let script = "mount -t tmpfs -o noexec none \"$0\" || exit 99; exec \"$@\"";
    let data = data.to_string_lossy();
    let unshare = ["unshare", "--user", "--map-root-user", "--mount"];
    let launcher = [&unshare[..], &["sh", "-c", script, &data]].concat();
    let output = trusty_below(&home, &launcher).arg("connect").output();
    let output = output.expect("unshare runs");
    if matches!(output.status.code(), Some(1 | 99))
        && !printed_text(&output).contains("failed to connect")
    {
        skip(&format!(
            "this user may not mount: {}",
            printed_text(&output)
        ));
        return;
    }
    // An ordinary user cannot map root, so `/` has no known owner in the namespace.
    let is_root = rustix::process::getuid().is_root();
    if !is_root && printed_text(&output).contains("/ belongs to another user") {
        skip("this user may not map root into a namespace");
        return;
    }
    assert_eq!(output.status.code(), Some(3), "{}", printed_text(&output));
    assert!(
        printed_text(&output).contains("trusty-hook cannot be run"),
        "{}",
        printed_text(&output)
    );
    assert!(
        printed_text(&output).contains("noexec"),
        "{}",
        printed_text(&output)
    );
    assert!(!settings(&home).exists(), "nothing was changed");
}

/// Entries of 0.1.0 keep working, and are offered for renewal.
#[test]
fn entries_of_0_1_0_are_outdated_until_they_are_connected_again() {
    let home = TestHome::new();
    run_successfully(&home, ["connect"]);
    let earlier =
        trusty_integration::HookEntries::of_0_1(&trusty_integration::program(&home.environment()))
            .expect("text");
    let old = trusty_integration::merge_hooks("{}", &earlier).expect("fits");
    fs::write(settings(&home), old).expect("write");
    assert_eq!(hook_install(&home), HookInstall::Outdated);
    let listed: Value =
        serde_json::from_str(&run_successfully(&home, ["list", "--json"])).expect("JSON");
    let hooks = &listed["connections"][0];
    assert_eq!(
        hooks["state"], "Lost",
        "a face of 0.1.0 knows no other word"
    );
    let why = hooks["why"].as_str().expect("why");
    assert!(why.contains("an earlier version"), "{why}");
    run_successfully(&home, ["connect"]);
    assert_eq!(hook_install(&home), HookInstall::Connected);
    let text = fs::read_to_string(settings(&home)).expect("read");
    assert!(!text.contains("9999999") && text.contains("PermissionDenied"));
}
