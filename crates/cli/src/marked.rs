//! What `trusty` does not do for a process that a session started: a courtesy to the user, for
//! such a process could do the same without it.

use crate::failure::Failure;
use crate::fleet::Place;
use trusty_engine::authorization::mark_of_this_process;

/// Refuses with exit code 3 where a session started this process; `remedy` says what to do
/// instead.
pub(crate) async fn refuse_marked(place: &Place, remedy: &str) -> Result<(), Failure> {
    match mark_of_this_process(&place.around, &place.settings).await {
        Some(mark) => Err(Failure::Refused(format!("{mark}; {remedy}"))),
        None => Ok(()),
    }
}
