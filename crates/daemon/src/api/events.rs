//! The event stream: a snapshot, then the changes.

use super::extract::QueryParams;
use super::problem::PROBLEM_CONTENT_TYPE;
use super::responses::{EventsNotAccepted, TooManyListeners};
use super::{ApiState, EngineRun};
use crate::http_connections::SpareConnection;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, watch};
use trusty_client::api_types::{CHANGE_EVENT, EventData, LAST_EVENT_HEADER, SNAPSHOT_EVENT};
use trusty_engine::handle::VisibilityGuard;
use trusty_fleet::Snapshot;
use trusty_fleet::problem::Problem;
use trusty_fleet::snapshot::SnapshotDelta;

/// How many snapshots are kept, so that a client that reconnects gets what it missed.
const MAX_REMEMBERED_SNAPSHOTS: usize = 64;

/// The parameters of the event stream.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventQuery {
    /// Whether a user watches the events.
    #[serde(default = "default_true")]
    looking: bool,
}

const fn default_true() -> bool {
    true
}

/// The snapshots that were sent last, so that the next event can be sent as a change.
#[derive(Debug, Default)]
pub(super) struct SnapshotHistory(VecDeque<Arc<Snapshot>>);

impl SnapshotHistory {
    /// Keeps a snapshot that is sent now. A revision is kept with every snapshot that was sent as
    /// this revision, or not at all: figures change within one revision.
    fn remember(&mut self, snapshot: &Arc<Snapshot>) {
        if self.0.iter().any(|known| Arc::ptr_eq(known, snapshot)) {
            return;
        }
        self.0.push_back(Arc::clone(snapshot));
        if self.0.len() > MAX_REMEMBERED_SNAPSHOTS
            && let Some(oldest) = self.0.iter().map(|s| s.revision).min()
        {
            self.0.retain(|s| s.revision != oldest);
        }
    }

    /// Whether the revision of `now` was never sent with other figures.
    fn has_only(&self, now: &Snapshot) -> bool {
        let mut told = self.0.iter().filter(|s| s.revision == now.revision);
        told.all(|s| **s == *now)
    }

    /// The change from a revision to `now`; none if the revision is no longer kept.
    fn delta_since(&self, revision: u64, now: &Snapshot) -> Option<SnapshotDelta> {
        let told = self.0.iter().filter(|s| s.revision == revision);
        told.map(|s| now.delta_from(s))
            .reduce(SnapshotDelta::combined_with)
    }
}

impl EngineRun {
    fn id(&self, revision: u64) -> String {
        format!("{}-{revision}", self.run)
    }

    /// The revision in an event id; none if the id is not one of this run.
    fn revision(&self, id: &str) -> Option<u64> {
        let (run, revision) = id.rsplit_once('-')?;
        revision.parse().ok().filter(|_| run == self.run)
    }

    /// The first event for a client that has the event `last`; none if nothing has changed since.
    fn first(&self, last: Option<&str>, now: &Arc<Snapshot>) -> Option<Event> {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.remember(now);
        let id = self.id(now.revision);
        match last.and_then(|id| self.revision(id)) {
            Some(revision) => match history.delta_since(revision, now) {
                Some(_) if revision == now.revision && history.has_only(now) => None,
                Some(delta) => Some(event(CHANGE_EVENT, &id, &delta)),
                None => Some(event(SNAPSHOT_EVENT, &id, now.as_ref())),
            },
            None => Some(event(SNAPSHOT_EVENT, &id, now.as_ref())),
        }
    }

    /// The event that leads from one snapshot to the next.
    fn next(&self, before: &Snapshot, now: &Arc<Snapshot>) -> Event {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.remember(now);
        event(
            CHANGE_EVENT,
            &self.id(now.revision),
            &now.delta_from(before),
        )
    }
}

fn event(name: &str, id: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name).id(id);
    event.json_data(data).unwrap_or_default()
}

struct EventListener {
    about: Arc<EngineRun>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// While a user watches, values that raise no event are refreshed more often.
    _looking: Option<VisibilityGuard>,
    /// The listener's share of the limit of listeners.
    _place: Option<OwnedSemaphorePermit>,
    /// The last event that the client has.
    last: Option<String>,
    told: Option<Arc<Snapshot>>,
}

impl EventListener {
    /// The next event. A slow client is sent no event before it has read the last one, and then
    /// gets the newest.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = if let Some(told) = &self.told {
                self.snapshots.changed().await.ok()?;
                let now = Arc::clone(&self.snapshots.borrow_and_update());
                let event = self.about.next(told, &now);
                self.told = Some(now);
                Some(event)
            } else {
                let primed = self.snapshots.wait_for(|s| s.revision > 0).await.ok();
                let now = Arc::clone(&*primed?);
                let event = self.about.first(self.last.as_deref(), &now);
                self.told = Some(now);
                event
            };
            if event.is_some() {
                return event;
            }
        }
    }
}

