//! The pane of a session and the clients of its tmux server.

use std::path::Path;
use trusty_fleet::jump::{
    JumpObstacle, LinkedTmuxSession, ProcessDisplay, TmuxClient, TmuxClientMode, TmuxLocation,
};
use trusty_fleet::session::TmuxTarget;
use trusty_platform::tmux::{TmuxError, list_clients, list_panes};

const PANE_LIST_FORMAT: &str =
    "#{pane_id} #{session_id} #{window_id} #{window_active} #{pane_active} #{session_name}";
const CLIENT_LIST_FORMAT: &str = "#{client_pid} #{?client_control_mode,1,0} #{?client_flags,#{client_flags},-} \
     #{client_activity} #{session_id} #{window_id} #{pane_id} #{client_tty} #{session_name}";

/// The pane as it is now and the pids of its clients, without the terminals that hold them; `None`
/// if the pane no longer exists.
pub(super) async fn pane(
    tmux: Option<&Path>,
    target: &TmuxTarget,
    home: ProcessDisplay,
) -> Result<Option<(TmuxLocation, Vec<u32>)>, JumpObstacle> {
    let tmux = tmux.ok_or(JumpObstacle::NoTmux)?;
    let Some(told) = server_output(list_panes(tmux, &target.socket, PANE_LIST_FORMAT).await)?
    else {
        return Ok(None);
    };
    let found: Vec<ListedPane> = told.lines().filter_map(read_pane).collect();
    let mut mine = found.into_iter().filter(|f| f.pane == target.pane);
    let Some(first) = mine.next() else {
        return Ok(None);
    };
    let (window, active) = (first.window.clone(), first.active);
    let mut links = vec![first.link];
    links.extend(mine.map(|f| f.link));
    links.sort_by_key(|link| link.name != target.session);
    let Some(told) = server_output(list_clients(tmux, &target.socket, CLIENT_LIST_FORMAT).await)?
    else {
        return Ok(None);
    };
    let (pids, clients) = told.lines().filter_map(read_client).unzip();
    let pane = TmuxLocation {
        socket: target.socket.clone(),
        pane: target.pane.clone(),
        window,
        active,
        links,
        clients,
        home,
    };
    Ok(Some((pane, pids)))
}

/// The output of a tmux server; `None` if the server has exited or the pane is gone.
fn server_output(told: Result<Vec<u8>, TmuxError>) -> Result<Option<String>, JumpObstacle> {
    match told {
        Ok(told) => Ok(Some(String::from_utf8_lossy(&told).into_owned())),
        Err(TmuxError::NoServer | TmuxError::NoPane) => Ok(None),
        Err(TmuxError::NotInstalled) => Err(JumpObstacle::NoTmux),
        Err(e) => Err(JumpObstacle::Silent(e.to_string())),
    }
}

struct ListedPane {
    pane: String,
    window: String,
    active: bool,
    link: LinkedTmuxSession,
}

fn read_pane(line: &str) -> Option<ListedPane> {
    let mut words = line.splitn(6, ' ');
    let mut word = || words.next().map(str::to_owned);
    let pane = word().filter(|pane| pane.starts_with('%'))?;
    let (session, window) = (word()?, word()?);
    let (current, active) = (word()? == "1", word()? == "1");
    Some(ListedPane {
        pane,
        window,
        active,
        link: LinkedTmuxSession {
            session,
            name: word()?,
            current,
        },
    })
}

