use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

/// Surroundings with one tmux folder and a `tmux` that runs this script.
fn around(root: &Path, script: &str) -> Surroundings {
    let program = root.join("tmux");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("write");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
    Surroundings {
        tmux_folder: Some(root.to_path_buf()),
        path: Some(root.as_os_str().to_owned()),
        ..Surroundings::default()
    }
}

fn socket(root: &Path, name: &str) -> PathBuf {
    fs::create_dir_all(root.join("tmux-7")).expect("folder");
    let path = root.join("tmux-7").join(name);
    // A dropped listener leaves its socket behind, as a killed server does.
    drop(UnixListener::bind(&path).expect("socket"));
    path
}

async fn ask(tmux: &mut Tmux) -> Vec<Fact> {
    let mut all = Vec::new();
    tmux.list(async |facts| all.extend(facts)).await;
    all
}

fn told(facts: &[Fact], server: &Path) -> (Option<usize>, Option<String>) {
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
    let (slow, quick) = (socket(root.path(), "slow"), socket(root.path(), "quick"));
    let script = "case \"$3\" in */slow) exec sleep 30;; esac\necho '%0 42 /dev/pts/7 @1 1 main'";
    let mut tmux = Tmux::new(&around(root.path(), script), 7, Confinement::Confined);
    let mut order = Vec::new();
    tmux.list(async |facts| {
        let (panes, problem) = (told(&facts, &quick).0, told(&facts, &slow).1);
        order.push((panes, problem));
    })
    .await;
    assert_eq!(
        order,
        [
            (Some(1), None),
            (None, Some("did not answer within 1 s".into()))
        ]
    );
}

#[tokio::test]
async fn a_left_over_socket_is_no_server_and_no_problem() {
    let root = tempfile::tempdir().expect("folder");
    let left = socket(root.path(), "left");
    let script = "echo \"no server running on $3\" >&2; exit 1";
    let mut tmux = Tmux::new(&around(root.path(), script), 7, Confinement::Confined);
    assert_eq!(told(&ask(&mut tmux).await, &left), (Some(0), None));
    fs::remove_file(&left).expect("remove");
    assert_eq!(
        told(&ask(&mut tmux).await, &left),
        (Some(0), None),
        "told to be gone"
    );
    assert!(ask(&mut tmux).await.is_empty(), "once");
}

#[tokio::test]
async fn what_it_says_instead_is_told() {
    let root = tempfile::tempdir().expect("folder");
    let odd = socket(root.path(), "odd");
    let script = "echo 'protocol version mismatch (client 8, server 7)' >&2; exit 1";
    let mut tmux = Tmux::new(&around(root.path(), script), 7, Confinement::Confined);
    let (panes, problem) = told(&ask(&mut tmux).await, &odd);
    assert_eq!(panes, None, "what was known stays");
    assert_eq!(
        problem.as_deref(),
        Some("failed: protocol version mismatch (client 8, server 7)")
    );
}

#[tokio::test]
async fn without_the_program_a_socket_is_a_problem_and_none_is_none() {
    let root = tempfile::tempdir().expect("folder");
    let mut tmux = Tmux::new(&around(root.path(), "exit 1"), 7, Confinement::Confined);
    tmux.program = None;
    assert!(ask(&mut tmux).await.is_empty());
    let lone = socket(root.path(), "lone");
    let (_, problem) = told(&ask(&mut tmux).await, &lone);
    assert_eq!(problem.as_deref(), Some("tmux is not installed"));
}

#[test]
fn p14_servers_that_sessions_name_are_asked_too() {
    let root = tempfile::tempdir().expect("folder");
    let custom = root.path().join("custom");
    drop(UnixListener::bind(&custom).expect("socket"));
    let around = around(root.path(), "exit 1");
    let mut open = Tmux::new(&around, 7, Confinement::Open);
    assert!(open.follow(&[custom.clone()].into()));
    assert!(!open.follow(&[custom.clone()].into()));
    assert!(open.sockets().contains(&custom));
    let mut confined = Tmux::new(&around, 7, Confinement::Confined);
    assert!(!confined.follow(&[custom].into()));
}
