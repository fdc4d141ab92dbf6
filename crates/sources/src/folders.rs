//! How the client names the folder of a path's transcripts, which names of files then show.

use std::path::Path;

/// A longer name is cut there, and a hash of the path follows.
pub const MAX_FOLDER_NAME_UNITS: usize = 200;

/// The name of the folder of a path. Without its hash if it is long: then only a search finds it.
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
