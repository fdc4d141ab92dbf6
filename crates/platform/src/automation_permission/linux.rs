//! Linux has no Apple Events.

use super::PermissionPrompt;
use std::io;

/// Always fails with `Unsupported`.
///
/// # Errors
/// Always `Unsupported`.
pub fn determine_permission(_bundle: &str, _prompt: PermissionPrompt) -> io::Result<i32> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_has_no_apple_events() {
        let told = determine_permission("com.apple.Terminal", PermissionPrompt::Never);
        let kind = told.expect_err("no Mac").kind();
        assert_eq!(kind, io::ErrorKind::Unsupported);
    }
}
