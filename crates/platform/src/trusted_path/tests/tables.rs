use super::*;
use RefusalReason::{
    ForeignFolder, ForeignLink, ForeignOwner, ForeignSocket, LinkedFolder, Missing, NotFolder,
    NotPlain, NotSocket, OpenFolder, Relative, TooManyLinks, WritableByAll, WritableByGroup,
};

/// A row: a title, the files, the path to judge, and the expected path at fault with its reason.
type RuleCase = (
    &'static str,
    MadeUpFiles,
    &'static str,
    Option<(&'static str, RefusalReason)>,
);

pub(super) fn check(
    rows: Vec<RuleCase>,
    rule: impl Fn(&MadeUpFiles, &Path) -> Result<(), (String, RefusalReason)>,
) {
    for (what, files, path, refused) in rows {
        let expected = refused.map_or(Ok(()), |(at, why)| Err((at.to_owned(), why)));
        assert_eq!(rule(&files, Path::new(path)), expected, "{what}");
    }
}

#[test]
fn a_program_is_executed_only_where_no_other_user_can_change_it() {
    let files = MadeUpFiles::new;
    let local = |gid, mode| {
        files()
            .folder("/usr/local", 0, gid, 0o2775)
            .folder("/usr/local/bin", 0, gid, mode)
            .file("/usr/local/bin/x", 0, 0, 0o755)
    };
    let bin = |uid, gid, mode| {
        files()
            .folder("/home/u/bin", USER_UID, PRIVATE_GROUP, 0o775)
            .file("/home/u/bin/x", uid, gid, mode)
    };
    let own = "/home/u/bin/x";
    let x = "/usr/local/bin/x";
    check(
        vec![
            ("root's", files(), "/usr/bin/tmux", None),
            (
                "a relative path",
                files(),
                "bin/x",
                Some(("bin/x", Relative)),
            ),
            ("none", files(), "/usr/bin/x", Some(("/usr/bin/x", Missing))),
            (
                "a folder",
                files(),
                "/usr/bin",
                Some(("/usr/bin", NotPlain)),
            ),
            (
                "below a file",
                files(),
                "/usr/bin/tmux/x",
                Some(("/usr/bin/tmux", NotFolder)),
            ),
            (
                "umask 002, a group of the user's own",
                bin(USER_UID, PRIVATE_GROUP, 0o775),
                own,
                None,
            ),
            (
                "another group's",
                bin(USER_UID, SHARED_GROUP, 0o775),
                own,
                Some((own, WritableByGroup(SHARED_GROUP))),
            ),
            (
                "everybody's",
                bin(USER_UID, 0, 0o757),
                own,
                Some((own, WritableByAll)),
            ),
            (
                "another user's",
                bin(OTHER_UID, 0, 0o755),
                own,
                Some((own, ForeignOwner(OTHER_UID))),
            ),
            (
                "2775 of an empty group",
                local(EMPTY_GROUP, 0o2775),
                x,
                None,
            ),
            (
                "2775 of a group with members",
                local(SHARED_GROUP, 0o755),
                x,
                Some(("/usr/local", WritableByGroup(SHARED_GROUP))),
            ),
            (
                "2775 of a group that no account knows",
                local(UNKNOWN_GROUP, 0o755),
                x,
                Some(("/usr/local", WritableByGroup(UNKNOWN_GROUP))),
            ),
            (
                "a bin of everybody's",
                local(EMPTY_GROUP, 0o777),
                x,
                Some(("/usr/local/bin", WritableByAll)),
            ),
        ],
        |files, path| verdict(policy().execute(files, path)),
    );
}

#[test]
fn a_program_is_executed_only_from_folders_that_no_other_user_can_change() {
    let files = MadeUpFiles::new;
    let own = "/home/u/bin/x";
    let bin = files()
        .folder("/home/u/bin", USER_UID, PRIVATE_GROUP, 0o775)
        .file(own, USER_UID, 0, 0o755);
    check(
        vec![
            (
                "a folder of another user's on the way",
                bin.folder("/home/u", OTHER_UID, OTHER_UID, 0o755),
                own,
                Some(("/home/u", ForeignOwner(OTHER_UID))),
            ),
            (
                "in a sticky folder",
                files().file("/tmp/x", USER_UID, USER_UID, 0o755),
                "/tmp/x",
                None,
            ),
            (
                "another user's in a sticky folder",
                files().file("/tmp/x", OTHER_UID, OTHER_UID, 0o755),
                "/tmp/x",
                Some(("/tmp/x", ForeignOwner(OTHER_UID))),
            ),
            (
                "a folder of everybody's that is not sticky",
                files()
                    .folder("/tmp", 0, 0, 0o777)
                    .file("/tmp/x", USER_UID, USER_UID, 0o755),
                "/tmp/x",
                Some(("/tmp", WritableByAll)),
            ),
        ],
        |files, path| verdict(policy().execute(files, path)),
    );
}

#[test]
fn links_are_followed_if_the_user_or_root_made_them() {
    let files = || MadeUpFiles::new().folder("/home/u/bin", USER_UID, PRIVATE_GROUP, 0o755);
    let mut chain = files();
    for link in 0..60 {
        let (at, to) = (format!("/home/u/bin/{link}"), format!("{}", link + 1));
        chain = chain.link(&at, USER_UID, &to);
    }
    let chain = chain.link("/home/u/bin/60", USER_UID, "/usr/bin/tmux");
    let middle = |owner| {
        files()
            .link("/tmp/way", owner, "/home/u/bin")
            .file("/home/u/bin/x", USER_UID, 0, 0o755)
    };
    check(
        vec![
            (
                "root's",
                files().link("/bin", 0, "usr/bin"),
                "/bin/tmux",
                None,
            ),
            (
                "the user's",
                files().link("/home/u/bin/t", USER_UID, "../../../usr/bin/tmux"),
                "/home/u/bin/t",
                None,
            ),
            ("up", files(), "/home/u/bin/../../../usr/bin/tmux", None),
            ("above the root", files(), "/../../usr/bin/tmux", None),
            (
                "another user's",
                files().link("/tmp/t", OTHER_UID, "/usr/bin/tmux"),
                "/tmp/t",
                Some(("/tmp/t", ForeignLink(OTHER_UID))),
            ),
            (
                "the user's, in the middle",
                middle(USER_UID),
                "/tmp/way/x",
                None,
            ),
            (
                "another user's, in the middle",
                middle(OTHER_UID),
                "/tmp/way/x",
                Some(("/tmp/way", ForeignLink(OTHER_UID))),
            ),
            (
                "the user's, into another user's folder",
                files()
                    .link("/home/u/bin/t", USER_UID, "/tmp/theirs/t")
                    .folder("/tmp/theirs", OTHER_UID, OTHER_UID, 0o755)
                    .file("/tmp/theirs/t", 0, 0, 0o755),
                "/home/u/bin/t",
                Some(("/tmp/theirs", ForeignOwner(OTHER_UID))),
            ),
            ("forty", chain.clone(), "/home/u/bin/21", None),
            (
                "more than forty",
                chain,
                "/home/u/bin/20",
                Some(("/home/u/bin/20", TooManyLinks)),
            ),
            (
                "a circle",
                files()
                    .link("/home/u/a", USER_UID, "b")
                    .link("/home/u/b", USER_UID, "a"),
                "/home/u/a",
                Some(("/home/u/a", TooManyLinks)),
            ),
            (
                "into nothing",
                files().link("/home/u/a", USER_UID, "b"),
                "/home/u/a",
                Some(("/home/u/b", Missing)),
            ),
        ],
        |files, path| verdict(policy().execute(files, path)),
    );
}

#[test]
fn a_socket_is_connected_to_only_where_no_other_user_can_listen() {
    let (folder, socket) = ("/tmp/tmux-1000", "/tmp/tmux-1000/default");
    let tmux = |uid, gid, mode| {
        MadeUpFiles::new()
            .folder("/tmp/tmux-1000", uid, gid, mode)
            .socket("/tmp/tmux-1000/default", uid, 0o660)
    };
    let ours = |mode| tmux(USER_UID, PRIVATE_GROUP, mode);
    let sticky = |uid, mode| MadeUpFiles::new().socket("/tmp/kitty", uid, mode);
    let kitty = "/tmp/kitty";
    check(
        vec![
            ("0700", ours(0o700), socket, None),
            (
                "0770 of a group of the user's own",
                ours(0o770),
                socket,
                None,
            ),
            (
                "0770 of a group with members",
                tmux(USER_UID, SHARED_GROUP, 0o770),
                socket,
                Some((folder, WritableByGroup(SHARED_GROUP))),
            ),
            ("0755", ours(0o755), socket, Some((folder, OpenFolder))),
            ("0701", ours(0o701), socket, Some((folder, OpenFolder))),
            (
                "another user's",
                tmux(OTHER_UID, OTHER_UID, 0o755),
                socket,
                Some((folder, ForeignFolder(OTHER_UID))),
            ),
            (
                "root's, not sticky",
                tmux(0, 0, 0o700).socket(socket, USER_UID, 0o600),
                socket,
                Some((folder, ForeignFolder(0))),
            ),
            (
                "another user's socket",
                ours(0o700).socket(socket, OTHER_UID, 0o660),
                socket,
                Some((socket, ForeignSocket(OTHER_UID))),
            ),
            (
                "no socket",
                ours(0o700).file(socket, USER_UID, 0, 0o600),
                socket,
                Some((socket, NotSocket)),
            ),
            (
                "none",
                ours(0o700),
                "/tmp/tmux-1000/x",
                Some(("/tmp/tmux-1000/x", Missing)),
            ),
            ("in /tmp", sticky(USER_UID, 0o755), kitty, None),
            (
                "in /tmp, writable by all",
                sticky(USER_UID, 0o777),
                kitty,
                Some((kitty, WritableByAll)),
            ),
            (
                "in /tmp, another user's",
                sticky(OTHER_UID, 0o700),
                kitty,
                Some((kitty, ForeignSocket(OTHER_UID))),
            ),
            (
                "in a sticky folder of the user's that all may enter",
                MadeUpFiles::new()
                    .folder("/home/u/s", USER_UID, PRIVATE_GROUP, 0o1777)
                    .socket("/home/u/s/k", USER_UID, 0o600),
                "/home/u/s/k",
                Some(("/home/u/s", OpenFolder)),
            ),
        ],
        |files, path| verdict(policy().connect(files, path, SocketFolder::Any)),
    );
}

#[test]
fn tmux_s_own_folder_is_no_link() {
    let files = MadeUpFiles::new()
        .link("/tmp/tmux-1000", USER_UID, "/home/u/t")
        .folder("/home/u/t", USER_UID, PRIVATE_GROUP, 0o700)
        .socket("/home/u/t/default", USER_UID, 0o660);
    let (folder, socket) = (
        Path::new("/tmp/tmux-1000"),
        Path::new("/tmp/tmux-1000/default"),
    );
    let connect = |how| verdict(policy().connect(&files, socket, how));
    let refused = Err(("/tmp/tmux-1000".to_owned(), LinkedFolder));
    assert_eq!(connect(SocketFolder::Any), Ok(()));
    assert_eq!(connect(SocketFolder::NoLink), refused);
    assert_eq!(verdict(policy().tmux_folder(&files, folder)), refused);
    // That /tmp itself is a link, as on macOS, does not matter.
    let files = MadeUpFiles::new()
        .folder("/private", 0, 0, 0o755)
        .folder("/private/tmp", 0, 0, 0o1777)
        .link("/tmp", 0, "private/tmp")
        .folder("/private/tmp/tmux-1000", USER_UID, PRIVATE_GROUP, 0o700)
        .folder("/tmp/tmux-1000", USER_UID, PRIVATE_GROUP, 0o700);
    assert_eq!(verdict(policy().tmux_folder(&files, folder)), Ok(()));
}

#[test]
fn data_may_be_read_by_all_and_written_by_nobody_else() {
    let files = |uid, gid, mode| {
        MadeUpFiles::new()
            .folder("/home/u/.claude", USER_UID, PRIVATE_GROUP, 0o775)
            .folder("/home/u/.claude/sessions", USER_UID, PRIVATE_GROUP, 0o755)
            .file("/home/u/.claude/sessions/7.json", uid, gid, mode)
    };
    let file = "/home/u/.claude/sessions/7.json";
    check(
        vec![
            (
                "the user's",
                files(USER_UID, PRIVATE_GROUP, 0o644),
                file,
                None,
            ),
            (
                "umask 002",
                files(USER_UID, PRIVATE_GROUP, 0o664),
                file,
                None,
            ),
            ("root's", files(0, 0, 0o644), file, None),
            (
                "another user's",
                files(OTHER_UID, OTHER_UID, 0o644),
                file,
                Some((file, ForeignOwner(OTHER_UID))),
            ),
            (
                "everybody's",
                files(USER_UID, 0, 0o646),
                file,
                Some((file, WritableByAll)),
            ),
            (
                "a group's",
                files(USER_UID, SHARED_GROUP, 0o664),
                file,
                Some((file, WritableByGroup(SHARED_GROUP))),
            ),
            (
                "in a folder of everybody's",
                files(USER_UID, 0, 0o600).folder("/home/u/.claude/sessions", USER_UID, 0, 0o777),
                file,
                Some(("/home/u/.claude/sessions", WritableByAll)),
            ),
        ],
        |files, path| verdict(policy().data(files, path)),
    );
    let folder = Path::new("/home/u/.claude/sessions");
    let ours = files(USER_UID, 0, 0o600);
    assert_eq!(verdict(policy().folder(&ours, folder)), Ok(()));
    let theirs = ours.folder("/home/u/.claude/sessions", OTHER_UID, 0, 0o755);
    let refused = (
        "/home/u/.claude/sessions".to_owned(),
        ForeignOwner(OTHER_UID),
    );
    assert_eq!(verdict(policy().folder(&theirs, folder)), Err(refused));
}

#[test]
fn the_group_admin_counts_only_on_macos() {
    let admin = 80;
    let files = MadeUpFiles::new()
        .folder("/opt", 0, 0, 0o755)
        .folder("/opt/homebrew", USER_UID, admin, 0o775)
        .folder("/opt/homebrew/bin", USER_UID, admin, 0o775)
        .file("/opt/homebrew/bin/tmux", USER_UID, admin, 0o775);
    let tmux = Path::new("/opt/homebrew/bin/tmux");
    let on = |system| verdict(TrustPolicy { system, ..policy() }.execute(&files, tmux));
    assert_eq!(on(System::Mac), Ok(()));
    let refused = ("/opt/homebrew".to_owned(), WritableByGroup(admin));
    assert_eq!(on(System::Linux), Err(refused));
    // A group other than `admin` counts on macOS, too.
    let staff = files.folder("/opt/homebrew", USER_UID, SHARED_GROUP, 0o775);
    let mac = TrustPolicy {
        system: System::Mac,
        ..policy()
    };
    let refused = ("/opt/homebrew".to_owned(), WritableByGroup(SHARED_GROUP));
    assert_eq!(verdict(mac.execute(&staff, tmux)), Err(refused));
}

#[test]
fn the_overflow_uid_is_root_only_where_root_is_not_mapped() {
    let files = MadeUpFiles::new()
        .folder("/", NOBODY_ACCOUNT_UID, NOBODY_ACCOUNT_UID, 0o755)
        .folder("/usr", NOBODY_ACCOUNT_UID, NOBODY_ACCOUNT_UID, 0o755)
        .folder("/usr/bin", NOBODY_ACCOUNT_UID, NOBODY_ACCOUNT_UID, 0o755)
        .file(
            "/usr/bin/tmux",
            NOBODY_ACCOUNT_UID,
            NOBODY_ACCOUNT_UID,
            0o755,
        );
    let tmux = Path::new("/usr/bin/tmux");
    let with = |overflow_uid| {
        let policy = TrustPolicy {
            overflow_uid,
            ..policy()
        };
        verdict(policy.execute(&files, tmux))
    };
    assert_eq!(with(Some(NOBODY_ACCOUNT_UID)), Ok(()));
    assert_eq!(
        with(None),
        Err(("/".to_owned(), ForeignOwner(NOBODY_ACCOUNT_UID)))
    );
    for (text, maps) in [
        ("         0          0 4294967295\n", true),
        ("      1000       1000          1\n", false),
        ("1000 1000 1\n0 100000 65536\n", true),
        ("1 100000 65536\n", false),
        ("", true),
        ("nonsense\n", true),
        ("1 2\n", true),
    ] {
        assert_eq!(maps_root(text), maps, "{text:?}");
    }
}

#[test]
fn a_group_has_others_if_any_member_is_neither_the_user_nor_root() {
    let roster = |listed: &[Option<u32>], primary: &[u32]| GroupRoster {
        is_known: true,
        listed: listed.to_vec(),
        primary: primary.to_vec(),
    };
    for (roster, others) in [
        (roster(&[], &[]), false),
        (roster(&[Some(USER_UID), Some(0)], &[USER_UID, 0]), false),
        (roster(&[Some(OTHER_UID)], &[]), true),
        (roster(&[], &[USER_UID, OTHER_UID]), true),
        (roster(&[None], &[]), true),
        (GroupRoster::default(), true),
        (
            GroupRoster {
                primary: vec![USER_UID],
                ..GroupRoster::default()
            },
            true,
        ),
    ] {
        assert_eq!(has_other_members(&roster, USER_UID), others, "{roster:?}");
    }
}

#[test]
fn a_refusal_names_the_command_that_mends_it() {
    let tmux = |uid, gid, mode| {
        MadeUpFiles::new()
            .folder("/tmp/tmux-1000", uid, gid, mode)
            .socket("/tmp/tmux-1000/default", uid, 0o660)
    };
    let words = |policy: TrustPolicy, files: &MadeUpFiles, path: &str| {
        let judged = policy.connect(files, Path::new(path), SocketFolder::NoLink);
        judged.expect_err("refused").to_string()
    };
    let socket = "/tmp/tmux-1000/default";
    assert_eq!(
        words(policy(), &tmux(USER_UID, USER_UID, 0o755), socket),
        "/tmp/tmux-1000 can be entered by other users; run `chmod 700 /tmp/tmux-1000`"
    );
    assert_eq!(
        words(policy(), &tmux(USER_UID, SHARED_GROUP, 0o770), socket),
        "/tmp/tmux-1000 can be changed by other members of its group (gid 100); run `chmod g-w \
         /tmp/tmux-1000`"
    );
    assert_eq!(
        words(policy(), &tmux(OTHER_UID, OTHER_UID, 0o700), socket),
        "/tmp/tmux-1000 belongs to another user (uid 31003); put the socket into a folder of your \
         own"
    );
    let root = TrustPolicy { uid: 0, ..policy() };
    assert_eq!(
        words(root, &tmux(USER_UID, USER_UID, 0o700), socket),
        "/tmp/tmux-1000 belongs to another user (uid 1000); root uses only its own sockets; run \
         this as that user"
    );
    let open = tmux(USER_UID, USER_UID, 0o700).folder("/tmp", 0, 0, 0o777);
    assert_eq!(
        words(policy(), &open, socket),
        "/tmp can be changed by other users; run `sudo chmod +t /tmp`"
    );
    let odd = MadeUpFiles::new()
        .folder("/tmp/it's here", USER_UID, USER_UID, 0o755)
        .socket("/tmp/it's here/s", USER_UID, 0o600);
    let told = words(policy(), &odd, "/tmp/it's here/s");
    assert!(
        told.ends_with(r"run `chmod 700 '/tmp/it'\''s here'`"),
        "{told}"
    );
    let odd = MadeUpFiles::new()
        .folder("/tmp/a\u{1b}[2J", USER_UID, USER_UID, 0o755)
        .socket("/tmp/a\u{1b}[2J/s", USER_UID, 0o600);
    let judged = policy().connect(&odd, Path::new("/tmp/a\u{1b}[2J/s"), SocketFolder::Any);
    let told = judged.expect_err("refused").to_string();
    assert!(!told.contains(char::is_control), "{told}");
}
