//! Whether a terminal's socket may be used: nobody but the user can listen there, and no program in
//! a container does.

use super::{JumpError, not_raised_error};
use std::path::Path;
use trusty_platform::listener::{check_listener, check_peer};
use trusty_platform::sys;
use trusty_platform::trusted_path::{SocketFolder, check_connect};

/// Whether kitty's `listen_on` address may be used: `unix:/path`, or `unix:@name` where the user
/// listens.
pub(super) fn check_kitty(listens: &str) -> Result<(), JumpError> {
    let refused =
        |why: &str| not_raised_error("kitty", &format!("{listens} cannot be used: {why}"));
    let Some(address) = listens.strip_prefix("unix:") else {
        return Err(refused(
            "other users may listen there; set listen_on to a unix: address in kitty.conf",
        ));
    };
    if let Some(name) = address.strip_prefix('@') {
        // Whoever listens there keeps the name until the end of that process.
        let stream = sys::connect_abstract(name.as_bytes());
        let stream = stream.map_err(|_| {
            not_raised_error("kitty", &format!("kitty is not listening at {listens}"))
        })?;
        return check_peer(&stream).map_err(|e| refused(&e.to_string()));
    }
    let path = Path::new(address);
    check_connect(path, SocketFolder::Any).map_err(|e| refused(&e.to_string()))?;
    check_listener(path).map_err(|e| refused(&e.to_string()))
}

/// Whether the socket of `WezTerm` may be used.
pub(super) fn check_wezterm(socket: &Path) -> Result<(), JumpError> {
    let refused = |e: &dyn std::fmt::Display| {
        not_raised_error(
            "WezTerm",
            &format!("the WezTerm socket cannot be used: {e}"),
        )
    };
    check_connect(socket, SocketFolder::Any).map_err(|e| refused(&e))?;
    check_listener(socket).map_err(|e| refused(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_a_terminal_of_the_user_is_asked() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("socket");
        let _listener = UnixListener::bind(&path).expect("bound");
        let kitty = format!("unix:{}", path.display());
        for (bits, is_refused) in [(0o700, false), (0o755, true)] {
            fs::set_permissions(folder.path(), Permissions::from_mode(bits)).expect("chmod");
            assert_eq!(check_kitty(&kitty).is_err(), is_refused, "{bits:o}");
            assert_eq!(check_wezterm(&path).is_err(), is_refused, "{bits:o}");
        }
        let told = check_kitty(&kitty).expect_err("open").to_string();
        assert!(told.contains("chmod 700"), "{told}");
        for odd in [
            "tcp:localhost:7",
            "unix:relative",
            "unix:@trusty-bar-none-7",
            "",
            "unix:",
        ] {
            check_kitty(odd).expect_err(odd);
        }
        check_wezterm(Path::new("relative")).expect_err("relative");
    }
}
