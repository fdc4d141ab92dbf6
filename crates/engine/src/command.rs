//! Commands to the engine's loop, and the outcomes of its jobs.

use crate::job::{ActionReply, JobOutcome, JumpReply};
use crate::request_command;
use tokio::sync::oneshot;
use trusty_actions::lease::CommandLease;
use trusty_fleet::action::Action;
use trusty_fleet::explanation::Explanation;
use trusty_fleet::observation::FocusEvent;
use trusty_fleet::{Fact, SessionId};

/// A command to the loop.
#[derive(Debug)]
pub(crate) enum EngineCommand {
    /// Files a fact, such as an event of a hook.
    FileFact(Fact),
    /// Files that the user looked at something; replies once a snapshot shows it.
    ReportAttention(FocusEvent, oneshot::Sender<()>),
    /// Explains the status of a session.
    Explain(SessionId, oneshot::Sender<Option<Explanation>>),
    /// Plans an action on a session and performs it.
    PerformAction(SessionId, Action, CommandLease, ActionReply),
    /// Handles a command about held requests.
    HandleRequest(request_command::RequestCommand),
    /// Brings the terminal of a session to the front.
    Jump(SessionId, CommandLease, JumpReply),
    /// Files the outcome of a job.
    FinishJob(JobOutcome),
}
