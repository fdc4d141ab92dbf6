//! `trusty list`

use crate::failure::CommandFailure;
use crate::fleet::{CliContext, named, only};
use crate::json_output::print_json;
use crate::out::{self, OutputFormat};
use crate::{ShowArgs, table};
use trusty_platform::clock;

pub(crate) async fn print_sessions(show: &ShowArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let mut snapshot = place.snapshot().await?;
    if let Some(word) = &show.session {
        snapshot = only(&snapshot, named(&snapshot, word)?);
    }
    if show.json {
        return print_json(&snapshot);
    }
    let text = table::render_table(
        &snapshot,
        &place.around.home,
        clock::wall(),
        OutputFormat::now(),
    );
    Ok(out::print(&text)?)
}
