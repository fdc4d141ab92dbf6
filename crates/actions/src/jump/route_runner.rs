//! Follows the steps of a jump and verifies each.

use super::jump_inspector::JumpInspector;
use super::x11::{self, X11Error};
use super::{JumpError, not_raised_error, sockets};
use crate::mac_terminals::{MacTerminals, ScriptError, TabOutcome};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;
use trusty_fleet::jump::{
    JumpContext, JumpObstacle, JumpPlan, JumpStep, JumpTarget, KittyWindow, TerminalTab,
    TmuxLocation, WezTermPane, X11Server,
};
use trusty_platform::checked_program::RunError;
use trusty_platform::clock;
use trusty_platform::launch::{self, DetachedProgram};
use trusty_platform::programs::find_program;
use trusty_platform::run::{ChildEnvironment, RunLimits, run_bounded};
use trusty_platform::tmux::{self, TmuxError};
use trusty_wire::environment::Environment;

/// How long a command of a terminal program may take.
const TERMINAL_COMMAND_TIMEOUT: Duration = Duration::from_secs(2);
/// The limit for the output of such a command.
const MAX_TERMINAL_OUTPUT_BYTES: u64 = 64 * 1024;
/// How long a new terminal may take to attach a tmux client.
const TERMINAL_OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the tmux clients are polled meanwhile.
const TERMINAL_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The result of following a route.
#[derive(Debug, Default)]
pub(super) struct RouteOutcome {
    /// Whether a terminal was opened, whose window is still to be found.
    pub(super) opened: bool,
    /// Why the window, which is in front, may not show the session.
    pub(super) doubt: Option<String>,
}

/// Follows a route; a step that fails ends it, unless the window is raised in spite of that.
pub(super) async fn follow_route(
    route: &JumpPlan,
    place: &JumpContext,
    gatherer: &JumpInspector<'_>,
    env: &Environment,
) -> Result<RouteOutcome, JumpError> {
    let mac = MacTerminals::of_this_system();
    let app = route.app.as_deref().unwrap_or("a terminal");
    let mut went = RouteOutcome::default();
    for (at, step) in route.steps.iter().enumerate() {
        let is_raised = route.steps[at..]
            .iter()
            .any(|s| matches!(s, JumpStep::Window { .. } | JumpStep::BringForward(_)));
        match step {
            JumpStep::SwitchClient { client, session } => {
                let (tmux, pane) = server(place)?;
                let done = tmux::switch_client(tmux, &pane.socket, client, session).await;
                done.map_err(|e| in_tmux("switch the tmux client to the session", &e))?;
            }
            JumpStep::SelectWindow { session, window } => {
                let (tmux, pane) = server(place)?;
                let done = tmux::select_window(tmux, &pane.socket, session, window).await;
                done.map_err(|e| in_tmux("show the session's window", &e))?;
            }
            JumpStep::SelectPane(id) => {
                let (tmux, pane) = server(place)?;
                let done = tmux::select_pane(tmux, &pane.socket, id).await;
                done.map_err(|e| in_tmux("show the session's pane", &e))?;
            }
            JumpStep::Kitty(kitty) => went.note_step(focus_kitty(kitty, env).await, is_raised)?,
            JumpStep::WezTerm(wezterm) => {
                went.note_step(focus_wezterm(wezterm, env).await, is_raised)?;
            }
            JumpStep::Folder {
                program,
                folder,
                display,
                wayland,
            } => {
                let screen = screen(display.as_deref(), wayland.as_deref(), gatherer);
                let variables = screen.iter().map(|(name, value)| (*name, &**value));
                let variables: Vec<(&str, &OsStr)> = variables.collect();
                let folder = [folder.as_os_str()];
                let done = run_terminal_command(app, program, &folder, &variables).await;
                went.note_step(done, is_raised)?;
            }
            JumpStep::Window { display, id } => {
                let display = gatherer.seen_display(display);
                let display =
                    display.ok_or_else(|| not_raised_error(app, "the display no longer exists"))?;
                let done = x11::raise(display, *id).await;
                done.map_err(|e| match e {
                    X11Error::NotRaised | X11Error::NoWindow => {
                        not_raised_error(app, &e.to_string())
                    }
                    e => not_raised_error(app, &format!("the display {} {e}", display.name)),
                })?;
            }
            JumpStep::Tab(tab) => {
                let shown = mac.show_tab(tab).await.map_err(|e| in_script(app, e))?;
                went.doubt = tab_doubt(tab, shown);
            }
            JumpStep::BringForward(bundle) => {
                let done = mac.bring_forward(bundle).await;
                done.map_err(|e| in_script(app, e))?;
            }
            JumpStep::OpenOnMac(command) => {
                let done = mac.open_window(command).await;
                done.map_err(|e| in_script("Terminal", e))?;
                went.opened = true;
            }
            JumpStep::Open(words) => {
                open(words, place, gatherer).await?;
                went.opened = true;
            }
        }
    }
    Ok(went)
}

