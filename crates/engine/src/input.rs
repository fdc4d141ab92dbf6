//! The inputs of the loop, and the order in which they are received.

use crate::command::EngineCommand;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use trusty_fleet::Observation;
use trusty_platform::clock;

/// The most observations that wait for the loop.
pub(crate) const OBSERVATION_QUEUE_LEN: usize = 1024;
/// The most commands that wait for the loop.
pub(crate) const COMMAND_QUEUE_LEN: usize = 64;
/// The most observations, and the most commands, received before the snapshot is derived again.
const MAX_BATCH_LEN: usize = 256;

#[derive(Debug)]
pub(super) enum EngineInput {
    Received(Vec<EngineCommand>, Vec<Observation>),
    VisibilityChanged,
    ReviewDue,
    Closed,
}

/// Waits for the next input. Commands and observations are drained together, each up to
/// [`MAX_BATCH_LEN`], so that a flood of one kind delays the other by one batch at most.
pub(super) async fn next_input(
    commands: &mut mpsc::Receiver<EngineCommand>,
    observations: &mut mpsc::Receiver<Observation>,
    looks: &mut watch::Receiver<usize>,
    due: Option<Duration>,
) -> EngineInput {
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    // Input precedes a due review, because it may change the result.
    let taken = tokio::select! {
        biased;
        taken = commands.recv_many(&mut told, MAX_BATCH_LEN) => taken,
        taken = observations.recv_many(&mut seen, MAX_BATCH_LEN) => taken,
        changed = looks.changed() => return changed.map_or(EngineInput::Closed, |()| EngineInput::VisibilityChanged),
        () = clock::sleep(due.unwrap_or_default()), if due.is_some() => return EngineInput::ReviewDue,
    };
    if taken == 0 {
        return EngineInput::Closed;
    }
    drain_into(commands, &mut told);
    drain_into(observations, &mut seen);
    EngineInput::Received(told, seen)
}

/// Receives what is queued, until `into` holds [`MAX_BATCH_LEN`] items.
fn drain_into<T>(from: &mut mpsc::Receiver<T>, into: &mut Vec<T>) {
    while into.len() < MAX_BATCH_LEN
        && let Ok(next) = from.try_recv()
    {
        into.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::observation::FocusEvent;
    use trusty_fleet::{Fact, Timestamp};

    #[tokio::test]
    async fn many_commands_keep_no_observation_waiting() {
        let (tell, mut commands) = mpsc::channel(COMMAND_QUEUE_LEN);
        let (see, mut observations) = mpsc::channel(OBSERVATION_QUEUE_LEN);
        let (_looking, mut looks) = watch::channel(0);
        let fact = || Fact::Attention(FocusEvent::Popover);
        for _ in 0..COMMAND_QUEUE_LEN {
            tell.try_send(EngineCommand::FileFact(fact()))
                .expect("room");
        }
        let at = Timestamp::default();
        see.try_send(Observation { at, fact: fact() })
            .expect("room");
        let taken = next_input(&mut commands, &mut observations, &mut looks, None).await;
        let EngineInput::Received(told, seen) = taken else {
            panic!("{taken:?}");
        };
        assert_eq!((told.len(), seen.len()), (COMMAND_QUEUE_LEN, 1));
        drop((tell, see));
        let ended = next_input(&mut commands, &mut observations, &mut looks, None).await;
        assert!(matches!(ended, EngineInput::Closed), "{ended:?}");
    }
}
