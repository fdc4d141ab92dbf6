//! `trusty watch`

use crate::failure::Failure;
use crate::fleet::{Place, only};
use crate::out::{self, Paper};
use crate::{Show, table};
use anyhow::Context;
use futures_util::StreamExt;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;
use trusty_engine::io::clock;
use trusty_fleet::Snapshot;

/// Ages move at this pace.
const TICK: Duration = Duration::from_secs(1);

pub(crate) async fn run(show: &Show) -> Result<(), Failure> {
    let place = Place::find()?;
    let mut snapshots = place.snapshots().await?;
    let mut ticks = tokio::time::interval(TICK);
    let mut screen = Screen::new(show, &place);
    let mut newest: Option<Arc<Snapshot>> = None;
    loop {
        tokio::select! {
            next = snapshots.next() => match next {
                None => return Err(anyhow::anyhow!("the engine has ended").into()),
                Some(snapshot) => {
                    screen.show(&snapshot)?;
                    newest = Some(snapshot);
                }
            },
            _ = ticks.tick(), if screen.is_live => {
                if let Some(snapshot) = &newest {
                    screen.show(snapshot)?;
                }
            }
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

struct Screen<'a> {
    show: &'a Show,
    place: &'a Place,
    /// A terminal: the table is drawn over itself.
    is_live: bool,
    /// Whether the session asked for has been there: then its end ends nothing.
    found: bool,
    lines: usize,
}

impl<'a> Screen<'a> {
    fn new(show: &'a Show, place: &'a Place) -> Self {
        let is_live = !show.json && io::stdout().is_terminal();
        Self {
            show,
            place,
            is_live,
            found: false,
            lines: 0,
        }
    }

    fn show(&mut self, snapshot: &Snapshot) -> Result<(), Failure> {
        let snapshot = match only(snapshot.clone(), self.show.session.as_deref()) {
            Ok(snapshot) => {
                self.found = true;
                snapshot
            }
            Err(_) if self.found => Snapshot {
                sessions: Vec::new(),
                ..snapshot.clone()
            },
            Err(unclear) => return Err(unclear),
        };
        if self.show.json {
            let json = serde_json::to_string(&snapshot).context("failed to write JSON")?;
            return Ok(out::print(&format!("{json}\n"))?);
        }
        let home = &self.place.around.home;
        let text = table::draw(&snapshot, home, clock::wall(), Paper::now());
        if self.is_live {
            let up = if self.lines > 0 {
                format!("\x1b[{}A", self.lines)
            } else {
                String::new()
            };
            self.lines = text.lines().count();
            return Ok(out::print(&format!("{up}\r\x1b[J{text}"))?);
        }
        Ok(out::print(&format!("{text}\n"))?)
    }
}