impl RouteOutcome {
    /// Turns a failure into a doubt if a later step raises the window in spite of it.
    fn note_step(&mut self, done: Result<(), JumpError>, is_raised: bool) -> Result<(), JumpError> {
        match done {
            Err(JumpError::Failed(why)) if is_raised => {
                let told = "the window is in front, but may show another tab";
                self.doubt = Some(format!("{told}: {why}"));
            }
            done => return done,
        }
        Ok(())
    }
}

/// The variables that name a screen, for a child: ours may lack them.
fn screen(
    display: Option<&str>,
    wayland: Option<&str>,
    gatherer: &JumpInspector<'_>,
) -> Vec<(&'static str, OsString)> {
    let display = display.and_then(|name| gatherer.seen_display(name));
    let mut all: Vec<_> = display.map(x11::variables).into_iter().flatten().collect();
    all.extend(wayland.map(|name| ("WAYLAND_DISPLAY", name.into())));
    all
}

fn in_tmux(what: &str, e: &TmuxError) -> JumpError {
    JumpError::Failed(format!("could not {what}: {e}"))
}

/// The error of an app on a Mac that was not raised.
fn in_script(app: &str, e: ScriptError) -> JumpError {
    match e {
        ScriptError::ConsentPending => {
            JumpError::Refused(JumpObstacle::ConsentPending(app.to_owned()))
        }
        ScriptError::ConsentDenied => {
            JumpError::Refused(JumpObstacle::ConsentDenied(app.to_owned()))
        }
        e => not_raised_error(app, &e.to_string()),
    }
}

/// What the user has left to do after a terminal program came to the front; none if it shows the
/// tab.
fn tab_doubt(tab: &TerminalTab, shown: TabOutcome) -> Option<String> {
    let app = tab.app();
    match shown {
        TabOutcome::Shown => None,
        TabOutcome::NoTab => Some(format!(
            "{app} is in front, but lists no tab of this session (a hotkey window is not listed); \
             find the tab yourself"
        )),
        TabOutcome::Tie => Some(format!(
            "{app} is in front, but several of its tabs are in the session's folder; find the \
             tab yourself"
        )),
    }
}

fn server(place: &JumpContext) -> Result<(&Path, &TmuxLocation), JumpError> {
    match (&place.tmux, &place.runs) {
        (Some(tmux), JumpTarget::Tmux(pane)) => Ok((tmux, pane)),
        _ => Err(JumpError::Failed("tmux is not installed".into())),
    }
}

async fn focus_kitty(kitty: &KittyWindow, env: &Environment) -> Result<(), JumpError> {
    let program = ["kitten", "kitty"]
        .into_iter()
        .find_map(|name| find_command(name, kitty.beside.as_deref(), env))
        .ok_or_else(|| not_raised_error("kitty", "the command kitten was not found"))?;
    sockets::check_kitty(&kitty.listens)?;
    let window = format!("id:{}", kitty.window);
    let words = [
        "@",
        "--to",
        &kitty.listens,
        "focus-window",
        "--match",
        &window,
    ];
    let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
    run_terminal_command("kitty", &program, &words, &[]).await
}

async fn focus_wezterm(wezterm: &WezTermPane, env: &Environment) -> Result<(), JumpError> {
    let program = find_command("wezterm", wezterm.beside.as_deref(), env)
        .ok_or_else(|| not_raised_error("WezTerm", "the command wezterm was not found"))?;
    sockets::check_wezterm(&wezterm.socket)?;
    let pane = wezterm.pane.to_string();
    let words = [
        "cli",
        "--no-auto-start",
        "activate-pane",
        "--pane-id",
        &pane,
    ];
    let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
    let socket = [("WEZTERM_UNIX_SOCKET", wezterm.socket.as_os_str())];
    run_terminal_command("WezTerm", &program, &words, &socket).await
}

/// The path of a terminal's command: in a folder of programs, beside its program, or in its bundle.
fn find_command(name: &str, beside: Option<&Path>, env: &Environment) -> Option<PathBuf> {
    let bundled = [
        "/Applications/kitty.app/Contents/MacOS",
        "/Applications/WezTerm.app/Contents/MacOS",
    ];
    let more = beside.map(Path::to_path_buf).into_iter();
    let more = more.chain(bundled.map(PathBuf::from));
    let all = env.program_folders().into_iter().chain(more);
    find_program(name, all).any()
}

