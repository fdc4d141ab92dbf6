//! What the bundle holds, and what happens to an older one.

use super::{BundleSpace, PROGRAM_NAMES, list_tree, packaging_script, project};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

/// Everything in a bundle, with permissions.
const BUNDLE_TREE: [&str; 9] = [
    "755 Contents",
    "644 Contents/Info.plist",
    "755 Contents/MacOS",
    "755 Contents/MacOS/trusty",
    "755 Contents/MacOS/trusty-bar",
    "755 Contents/MacOS/trusty-hook",
    "644 Contents/PkgInfo",
    "755 Contents/Resources",
    "644 Contents/Resources/icon.icns",
];

#[test]
fn a_bundle_holds_the_programs_the_icon_and_its_property_list_and_nothing_else() {
    let space = BundleSpace::new();
    let app = space.assembled();
    assert_eq!(list_tree(&app), BUNDLE_TREE);
    for name in PROGRAM_NAMES {
        let inside = fs::read(app.join("Contents/MacOS").join(name)).expect("a program");
        assert_eq!(inside, fs::read(space.programs.join(name)).expect("built"));
    }
    let info = fs::read_to_string(app.join("Contents/PkgInfo")).expect("PkgInfo");
    assert_eq!(info, "APPL????");
    assert_eq!(list_tree(&space.out).len(), BUNDLE_TREE.len() + 1);
}

#[test]
fn the_umask_of_the_builder_does_not_decide_who_can_start_the_app() {
    let space = BundleSpace::new();
    for name in PROGRAM_NAMES {
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(space.programs.join(name), private).expect("permissions");
    }
    let script = project().join("packaging/macos/assemble");
    let done = Command::new("sh")
        .args(["-c", "umask 077; exec sh \"$0\" \"$@\""])
        .arg(&script)
        .args([&space.programs, &space.out])
        .output()
        .expect("sh runs");
    assert!(done.status.success(), "{done:?}");
    assert_eq!(list_tree(&space.app()), BUNDLE_TREE);
    let mode = fs::metadata(space.app()).expect("the app").mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn a_new_bundle_replaces_the_older_one_as_a_whole_and_leaves_running_programs_their_files() {
    let space = BundleSpace::new();
    let app = space.assembled();
    fs::write(app.join("Contents/MacOS/removed-program"), "").expect("a file of an older version");
    let program = app.join("Contents/MacOS/trusty-bar");
    let mut running = File::open(&program).expect("the older program");
    let older = running.metadata().expect("metadata").ino();

    fs::write(space.programs.join("trusty-bar"), "#!/bin/sh\n# newer\n").expect("a new build");
    space.assembled();
    assert_eq!(list_tree(&app), BUNDLE_TREE);
    assert_eq!(list_tree(&space.out).len(), BUNDLE_TREE.len() + 1);
    assert_ne!(fs::metadata(&program).expect("metadata").ino(), older);
    let mut text = String::new();
    running.read_to_string(&mut text).expect("still readable");
    assert_eq!(text, "#!/bin/sh\n# trusty-bar\n");
}

#[test]
fn a_missing_empty_or_unexecutable_program_is_named_and_the_older_bundle_stays() {
    let space = BundleSpace::new();
    let app = space.assembled();
    let before = fs::read(app.join("Contents/MacOS/trusty")).expect("a program");
    fs::remove_file(space.programs.join("trusty")).expect("removed");
    fs::write(space.programs.join("trusty-bar"), "").expect("emptied");
    let plain = fs::Permissions::from_mode(0o644);
    fs::set_permissions(space.programs.join("trusty-hook"), plain).expect("permissions");

    let done = space.assemble();
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "");
    let expected = format!(
        "assemble: no executable program in {}: trusty-bar trusty trusty-hook\n\
         Build them with: cargo build --release --locked --package trusty-bar --package trusty-cli \
         --package trusty-hook\n",
        space.programs.display()
    );
    assert_eq!(String::from_utf8_lossy(&done.stderr), expected);
    assert_eq!(list_tree(&app), BUNDLE_TREE);
    let after = fs::read(app.join("Contents/MacOS/trusty")).expect("a program");
    assert_eq!(after, before);
    assert_eq!(list_tree(&space.out).len(), BUNDLE_TREE.len() + 1);
}

#[test]
fn assembling_needs_two_folders() {
    let done = packaging_script("assemble").output().expect("sh runs");
    assert_eq!(done.status.code(), Some(1));
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(
        told,
        "assemble: usage: packaging/macos/assemble PROGRAMS FOLDER\n"
    );
}

/// The sizes in bytes of the pictures in an icon file, by type.
fn icon_entries(bytes: &[u8]) -> BTreeMap<String, usize> {
    let number = |at: usize| {
        let bytes = bytes[at..at + 4].try_into().expect("4 bytes");
        usize::try_from(u32::from_be_bytes(bytes)).expect("a length")
    };
    assert_eq!(&bytes[..4], b"icns");
    assert_eq!(number(4), bytes.len(), "the length of the whole file");
    let mut entries = BTreeMap::new();
    let mut at = 8;
    while at < bytes.len() {
        let kind = String::from_utf8_lossy(&bytes[at..at + 4]).into_owned();
        let length = number(at + 4);
        assert!(length > 8 && at + length <= bytes.len(), "{kind}: {length}");
        entries.insert(kind, length - 8);
        at += length;
    }
    entries
}

#[test]
fn the_icon_has_pictures_from_16_to_1024_pixels() {
    let app = BundleSpace::new();
    let icon = app.assembled().join("Contents/Resources/icon.icns");
    let bytes = fs::read(icon).expect("the icon");
    let entries = icon_entries(&bytes);
    // 16, 32, 128, 256, 512 and 1024 pixels.
    for kind in ["is32", "il32", "it32", "ic08", "ic09", "ic10"] {
        assert!(entries.contains_key(kind), "no {kind} in {entries:?}");
    }
}
