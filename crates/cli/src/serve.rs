//! `trusty serve`

use crate::cli_context::CliContext;
use crate::failure::CommandFailure;
use crate::mark_check::refuse_marked;
use crate::terminal_output;
use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use trusty_daemon::api::{self, ServeError};
use trusty_daemon::{LeadError, Leader};
use trusty_engine::Engine;
use trusty_wire::socket_names;

pub(crate) async fn serve_engine() -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    // Who leads decides who may answer.
    let remedy = "start Trusty Bar, or run `trusty serve` in another terminal";
    refuse_marked(&place, remedy).await?;
    let leader = match Leader::elect(&place.places) {
        Ok(leader) => leader,
        Err(LeadError::Taken) => return Err(CommandFailure::Refused(LeadError::Taken.to_string())),
        Err(LeadError::Io(e)) => {
            let folder = place.places.runtime_dir().display();
            let told = format!("failed to open the socket in {folder}");
            return Err(anyhow::Error::from(e).context(told).into());
        }
    };
    // Both are asked for before anybody is told that we run.
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to listen for signals")?;
    let handle = tokio::task::spawn_blocking(move || Engine::start(&place.env, &place.settings));
    let handle = handle
        .await
        .context("failed to start the engine")?
        .context("failed to start the engine")?;
    terminal_output::print_result(&format!(
        "serving on {}; stop with Ctrl-C\n",
        socket_names::api_socket(leader.places().runtime_dir()).display()
    ))?;
    tokio::select! {
        served = api::serve(leader, handle) => match served {
            Err(e @ ServeError::Lost) => Err(CommandFailure::Refused(e.to_string())),
            served => Ok(served.context("failed to serve")?),
        },
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
