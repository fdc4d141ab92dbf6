//! What the loop is asked to do, and told of what it had done.

use crate::job::{ActionReply, JobOutcome, JumpReply};
use crate::request_command;
use tokio::sync::oneshot;
use trusty_actions::lease::CommandLease;
use trusty_fleet::action::Action;
use trusty_fleet::explanation::Explanation;
use trusty_fleet::observation::FocusEvent;
use trusty_fleet::{Fact, SessionId};

/// What a face asks of the engine.
#[derive(Debug)]
pub(crate) enum EngineCommand {
    /// A hook has told something.
    FileFact(Fact),
    /// The owner has looked.
    ReportAttention(FocusEvent, oneshot::Sender<()>),
    /// Why a session is what it is.
    Explain(SessionId, oneshot::Sender<Option<Explanation>>),
    /// Something is to be done to a session.
    PerformAction(SessionId, Action, CommandLease, ActionReply),
    /// Something about what hooks ask.
    HandleRequest(request_command::RequestCommand),
    /// The terminal of a session is to come to the front.
    Jump(SessionId, CommandLease, JumpReply),
    /// What was to be done is done, or has failed.
    FinishJob(JobOutcome),
}
