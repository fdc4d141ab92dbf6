//! The property lists and the entitlements, key by key.

use super::{BundleSpace, project};
use plist::{Dictionary, Value};
use std::path::Path;

fn read_list(path: &Path) -> Dictionary {
    let value = Value::from_file(path).expect("a property list");
    value.into_dictionary().expect("a dictionary at the top")
}

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

/// The keys of the bundle's property list and their values; a usage text is only checked to be one.
fn expected_keys() -> Vec<(&'static str, Value)> {
    let version = env!("CARGO_PKG_VERSION");
    vec![
        ("CFBundleDevelopmentRegion", text("en")),
        ("CFBundleDisplayName", text("Trusty Bar")),
        ("CFBundleExecutable", text("trusty-bar")),
        ("CFBundleIconFile", text("icon.icns")),
        ("CFBundleIdentifier", text("app.trusty.bar")),
        ("CFBundleInfoDictionaryVersion", text("6.0")),
        ("CFBundleName", text("Trusty Bar")),
        ("CFBundlePackageType", text("APPL")),
        ("CFBundleShortVersionString", text(version)),
        (
            "CFBundleSupportedPlatforms",
            Value::Array(vec![text("MacOSX")]),
        ),
        ("CFBundleVersion", text(version)),
        (
            "LSApplicationCategoryType",
            text("public.app-category.developer-tools"),
        ),
        ("LSMinimumSystemVersion", text("13.0")),
        ("LSMultipleInstancesProhibited", Value::Boolean(true)),
        ("LSUIElement", Value::Boolean(true)),
        ("NSHighResolutionCapable", Value::Boolean(true)),
        (
            "NSHumanReadableCopyright",
            text("Copyright © 2026 The Trusty Bar authors"),
        ),
        ("NSPrincipalClass", text("NSApplication")),
        ("NSSupportsAutomaticTermination", Value::Boolean(false)),
        ("NSSupportsSuddenTermination", Value::Boolean(false)),
    ]
}

/// What macOS shows when it asks the user for a consent.
const USAGE_KEYS: [&str; 6] = [
    "NSAppleEventsUsageDescription",
    "NSDesktopFolderUsageDescription",
    "NSDocumentsFolderUsageDescription",
    "NSDownloadsFolderUsageDescription",
    "NSNetworkVolumesUsageDescription",
    "NSRemovableVolumesUsageDescription",
];

#[test]
fn the_property_list_has_each_key_with_its_value_and_type() {
    let app = BundleSpace::new();
    let mut list = read_list(&app.assembled().join("Contents/Info.plist"));
    for key in USAGE_KEYS {
        let usage = list.remove(key).and_then(Value::into_string);
        let usage = usage.unwrap_or_else(|| panic!("{key} is missing or no text"));
        assert!(
            usage.starts_with("Trusty Bar ") && usage.ends_with('.') && usage.len() < 150,
            "{key}: {usage}"
        );
    }
    for (key, expected) in expected_keys() {
        assert_eq!(list.remove(key), Some(expected), "{key}");
    }
    assert_eq!(list, Dictionary::new(), "keys that no table names");
}

#[test]
fn the_app_may_send_apple_events_and_has_no_other_entitlement() {
    let list = read_list(&project().join("packaging/macos/entitlements.plist"));
    let expected = [(
        "com.apple.security.automation.apple-events",
        Value::Boolean(true),
    )];
    assert_eq!(list, Dictionary::from_iter(expected));
}

#[test]
fn a_program_outside_a_bundle_has_no_identifier_with_which_the_notification_centre_throws() {
    let list = read_list(&project().join("Info.plist"));
    let keys: Vec<&str> = list.keys().map(String::as_str).collect();
    assert_eq!(keys, ["LSUIElement", "NSAppleEventsUsageDescription"]);
    let bundled = read_list(&project().join("packaging/macos/Info.plist"));
    for key in keys {
        assert_eq!(list.get(key), bundled.get(key), "{key}");
    }
}

#[test]
fn tauri_and_the_bundle_agree_on_name_identifier_and_oldest_system() {
    let text = std::fs::read_to_string(project().join("tauri.conf.json")).expect("a file");
    let config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let list = read_list(&project().join("packaging/macos/Info.plist"));
    for (key, told) in [
        ("CFBundleName", &config["productName"]),
        ("CFBundleIdentifier", &config["identifier"]),
        (
            "LSMinimumSystemVersion",
            &config["bundle"]["macOS"]["minimumSystemVersion"],
        ),
    ] {
        assert_eq!(list.get(key).and_then(Value::as_string), told.as_str());
    }
}