/// Server-sent events. The first, `snapshot`, tells everything; each `change` after it tells what
/// is different then. The id of an event is `<run>-<revision>`: a client that names the last one
/// it has in `Last-Event-ID` gets what it missed as one `change`, if that is still remembered.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "sessions",
    params(
        ("looking" = Option<bool>, Query, description = "Whether a user watches the events; \
            values that raise no event are then refreshed more often. Pass `false` from a program \
            that only waits; the default is `true`"),
        ("Last-Event-ID" = Option<String>, Header,
            description = "The id of the last event that was received"),
    ),
    responses(
        (status = 200, description = "Events until the caller disconnects or the engine exits; \
            the schema describes their data", body = EventData, content_type = "text/event-stream"),
        (status = 400, description = "A parameter is invalid", body = Problem,
            content_type = PROBLEM_CONTENT_TYPE),
        EventsNotAccepted,
        TooManyListeners,
    )
)]
pub(super) async fn events(
    State(api): State<ApiState>,
    QueryParams(listening): QueryParams<EventQuery>,
    spare: Option<Extension<SpareConnection>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, CrowdedEvents> {
    // Spare connections are reserved for requests, which release their descriptor soon.
    let place = match spare {
        None => api
            .event_places
            .reserve_event_place()
            .ok_or(CrowdedEvents)?,
        Some(_) => return Err(CrowdedEvents),
    };
    let last = headers.get(LAST_EVENT_HEADER).and_then(|v| v.to_str().ok());
    let listener = EventListener {
        snapshots: api.handle.snapshots(),
        _looking: listening.looking.then(|| api.handle.mark_visible()),
        about: api.about,
        last: last.map(str::to_owned),
        told: None,
        _place: Some(place),
    };
    let news = stream::unfold(listener, async |mut listener| {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    Ok(Sse::new(news).keep_alive(KeepAlive::default()))
}

/// The refusal of one listener too many. It closes the connection, so that a listener does not
/// occupy the connection of a request.
pub(super) struct CrowdedEvents;

impl IntoResponse for CrowdedEvents {
    fn into_response(self) -> Response {
        let detail = "too many event listeners; close one and try again, or poll \
                      GET /v1/sessions instead";
        let problem = TooManyListeners::new(detail);
        ([(header::CONNECTION, "close")], problem).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trusty_fleet::session::ControlModel;
    use trusty_fleet::{Session, SessionId};

    fn snapshot(revision: u64, count: u128) -> Arc<Snapshot> {
        let session = |n: u128| {
            let id = format!("{n:032x}").parse().map(SessionId).expect("an id");
            let mut session = Session::new(id, "/x", ControlModel::Pty, None);
            session.created_at = std::time::UNIX_EPOCH;
            session.last_seen = std::time::UNIX_EPOCH;
            session
        };
        Arc::new(Snapshot {
            revision,
            sessions: (0..count).map(session).collect(),
            ..Snapshot::default()
        })
    }

    #[test]
    fn what_was_missed_is_told_while_it_is_remembered() {
        let mut history = SnapshotHistory::default();
        let first = snapshot(1, 1);
        // The same revision was told twice, with other figures.
        let again = snapshot(1, 2);
        history.remember(&first);
        history.remember(&first);
        history.remember(&again);
        assert_eq!(history.0.len(), 2);
        let now = snapshot(3, 3);
        let delta = history.delta_since(1, &now).expect("remembered");
        assert_eq!(first.apply(&delta), *now);
        assert_eq!(again.apply(&delta), *now);
        assert_eq!(history.delta_since(2, &now), None, "never told");
        for revision in 2..100 {
            history.remember(&snapshot(revision, 0));
        }
        assert_eq!(history.0.len(), MAX_REMEMBERED_SNAPSHOTS);
        assert_eq!(history.delta_since(1, &now), None, "forgotten");
        assert!(history.delta_since(99, &now).is_some());
    }

    #[test]
    fn an_id_counts_within_one_run() {
        let about = EngineRun::new();
        let id = about.id(7);
        assert_eq!(about.revision(&id), Some(7));
        assert_eq!(EngineRun::new().revision(&id), None, "another run");
        for id in ["", "7", "-", "x-7", &format!("{id}x")] {
            assert_eq!(about.revision(id), None, "{id}");
        }
        let now = snapshot(7, 1);
        assert!(about.first(Some(&id), &now).is_none(), "nothing is new");
        let moved = snapshot(7, 2);
        assert!(about.first(Some(&id), &moved).is_some(), "figures moved");
        assert!(about.first(None, &now).is_some());
        assert!(about.first(Some(&about.id(3)), &now).is_some());
    }

    #[tokio::test]
    async fn a_slow_reader_gets_the_newest() {
        let (send, snapshots) = watch::channel(Arc::default());
        let mut listener = EventListener {
            about: Arc::new(EngineRun::new()),
            snapshots,
            _looking: None,
            _place: None,
            last: None,
            told: None,
        };
        send.send_replace(snapshot(1, 1));
        assert!(listener.next().await.is_some());
        for revision in 2..100 {
            send.send_replace(snapshot(revision, 2));
        }
        assert!(listener.next().await.is_some());
        let told = listener.told.as_ref().map(|s| s.revision);
        assert_eq!(told, Some(99), "one event for all that it missed");
        drop(send);
        assert!(
            listener.next().await.is_none(),
            "and nothing is kept for it"
        );
    }
}
