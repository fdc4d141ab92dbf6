//! How Claude Code derives the name of a path's transcript folder.

use std::path::Path;

/// The limit for a folder name, in UTF-16 units; Claude Code cuts a longer name there and appends a
/// hash of the path.
pub const MAX_FOLDER_NAME_UNITS: usize = 200;

/// The name of a path's transcript folder. A name of [`MAX_FOLDER_NAME_UNITS`] lacks its hash, so
/// that its folder is found only by a search for the beginning of the name.
pub fn folder_name(cwd: &Path) -> String {
    let plain = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte),
        _ => '-',
    };
    let path = cwd.to_string_lossy();
    path.encode_utf16()
        .map(plain)
        .take(MAX_FOLDER_NAME_UNITS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_that_is_no_letter_or_digit_is_a_dash() {
        let named = |path: &str| folder_name(Path::new(path));
        assert_eq!(
            named("/home/dev/code/alpha.beta_X"),
            "-home-dev-code-alpha-beta-X"
        );
        assert_eq!(named("weird dir.ü_名😀"), "weird-dir------");
        assert_eq!(named(&"/long".repeat(60)).len(), MAX_FOLDER_NAME_UNITS);
    }
}
