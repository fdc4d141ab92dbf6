//! What the loop is asked to do, and told of what it had done.

use crate::job::{Landed, Outcome, Reply};
use crate::request_command;
use tokio::sync::oneshot;
use trusty_actions::lease::CommandLease;
use trusty_fleet::action::Action;
use trusty_fleet::observation::Attention;
use trusty_fleet::why::Explanation;
use trusty_fleet::{Fact, SessionId};

/// What a face asks of the engine.
#[derive(Debug)]
pub(crate) enum Command {
    /// A hook has told something.
    File(Fact),
    /// The owner has looked.
    Attend(Attention, oneshot::Sender<()>),
    /// Why a session is what it is.
    Explain(SessionId, oneshot::Sender<Option<Explanation>>),
    /// Something is to be done to a session.
    Act(SessionId, Action, CommandLease, Reply),
    /// Something about what hooks ask.
    Held(request_command::Command),
    /// The terminal of a session is to come to the front.
    Jump(SessionId, CommandLease, Landed),
    /// What was to be done is done, or has failed.
    Over(Outcome),
}
