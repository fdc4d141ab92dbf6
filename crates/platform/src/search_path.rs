//! The search path for child programs. A relative or empty entry would lead into the current
//! folder, such as a repository.

use std::ffi::{OsStr, OsString};

/// The search path if none of its entries is absolute: an empty one would name the current folder.
const DEFAULT_SEARCH_PATH: &str = "/usr/bin:/bin";

/// The absolute entries of a search path, in their order; a default if there are none.
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
