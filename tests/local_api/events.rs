//! Events: a snapshot, then the changes, and after a lost connection what was missed.

use crate::LocalApiFixture;
use trusty_fleet::Snapshot;
use trusty_fleet::snapshot::SnapshotDelta;
use trusty_tests::socket_client::{EventReader, ReceivedEvent};
use trusty_tests::{StandIn, Value};

const EVENTS_PATH: &str = "/v1/events?looking=false";

fn snapshot(event: &ReceivedEvent) -> Snapshot {
    assert_eq!(event.name, "snapshot", "{event:?}");
    serde_json::from_value(event.data.clone()).expect("a snapshot")
}

fn change(event: &ReceivedEvent) -> SnapshotDelta {
    assert_eq!(event.name, "change", "{event:?}");
    serde_json::from_value(event.data.clone()).expect("a change")
}

fn revision(event: &ReceivedEvent) -> u64 {
    let (run, revision) = event.id.rsplit_once('-').expect("a run and a revision");
    assert!(!run.is_empty());
    revision.parse().expect("a number")
}

/// Reads until a session has this status; the snapshot with all events applied.
fn read_until(
    events: &mut EventReader,
    mut known: Snapshot,
    session: &StandIn,
    word: &str,
) -> Snapshot {
    for event in events {
        let delta = change(&event);
        assert_eq!(delta.revision, revision(&event));
        known = known.apply(&delta);
        let told: Value = serde_json::to_value(&known).expect("JSON");
        if session.status_word(&told).as_deref() == Some(word) {
            return known;
        }
    }
    panic!("the events ended before {word}");
}

#[test]
fn changes_lead_from_the_snapshot_to_what_is() {
    let served = LocalApiFixture::start();
    let first = served.session();
    let mut events = served.api.events(EVENTS_PATH, "");
    let begin = events.next().expect("a snapshot");
    let known = snapshot(&begin);
    assert_eq!(known.revision, revision(&begin));
    assert_eq!(known.sessions.len(), 1);

    let second = StandIn::start(&served.home);
    second.waits();
    let known = read_until(&mut events, known, &second, "Permission");
    assert_eq!(known.sessions.len(), 2);
    let id = first.id(&serde_json::to_value(&known).expect("JSON"));
    first.waits();
    let id = id.expect("its id");
    let told = events.map(|event| -> Vec<String> {
        let sessions = change(&event).sessions;
        sessions.iter().map(|s| s.id.to_string()).collect()
    });
    // Meanwhile more may have become known of the other session.
    let ids = told.into_iter().find(|ids| ids.contains(&id));
    assert_eq!(ids, Some(vec![id]), "only what is different");
}

#[test]
fn a_lost_connection_gets_what_it_missed() {
    let served = LocalApiFixture::start();
    let session = served.session();
    let mut events = served.api.events(EVENTS_PATH, "");
    let begin = events.next().expect("a snapshot");
    let known = snapshot(&begin);
    drop(events);

    session.waits();
    served.api.wait_word(&session, "Permission");
    let last = |id: &str| format!("Last-Event-ID: {id}\r\n");
    let mut events = served.api.events(EVENTS_PATH, &last(&begin.id));
    let missed = events.next().expect("what was missed");
    let now = known.apply(&change(&missed));
    let told = serde_json::to_value(&now).expect("JSON");
    assert_eq!(session.status_word(&told).as_deref(), Some("Permission"));

    // A client that is up to date receives nothing until something changes.
    let mut events = served.api.events(EVENTS_PATH, &last(&missed.id));
    session.write_status(r#""status":"busy""#);
    read_until(&mut events, now, &session, "Working");

    // Another run, a revision that never existed, or no valid id: the whole snapshot.
    let other = format!("x{}", begin.id);
    let later = format!(
        "{}-999999",
        begin.id.rsplit_once('-').expect("a revision").0
    );
    for id in [other.as_str(), later.as_str(), "", "7"] {
        let mut events = served.api.events(EVENTS_PATH, &last(id));
        snapshot(&events.next().expect("an event"));
    }
}
