//! Compares paths as a file system may: macOS volumes usually ignore case and Unicode normalisation
//! in names.

use std::ffi::OsStr;
use std::path::{Component, Path};
use trusty_fleet::System;

/// Whether two names may name the same file in one folder.
///
/// On macOS, names of ASCII letters are compared without case, and two names with other letters
/// always match: their case and their normalisation (NFC, NFD) follow tables of the file system. So
/// this is a filter for events, where a wrong match costs one look, and no proof of identity.
pub fn may_be_same_name(system: System, one: &OsStr, other: &OsStr) -> bool {
    if one == other {
        return true;
    }
    match system {
        System::Linux => false,
        System::Mac => {
            let (one, other) = (one.as_encoded_bytes(), other.as_encoded_bytes());
            one.eq_ignore_ascii_case(other) || !(one.is_ascii() || other.is_ascii())
        }
    }
}

/// Whether two absolute paths may lead to the same file, links aside; see [`may_be_same_name`].
pub fn may_be_same_path(system: System, one: &Path, other: &Path) -> bool {
    one == other
        || one.components().count() == other.components().count()
            && may_start_with(system, one, other)
}

/// Whether a path may lie at or below a folder, links aside; see [`may_be_same_name`].
pub fn may_start_with(system: System, path: &Path, folder: &Path) -> bool {
    let mut left = path.components();
    folder.components().all(|part| {
        left.next().is_some_and(|next| match (next, part) {
            (Component::Normal(one), Component::Normal(other)) => {
                may_be_same_name(system, one, other)
            }
            (one, other) => one == other,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_the_volumes_of_each_system_compare_them() {
        let (composed, decomposed) = ("J\u{fc}rgen", "Ju\u{308}rgen");
        for (one, other, on_linux, on_mac) in [
            ("Code", "Code", true, true),
            ("Code", "code", false, true),
            ("Code", "Codes", false, false),
            (composed, decomposed, false, true),
            (composed, "Jurgen", false, false),
        ] {
            let matches = |system| may_be_same_name(system, one.as_ref(), other.as_ref());
            assert_eq!(matches(System::Linux), on_linux, "{one} {other}");
            assert_eq!(matches(System::Mac), on_mac, "{one} {other}");
        }
    }

    #[test]
    fn paths_match_by_whole_names() {
        let below = |system, path: &str, folder: &str| {
            may_start_with(system, Path::new(path), Path::new(folder))
        };
        assert!(below(
            System::Mac,
            "/users/Dev/.claude/sessions",
            "/Users/dev/.claude"
        ));
        assert!(!below(
            System::Linux,
            "/users/Dev/.claude/sessions",
            "/Users/dev/.claude"
        ));
        assert!(!below(
            System::Mac,
            "/Users/dev/.claude2",
            "/Users/dev/.claude"
        ));
        assert!(!below(System::Mac, "/Users", "/Users/dev"));
        let same = |one: &str, other: &str| {
            may_be_same_path(System::Mac, Path::new(one), Path::new(other))
        };
        assert!(same("/Users/dev", "/users/DEV"));
        assert!(!same("/Users/dev", "/Users/dev/x") && !same("/Users/dev/x", "/Users/dev"));
    }
}
