//! The rules on real files. What only root can set up is skipped for other users, and reported so.

use super::super::{
    PrivateFolderError, check_connect, check_data, check_execute, check_folder, check_opened,
    check_tmux_folder, make_missing_folders, make_private_folder,
};
use super::*;
use crate::skip::skip;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
}

/// Gives a file to another user; returns false, and skips the test, if only root could do that.
#[track_caller]
fn give_away(path: &Path) -> bool {
    if rustix::process::geteuid().is_root() {
        chown(path, Some(OTHER_UID), Some(OTHER_UID)).expect("chown");
        return true;
    }
    skip("needs root to act as another user");
    false
}

#[test]
fn the_programs_and_folders_of_the_system_are_trusted() {
    let shell = check_execute(Path::new("/bin/sh")).expect("a system's shell");
    assert!(shell.resolved.is_absolute());
    check_folder(Path::new("/tmp")).expect("sticky");
    let gone = check_execute(Path::new("/nowhere/program")).expect_err("none");
    assert!(gone.is_missing(), "{gone}");
}

#[test]
fn a_socket_is_judged_with_its_folder() {
    let root = tempfile::tempdir().expect("folder");
    let folder = root.path().join("tmux-1");
    fs::create_dir(&folder).expect("folder");
    let socket = folder.join("default");
    let _listener = UnixListener::bind(&socket).expect("bound");
    for (bits, is_refused) in [(0o700, false), (0o755, true), (0o777, true)] {
        mode(&folder, bits);
        let judged = check_connect(&socket, SocketFolder::NoLink);
        assert_eq!(judged.is_err(), is_refused, "{bits:o}: {judged:?}");
        let judged = check_tmux_folder(&folder);
        assert_eq!(judged.is_err(), is_refused, "{bits:o}: {judged:?}");
    }
    mode(&folder, 0o700);
    let link = root.path().join("link");
    symlink(&folder, &link).expect("link");
    check_tmux_folder(&link).expect_err("a link");
    check_connect(&link.join("default"), SocketFolder::NoLink).expect_err("through a link");
    check_connect(&link.join("default"), SocketFolder::Any).expect("a link of the user's");
    if give_away(&socket) {
        let refusal = check_connect(&socket, SocketFolder::NoLink).expect_err("another user's");
        assert_eq!(refusal.reason, RefusalReason::ForeignSocket(OTHER_UID));
    }
}

#[test]
fn a_socket_in_the_sticky_tmp_is_judged_by_itself() {
    let name = format!("/tmp/tb-sticky-{}", std::process::id());
    let socket = Path::new(&name);
    let listener = UnixListener::bind(socket).expect("bound");
    mode(socket, 0o755);
    let closed = check_connect(socket, SocketFolder::Any);
    mode(socket, 0o777);
    let open = check_connect(socket, SocketFolder::Any);
    let foreign = give_away(socket).then(|| check_connect(socket, SocketFolder::Any));
    drop(listener);
    fs::remove_file(socket).expect("removed");
    closed.expect("no other user may write to the file");
    assert_eq!(open.expect_err("open").reason, RefusalReason::WritableByAll);
    if let Some(foreign) = foreign {
        let reason = foreign.expect_err("another user's").reason;
        assert_eq!(reason, RefusalReason::ForeignSocket(OTHER_UID));
    }
}

#[test]
fn a_replaced_program_and_a_link_of_another_user_are_refused() {
    let root = tempfile::tempdir().expect("folder");
    let program = root.path().join("program");
    fs::write(&program, "#!/bin/sh\n").expect("written");
    mode(&program, 0o755);
    check_execute(&program).expect("ours");
    let link = root.path().join("link");
    symlink(&program, &link).expect("link");
    check_execute(&link).expect("a link of ours");
    if rustix::process::geteuid().is_root() {
        rustix::fs::chownat(
            rustix::fs::CWD,
            &link,
            Some(rustix::fs::Uid::from_raw(OTHER_UID)),
            None,
            rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
        )
        .expect("chown");
        let refusal = check_execute(&link).expect_err("their link");
        assert_eq!(refusal.reason, RefusalReason::ForeignLink(OTHER_UID));
    }
    if give_away(&program) {
        let refusal = check_execute(&program).expect_err("another user's");
        assert_eq!(refusal.reason, RefusalReason::ForeignOwner(OTHER_UID));
        check_data(&program).expect_err("another user's");
        let meta = fs::metadata(&program).expect("there");
        let file = fs::File::open(&program).expect("opened");
        check_opened(&program, &file, &meta).expect_err("another user's");
    }
}

