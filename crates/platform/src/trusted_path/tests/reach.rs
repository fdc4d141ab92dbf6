//! Which users can reach a file at all, and which remedy a refusal names.

use super::tables::check;
use super::*;
use RefusalReason::{
    ForeignOwner, OpenFolder, WritableByAccessList, WritableByAll, WritableByGroup,
};

#[test]
fn what_belongs_to_another_user_has_a_way_out_and_no_command() {
    let files = || {
        MadeUpFiles::new()
            .folder("/home/u/t", USER_UID, USER_UID, 0o700)
            .socket("/home/u/t/theirs", OTHER_UID, 0o600)
            .folder("/home/theirs", OTHER_UID, OTHER_UID, 0o755)
            .file("/home/theirs/x", OTHER_UID, OTHER_UID, 0o755)
            .file("/home/u/theirs", OTHER_UID, OTHER_UID, 0o755)
            .link("/home/u/link", OTHER_UID, "/usr/bin/tmux")
    };
    let root = TrustPolicy { uid: 0, ..policy() };
    let path = Path::new;
    let view = files();
    let connect = |at| policy().connect(&view, path(at), SocketFolder::Any);
    let told = [
        policy().execute(&view, path("/home/u/theirs")),
        policy().execute(&view, path("/home/u/link")),
        policy().execute(&view, path("/home/theirs/x")),
        policy().data(&view, path("/home/u/theirs")),
        policy().data(&view, path("/home/u/link")),
        policy().folder(&view, path("/home/theirs")),
        connect("/home/u/t/theirs"),
        connect("/home/theirs/x"),
        root.folder(&view, path("/home/u")),
        root.execute(&view, path("/home/u/x")),
        root.connect(&view, path("/home/u/t/theirs"), SocketFolder::Any),
        root.tmux_folder(&view, path("/home/u/t")),
    ];
    let told = told.map(|judged| {
        let refusal = judged.expect_err("of another user");
        assert_eq!(refusal.remedy(), None, "{refusal}");
        let told = refusal.to_string();
        let (_, way_out) = told.split_once("; ").expect("a way out");
        way_out.to_owned()
    });
    assert_eq!(
        told,
        [
            "remove the file, or remove its folder from PATH",
            "remove the file, or remove its folder from PATH",
            "remove the folder from PATH",
            "remove it",
            "remove it",
            "use a folder of your own instead",
            "remove the socket, or use another one",
            "put the socket into a folder of your own",
            "run this as that user",
            "run this as that user",
            "root uses only its own sockets; run this as that user",
            "root uses only its own sockets; run this as that user",
        ]
    );
}

/// A home as umask 002 leaves it, with a primary group that other users share.
fn shared_home() -> MadeUpFiles {
    MadeUpFiles::new()
        .folder("/home/u", USER_UID, SHARED_GROUP, 0o755)
        .folder("/home/u/.claude", USER_UID, SHARED_GROUP, 0o775)
        .folder("/home/u/.claude/sessions", USER_UID, SHARED_GROUP, 0o775)
        .file(
            "/home/u/.claude/sessions/7.json",
            USER_UID,
            SHARED_GROUP,
            0o664,
        )
        .file(
            "/home/u/.claude/settings.json",
            USER_UID,
            SHARED_GROUP,
            0o664,
        )
}

#[test]
fn what_lies_in_a_folder_that_nobody_else_may_enter_is_out_of_reach() {
    let file = "/home/u/.claude/sessions/7.json";
    let closed = || shared_home().folder("/home/u/.claude", USER_UID, SHARED_GROUP, 0o700);
    let elsewhere = |target| {
        closed()
            .folder("/srv", 0, 0, 0o755)
            .file("/srv/7.json", USER_UID, SHARED_GROUP, 0o664)
            .link("/home/u/.claude/sessions/8.json", USER_UID, target)
    };
    let eight = "/home/u/.claude/sessions/8.json";
    check(
        vec![
            ("of a group", closed(), file, None),
            (
                "of everybody",
                closed().file(file, USER_UID, 0, 0o666),
                file,
                None,
            ),
            (
                "another user's all the same",
                closed().file(file, OTHER_UID, OTHER_UID, 0o644),
                file,
                Some((file, ForeignOwner(OTHER_UID))),
            ),
            (
                "in another user's folder all the same",
                closed().folder("/home/u/.claude/sessions", OTHER_UID, OTHER_UID, 0o755),
                file,
                Some(("/home/u/.claude/sessions", ForeignOwner(OTHER_UID))),
            ),
            (
                "with another name, which may lie anywhere",
                closed().with(file, |facts| facts.has_other_names = true),
                file,
                Some((file, WritableByGroup(SHARED_GROUP))),
            ),
            (
                "a closed folder of root's is no folder of the user's",
                shared_home().folder("/home/u/.claude", 0, 0, 0o700),
                file,
                Some(("/home/u/.claude/sessions", WritableByGroup(SHARED_GROUP))),
            ),
            (
                "a link out of it",
                elsewhere("/srv/7.json"),
                eight,
                Some(("/srv/7.json", WritableByGroup(SHARED_GROUP))),
            ),
            (
                "a link out of it, by going up",
                elsewhere("../../../../srv/7.json"),
                eight,
                Some(("/srv/7.json", WritableByGroup(SHARED_GROUP))),
            ),
            ("a link within", elsewhere("7.json"), eight, None),
        ],
        |files, path| verdict(policy().data(files, path)),
    );
    let opened = |files: MadeUpFiles| {
        let facts = files.facts(Path::new(file)).expect("there");
        policy().opened(&files, Path::new(file), facts)
    };
    opened(closed()).expect("out of reach");
    opened(shared_home()).expect_err("in reach");
    let folder = Path::new("/home/u/.claude/sessions");
    assert_eq!(verdict(policy().folder(&closed(), folder)), Ok(()));
}

