//! Brings the terminal of a session to the front, and tells whether it is there.
//!
//! What is there is gathered anew for each jump, [`trusty_fleet::jump`] decides, and each step is
//! verified.

mod clients;
mod gather;
mod perform;
mod scripts;

use crate::surroundings::Surroundings;
use gather::Gatherer;
use trusty_fleet::Session;
use trusty_fleet::jump::{Client, Obstacle, Place, Runs, is_in_front, plan_jump};

/// A terminal that was opened is brought to the front in a second round, and nothing takes three.
const ROUNDS: usize = 2;

/// Why a terminal was not brought to the front.
#[derive(Debug, thiserror::Error)]
pub enum JumpError {
    /// There is none to bring, or no way to it; in words that say what to do instead.
    #[error("{0}")]
    Refused(Obstacle),
    /// A step failed; in words.
    #[error("{0}")]
    Failed(String),
    /// Its program is in front, but nobody knows whether it shows the session; in words.
    #[error("{0}")]
    Partly(String),
    /// No engine does it any more.
    #[error("the engine has ended; start Trusty Bar again")]
    Gone,
}

impl JumpError {
    /// A stable code, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(obstacle) => obstacle.code(),
            Self::Failed(_) => "failed",
            Self::Partly(_) => "partly",
            Self::Gone => "gone",
        }
    }
}

/// Brings the terminal of a session to the front; `terminal` is what opens one for a detached
/// session (`jump.terminal`), or empty. Returns when it is there.
pub async fn jump(
    session: &Session,
    around: &Surroundings,
    terminal: &[String],
) -> Result<(), JumpError> {
    for _ in 0..ROUNDS {
        let mut gatherer = Gatherer::new(around);
        let place = gatherer.place(session, terminal).await;
        let route = plan_jump(&place).map_err(JumpError::Refused)?;
        if !perform::go(&route, &place, &gatherer, around).await? {
            if !turned_to(&Gatherer::new(around).place(session, &[]).await) {
                let told = "tmux took the commands, but no client shows its pane";
                return Err(JumpError::Failed(told.into()));
            }
            return route
                .doubt
                .map_or(Ok(()), |doubt| Err(JumpError::Partly(doubt)));
        }
        // What terminals of macOS open they activate themselves.
        if crate::io::sys::SCRIPTS.is_some() {
            return Ok(());
        }
    }
    let told = "opened a terminal, but could not bring it to the front";
    Err(JumpError::Failed(told.into()))
}

/// Whether tmux shows it to anybody, as it was told; without tmux there is nothing to look at.
fn turned_to(place: &Place) -> bool {
    match &place.runs {
        Runs::Tmux(pane) => {
            let shows = |c: &Client| c.window == pane.window && c.pane == pane.pane;
            pane.clients.iter().any(shows)
        }
        Runs::Ended | Runs::Headless | Runs::Background | Runs::Nowhere | Runs::Plain(_) => true,
    }
}

/// Whether the terminal of a session is what its owner looks at: the window that shows it is the
/// active one. Only reads; where it is not certain, as on Wayland and macOS, it is not.
pub async fn in_front(session: &Session, around: &Surroundings) -> bool {
    let place = Gatherer::new(around).place(session, &[]).await;
    is_in_front(&place)
}