/// Runs a command of a terminal program, and trusts its exit status.
async fn run_terminal_command(
    app: &str,
    program: &Path,
    arguments: &[&OsStr],
    variables: &[(&str, &OsStr)],
) -> Result<(), JumpError> {
    let bounds = RunLimits {
        time: TERMINAL_COMMAND_TIMEOUT,
        output: MAX_TERMINAL_OUTPUT_BYTES,
    };
    let ran = run_bounded(
        program,
        arguments,
        ChildEnvironment::OursWith(variables),
        bounds,
    )
    .await;
    let name = program.display();
    match ran {
        Ok(ran) if ran.success => Ok(()),
        Ok(ran) => {
            let said = String::from_utf8_lossy(&ran.complaint);
            let line = said
                .lines()
                .next()
                .unwrap_or("the command failed")
                .to_owned();
            Err(not_raised_error(app, &format!("{name}: {line}")))
        }
        Err(e @ RunError::Io(_)) => Err(not_raised_error(app, &format!("{name}: {e}"))),
        Err(e) => Err(not_raised_error(app, &format!("{name} {e}"))),
    }
}

/// Opens a terminal and waits until tmux has a new client that shows the pane.
async fn open(
    words: &[String],
    place: &JumpContext,
    gatherer: &JumpInspector<'_>,
) -> Result<(), JumpError> {
    let (tmux, pane) = server(place)?;
    let [program, arguments @ ..] = words else {
        return Err(JumpError::Failed("no terminal program is set".into()));
    };
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    // With these variables set, tmux would take the terminal for one of its panes and refuse to
    // attach.
    let mut variables: Vec<(&str, Option<OsString>)> = vec![("TMUX", None), ("TMUX_PANE", None)];
    let display = match &pane.home.x11 {
        X11Server::Shown { display, .. } => Some(display.as_str()),
        X11Server::None | X11Server::Unreachable(..) => None,
    };
    let screen = screen(display, pane.home.wayland.as_deref(), gatherer).into_iter();
    variables.extend(screen.map(|(name, value)| (name, Some(value))));
    let failed = |why: &str| JumpError::Failed(format!("could not open {program}: {why}"));
    let before = attached(tmux, pane).await;
    let left = launch::spawn_detached_in(Path::new(program), &arguments, &place.folder, &variables);
    let left: DetachedProgram = left.map_err(|e| failed(&e.to_string()))?;
    let begun = clock::instant();
    loop {
        let now = attached(tmux, pane).await;
        if now.iter().any(|client| !before.contains(client)) {
            return Ok(());
        }
        // A program that only asks a running terminal for a window exits at once with success.
        if left.has_ended() == Some(false) {
            return Err(failed("the program exited at once"));
        }
        if begun.elapsed() >= TERMINAL_OPEN_TIMEOUT {
            return Err(failed("no new tmux client appeared within 10 s"));
        }
        clock::sleep(TERMINAL_POLL_INTERVAL).await;
    }
}

/// The session and pid of each tmux client attached to a session that has the pane.
async fn attached(tmux: &Path, pane: &TmuxLocation) -> Vec<String> {
    let told = tmux::list_clients(tmux, &pane.socket, "#{session_id} #{client_pid}").await;
    let told = String::from_utf8_lossy(&told.unwrap_or_default()).into_owned();
    let ours = |line: &&str| {
        let session = line.split(' ').next().unwrap_or_default();
        pane.links.iter().any(|link| link.session == session)
    };
    told.lines().filter(ours).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_that_is_not_shown_keeps_no_window_from_the_front() {
        let refused = || Err(not_raised_error("kitty", "kitten: no"));
        let mut went = RouteOutcome::default();
        assert!(went.note_step(Ok(()), true).is_ok() && went.doubt.is_none());
        assert!(went.note_step(refused(), false).is_err() && went.doubt.is_none());
        assert!(went.note_step(refused(), true).is_ok());
        let doubt = went.doubt.expect("kept");
        assert!(doubt.contains("another tab") && doubt.contains("kitten: no"));
    }

    #[test]
    fn a_terminal_on_a_mac_says_what_is_left_to_do() {
        let tab = TerminalTab::ITerm("/dev/ttys003".into());
        assert_eq!(tab_doubt(&tab, TabOutcome::Shown), None);
        for (shown, words) in [
            (TabOutcome::NoTab, "a hotkey window is not listed"),
            (TabOutcome::Tie, "in the session's folder"),
        ] {
            let doubt = tab_doubt(&tab, shown).expect("a doubt");
            assert!(doubt.starts_with("iTerm2 is in front"), "{doubt}");
            assert!(doubt.contains(words), "{doubt}");
        }
        for (e, code) in [
            (ScriptError::ConsentPending, "consent-pending"),
            (ScriptError::ConsentDenied, "consent-denied"),
            (ScriptError::NotRunning, "failed"),
        ] {
            assert_eq!(in_script("iTerm2", e).code().as_str(), code);
        }
    }

    #[test]
    fn the_commands_of_a_terminal_lie_beside_it() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("kitten"), "").expect("written");
        let env = Environment::default();
        let here = find_command("kitten", Some(folder.path()), &env);
        assert_eq!(here, Some(folder.path().join("kitten")));
        assert_eq!(find_command("no-kitten", Some(folder.path()), &env), None);
    }
}
