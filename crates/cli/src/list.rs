//! `trusty list`

use crate::failure::Failure;
use crate::fleet::{Place, named, only};
use crate::json_output::print_json;
use crate::out::{self, Paper};
use crate::{Show, table};
use trusty_platform::clock;

pub(crate) async fn run(show: &Show) -> Result<(), Failure> {
    let place = Place::find()?;
    let mut snapshot = place.snapshot().await?;
    if let Some(word) = &show.session {
        snapshot = only(&snapshot, named(&snapshot, word)?);
    }
    if show.json {
        return print_json(&snapshot);
    }
    let text = table::draw(&snapshot, &place.around.home, clock::wall(), Paper::now());
    Ok(out::print(&text)?)
}
