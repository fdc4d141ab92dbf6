//! Paths that macOS hands out as bytes: of an executable, of a current folder, of a terminal.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The size of `struct proc_vnodepathinfo`.
pub const FOLDERS_INFO_BYTES: usize = 2352;
/// The offset of `pvi_cdir.vip_path` in `struct proc_vnodepathinfo`.
pub const CURRENT_FOLDER_OFFSET: usize = 152;
/// The size of `vip_path`, xnu's `MAXPATHLEN`.
pub const MAX_PATH_BYTES: usize = 1024;

/// The bytes up to the first NUL, if they are an absolute path.
fn absolute_path(bytes: &[u8]) -> Option<PathBuf> {
    let path = bytes.split(|b| *b == 0).next()?;
    path.starts_with(b"/")
        .then(|| PathBuf::from(OsStr::from_bytes(path)))
}

/// The path of an executable from the bytes that `proc_pidpath` wrote.
pub fn decode_executable_path(bytes: &[u8]) -> Option<PathBuf> {
    absolute_path(bytes)
}

/// The current folder of a process from a `proc_vnodepathinfo`; none if bytes are missing, and for a
/// folder without a name, as one that was removed.
pub fn decode_current_folder(bytes: &[u8]) -> Option<PathBuf> {
    let end = CURRENT_FOLDER_OFFSET + MAX_PATH_BYTES;
    absolute_path(bytes.get(CURRENT_FOLDER_OFFSET..end)?)
}

/// The path of a terminal device from the name that `devname_r` wrote; none for a device without a
/// name, which `devname_r` calls `#C:4/0x3`, and for a device that is no terminal.
pub fn decode_terminal_name(bytes: &[u8]) -> Option<String> {
    let name = bytes.split(|b| *b == 0).next()?;
    let name = std::str::from_utf8(name).ok()?;
    name.starts_with("tty").then(|| format!("/dev/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    /// `struct proc_vnodepathinfo` of xnu's `proc_info.h`: two `vnode_info_path`, each a
    /// `vnode_info` (a `vinfo_stat`, the type, padding, the file system's id) and a path.
    fn folders_info(current: &[u8], root: &[u8]) -> Vec<u8> {
        // `vinfo_stat`: 4+2+2+8+4+4, four times of 8+8, two sizes of 8, four numbers of 4, two
        // spare numbers of 8.
        let stat_bytes = 24 + 4 * 16 + 2 * 8 + 4 * 4 + 2 * 8;
        let mut bytes = Vec::new();
        for path in [current, root] {
            bytes.extend(vec![0xff; stat_bytes + 4 + 4 + 8]);
            let mut field = path.to_vec();
            field.resize(1024, 0);
            bytes.extend(field);
        }
        bytes
    }

    #[test]
    fn the_current_folder_is_that_of_the_first_vnode() {
        let bytes = folders_info(b"/Users/dev/code/caf\xc3\xa9", b"");
        assert_eq!(bytes.len(), FOLDERS_INFO_BYTES);
        let folder = decode_current_folder(&bytes);
        assert_eq!(folder.as_deref(), Some(Path::new("/Users/dev/code/café")));
        assert_eq!(decode_current_folder(&folders_info(b"", b"/")), None);
        assert_eq!(decode_current_folder(&bytes[..1000]), None, "cut");
    }

    #[test]
    fn an_executable_has_an_absolute_path() {
        let path = b"/Users/dev/.local/share/claude/versions/2.1.330\0\0rest";
        let expected = Path::new("/Users/dev/.local/share/claude/versions/2.1.330");
        assert_eq!(decode_executable_path(path).as_deref(), Some(expected));
        assert_eq!(decode_executable_path(b""), None);
        assert_eq!(decode_executable_path(b"\0/x"), None);
        assert_eq!(decode_executable_path(b"claude\0"), None);
    }

    #[test]
    fn only_terminals_are_named() {
        let name = |bytes: &[u8]| decode_terminal_name(bytes);
        assert_eq!(name(b"ttys003\0junk").as_deref(), Some("/dev/ttys003"));
        assert_eq!(name(b"#C:4/0x3\0"), None);
        assert_eq!(name(b"null\0"), None);
        assert_eq!(name(b"tty\xff\0"), None);
        assert_eq!(name(b""), None);
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..2400)) {
            for found in [decode_executable_path(&bytes), decode_current_folder(&bytes)] {
                prop_assert!(found.is_none_or(|path| path.is_absolute()));
            }
            let _ = decode_terminal_name(&bytes);
        }
    }
}