#[test]
fn a_private_folder_is_made_mended_or_refused() {
    let root = tempfile::tempdir().expect("folder");
    mode(root.path(), 0o755);
    let folder = root.path().join("share/trusty");
    let bits = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
    make_private_folder(&folder).expect("made");
    assert_eq!(
        (bits(&folder), bits(&root.path().join("share"))),
        (0o700, 0o700)
    );
    mode(&folder, 0o777);
    let made = make_private_folder(&folder).expect("mended");
    assert_eq!(bits(&folder), 0o700);
    assert_eq!(made.resolved, fs::canonicalize(&folder).expect("there"));
    mode(&root.path().join("share"), 0o777);
    let refusal = make_private_folder(&folder).expect_err("another user could replace the folder");
    assert!(refusal.to_string().contains("chmod go-w"), "{refusal}");
    mode(&root.path().join("share"), 0o755);
    let file = root.path().join("file");
    fs::write(&file, "").expect("written");
    make_private_folder(&file).expect_err("no folder");
    let link = root.path().join("link");
    symlink(&folder, &link).expect("link");
    mode(&folder, 0o755);
    make_private_folder(&link).expect("a link of ours");
    assert_eq!(bits(&folder), 0o700);
    if give_away(&folder) {
        mode(&folder, 0o777);
        make_private_folder(&folder).expect_err("another user's");
        assert_eq!(bits(&folder), 0o777, "their folder is unchanged");
    }
}

#[test]
fn nothing_is_made_in_a_folder_that_another_user_has_or_could_change() {
    let root = tempfile::tempdir().expect("folder");
    let home = root.path().join("home");
    fs::create_dir(&home).expect("folder");
    let wanted = home.join(".local/share/trusty");
    mode(root.path(), 0o755);
    mode(&home, 0o777);
    for make in [make_private(&wanted), make_missing_folders(&wanted)] {
        let refusal = make.expect_err("other users could replace it").to_string();
        assert!(refusal.contains("chmod go-w"), "{refusal}");
        assert!(!home.join(".local").exists(), "nothing was made");
    }
    mode(&home, 0o755);
    make_missing_folders(&wanted).expect("made");
    mode(&wanted, 0o755);
    make_missing_folders(&wanted).expect("there");
    let bits = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
    assert_eq!((bits(&wanted), bits(&home.join(".local"))), (0o755, 0o700));
    symlink(home.join("gone"), home.join("link")).expect("link");
    make_missing_folders(&home.join("link/x")).expect_err("a link into nothing");
    let other = root.path().join("other");
    fs::create_dir(&other).expect("folder");
    if give_away(&other) {
        let wanted = other.join(".local/share/trusty");
        for make in [make_private(&wanted), make_missing_folders(&wanted)] {
            let refusal = make.expect_err("their home").to_string();
            assert!(refusal.ends_with("run this as that user"), "{refusal}");
        }
        assert_eq!(fs::read_dir(&other).expect("listed").count(), 0);
    }
}

/// An access list in Linux's format that lets [`OTHER_UID`] read, write and execute.
#[cfg(target_os = "linux")]
fn access_list() -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] = [
        (0x01, 7, u32::MAX),
        (0x02, 7, OTHER_UID),
        (0x04, 5, u32::MAX),
        (0x10, 7, u32::MAX),
        (0x20, 5, u32::MAX),
    ];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, allows, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(allows.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_whose_access_list_lets_another_user_write_is_refused() {
    let root = tempfile::tempdir().expect("folder");
    mode(root.path(), 0o755);
    let program = root.path().join("program");
    fs::write(&program, "").expect("written");
    mode(&program, 0o755);
    let name = "system.posix_acl_access";
    let flags = rustix::fs::XattrFlags::empty();
    if let Err(e) = rustix::fs::lsetxattr(&program, name, &access_list(), flags) {
        skip(&format!("the file system takes no access list ({e})"));
        return;
    }
    let refusal = check_execute(&program).expect_err("the access list lets another user write");
    assert_eq!(refusal.reason, RefusalReason::WritableByAccessList);
    let file = fs::File::open(&program).expect("opened");
    let meta = file.metadata().expect("metadata");
    check_opened(&program, &file, &meta).expect_err("the access list lets another user write");
    // The `chmod` of the remedy takes the right to write from everyone that the list names.
    mode(&program, meta.mode() & 0o7777 & !0o020);
    check_execute(&program).expect("only the user may write");
}

fn make_private(folder: &Path) -> Result<(), PrivateFolderError> {
    make_private_folder(folder).map(drop)
}

#[test]
fn the_accounts_tell_who_is_in_a_group() {
    let view = super::super::SystemFiles;
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getgid());
    // The members of a group without an entry are unknown, unless it is the user's own group.
    assert!(view.has_other_members(4_000_003, uid.as_raw()));
    assert!(view.has_other_members(4_000_003, 4_000_003));
    if gid.is_root() {
        assert!(!view.has_other_members(gid.as_raw(), uid.as_raw()));
    }
}
