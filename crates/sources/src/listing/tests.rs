use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Installs a script in the place of Claude Code.
fn client(root: &Path, script: &str) {
    let program = root.join("bin/claude");
    fs::create_dir_all(root.join("bin")).expect("folder");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("write");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
}

fn listing_source(root: &Path) -> ListingSource {
    ListingSource::new(&Environment {
        home: root.to_path_buf(),
        path: Some(format!("{}/bin:/usr/bin:/bin", root.display()).into()),
        ..Environment::default()
    })
}

async fn ask_once(lists: &mut ListingSource, wanted: &ConfigDirs) -> Vec<Fact> {
    let mut all = Vec::new();
    lists.poll(wanted, async |facts| all.extend(facts)).await;
    all
}

fn problem(facts: &[Fact]) -> Option<String> {
    facts.iter().find_map(|fact| match fact {
        Fact::Health(_, problem) => problem.clone(),
        _ => None,
    })
}

#[tokio::test]
async fn a_client_is_asked_quietly_for_the_folder_s_list() {
    let root = tempfile::tempdir().expect("folder");
    let script = r#"echo "[{\"pid\":7,\"name\":\"$*\",\"cwd\":\"$CLAUDE_CONFIG_DIR\",\"kind\":\"$DISABLE_AUTOUPDATER\"}]""#;
    client(root.path(), script);
    let mut lists = listing_source(root.path());
    for (dir, named) in [
        (root.path().join("other"), true),
        (root.path().join(".claude"), false),
    ] {
        let facts = ask_once(&mut lists, &[dir.clone()].into()).await;
        let [Fact::Listed(of, listed)] = &facts[..] else {
            panic!("{facts:?}");
        };
        assert_eq!((of, listed[0].pid), (&dir, 7));
        assert_eq!(listed[0].name.as_deref(), Some("agents --json"));
        assert_eq!(listed[0].kind.as_deref(), Some("1"));
        let named = if named {
            dir.to_str().expect("text")
        } else {
            ""
        };
        assert_eq!(listed[0].cwd.as_deref(), Some(named));
    }
}

#[tokio::test]
async fn a_client_is_not_asked_again_so_soon() {
    let root = tempfile::tempdir().expect("folder");
    client(root.path(), "echo '[]'");
    let wanted: ConfigDirs = [root.path().join("a")].into();
    let mut lists = listing_source(root.path());
    assert_eq!(ask_once(&mut lists, &wanted).await.len(), 1);
    assert_eq!(ask_once(&mut lists, &wanted).await, []);
    assert_eq!(ask_once(&mut lists, &ConfigDirs::new()).await, []);
    assert_eq!(ask_once(&mut lists, &wanted).await.len(), 1, "new again");
}

#[tokio::test]
async fn what_is_wrong_is_told_until_nobody_asks() {
    let root = tempfile::tempdir().expect("folder");
    let mut lists = listing_source(root.path());
    for (script, told) in [
        ("exit 1", "`claude agents --json` failed"),
        (
            "echo no",
            "the answer of `claude agents --json` is not JSON",
        ),
        (
            "echo '{}'",
            "the answer of `claude agents --json` is not a list",
        ),
    ] {
        client(root.path(), script);
        let wanted = [root.path().join("a")].into();
        let facts = ask_once(&mut lists, &wanted).await;
        assert_eq!(problem(&facts).as_deref(), Some(told));
        let over = ask_once(&mut lists, &ConfigDirs::new()).await;
        assert!(matches!(&over[..], [Fact::Health(_, None)]), "{over:?}");
    }
}

#[test]
fn a_client_that_is_not_installed_is_told() {
    let root = tempfile::tempdir().expect("folder");
    let facts = listing_source(root.path()).facts(root.path(), Err(RunError::NotFound));
    assert_eq!(problem(&facts).as_deref(), Some(CLIENT_NOT_FOUND_MESSAGE));
}

#[tokio::test]
async fn a_first_look_does_not_wait_for_a_client_that_hangs_and_names_it() {
    let root = tempfile::tempdir().expect("folder");
    client(root.path(), "exec sleep 60");
    let dir = root.path().join("slow");
    let wanted: ConfigDirs = [dir.clone()].into();
    let mut lists = listing_source(root.path());
    let mut facts = Vec::new();
    let began = clock::instant();
    lists
        .look_briefly(&wanted, async |told| facts.extend(told))
        .await;
    assert!(
        clock::instant() - began < Duration::from_secs(4),
        "{facts:?}"
    );
    let problem = problem(&facts).expect("named");
    assert!(problem.contains("agents --json"), "{problem}");
    assert!(
        lists.time_until_poll(&dir, clock::instant()).is_zero(),
        "asked again at once"
    );
    // An answer ends the problem.
    client(root.path(), "echo '[]'");
    let facts = ask_once(&mut lists, &wanted).await;
    assert!(
        matches!(&facts[..], [Fact::Listed(..), Fact::Health(_, None)]),
        "{facts:?}"
    );
}

#[test]
fn the_client_is_given_the_user_s_account_and_no_secret() {
    let env = Environment {
        home: "/Users/dev".into(),
        path: Some("/usr/bin:/bin".into()),
        account: ["USER", "LOGNAME", "SHELL", "LANG", "TMPDIR"]
            .map(|name| (name, "x".into()))
            .to_vec(),
        ..Environment::default()
    };
    let names = |dir: &str| {
        let mut names: Vec<&str> = listing_variables(Path::new(dir), &env)
            .iter()
            .map(|(name, _)| *name)
            .collect();
        names.sort_unstable();
        names
    };
    let of_default_folder = [
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
        "DISABLE_AUTOUPDATER",
        "DISABLE_ERROR_REPORTING",
        "DISABLE_TELEMETRY",
        "HOME",
        "LANG",
        "LOGNAME",
        "PATH",
        "SHELL",
        "TMPDIR",
        "USER",
    ];
    assert_eq!(names("/Users/dev/.claude"), of_default_folder);
    let of_other_folder = names("/Users/dev/other");
    assert_eq!(of_other_folder.len(), of_default_folder.len() + 1);
    assert!(of_other_folder.contains(&"CLAUDE_CONFIG_DIR"));
}

#[tokio::test]
async fn a_client_that_is_a_script_finds_its_interpreter_beside_it() {
    let root = tempfile::tempdir().expect("folder");
    let bin = root.path().join(".local/bin");
    fs::create_dir_all(&bin).expect("folder");
    let runnable = |name: &str, text: &str| {
        fs::write(bin.join(name), text).expect("written");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(bin.join(name), mode).expect("chmod");
    };
    runnable("claude", "#!/usr/bin/env trusty-test-node\n");
    runnable("trusty-test-node", "#!/bin/sh\necho '[]'\n");
    let mut lists = ListingSource::new(&Environment {
        home: root.path().to_path_buf(),
        path: Some("/usr/bin:/bin".into()),
        usual_folders: vec![bin.clone()],
        ..Environment::default()
    });
    let dir = root.path().join(".claude");
    let facts = ask_once(&mut lists, &[dir.clone()].into()).await;
    assert_eq!(facts, [Fact::Listed(dir, Vec::new())]);
}
