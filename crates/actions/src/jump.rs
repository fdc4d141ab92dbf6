//! Brings the terminal of a session to the front, and verifies that it shows the session.
//!
//! The state is read anew for each jump, [`trusty_fleet::jump`] plans the steps, and each step is
//! verified.

mod clients;
mod jump_inspector;
mod route_runner;
mod running_jumps;
mod sockets;
pub mod x11;

pub use running_jumps::RunningJumps;

use crate::lease::CommandLapse;
use crate::mac_terminals::MacTerminals;
use jump_inspector::JumpInspector;
use route_runner::RouteOutcome;
use std::time::Duration;
use trusty_fleet::jump::{
    JumpContext, JumpObstacle, JumpPlan, JumpTarget, TmuxClient, is_in_front, plan_jump,
};
use trusty_fleet::problem::{Problem, ProblemCode};
use trusty_fleet::{Session, System};
use trusty_platform::clock;
use trusty_wire::environment::Environment;

/// How long the window of a newly opened terminal may take to appear.
const NEW_WINDOW_TIMEOUT: Duration = Duration::from_secs(5);
/// The same on Wayland, where a new window is unlikely ever to become visible to us.
const UNTOLD_WINDOW_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a new window is looked for.
const WINDOW_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Why a terminal was not brought to the front.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JumpError {
    /// There is no terminal, or no way to raise it; says what to do instead.
    #[error("{0}")]
    Refused(JumpObstacle),
    /// A step failed; says which and why.
    #[error("{0}")]
    Failed(String),
    /// The terminal is in front, but may not show the session; says why.
    #[error("{0}")]
    Partly(String),
    /// The deadline passed, or the caller hung up, before the jump began.
    #[error("{0}")]
    Lapsed(#[from] CommandLapse),
    /// The engine of another process returned this problem.
    #[error("{0}")]
    Reported(Box<Problem>),
    /// The engine of another process did not report the outcome; says why.
    #[error("{0}")]
    OutcomeUnknown(String),
    /// The engine has exited.
    #[error("the engine has exited; restart Trusty Bar")]
    Gone,
}

impl JumpError {
    /// The stable code for programs.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Refused(obstacle) => obstacle.code(),
            Self::Failed(_) | Self::OutcomeUnknown(_) => ProblemCode::Failed,
            Self::Partly(_) => ProblemCode::Partly,
            Self::Lapsed(_) => ProblemCode::TooLate,
            Self::Reported(problem) => problem.known_code().unwrap_or(ProblemCode::Failed),
            Self::Gone => ProblemCode::Gone,
        }
    }
}

/// The error for an app that was not raised, with the reason.
fn not_raised_error(app: &str, why: &str) -> JumpError {
    JumpError::Failed(format!("could not raise {app}: {why}"))
}

/// Brings the terminal of a session to the front, and returns once that is verified.
///
/// `terminal` is the command that opens one for a detached session (`jump.terminal`); if it is
/// empty, the environment and the known terminals decide.
///
/// # Errors
/// If there is no way to the terminal, a step failed, or the terminal may show something else.
pub async fn jump(
    session: &Session,
    env: &Environment,
    terminal: &[String],
) -> Result<(), JumpError> {
    let mut gatherer = JumpInspector::new(env);
    let place = gatherer.read_context(session, terminal).await;
    let route = plan_jump(&place).map_err(JumpError::Refused)?;
    let went = route_runner::follow_route(&route, &place, &gatherer, env).await?;
    if !went.opened {
        return wait_arrived(session, env, route, went).await;
    }
    // A macOS terminal activates itself when it opens a window.
    if place.system == System::Mac {
        return Ok(());
    }
    // The window appears a moment after the tmux client; until then, the plan would open another.
    let begun = clock::instant();
    loop {
        let mut gatherer = JumpInspector::new(env);
        let place = gatherer.read_context(session, terminal).await;
        let waited = begun.elapsed();
        match plan_jump(&place) {
            Ok(route)
                if !route.opens() && (route.doubt.is_none() || waited >= NEW_WINDOW_TIMEOUT) =>
            {
                let went = route_runner::follow_route(&route, &place, &gatherer, env).await?;
                return wait_arrived(session, env, route, went).await;
            }
            Err(JumpObstacle::Elsewhere(_, why)) if waited >= arrival_timeout(&why) => {
                let told = format!("opened a terminal that shows the session, but {why}");
                return Err(JumpError::Partly(told));
            }
            _ if waited >= NEW_WINDOW_TIMEOUT => {
                let told = "opened a terminal, but could not raise its window";
                return Err(JumpError::Failed(told.into()));
            }
            _ => clock::sleep(WINDOW_POLL_INTERVAL).await,
        }
    }
}

/// How long to wait for the window of a new terminal before reporting that it cannot be raised.
fn arrival_timeout(why: &JumpObstacle) -> Duration {
    match why {
        JumpObstacle::Wayland(_) => UNTOLD_WINDOW_TIMEOUT,
        _ => NEW_WINDOW_TIMEOUT,
    }
}

/// Checks that the jump has arrived.
async fn wait_arrived(
    session: &Session,
    env: &Environment,
    route: JumpPlan,
    went: RouteOutcome,
) -> Result<(), JumpError> {
    turned_to(&JumpInspector::new(env).read_context(session, &[]).await)?;
    let doubt = went.doubt.or(route.doubt);
    doubt.map_or(Ok(()), |doubt| Err(JumpError::Partly(doubt)))
}

/// Checks that a tmux client shows the session's pane; without tmux there is nothing to check.
fn turned_to(place: &JumpContext) -> Result<(), JumpError> {
    match &place.runs {
        JumpTarget::Tmux(pane) => {
            let shows = |c: &TmuxClient| c.window == pane.window && c.pane == pane.pane;
            let none = "tmux accepted the commands, but no client shows the session's pane";
            let found = pane.clients.iter().find(|c| shows(c)).map(|_| ());
            found.ok_or_else(|| JumpError::Failed(none.into()))
        }
        JumpTarget::SilentServer(why) => Err(JumpError::Failed(why.to_string())),
        JumpTarget::Ended
        | JumpTarget::Headless
        | JumpTarget::Background
        | JumpTarget::NoTerminal
        | JumpTarget::Plain(_) => Ok(()),
    }
}

/// Whether the active window shows the session. Only reads, and asks the user for no consent;
/// `false` where that is not certain, as on Wayland.
pub async fn is_terminal_in_front(session: &Session, env: &Environment) -> bool {
    let mut place = JumpInspector::new(env).read_context(session, &[]).await;
    let has_terminal = matches!(place.runs, JumpTarget::Plain(_) | JumpTarget::Tmux(_));
    if place.system == System::Mac && has_terminal {
        place.frontmost = MacTerminals::of_this_system().read_frontmost().await;
    }
    is_in_front(&place)
}

/// Waits until the user has answered the dialog in which macOS asks whether Trusty Bar may control
/// a terminal ([`JumpObstacle::ConsentPending`]). The dialog disappears with the process that
/// asks, so a command that ends with its jump has to wait.
pub async fn wait_for_consent() {
    MacTerminals::of_this_system()
        .consents()
        .wait_answers()
        .await;
}
