//! Whether a terminal's socket may be used: nobody but the user can listen there.

use super::JumpError;
use super::perform::unraised;
use crate::io::{socket, sys};
use std::path::Path;
use tokio::net::UnixStream;
use trusty_platform::trusted_path::{SocketFolder, check_connect};

/// Whether kitty's `listen_on` address may be used: `unix:/path`, or `unix:@name` where the user
/// listens.
pub(super) fn check_kitty(listens: &str) -> Result<(), JumpError> {
    let refused = |why: &str| unraised("kitty", &format!("{listens} cannot be used: {why}"));
    let Some(address) = listens.strip_prefix("unix:") else {
        return Err(refused(
            "other users may listen there; set listen_on to a unix: address in kitty.conf",
        ));
    };
    if let Some(name) = address.strip_prefix('@') {
        // Whoever listens there keeps the name until the end of that process.
        return if is_own(name) {
            Ok(())
        } else {
            let told = format!("kitty is not listening at {listens}");
            Err(unraised("kitty", &told))
        };
    }
    let checked = check_connect(Path::new(address), SocketFolder::Any);
    checked.map(drop).map_err(|e| refused(&e.to_string()))
}

/// Whether the socket of `WezTerm` may be used.
pub(super) fn check_wezterm(socket: &Path) -> Result<(), JumpError> {
    let checked = check_connect(socket, SocketFolder::Any);
    let refused = |e| {
        unraised(
            "WezTerm",
            &format!("the WezTerm socket cannot be used: {e}"),
        )
    };
    checked.map(drop).map_err(refused)
}

/// Whether the user listens at a socket that has a name and no file.
fn is_own(name: &str) -> bool {
    let stream = sys::connect_abstract(name.as_bytes()).and_then(|stream| {
        stream.set_nonblocking(true)?;
        UnixStream::from_std(stream)
    });
    let uid = rustix::process::geteuid().as_raw();
    stream.is_ok_and(|stream| socket::is_own(&stream, uid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    #[tokio::test]
    async fn only_a_terminal_of_the_user_is_asked() {
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
            "unix:@trusty-bar-nobody-7",
            "",
            "unix:",
        ] {
            check_kitty(odd).expect_err(odd);
        }
        check_wezterm(Path::new("relative")).expect_err("relative");
    }
}
