//! The threads of the sources. Each waits for its source until the first scan is over.

use crate::threads::{StartError, spawn};
use tokio::sync::{oneshot, watch};
use trusty_sources::observation_source::AnySource;
use trusty_sources::{ObservationSender, Shutdown, SourceConfig};

/// Where a source is handed to its thread once the first scan is over.
pub(crate) type SourceHandover = oneshot::Sender<Box<dyn AnySource>>;

/// A thread that runs a source as soon as it has it.
pub(crate) fn spawn_source(
    name: &str,
    (orders, out): &(watch::Receiver<SourceConfig>, ObservationSender),
) -> Result<SourceHandover, StartError> {
    let (handover, handed_over) = oneshot::channel::<Box<dyn AnySource>>();
    let (orders, out) = (orders.clone(), out.clone());
    spawn(name, move || async move {
        match handed_over.await {
            Ok(source) => source.run(orders, out).await,
            Err(_) => Shutdown,
        }
    })?;
    Ok(handover)
}
