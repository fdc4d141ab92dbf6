use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

/// An environment with one tmux folder, and with this script as `tmux`.
fn environment(root: &Path, script: &str) -> Environment {
    let program = root.join("tmux");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("write");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
    Environment {
        tmux_folder: Some(root.to_path_buf()),
        path: Some(root.as_os_str().to_owned()),
        ..Environment::default()
    }
}

/// A socket at which this process listens until it ends.
fn server(root: &Path, name: &str) -> PathBuf {
    let path = socket(root, name);
    fs::remove_file(&path).expect("removed");
    std::mem::forget(UnixListener::bind(&path).expect("socket"));
    path
}

/// The socket of a server that is gone.
fn socket(root: &Path, name: &str) -> PathBuf {
    let folder = root.join("tmux-7");
    fs::create_dir_all(&folder).expect("folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("chmod");
    let path = root.join("tmux-7").join(name);
    // A dropped listener leaves its socket behind, as a killed server does.
    drop(UnixListener::bind(&path).expect("socket"));
    path
}

async fn ask(tmux: &mut TmuxSource) -> Vec<Fact> {
    let mut all = Vec::new();
    tmux.list_panes(async |facts| all.extend(facts)).await;
    all
}

fn panes_and_problem(facts: &[Fact], server: &Path) -> (Option<usize>, Option<String>) {
    let panes = facts.iter().find_map(|f| match f {
        Fact::Panes(s, panes) if s == server => Some(panes.len()),
        _ => None,
    });
    let problem = facts.iter().find_map(|f| match f {
        Fact::Health(key, problem) if key.subject == server.display().to_string() => {
            problem.clone()
        }
        _ => None,
    });
    (panes, problem)
}

#[tokio::test]
async fn one_that_hangs_delays_nobody() {
    let root = tempfile::tempdir().expect("folder");
    let (slow, quick) = (server(root.path(), "slow"), server(root.path(), "quick"));
    let script = "case \"$(readlink \"$3\" || echo \"$3\")\" in */slow) exec sleep 30;; esac\necho '%0 42 /dev/pts/7 @1 1 main'";
    let mut tmux = TmuxSource::new(&environment(root.path(), script), 7, Confinement::Confined);
    let mut order = Vec::new();
    tmux.list_panes(async |facts| {
        let (panes, problem) = (
            panes_and_problem(&facts, &quick).0,
            panes_and_problem(&facts, &slow).1,
        );
        order.push((panes, problem));
    })
    .await;
    assert_eq!(
        order,
        [
            (Some(1), None),
            (None, Some("tmux did not answer within 1 s".into()))
        ]
    );
}

#[tokio::test]
async fn a_left_over_socket_is_no_server_and_no_problem() {
    let root = tempfile::tempdir().expect("folder");
    let left = socket(root.path(), "left");
    let script = "echo \"no server running on $3\" >&2; exit 1";
    let mut tmux = TmuxSource::new(&environment(root.path(), script), 7, Confinement::Confined);
    assert_eq!(
        panes_and_problem(&ask(&mut tmux).await, &left),
        (Some(0), None)
    );
    fs::remove_file(&left).expect("remove");
    assert_eq!(
        panes_and_problem(&ask(&mut tmux).await, &left),
        (Some(0), None),
        "reported as gone"
    );
    assert!(ask(&mut tmux).await.is_empty(), "once");
}

#[tokio::test]
async fn what_it_says_instead_is_told() {
    let root = tempfile::tempdir().expect("folder");
    let odd = server(root.path(), "odd");
    let script = "echo 'protocol version mismatch (client 8, server 7)' >&2; exit 1";
    let mut tmux = TmuxSource::new(&environment(root.path(), script), 7, Confinement::Confined);
    let (panes, problem) = panes_and_problem(&ask(&mut tmux).await, &odd);
    assert_eq!(panes, None, "what was known stays");
    assert_eq!(
        problem.as_deref(),
        Some("tmux failed: protocol version mismatch (client 8, server 7)")
    );
}

#[tokio::test]
async fn without_the_program_a_socket_is_a_problem_and_none_is_none() {
    let root = tempfile::tempdir().expect("folder");
    let mut tmux = TmuxSource::new(
        &environment(root.path(), "exit 1"),
        7,
        Confinement::Confined,
    );
    tmux.program = ProgramSearch::default();
    assert!(ask(&mut tmux).await.is_empty());
    let lone = socket(root.path(), "lone");
    let (_, problem) = panes_and_problem(&ask(&mut tmux).await, &lone);
    assert_eq!(problem.as_deref(), Some("tmux is not installed"));
}

#[test]
fn p14_servers_that_sessions_name_are_asked_too() {
    let root = crate::test_files::private_tempdir();
    let custom = root.path().join("custom");
    drop(UnixListener::bind(&custom).expect("socket"));
    let env = environment(root.path(), "exit 1");
    let mut open = TmuxSource::new(&env, 7, Confinement::Open);
    assert!(open.set_named_servers(&[custom.clone()].into()));
    assert!(!open.set_named_servers(&[custom.clone()].into()));
    assert!(open.sockets().0.contains(&custom));
    let mut confined = TmuxSource::new(&env, 7, Confinement::Confined);
    assert!(!confined.set_named_servers(&[custom].into()));
}

#[test]
fn a_server_has_one_path_whatever_links_lead_to_it() {
    let root = crate::test_files::private_tempdir();
    let root = root.path().canonicalize().expect("there");
    let real = root.join("private");
    fs::create_dir(&real).expect("folder");
    let default = socket(&real, "default");
    std::os::unix::fs::symlink(&real, root.join("tmp")).expect("link");
    std::os::unix::fs::symlink(&default, real.join("alias")).expect("link");
    let linked = root.join("tmp/tmux-7/default");
    // As tmux itself names the server, and as `$TMUX` of another program may.
    for named in [&default, &linked, &real.join("alias")] {
        let mut variable = linked.clone().into_os_string();
        variable.push(",1,0");
        let env = Environment {
            tmux: Some(variable),
            tmux_folder: Some(root.join("tmp")),
            ..environment(&root, "exit 1")
        };
        let mut tmux = TmuxSource::new(&env, 7, Confinement::Open);
        tmux.set_named_servers(&[named.clone()].into());
        let asked = tmux.sockets().0;
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(
            asked.iter().all(|socket| socket.starts_with(&real)),
            "{asked:?}"
        );
    }
}

#[test]
fn a_server_that_is_gone_keeps_its_path() {
    let root = crate::test_files::private_tempdir();
    let root = root.path().canonicalize().expect("there");
    let real = root.join("private");
    fs::create_dir(&real).expect("folder");
    let default = socket(&real, "default");
    std::os::unix::fs::symlink(&real, root.join("tmp")).expect("link");
    let linked = root.join("tmp/tmux-7/default");
    let path = || tmux::server_path(&linked, &FolderAccess::current());
    assert_eq!(path(), default);
    fs::remove_file(&default).expect("removed");
    assert_eq!(path(), default);
    fs::remove_dir(real.join("tmux-7")).expect("removed");
    assert_eq!(path(), default);
}

/// The problem reported for a path.
fn problem(facts: &[Fact], subject: &Path) -> String {
    panes_and_problem(facts, subject).1.unwrap_or_default()
}

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("chmod");
}

