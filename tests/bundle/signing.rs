//! The order and the options of signatures, and what notarisation is told, with stand-ins for
//! Apple's tools.

use super::{StandInTools, packaging_script};
use std::process::Output;

const APP_PATH: &str = "/Users/dev/my apps/Trusty Bar.app";

/// Variables that decide how the scripts sign and notarise.
const SIGNING_VARIABLES: [&str; 5] = [
    "APPLE_SIGNING_IDENTITY",
    "NOTARY_PROFILE",
    "APPLE_API_KEY_PATH",
    "APPLE_API_KEY",
    "APPLE_API_ISSUER",
];

fn run(tools: &StandInTools, script: &str, subject: &str, settings: &[(&str, &str)]) -> Output {
    let mut command = packaging_script(script);
    for name in SIGNING_VARIABLES {
        command.env_remove(name);
    }
    command.arg(subject).env("PATH", tools.path());
    command.envs(settings.iter().copied());
    command.output().expect("sh runs")
}

/// The calls of codesign as: what is signed, and the options before it.
fn signatures(tools: &StandInTools) -> Vec<(String, String)> {
    let entitlements = super::project().join("packaging/macos/entitlements.plist");
    let calls = tools.calls().into_iter();
    let calls = calls.filter_map(|call| {
        let call = call.strip_prefix("codesign ")?.to_owned();
        let call = call.replace(&*entitlements.to_string_lossy(), "ENTITLEMENTS");
        let (options, subject) = call.split_once(" /Users/dev/my apps/")?;
        Some((subject.to_owned(), options.to_owned()))
    });
    calls.collect()
}

fn tools() -> StandInTools {
    let tools = StandInTools::new();
    for name in ["codesign", "xattr", "xcrun", "ditto"] {
        tools.add(name, "");
    }
    tools
}

#[test]
fn the_programs_inside_are_signed_before_the_bundle_with_the_hardened_runtime() {
    let tools = tools();
    let done = run(&tools, "sign", APP_PATH, &[]);
    assert!(done.status.success(), "{done:?}");
    let expected = [
        (
            "Trusty Bar.app/Contents/MacOS/trusty-hook",
            "--force --options runtime --timestamp=none --sign - --identifier app.trusty.bar.hook",
        ),
        (
            "Trusty Bar.app/Contents/MacOS/trusty",
            "--force --options runtime --timestamp=none --sign - --identifier app.trusty.bar.cli \
             --entitlements ENTITLEMENTS",
        ),
        (
            "Trusty Bar.app",
            "--force --options runtime --timestamp=none --sign - --entitlements ENTITLEMENTS",
        ),
        ("Trusty Bar.app", "--verify --strict --deep --verbose=2"),
    ];
    let expected = expected.map(|(subject, options)| (subject.to_owned(), options.to_owned()));
    assert_eq!(signatures(&tools), expected);
    assert_eq!(tools.calls()[0], format!("xattr -cr {APP_PATH}"));
}

#[test]
fn a_developer_identity_signs_everything_with_a_secure_timestamp() {
    let tools = tools();
    let identity = [(
        "APPLE_SIGNING_IDENTITY",
        "Developer ID Application: A (TEAM)",
    )];
    let done = run(&tools, "sign", APP_PATH, &identity);
    assert!(done.status.success(), "{done:?}");
    let signed = signatures(&tools);
    assert_eq!(signed.len(), 4, "{signed:#?}");
    for (subject, options) in &signed[..3] {
        assert!(
            options.starts_with(
                "--force --options runtime --timestamp --sign Developer ID Application: A (TEAM)"
            ),
            "{subject}: {options}"
        );
    }
}

#[test]
fn a_failed_signature_ends_the_script() {
    let tools = tools();
    tools.add("codesign", "exit 3");
    let done = run(&tools, "sign", APP_PATH, &[]);
    assert_eq!(done.status.code(), Some(3), "{done:?}");
    assert_eq!(signatures(&tools).len(), 1);
}

#[test]
fn notarisation_names_what_is_missing() {
    let tools = tools();
    let half = [("APPLE_API_KEY_PATH", "/k.p8"), ("APPLE_API_KEY", "ID")];
    for settings in [&[][..], &half] {
        let done = run(&tools, "notarise", APP_PATH, settings);
        assert_eq!(done.status.code(), Some(1));
        let told = String::from_utf8_lossy(&done.stderr);
        let expected = "notarise: set NOTARY_PROFILE, or APPLE_API_KEY_PATH, APPLE_API_KEY and \
                        APPLE_API_ISSUER\n";
        assert_eq!(told, expected);
    }
    assert_eq!(tools.calls(), [""; 0]);
}

#[test]
fn an_app_is_sent_as_an_archive_and_the_ticket_is_attached_to_the_app() {
    let tools = tools();
    let settings = [("NOTARY_PROFILE", "profile")];
    let done = run(&tools, "notarise", APP_PATH, &settings);
    assert!(done.status.success(), "{done:?}");
    let calls = tools.calls();
    assert_eq!(calls.len(), 3, "{calls:#?}");
    assert!(calls[0].starts_with(&format!("ditto -c -k --keepParent {APP_PATH} ")));
    assert!(calls[1].ends_with("Trusty-Bar.zip --wait --keychain-profile profile"));
    assert_eq!(calls[2], format!("xcrun stapler staple {APP_PATH}"));
}

#[test]
fn a_disk_image_is_sent_as_it_is() {
    let tools = tools();
    let settings = [
        ("APPLE_API_KEY_PATH", "/keys/k.p8"),
        ("APPLE_API_KEY", "ID"),
        ("APPLE_API_ISSUER", "ISSUER"),
    ];
    let done = run(&tools, "notarise", "/tmp/a.dmg", &settings);
    assert!(done.status.success(), "{done:?}");
    let expected = [
        "xcrun notarytool submit /tmp/a.dmg --wait --key /keys/k.p8 --key-id ID --issuer ISSUER",
        "xcrun stapler staple /tmp/a.dmg",
    ];
    assert_eq!(tools.calls(), expected);
}

/// Calls of hdiutil and how a disk image is made if the first `failures` calls for it fail.
fn make_image(failures: u32) -> (usize, Output) {
    let tools = tools();
    let folder = tempfile::tempdir().expect("a folder");
    let left = folder.path().join("left");
    std::fs::write(&left, failures.to_string()).expect("a file");
    let body = format!(
        "[ \"$1\" = create ] || exit 0
left=$(cat '{0}')
[ \"$left\" = 0 ] && exit 0
echo $((left - 1)) > '{0}'
echo 'hdiutil: create failed - Resource busy' >&2
exit 1",
        left.display()
    );
    tools.add("hdiutil", &body);
    tools.add("sleep", "");
    let image = folder.path().join("Trusty-Bar.dmg");
    let mut command = packaging_script("disk-image");
    command.env_remove("APPLE_SIGNING_IDENTITY");
    command.arg(APP_PATH).arg(image).env("PATH", tools.path());
    let done = command.output().expect("sh runs");
    let calls = tools.calls();
    let made = calls.iter().filter(|c| c.starts_with("hdiutil create "));
    (made.count(), done)
}

#[test]
fn a_disk_image_is_tried_again_while_the_system_is_busy_and_then_given_up() {
    for (failures, expected, succeeds) in [(0, 1, true), (2, 3, true), (99, 5, false)] {
        let (calls, done) = make_image(failures);
        assert_eq!(calls, expected, "{done:?}");
        assert_eq!(done.status.success(), succeeds, "{done:?}");
    }
}
