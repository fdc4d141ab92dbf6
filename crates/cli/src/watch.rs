//! `trusty watch`

use crate::cli_context::{CliContext, find_session, only_session};
use crate::failure::CommandFailure;
use crate::json_output::print_json;
use crate::terminal_output::{self, OutputFormat};
use crate::{ShowArgs, table};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use trusty_fleet::{SessionId, Snapshot};
use trusty_platform::clock;

/// Ages move at this pace.
const REDRAW_INTERVAL: Duration = Duration::from_secs(1);

pub(crate) async fn watch_sessions(show: &ShowArgs) -> Result<(), CommandFailure> {
    let place = CliContext::find()?;
    let mut snapshots = place.snapshots().await?;
    let mut ticks = tokio::time::interval(REDRAW_INTERVAL);
    let mut screen = WatchScreen::new(show, &place);
    let mut newest: Option<Arc<Snapshot>> = None;
    loop {
        tokio::select! {
            next = snapshots.next() => match next {
                None => {
                    let told = "the engine exited; run `trusty watch` again";
                    return Err(anyhow::anyhow!(told).into());
                }
                Some(snapshot) => {
                    screen.draw_snapshot(&snapshot)?;
                    newest = Some(snapshot);
                }
            },
            _ = ticks.tick(), if screen.is_live => {
                if let Some(snapshot) = &newest {
                    screen.draw_snapshot(snapshot)?;
                }
            }
            () = terminal_output::reader_gone() => return Err(CommandFailure::OutputClosed),
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

struct WatchScreen<'a> {
    show: &'a ShowArgs,
    place: &'a CliContext,
    /// A terminal that can move its cursor: the table is drawn over itself.
    is_live: bool,
    /// The session asked for, once it was found: its word may come to name others, too.
    chosen: Option<SessionId>,
    lines: usize,
}

impl<'a> WatchScreen<'a> {
    fn new(show: &'a ShowArgs, place: &'a CliContext) -> Self {
        let is_live = !show.json && OutputFormat::now().is_screen();
        Self {
            show,
            place,
            is_live,
            chosen: None,
            lines: 0,
        }
    }

    fn draw_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), CommandFailure> {
        if let (Some(word), None) = (&self.show.session, self.chosen) {
            self.chosen = Some(find_session(snapshot, word)?);
        }
        let shown = self
            .chosen
            .map_or_else(|| snapshot.clone(), |id| only_session(snapshot, id));
        if self.show.json {
            return print_json(&shown);
        }
        let text = if self.chosen.is_some() && shown.sessions.is_empty() {
            "The session has exited.\n".to_owned()
        } else {
            table::render_table(
                &shown,
                &self.place.env.home,
                clock::wall(),
                OutputFormat::now(),
            )
        };
        if self.is_live {
            let up = if self.lines > 0 {
                format!("\x1b[{}A", self.lines)
            } else {
                String::new()
            };
            let text = OutputFormat::now().cut(&text);
            self.lines = text.lines().count();
            return Ok(terminal_output::print(&format!("{up}\r\x1b[J{text}"))?);
        }
        Ok(terminal_output::print(&format!("{text}\n"))?)
    }
}
