//! The threads of the sources, each of which waits for its source until the first scan is over.

use crate::threads::{StartError, spawn};
use tokio::sync::{oneshot, watch};
use trusty_sources::observation_source::AnySource;
use trusty_sources::{ObservationSender, Shutdown, SourceConfig};

/// Hands a source to its thread once the first scan is over.
pub(crate) type SourceHandover = oneshot::Sender<Box<dyn AnySource>>;

/// Starts a thread that runs a source once it receives one. If the sender is dropped first, the
/// thread ends.
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
