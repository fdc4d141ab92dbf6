//! `trusty autostart`, which runs the app's own executable: what it writes, and what it leaves alone.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::PathBuf;
use trusty_tests::trusty::{configure, program, run, run_successfully};
use trusty_tests::{TestHome, printed_text};

fn autostart_file(home: &TestHome) -> PathBuf {
    home.xdg_config().join("autostart/app.trusty.bar.desktop")
}

/// The state in words.
fn status(home: &TestHome) -> String {
    let told = run_successfully(home, ["autostart", "status"]);
    told.trim().to_owned()
}

const ON_WORDS: &str = "Trusty Bar starts at login.";
const OFF_WORDS: &str = "Trusty Bar does not start at login.";

#[test]
fn the_app_starts_at_login_once_it_was_turned_on() {
    let home = TestHome::new();
    // The app's executable lies beside `trusty`.
    let app = program("trusty-bar");
    assert_eq!(status(&home), OFF_WORDS);
    assert!(!autostart_file(&home).exists(), "a question writes nothing");
    run_successfully(&home, ["autostart", "on"]);
    assert_eq!(status(&home), ON_WORDS);
    let text = fs::read_to_string(autostart_file(&home)).expect("the file");
    assert!(
        text.contains(&format!("Exec={}\n", app.display())),
        "{text}"
    );
    run_successfully(&home, ["autostart", "off"]);
    assert_eq!(status(&home), OFF_WORDS);
    assert!(!autostart_file(&home).exists());
}

#[test]
fn a_file_that_the_user_edited_is_kept() {
    let home = TestHome::new();
    let file = autostart_file(&home);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    let own = "[Desktop Entry]\nName=Mine\nExec=trusty-bar --open\n";
    fs::write(&file, own).expect("a file");
    assert_eq!(status(&home), ON_WORDS);
    run_successfully(&home, ["autostart", "off"]);
    let text = fs::read_to_string(&file).expect("the file");
    assert_eq!(text, format!("{own}Hidden=true\n"));
    assert_eq!(status(&home), OFF_WORDS);
    run_successfully(&home, ["autostart", "on"]);
    assert_eq!(fs::read_to_string(&file).expect("the file"), own);
}

#[test]
fn a_setting_is_not_overruled() {
    let home = TestHome::new();
    configure(&home, "\n[app]\nstart_at_login = false\n");
    let refused = run(&home, ["autostart", "on"]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let told = printed_text(&refused);
    assert!(told.contains("change app.start_at_login there"), "{told}");
    assert!(!autostart_file(&home).exists());
    run_successfully(&home, ["autostart", "off"]);
    assert_eq!(run(&home, ["autostart", "maybe"]).status.code(), Some(2));
}
