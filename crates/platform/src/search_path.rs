//! The search path that programs are started with. A relative entry, or an empty one, leads into
//! whatever folder is the current one, such as a repository.

use std::ffi::{OsStr, OsString};

/// Where programs are looked for if a search path has no absolute entry: one that is empty would
/// name the current folder.
const DEFAULT_SEARCH_PATH: &str = "/usr/bin:/bin";

/// The absolute entries of a search path, in their order.
pub fn absolute_entries(path: &OsStr) -> OsString {
    let entries = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    match std::env::join_paths(entries) {
        Ok(path) if !path.is_empty() => path,
        _ => DEFAULT_SEARCH_PATH.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_entries_are_kept() {
        for (path, kept) in [
            ("node_modules/.bin:/a:.::/b c:../x:", "/a:/b c"),
            ("/usr/bin", "/usr/bin"),
            ("node_modules/.bin", DEFAULT_SEARCH_PATH),
            (":", DEFAULT_SEARCH_PATH),
            ("", DEFAULT_SEARCH_PATH),
        ] {
            assert_eq!(absolute_entries(OsStr::new(path)), kept, "{path:?}");
        }
    }
}
