//! What reaches the loop, and in which order it is taken.

use crate::command::Command;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use trusty_fleet::Observation;

/// Observations that may wait for the loop.
pub(crate) const OBSERVATIONS: usize = 1024;
/// Commands that may wait for the loop.
pub(crate) const COMMANDS: usize = 64;
/// Observations, and commands, taken in before the snapshot is derived anew.
const BATCH: usize = 256;

/// Everything that reaches the loop.
#[derive(Debug)]
pub(super) enum Input {
    News(Vec<Command>, Vec<Observation>),
    /// A face was shown or hidden.
    Looks,
    Due,
    End,
}

/// What comes next. Of commands and observations all that is there is taken, up to a batch: many
/// of the ones keep the others waiting for no longer than one batch takes.
pub(super) async fn next(
    commands: &mut mpsc::Receiver<Command>,
    observations: &mut mpsc::Receiver<Observation>,
    looks: &mut watch::Receiver<usize>,
    due: Option<Duration>,
) -> Input {
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    // News come before what is due: what they tell may change what is to be said.
    let taken = tokio::select! {
        biased;
        taken = commands.recv_many(&mut told, BATCH) => taken,
        taken = observations.recv_many(&mut seen, BATCH) => taken,
        changed = looks.changed() => return changed.map_or(Input::End, |()| Input::Looks),
        () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => return Input::Due,
    };
    if taken == 0 {
        return Input::End;
    }
    take(commands, &mut told);
    take(observations, &mut seen);
    Input::News(told, seen)
}

/// Takes what is there, up to a batch.
fn take<T>(from: &mut mpsc::Receiver<T>, into: &mut Vec<T>) {
    while into.len() < BATCH
        && let Ok(next) = from.try_recv()
    {
        into.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::observation::Attention;
    use trusty_fleet::{Fact, Timestamp};

    #[tokio::test]
    async fn many_commands_keep_no_observation_waiting() {
        let (tell, mut commands) = mpsc::channel(COMMANDS);
        let (see, mut observations) = mpsc::channel(OBSERVATIONS);
        let (_looking, mut looks) = watch::channel(0);
        let fact = || Fact::Attention(Attention::Popover);
        for _ in 0..COMMANDS {
            tell.try_send(Command::File(fact())).expect("room");
        }
        let at = Timestamp::default();
        see.try_send(Observation { at, fact: fact() })
            .expect("room");
        let taken = next(&mut commands, &mut observations, &mut looks, None).await;
        let Input::News(told, seen) = taken else {
            panic!("{taken:?}");
        };
        assert_eq!((told.len(), seen.len()), (COMMANDS, 1));
        drop((tell, see));
        let ended = next(&mut commands, &mut observations, &mut looks, None).await;
        assert!(matches!(ended, Input::End), "{ended:?}");
    }
}
