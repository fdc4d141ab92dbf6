//! Brings the terminal of a session to the front, and tells whether it is there.
//!
//! What is there is gathered anew for each jump, [`trusty_fleet::jump`] decides, and each step is
//! verified.

mod clients;
mod jump_inspector;
mod route_runner;
mod running_jumps;
mod scripts;
mod sockets;
pub mod x11;

pub use running_jumps::RunningJumps;

use crate::lease::CommandLapse;
use jump_inspector::JumpInspector;
use route_runner::RouteOutcome;
use std::time::Duration;
use trusty_fleet::Session;
use trusty_fleet::jump::{
    JumpContext, JumpObstacle, JumpPlan, JumpTarget, TmuxClient, is_in_front, plan_jump,
};
use trusty_fleet::problem::{Problem, ProblemCode};
use trusty_platform::clock;
use trusty_wire::environment::Environment;

/// How long the window of a terminal that was opened may take to come.
const NEW_WINDOW_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take where it is not likely to be told of at all.
const UNTOLD_WINDOW_TIMEOUT: Duration = Duration::from_secs(1);
/// How often it is looked for.
const WINDOW_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Why a terminal was not brought to the front.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JumpError {
    /// There is none to bring, or no way to it; in words that say what to do instead.
    #[error("{0}")]
    Refused(JumpObstacle),
    /// A step failed; in words.
    #[error("{0}")]
    Failed(String),
    /// The terminal is in front, but may not show the session; in words.
    #[error("{0}")]
    Partly(String),
    /// The jump did not begin in time, or the caller hung up before.
    #[error("{0}")]
    Lapsed(#[from] CommandLapse),
    /// The engine of another process reported this.
    #[error("{0}")]
    Reported(Box<Problem>),
    /// The engine of another process did not say what became of the jump; in words.
    #[error("{0}")]
    OutcomeUnknown(String),
    /// The engine has exited.
    #[error("the engine has exited; restart Trusty Bar")]
    Gone,
}

impl JumpError {
    /// A stable code, for programs.
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

/// What was to be raised, and why it was not.
fn not_raised_error(app: &str, why: &str) -> JumpError {
    JumpError::Failed(format!("could not raise {app}: {why}"))
}

/// Brings the terminal of a session to the front; `terminal` is what opens one for a detached
/// session (`jump.terminal`), or empty. Returns when it is there.
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
    // What terminals of macOS open they activate themselves.
    if trusty_platform::sys::SCRIPT_RUNNER.is_some() {
        return Ok(());
    }
    // Its window comes a moment after its client; until then, another one would be opened.
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

/// How long a new terminal is waited for that cannot be raised as it is.
fn arrival_timeout(why: &JumpObstacle) -> Duration {
    match why {
        JumpObstacle::Wayland(_) => UNTOLD_WINDOW_TIMEOUT,
        _ => NEW_WINDOW_TIMEOUT,
    }
}

/// Looks whether the end of a route was reached.
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

/// Whether tmux shows it to anybody, as it was told; without tmux there is nothing to look at.
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

/// Whether the terminal of a session is what its owner looks at: the window that shows it is the
/// active one. Only reads; where it is not certain, as on Wayland and macOS, it is not.
pub async fn is_terminal_in_front(session: &Session, env: &Environment) -> bool {
    let place = JumpInspector::new(env).read_context(session, &[]).await;
    is_in_front(&place)
}