#[tokio::test]
async fn a_folder_that_others_may_enter_is_not_looked_into_and_named_with_its_remedy() {
    let root = tempfile::tempdir().expect("folder");
    let socket = socket(root.path(), "evil");
    let folder = root.path().join("tmux-7");
    let asked = root.path().join("asked");
    let script = format!("echo >> {}", asked.display());
    let mut tmux = TmuxSource::new(&environment(root.path(), &script), 7, Confinement::Confined);
    for bits in [0o755, 0o701, 0o777] {
        mode(&folder, bits);
        let facts = ask(&mut tmux).await;
        assert_eq!(panes_and_problem(&facts, &socket), (None, None), "{bits:o}");
        let words = problem(&facts, &folder);
        let remedy = format!("`chmod 700 {}`", folder.display());
        assert!(
            words.contains("other users") && words.contains(&remedy),
            "{words}"
        );
        assert!(!asked.exists(), "{bits:o}");
    }
    mode(&folder, 0o700);
    let facts = ask(&mut tmux).await;
    assert_eq!(panes_and_problem(&facts, &socket).0, Some(0), "asked again");
    let is_over = |f: &Fact| matches!(f, Fact::Health(key, None) if key.subject == folder.display().to_string());
    assert!(facts.iter().any(is_over), "{facts:?}");
    // A folder that is no longer trusted voids the panes reported before.
    mode(&folder, 0o755);
    assert_eq!(
        panes_and_problem(&ask(&mut tmux).await, &socket),
        (Some(0), None)
    );
}

#[tokio::test]
async fn the_own_server_and_those_that_sessions_name_are_judged_alike() {
    let root = tempfile::tempdir().expect("folder");
    let asked = root.path().join("asked");
    let script = format!("echo >> {}", asked.display());
    let custom = |name: &str| {
        let folder = root.path().join(name);
        fs::create_dir(&folder).expect("folder");
        mode(&folder, 0o755);
        let path = folder.join("s");
        drop(UnixListener::bind(&path).expect("socket"));
        path
    };
    let (own, named) = (custom("own"), custom("named"));
    let mut variable = own.clone().into_os_string();
    variable.push(",1,0");
    let env = Environment {
        tmux: Some(variable),
        ..environment(root.path(), &script)
    };
    // A uid without a folder in /tmp.
    let mut tmux = TmuxSource::new(&env, u32::MAX - 3, Confinement::Open);
    tmux.set_named_servers(&[named.clone()].into());
    for _ in 0..2 {
        let facts = ask(&mut tmux).await;
        for socket in [&own, &named] {
            assert!(problem(&facts, socket).contains("chmod 700"), "{facts:?}");
            assert_eq!(panes_and_problem(&facts, socket).0, None, "{facts:?}");
        }
    }
    assert!(!asked.exists());
}

#[tokio::test]
async fn a_tmux_that_others_could_change_is_not_run() {
    let root = tempfile::tempdir().expect("folder");
    let lone = socket(root.path(), "lone");
    let asked = root.path().join("asked");
    let env = environment(root.path(), &format!("echo >> {}", asked.display()));
    mode(root.path(), 0o755);
    mode(&root.path().join("tmux"), 0o777);
    let mut tmux = TmuxSource::new(&env, 7, Confinement::Confined);
    // As on a machine with no other tmux.
    tmux.program.program = None;
    let words = problem(&ask(&mut tmux).await, &lone);
    assert!(words.contains("chmod go-w"), "{words}");
    assert!(!asked.exists());
}
