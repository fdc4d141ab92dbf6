//! What `trusty` does not do for a process that a session started: a courtesy to the user, for
//! such a process could do the same without it.

use crate::cli_context::CliContext;
use crate::failure::CommandFailure;
use trusty_engine::authorization::mark_of_this_process;

/// Refuses with exit code 3 where a session started this process; `remedy` says what to do
/// instead.
pub(crate) async fn refuse_marked(place: &CliContext, remedy: &str) -> Result<(), CommandFailure> {
    match mark_of_this_process(&place.env, &place.settings).await {
        Some(mark) => Err(CommandFailure::Refused(format!("{mark}; {remedy}"))),
        None => Ok(()),
    }
}
