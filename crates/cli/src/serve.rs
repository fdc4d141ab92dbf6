//! `trusty serve`

use crate::failure::Failure;
use crate::fleet::Place;
use crate::out;
use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use trusty_engine::io::socket::{self, BindError};
use trusty_engine::{Engine, api};

pub(crate) async fn run() -> Result<(), Failure> {
    let place = Place::find()?;
    let dir = place.around.runtime_dir(place.uid);
    let bound = match socket::bind(&dir, place.uid) {
        Ok(bound) => bound,
        Err(BindError::Taken) => return Err(Failure::Refused(BindError::Taken.to_string())),
        Err(BindError::Io(e)) => {
            let told = format!("failed to open the socket in {}", dir.display());
            return Err(anyhow::Error::from(e).context(told).into());
        }
    };
    // Both are asked for before anybody is told that we run.
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to listen for signals")?;
    let handle = tokio::task::spawn_blocking(move || Engine::start(&place.around, &place.settings));
    let handle = handle
        .await
        .context("failed to start")?
        .context("failed to start")?;
    out::done(&format!(
        "serving on {}; stop with Ctrl-C\n",
        socket::path(&dir).display()
    ))?;
    tokio::select! {
        served = api::serve(bound, handle, place.uid) => {
            Ok(served.context("failed to serve")?)
        }
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
