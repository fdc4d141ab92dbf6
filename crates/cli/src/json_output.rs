//! Standard output for programs: one line of JSON for each value.

use crate::failure::CommandFailure;
use crate::terminal_output::print;
use anyhow::Context;
use serde::Serialize;
use trusty_fleet::text::escape_json;

/// Writes a value as one line of JSON, in which nothing steers the terminal.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CommandFailure> {
    let json = serde_json::to_string(value).context("failed to write JSON")?;
    Ok(print(&format!("{}\n", escape_json(&json)))?)
}
