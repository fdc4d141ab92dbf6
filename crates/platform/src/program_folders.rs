//! Where installers and package managers put programs. An app that the desktop started has a short
//! search path: `/usr/bin:/bin:/usr/sbin:/sbin` on macOS.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use trusty_fleet::System;

/// Stands for the home folder at the start of a folder.
const HOME_PREFIX: &str = "~/";
/// Stands for the user's name in a folder.
const USER_PLACEHOLDER: &str = "$USER";

/// Homebrew on Apple silicon and on Intel, installers of single programs, Nix (a profile, a user of
/// nix-darwin, the system, the default profile), mise, `MacPorts`, and the system.
const MAC_FOLDERS: [&str; 12] = [
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "~/.local/bin",
    "~/.nix-profile/bin",
    "/etc/profiles/per-user/$USER/bin",
    "/run/current-system/sw/bin",
    "/nix/var/nix/profiles/default/bin",
    "~/.local/share/mise/shims",
    "/opt/local/bin",
    "/usr/bin",
    "/bin",
    "/usr/sbin",
];

/// As [`MAC_FOLDERS`], with Homebrew on Linux.
const LINUX_FOLDERS: [&str; 10] = [
    "/usr/local/bin",
    "~/.local/bin",
    "~/.nix-profile/bin",
    "/etc/profiles/per-user/$USER/bin",
    "/run/current-system/sw/bin",
    "/nix/var/nix/profiles/default/bin",
    "~/.local/share/mise/shims",
    "/home/linuxbrew/.linuxbrew/bin",
    "/usr/bin",
    "/bin",
];

/// The usual folders of programs, in the order in which they are searched after the search path.
/// Folders of the user are left out where the name of the user is unknown or no plain file name.
pub fn usual_folders(system: System, home: &Path, user: Option<&OsStr>) -> Vec<PathBuf> {
    let folders: &[&str] = match system {
        System::Linux => &LINUX_FOLDERS,
        System::Mac => &MAC_FOLDERS,
    };
    let user = user.and_then(OsStr::to_str).filter(|name| is_plain(name));
    let full = |folder: &&str| match folder.strip_prefix(HOME_PREFIX) {
        Some(below) => Some(home.join(below)),
        None if folder.contains(USER_PLACEHOLDER) => {
            Some(PathBuf::from(folder.replace(USER_PLACEHOLDER, user?)))
        }
        None => Some(PathBuf::from(folder)),
    };
    let full = folders.iter().filter_map(full);
    full.filter(|folder| folder.is_absolute()).collect()
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_folders_of_both_systems_follow_from_home_and_user() {
        let folders = |system, user: Option<&str>| {
            usual_folders(system, Path::new("/Users/dev"), user.map(OsStr::new))
        };
        let has = |folders: &[PathBuf], folder: &str| folders.contains(&PathBuf::from(folder));
        let mac = folders(System::Mac, Some("dev"));
        assert_eq!(mac[0], Path::new("/opt/homebrew/bin"));
        for folder in [
            "/Users/dev/.local/bin",
            "/Users/dev/.nix-profile/bin",
            "/etc/profiles/per-user/dev/bin",
            "/run/current-system/sw/bin",
            "/Users/dev/.local/share/mise/shims",
            "/opt/local/bin",
        ] {
            assert!(has(&mac, folder), "{folder}: {mac:?}");
        }
        let linux = folders(System::Linux, Some("dev"));
        assert!(has(&linux, "/Users/dev/.local/bin") && !has(&linux, "/opt/homebrew/bin"));
        for odd in [None, Some(""), Some("a/b"), Some("..")] {
            let folders = folders(System::Mac, odd);
            assert_eq!(folders.len(), mac.len() - 1, "{odd:?}");
        }
    }

    #[test]
    fn without_a_home_folder_no_relative_folder_is_searched() {
        let folders = usual_folders(System::Mac, Path::new(""), None);
        assert!(
            folders.iter().all(|folder| folder.is_absolute()),
            "{folders:?}"
        );
    }
}
