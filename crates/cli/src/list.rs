//! `trusty list`

use crate::cli_context::{CliContext, find_session, only_session};
use crate::failure::CommandFailure;
use crate::json_output::print_json;
use crate::terminal_output::{self, OutputFormat};
use crate::{ShowArgs, table};
use trusty_platform::clock;

pub(crate) async fn print_sessions(show: &ShowArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let mut snapshot = place.snapshot().await?;
    if let Some(word) = &show.session {
        snapshot = only_session(&snapshot, find_session(&snapshot, word)?);
    }
    if show.json {
        return print_json(&snapshot);
    }
    let text = table::render_table(
        &snapshot,
        &place.env.home,
        clock::wall(),
        OutputFormat::now(),
    );
    Ok(terminal_output::print(&text)?)
}
