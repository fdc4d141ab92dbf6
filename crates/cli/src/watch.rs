//! `trusty watch`

use crate::failure::Failure;
use crate::fleet::{Place, named, only};
use crate::json_output::print_json;
use crate::out::{self, Paper};
use crate::{Show, table};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use trusty_fleet::{SessionId, Snapshot};
use trusty_platform::clock;

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
                None => {
                    let told = "the engine exited; run `trusty watch` again";
                    return Err(anyhow::anyhow!(told).into());
                }
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
            () = out::reader_gone() => return Err(Failure::Unread),
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

struct Screen<'a> {
    show: &'a Show,
    place: &'a Place,
    /// A terminal that can move its cursor: the table is drawn over itself.
    is_live: bool,
    /// The session asked for, once it was found: its word may come to name others, too.
    chosen: Option<SessionId>,
    lines: usize,
}

impl<'a> Screen<'a> {
    fn new(show: &'a Show, place: &'a Place) -> Self {
        let is_live = !show.json && Paper::now().is_screen();
        Self {
            show,
            place,
            is_live,
            chosen: None,
            lines: 0,
        }
    }

    fn show(&mut self, snapshot: &Snapshot) -> Result<(), Failure> {
        if let (Some(word), None) = (&self.show.session, self.chosen) {
            self.chosen = Some(named(snapshot, word)?);
        }
        let shown = self
            .chosen
            .map_or_else(|| snapshot.clone(), |id| only(snapshot, id));
        if self.show.json {
            return print_json(&shown);
        }
        let text = if self.chosen.is_some() && shown.sessions.is_empty() {
            "The session has exited.\n".to_owned()
        } else {
            table::draw(&shown, &self.place.around.home, clock::wall(), Paper::now())
        };
        if self.is_live {
            let up = if self.lines > 0 {
                format!("\x1b[{}A", self.lines)
            } else {
                String::new()
            };
            let text = Paper::now().cut(&text);
            self.lines = text.lines().count();
            return Ok(out::print(&format!("{up}\r\x1b[J{text}"))?);
        }
        Ok(out::print(&format!("{text}\n"))?)
    }
}