#[test]
fn one_command_mends_all_that_umask_002_left_open() {
    let remedy = |judged: Result<super::super::TrustedPath, PathRefusal>| {
        let refusal = judged.expect_err("in reach");
        refusal.remedy().expect("a command")
    };
    let path = Path::new;
    let (file, settings) = (
        "/home/u/.claude/sessions/7.json",
        "/home/u/.claude/settings.json",
    );
    let home = shared_home();
    let closes = "chmod 700 /home/u/.claude";
    let sessions = policy().folder(&home, path("/home/u/.claude/sessions"));
    assert_eq!(remedy(sessions), closes);
    assert_eq!(remedy(policy().data(&home, path(file))), closes);
    assert_eq!(remedy(policy().data(&home, path(settings))), closes);
    // After a `chmod` of the folders alone, files that are written later would be open again.
    let folders = home
        .clone()
        .with("/home/u/.claude", |facts| facts.mode = 0o755)
        .with("/home/u/.claude/sessions", |facts| facts.mode = 0o755);
    assert_eq!(remedy(policy().data(&folders, path(file))), closes);
    let facts = folders.facts(path(file)).expect("there");
    let opened = policy().opened(&folders, path(file), facts);
    assert_eq!(opened.expect_err("open").remedy().as_deref(), Some(closes));
    // Neither the home itself is closed, nor a folder of programs, which others may use.
    let keys = home
        .clone()
        .file("/home/u/keys", USER_UID, SHARED_GROUP, 0o664);
    assert_eq!(
        remedy(policy().data(&keys, path("/home/u/keys"))),
        "chmod g-w /home/u/keys"
    );
    assert_eq!(
        remedy(policy().execute(&home, path(file))),
        "chmod go-w /home/u/.claude /home/u/.claude/sessions /home/u/.claude/sessions/7.json"
    );
}

#[test]
fn whom_an_access_list_names_may_write_as_far_as_the_group_s_bits_allow() {
    let listed = |path: &str, mode: u32| {
        let change = |facts: &mut FileFacts| {
            facts.has_access_list = true;
            facts.mode = mode;
        };
        MadeUpFiles::new()
            .folder("/home/u/t", USER_UID, PRIVATE_GROUP, 0o700)
            .socket("/home/u/t/s", USER_UID, 0o600)
            .file("/home/u/x", USER_UID, PRIVATE_GROUP, 0o755)
            .with(path, change)
    };
    let x = "/home/u/x";
    check(
        vec![
            ("rwx", listed(x, 0o775), x, Some((x, WritableByAccessList))),
            ("r-x", listed(x, 0o755), x, None),
            (
                "of a folder on the way",
                listed("/home/u", 0o775),
                x,
                Some(("/home/u", WritableByAccessList)),
            ),
        ],
        |files, path| verdict(policy().execute(files, path)),
    );
    let s = "/home/u/t/s";
    check(
        vec![
            (
                "who may enter",
                listed("/home/u/t", 0o710),
                s,
                Some(("/home/u/t", OpenFolder)),
            ),
            ("who may not", listed("/home/u/t", 0o700), s, None),
        ],
        |files, path| verdict(policy().connect(files, path, SocketFolder::Any)),
    );
}

#[test]
fn a_folder_is_judged_before_the_way_goes_up_from_it() {
    let files = || MadeUpFiles::new().folder("/home/u/bin", USER_UID, PRIVATE_GROUP, 0o755);
    check(
        vec![
            (
                "up from another user's folder",
                files().folder("/tmp/theirs", OTHER_UID, OTHER_UID, 0o755),
                "/tmp/theirs/../../usr/bin/tmux",
                Some(("/tmp/theirs", ForeignOwner(OTHER_UID))),
            ),
            (
                "up from a folder of everybody's",
                files().folder("/usr/open", 0, 0, 0o777),
                "/usr/open/../bin/tmux",
                Some(("/usr/open", WritableByAll)),
            ),
            (
                "a link that goes up from another user's folder",
                files()
                    .folder("/tmp/theirs", OTHER_UID, OTHER_UID, 0o755)
                    .link("/home/u/bin/t", USER_UID, "/tmp/theirs/../../usr/bin/tmux"),
                "/home/u/bin/t",
                Some(("/tmp/theirs", ForeignOwner(OTHER_UID))),
            ),
        ],
        |files, path| verdict(policy().execute(files, path)),
    );
}
