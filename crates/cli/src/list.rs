//! `trusty list`

use crate::failure::Failure;
use crate::fleet::{Place, named, only};
use crate::out::{self, Paper};
use crate::{Show, table};
use anyhow::Context;
use trusty_engine::io::clock;

pub(crate) async fn run(show: &Show) -> Result<(), Failure> {
    let place = Place::find()?;
    let mut snapshot = place.snapshot().await?;
    if let Some(word) = &show.session {
        snapshot = only(&snapshot, named(&snapshot, word)?);
    }
    if show.json {
        let json = serde_json::to_string(&snapshot).context("failed to write JSON")?;
        return Ok(out::print(&format!("{json}\n"))?);
    }
    let text = table::draw(&snapshot, &place.around.home, clock::wall(), Paper::now());
    Ok(out::print(&text)?)
}