fn read_client(line: &str) -> Option<(u32, TmuxClient)> {
    let mut words = line.splitn(9, ' ');
    let mut word = || words.next().map(str::to_owned);
    let pid = word()?.parse().ok()?;
    let (control, flags) = (word()? == "1", word()?);
    let sight = match control {
        _ if flags.split(',').any(|flag| flag == "suspended") => TmuxClientMode::Suspended,
        true => TmuxClientMode::Control,
        false => TmuxClientMode::Whole,
    };
    let activity = word()?.parse().unwrap_or(0);
    let (session, window, pane, tty) = (word()?, word()?, word()?, word()?);
    let client = TmuxClient {
        tty,
        session,
        session_name: word()?,
        window,
        pane,
        activity,
        sight,
        holder: trusty_fleet::jump::TerminalProcess::default(),
    };
    Some((pid, client))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use trusty_wire::environment::Environment;

    #[tokio::test]
    async fn a_server_that_says_nothing_is_no_pane_that_is_gone() {
        let folder = crate::test_files::private_tempdir();
        let socket = folder.path().join("tmux");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("socket");
        let target = TmuxTarget {
            socket,
            session: "work".into(),
            window: "@0".into(),
            pane: "%0".into(),
            clients: 0,
        };
        for (tmux, code) in [
            (None, "no-tmux"),
            (Some("/nowhere/program"), "no-tmux"),
            // This program fails on any arguments and prints nothing.
            (Some("/bin/false"), "tmux-silent"),
        ] {
            let tmux = tmux.map(Path::new);
            let told = pane(tmux, &target, ProcessDisplay::default()).await;
            assert_eq!(told.expect_err("no answer").code().as_str(), code);
        }
        assert_eq!(server_output(Err(TmuxError::NoServer)), Ok(None));
        let late = server_output(Err(TmuxError::NotResponding)).expect_err("late");
        let words = "tmux did not answer within 1 s";
        assert_eq!(late.to_string(), words);
    }

    #[tokio::test]
    async fn a_real_client_in_control_mode_is_known_as_one() {
        let search = Environment::read().find_program("tmux");
        let Some(tmux) = search.program else {
            crate::skip::skip("tmux is not installed");
            return;
        };
        let folder = crate::test_files::private_tempdir();
        let socket = folder.path().join("tmux");
        let command = |words: &[&str]| {
            let mut command = Command::new(&tmux);
            command.env_remove("TMUX").env("LC_ALL", "C.UTF-8");
            command.args(["-f", "/dev/null", "-S"]).arg(&socket);
            command.args(words);
            command
        };
        let words = [
            "new-session",
            "-d",
            "-s",
            "work",
            "-P",
            "-F",
            "#{pane_id}",
            "cat",
        ];
        let made = command(&words).output().expect("runs");
        assert!(made.status.success(), "{made:?}");
        let mut attach = command(&["-C", "attach", "-t", "work"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs");
        let lines = BufReader::new(attach.stdout.take().expect("piped")).lines();
        let mut attached = lines.map_while(Result::ok);
        assert!(attached.any(|line| line.starts_with("%session-changed")));
        let target = TmuxTarget {
            socket: socket.clone(),
            session: "work".into(),
            window: "@0".into(),
            pane: String::from_utf8_lossy(&made.stdout).trim().into(),
            clients: 1,
        };
        let found = pane(Some(&tmux), &target, ProcessDisplay::default()).await;
        command(&["kill-server"]).output().expect("runs");
        attach.wait().expect("ended");
        let (location, pids) = found.expect("answers").expect("a pane");
        assert_eq!(pids, [attach.id()]);
        assert_eq!(location.clients[0].sight, TmuxClientMode::Control);
        assert_eq!(location.clients[0].session_name, "work");
    }

    #[test]
    fn panes_and_clients_are_read() {
        let pane = read_pane("%3 $1 @2 1 0 two words").expect("a pane");
        assert_eq!((pane.pane.as_str(), pane.window.as_str()), ("%3", "@2"));
        assert!(pane.link.current && !pane.active);
        assert_eq!(
            (pane.link.session.as_str(), pane.link.name.as_str()),
            ("$1", "two words")
        );
        let line = "7 0 attached,focused 99 $1 @2 %3 /dev/pts/4 two words";
        let (pid, client) = read_client(line).expect("a client");
        assert_eq!(
            (pid, client.activity, client.sight),
            (7, 99, TmuxClientMode::Whole)
        );
        assert_eq!(
            (client.tty.as_str(), client.session_name.as_str()),
            ("/dev/pts/4", "two words")
        );
        let sight = |line| read_client(line).map(|(_, client)| client.sight);
        assert_eq!(
            sight("7 0 attached,suspended 9 $1 @2 %3 /dev/pts/4 w"),
            Some(TmuxClientMode::Suspended)
        );
        assert_eq!(sight("7 1 - 9 $1 @2 %3  w"), Some(TmuxClientMode::Control));
        for odd in ["", "x 0 - 9 $1 @2 %3 /dev/pts/4 w", "7 0 - 9 $1"] {
            assert!(read_client(odd).is_none(), "{odd}");
            assert!(read_pane(odd).is_none(), "{odd}");
        }
    }
}
